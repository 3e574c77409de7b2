#include "agent/job.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "gotool/modules.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace sluice::agent {
namespace {

constexpr std::uint64_t k_event_bytes_max = 8U << 20U;
constexpr std::string_view k_begun_mark = "#";

std::string join_nonempty(const std::vector<std::string>& parts) {
  std::vector<std::string> kept;
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(kept),
               [](const std::string& part) { return !part.empty(); });
  return join(kept, "/");
}

// Variables and paths have any length, what is written into the store has a bound.
std::string shortened(std::string text) {
  constexpr std::size_t k_text_max = 300;
  constexpr std::size_t k_digits = 16;
  if (text.size() <= k_text_max) return text;
  const std::string digest = to_hex(sha256(bytes_of(text))).substr(0, k_digits);
  return text.substr(0, k_text_max - k_digits) + digest;
}

// Whether the repository in an event is not the one that the job belongs to. A deleted fork is
// null: not ours either.
bool is_another_repository(const codec::Json* repository, const sys::Environment& env) {
  const std::string name =
      repository != nullptr ? to_lower(repository->text_or("full_name", "")) : std::string();
  return name.empty() || name != to_lower(env.get_or("GITHUB_REPOSITORY", ""));
}

// A pull request whose origin is not said counts as a fork's.
void read_github_event(Job& job, const sys::Environment& env) {
  job.is_fork = env.get_or("GITHUB_EVENT_NAME", "").starts_with("pull_request");
  const auto path = env.get("GITHUB_EVENT_PATH");
  if (!path || path->empty()) return;
  const auto bytes = sys::read_file(*path, k_event_bytes_max);
  if (!bytes || !*bytes) return;
  const auto event = codec::parse_json(text_of(**bytes));
  if (!event) return;
  if (const auto* repository = event->find("repository"); repository != nullptr) {
    job.default_branch = repository->text_or("default_branch", "");
  }
  // A workflow that another one's end started may build what that one built.
  if (const auto* run = event->find("workflow_run"); run != nullptr) {
    const auto* from = run->find("head_repository");
    job.is_fork = is_another_repository(from, env);
  }
  const auto* pull = event->find("pull_request");
  if (pull == nullptr || pull->as_object() == nullptr) return;
  if (const std::int64_t number = pull->int_or("number", 0); number > 0) {
    job.pull_request = std::to_string(number);
  }
  const auto* head = pull->find("head");
  if (head == nullptr) return;
  job.commit = head->text_or("sha", job.commit);
  const auto* repository = head->find("repo");
  job.is_fork = is_another_repository(repository, env);
}

Job github_job(const sys::Environment& env) {
  Job job;
  job.system = CiSystem::github;
  job.repository = normalized_repository(env.get_or("GITHUB_SERVER_URL", "https://github.com") +
                                         "/" + env.get_or("GITHUB_REPOSITORY", ""));
  job.commit = env.get_or("GITHUB_SHA", "");
  const std::string event = env.get_or("GITHUB_EVENT_NAME", "");
  if (event.starts_with("pull_request")) {
    job.branch = env.get_or("GITHUB_HEAD_REF", "");
    job.base_branch = env.get_or("GITHUB_BASE_REF", "");
    // refs/pull/12/merge
    const std::string ref = env.get_or("GITHUB_REF", "");
    const auto parts = split(ref, '/');
    if (parts.size() >= 3 && parts[1] == "pull") job.pull_request = std::string(parts[2]);
  } else if (env.get_or("GITHUB_REF_TYPE", "branch") == "branch") {
    job.branch = env.get_or("GITHUB_REF_NAME", "");
  }
  read_github_event(job, env);
  job.name = join_nonempty({env.get_or("GITHUB_WORKFLOW", ""), env.get_or("GITHUB_JOB", "")});
  job.run = join_nonempty(
      {"github", env.get_or("GITHUB_RUN_ID", ""), env.get_or("GITHUB_RUN_ATTEMPT", "")});
  // The runner tells the legs of a matrix apart, which share run and job.
  job.id = join_nonempty(
      {job.run, env.get_or("GITHUB_JOB", ""), env.get_or("RUNNER_NAME", sys::host_name())});
  return job;
}

Job gitlab_job(const sys::Environment& env) {
  Job job;
  job.system = CiSystem::gitlab;
  job.repository = normalized_repository(env.get_or("CI_SERVER_HOST", "gitlab") + "/" +
                                         env.get_or("CI_PROJECT_PATH", ""));
  job.commit = env.get_or("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", env.get_or("CI_COMMIT_SHA", ""));
  job.pull_request = env.get_or("CI_MERGE_REQUEST_IID", "");
  if (job.pull_request.empty()) {
    job.branch = env.get_or("CI_COMMIT_BRANCH", "");
  } else {
    job.branch = env.get_or("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "");
    job.base_branch = env.get_or("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "");
    const std::string from = env.get_or("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "");
    job.is_fork = from.empty() || from != env.get_or("CI_MERGE_REQUEST_PROJECT_PATH", "");
  }
  job.default_branch = env.get_or("CI_DEFAULT_BRANCH", "");
  job.name = env.get_or("CI_JOB_NAME", "");
  job.run = join_nonempty({"gitlab", env.get_or("CI_PIPELINE_ID", "")});
  job.id = join_nonempty({job.run, env.get_or("CI_JOB_ID", "")});
  return job;
}

Job jenkins_job(const sys::Environment& env) {
  Job job;
  job.system = CiSystem::jenkins;
  job.repository = normalized_repository(env.get_or("GIT_URL", ""));
  job.commit = env.get_or("GIT_COMMIT", "");
  job.pull_request = env.get_or("CHANGE_ID", "");
  if (job.pull_request.empty()) {
    job.branch = env.get_or("BRANCH_NAME", env.get_or("GIT_LOCAL_BRANCH", ""));
    if (job.branch.empty()) {
      job.branch = env.get_or("GIT_BRANCH", "");
      constexpr std::string_view k_remote = "origin/";
      if (job.branch.starts_with(k_remote)) job.branch.erase(0, k_remote.size());
    }
  } else {
    job.branch = env.get_or("CHANGE_BRANCH", "");
    job.base_branch = env.get_or("CHANGE_TARGET", "");
    job.is_fork = env.has("CHANGE_FORK");
  }
  job.name = env.get_or("JOB_BASE_NAME", env.get_or("JOB_NAME", ""));
  job.run = join_nonempty({"jenkins", env.get_or("BUILD_TAG", "")});
  job.id = join_nonempty({job.run, env.get_or("STAGE_NAME", ""), env.get_or("NODE_NAME", "")});
  return job;
}

Job buildkite_job(const sys::Environment& env) {
  Job job;
  job.system = CiSystem::buildkite;
  job.repository = normalized_repository(env.get_or("BUILDKITE_REPO", ""));
  job.commit = env.get_or("BUILDKITE_COMMIT", "");
  job.branch = env.get_or("BUILDKITE_BRANCH", "");
  const std::string pull = env.get_or("BUILDKITE_PULL_REQUEST", "false");
  if (pull != "false") {
    job.pull_request = pull;
    job.base_branch = env.get_or("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "");
    const std::string from = env.get_or("BUILDKITE_PULL_REQUEST_REPO", "");
    job.is_fork = normalized_repository(from) != job.repository;  // also when it is not said
  }
  job.default_branch = env.get_or("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "");
  job.name = env.get_or("BUILDKITE_STEP_KEY", env.get_or("BUILDKITE_LABEL", ""));
  job.run = join_nonempty({"buildkite", env.get_or("BUILDKITE_BUILD_ID", "")});
  job.id = join_nonempty({job.run, env.get_or("BUILDKITE_JOB_ID", "")});
  return job;
}

// A desk's job is a checkout and a day: long enough to gather its commands, short enough to forget.
// A CI system that we do not know looks like one whose machines come and go.
Job desk_job(const sys::Environment& env, const sys::Path& checkout) {
  Job job;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  const std::string day =
      fmt::format("{:04}-{:02}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
  const std::string host = sys::host_name();
  if (env.has("CI")) {
    // Jobs that a pipeline runs at once must not push each other out: the day stands for the run.
    job.system = CiSystem::other;
    job.name = "ci";
    job.run = "ci/" + day;
  } else {
    job.name = "desk/" + host;  // what each desk did last is kept
    job.run = job.name + "/" + day;
  }
  job.id = fmt::format("{}/{}/{}", job.run, host, checkout.native());
  return job;
}

std::string git_line(const sys::Path& git, const sys::Path& checkout, const sys::Environment& env,
                     std::vector<std::string> words, Deadline deadline) {
  sys::SpawnOptions options;
  options.program = git;
  options.arguments = {"git"};
  std::move(words.begin(), words.end(), std::back_inserter(options.arguments));
  options.environment = env;
  options.working_directory = checkout;
  const auto captured = sys::run_captured(options, deadline);
  if (!captured || !captured->status.success()) return {};
  return std::string(trim(captured->output));
}

void parents_from_git(Job& job, std::string_view commit_object) {
  // The object itself names the parents even in a shallow clone, where `git log` hides them.
  for (std::string_view line : split(commit_object, '\n')) {
    if (line.empty()) return;
    if (line.starts_with("parent ")) job.parents.emplace_back(trim(line.substr(7)));
  }
}

std::string tier_name(std::string_view tier, std::string_view go_version, const Bytes& file) {
  return fmt::format("{}:{}:{}", tier, go_version, to_hex(sha256(file)));
}

// The nearest directory from `from` upwards that holds one of the names; empty when there is none.
sys::Path nearest_with(const sys::Path& from, std::initializer_list<const char*> names) {
  for (sys::Path at = from;; at = at.parent_path()) {
    for (const char* name : names) {
      if (const auto info = sys::stat_file(at / name); info && *info) return at;
    }
    if (at == at.parent_path()) return {};
  }
}

}  // namespace

std::string_view name_of(CiSystem system) {
  switch (system) {
    case CiSystem::none: return "none";
    case CiSystem::github: return "github";
    case CiSystem::gitlab: return "gitlab";
    case CiSystem::jenkins: return "jenkins";
    case CiSystem::buildkite: return "buildkite";
    case CiSystem::other: return "other";
  }
  return "none";
}

std::string normalized_repository(std::string_view url) {
  std::string_view rest = trim(url);
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) {
    rest.remove_prefix(scheme + 3);
  }
  const auto slash = rest.find('/');
  if (const auto at = rest.substr(0, slash).rfind('@'); at != std::string_view::npos) {
    rest.remove_prefix(at + 1);
  }
  std::string name(rest);
  // scp form: host:owner/name
  const auto colon = name.find(':');
  if (colon != std::string::npos && colon < name.find('/')) {
    const bool is_port =
        colon + 1 < name.size() && name[colon + 1] >= '0' && name[colon + 1] <= '9' &&
        name.find('/', colon) != std::string::npos &&
        parse_int<int>(std::string_view(name).substr(colon + 1, name.find('/', colon) - colon - 1));
    if (!is_port) name[colon] = '/';
  }
  while (name.ends_with('/')) name.pop_back();
  if (name.ends_with(".git")) name.resize(name.size() - 4);
  return to_lower(name);
}

Job job_of(const sys::Environment& env, const sys::Path& checkout) {
  Job job;
  if (env.get_or("GITHUB_ACTIONS", "") == "true")
    job = github_job(env);
  else if (env.has("GITLAB_CI"))
    job = gitlab_job(env);
  else if (env.has("JENKINS_URL") && env.has("BUILD_TAG"))
    job = jenkins_job(env);
  else if (env.has("BUILDKITE"))
    job = buildkite_job(env);
  else
    job = desk_job(env, checkout);
  if (job.name.empty()) job.name = "job";
  for (std::string* text : {&job.name, &job.run, &job.id}) *text = shortened(*text);
  return job;
}

void begin_anew(Job& job, UnixNanos now_ns) {
  if (job.system == CiSystem::other) {
    job.id += fmt::format("{}{:x}-{:x}", k_begun_mark, now_ns, ::getpid());
  }
}

bool names_only_a_day(const Job& job) {
  return job.system == CiSystem::other && job.id.rfind(k_begun_mark) == std::string::npos;
}

bool is_of_job(const Job& job, std::string_view id) {
  if (!id.starts_with(job.id)) return false;
  id.remove_prefix(job.id.size());
  return id.empty() || (job.system == CiSystem::other && id.starts_with(k_begun_mark));
}

sys::Path checkout_root(const sys::Path& working_directory) {
  if (sys::Path root = nearest_with(working_directory, {"go.work", ".git"}); !root.empty()) {
    return root;
  }
  sys::Path root = module_root(working_directory);
  return root.empty() ? working_directory : root;
}

sys::Path module_root(const sys::Path& working_directory) {
  return nearest_with(working_directory, {"go.mod"});
}

void complete_from_git(Job& job, const sys::Path& checkout, const sys::Environment& env,
                       Deadline deadline) {
  const auto git = sys::find_in_path("git", env);
  if (!git) return;
  const auto ask = [&](std::vector<std::string> words) {
    return git_line(*git, checkout, env, std::move(words), deadline);
  };
  const bool commit_was_known = !job.commit.empty();
  if (!commit_was_known) job.commit = ask({"rev-parse", "--verify", "-q", "HEAD"});
  if (job.commit.empty()) return;
  parents_from_git(job, ask({"cat-file", "commit", job.commit}));
  if (job.repository.empty()) {
    job.repository = normalized_repository(ask({"config", "--get", "remote.origin.url"}));
  }
  if (job.branch.empty() && job.pull_request.empty()) {
    job.branch = ask({"symbolic-ref", "-q", "--short", "HEAD"});
  }
  if (job.default_branch.empty()) {
    const std::string remote = ask({"symbolic-ref", "-q", "--short", "refs/remotes/origin/HEAD"});
    if (remote.starts_with("origin/")) job.default_branch = remote.substr(7);
  }
}

Scopes scopes_of(const Job& job, std::string_view go_version, const std::optional<Bytes>& go_mod,
                 const std::optional<Bytes>& go_sum) {
  using store::ScopeKind;
  Scopes scopes;
  // Without a remote the repository has no name that another machine would use too: the module has.
  std::string repository = job.repository;
  if (repository.empty() && go_mod)
    repository = "module " + gotool::module_path_of(text_of(*go_mod));
  const auto read = [&](ScopeKind kind, std::string name) {
    const bool known = std::any_of(scopes.read.begin(), scopes.read.end(),
                                   [&](const store::Scope& scope) { return scope.name == name; });
    if (!known) scopes.read.push_back({kind, std::move(name)});
  };
  const auto branch_scope = [&](const std::string& branch) {
    return fmt::format("branch:{}:{}", repository, branch);
  };
  if (!job.commit.empty()) read(ScopeKind::commit, "commit:" + repository + ":" + job.commit);
  if (!job.pull_request.empty()) {
    read(ScopeKind::pull_request, "pull-request:" + repository + ":" + job.pull_request);
  } else if (!job.branch.empty()) {
    read(ScopeKind::branch, branch_scope(job.branch));
  }
  scopes.write = scopes.read;
  for (const std::string& parent : job.parents) {
    read(ScopeKind::parent, "commit:" + repository + ":" + parent);
  }
  if (!job.base_branch.empty()) read(ScopeKind::base_branch, branch_scope(job.base_branch));
  if (!job.default_branch.empty()) {
    read(ScopeKind::default_branch, branch_scope(job.default_branch));
  } else if (!repository.empty() && job.branch != "main") {
    // Nobody said which branch is the default one: these two names are tried.
    read(ScopeKind::default_branch, branch_scope("main"));
    read(ScopeKind::default_branch, branch_scope("master"));
  }
  if (!go_version.empty()) {
    if (go_mod) {
      store::Scope tier{ScopeKind::tier_l1, tier_name("l1", go_version, *go_mod)};
      scopes.read.push_back(tier);
      scopes.write.push_back(std::move(tier));
    }
    if (go_sum) {
      store::Scope tier{ScopeKind::tier_l2, tier_name("l2", go_version, *go_sum)};
      scopes.read.push_back(tier);
      scopes.write.push_back(std::move(tier));
    }
  }
  return scopes;
}

}  // namespace sluice::agent
