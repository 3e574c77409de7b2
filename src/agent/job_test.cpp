#include "agent/job.hpp"

#include "base/digest.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::agent {
namespace {

sys::Environment environment(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  sys::Environment env;
  for (const auto& [name, value] : pairs) env.set(name, value);
  return env;
}

bool reads(const Scopes& scopes, store::ScopeKind kind, std::string_view name) {
  return std::any_of(scopes.read.begin(), scopes.read.end(), [&](const store::Scope& scope) {
    return scope.kind == kind && scope.name == name;
  });
}

bool writes(const Scopes& scopes, std::string_view name) {
  return std::any_of(scopes.write.begin(), scopes.write.end(),
                     [&](const store::Scope& scope) { return scope.name == name; });
}

TEST_CASE("a repository has one name, without credentials, however it is written") {
  for (const char* url : {"git@github.com:Own/Repo.git", "https://github.com/own/repo",
                          "https://user:secret@github.com/own/repo.git",
                          "ssh://git@github.com/own/repo.git/", "github.com/own/repo"}) {
    CHECK(normalized_repository(url) == "github.com/own/repo");
  }
  CHECK(normalized_repository("ssh://git@host:2222/own/repo.git") == "host:2222/own/repo");
  CHECK(normalized_repository("").empty());
}

TEST_CASE("GitHub: a push, its branch and its job") {
  const Job job = job_of(environment({{"GITHUB_ACTIONS", "true"},
                                      {"GITHUB_SERVER_URL", "https://github.com"},
                                      {"GITHUB_REPOSITORY", "Own/Repo"},
                                      {"GITHUB_SHA", "c1"},
                                      {"GITHUB_EVENT_NAME", "push"},
                                      {"GITHUB_REF_TYPE", "branch"},
                                      {"GITHUB_REF_NAME", "topic"},
                                      {"GITHUB_WORKFLOW", "ci"},
                                      {"GITHUB_JOB", "test"},
                                      {"GITHUB_RUN_ID", "7"},
                                      {"GITHUB_RUN_ATTEMPT", "2"}}),
                         "/p");
  CHECK(job.system == CiSystem::github);
  CHECK(job.repository == "github.com/own/repo");
  CHECK(job.branch == "topic");
  CHECK(job.commit == "c1");
  CHECK(job.name == "ci/test");
  CHECK(job.run == "github/7/2");
  CHECK(job.id == "github/7/2/test/" + sys::host_name());
  CHECK(!job.is_fork);
}

TEST_CASE("GitHub: the event file says what a pull request is") {
  auto directory = *sys::TempDirectory::create("sluice-job-");
  const sys::Path event = directory.path() / "event.json";
  const auto job_with = [&](std::string_view head_repository) {
    const std::string text =
        R"({"repository":{"default_branch":"trunk"},"pull_request":{"number":12,)"
        R"("head":{"sha":"h1","repo":)" +
        std::string(head_repository) + "}}}";
    REQUIRE(sys::write_file_atomic(event, bytes_of(text)));
    return job_of(environment({{"GITHUB_ACTIONS", "true"},
                               {"GITHUB_REPOSITORY", "own/repo"},
                               {"GITHUB_SHA", "merge"},
                               {"GITHUB_EVENT_NAME", "pull_request"},
                               {"GITHUB_HEAD_REF", "topic"},
                               {"GITHUB_BASE_REF", "trunk"},
                               {"GITHUB_REF", "refs/pull/12/merge"},
                               {"GITHUB_EVENT_PATH", event.c_str()}}),
                  "/p");
  };
  const Job own = job_with(R"({"full_name":"own/repo"})");
  CHECK(own.pull_request == "12");
  CHECK(own.commit == "h1");
  CHECK(own.default_branch == "trunk");
  CHECK(own.base_branch == "trunk");
  CHECK(!own.is_fork);
  CHECK(job_with(R"({"full_name":"evil/repo"})").is_fork);
  CHECK(job_with("null").is_fork);  // the fork was deleted
}

TEST_CASE("GitHub: a pull request whose origin is not said counts as a fork's") {
  auto directory = *sys::TempDirectory::create("sluice-job-");
  const sys::Path event = directory.path() / "event.json";
  const auto with = [&](const char* name, std::string_view text, const char* repository = "o/r") {
    REQUIRE(sys::write_file_atomic(event, bytes_of(text)));
    return job_of(environment({{"GITHUB_ACTIONS", "true"},
                               {"GITHUB_REPOSITORY", repository},
                               {"GITHUB_EVENT_NAME", name},
                               {"GITHUB_REF", "refs/pull/7/merge"},
                               {"GITHUB_EVENT_PATH", event.c_str()}}),
                  "/p")
        .is_fork;
  };
  CHECK(with("pull_request", "no JSON"));
  CHECK(with("pull_request", "{}"));
  CHECK(with("pull_request", R"({"pull_request":{"number":7}})"));
  CHECK(with("pull_request", R"({"pull_request":{"number":7,"head":{"repo":null}}})", ""));
  CHECK(with("workflow_run", R"({"workflow_run":{"head_repository":{"full_name":"x/r"}}})"));
  CHECK_FALSE(with("workflow_run", R"({"workflow_run":{"head_repository":{"full_name":"o/r"}}})"));
  CHECK_FALSE(with("push", "no JSON"));
  CHECK(job_of(environment({{"GITHUB_ACTIONS", "true"},
                            {"GITHUB_REPOSITORY", "o/r"},
                            {"GITHUB_EVENT_NAME", "pull_request"}}),
               "/p")
            .is_fork);
}

TEST_CASE("GitLab, Jenkins and Buildkite tell forks apart") {
  const auto gitlab = [](const char* source) {
    return job_of(environment({{"GITLAB_CI", "true"},
                               {"CI_SERVER_HOST", "gitlab.com"},
                               {"CI_PROJECT_PATH", "o/r"},
                               {"CI_COMMIT_SHA", "c"},
                               {"CI_MERGE_REQUEST_IID", "3"},
                               {"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", source},
                               {"CI_MERGE_REQUEST_PROJECT_PATH", "o/r"},
                               {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"},
                               {"CI_JOB_NAME", "unit"}}),
                  "/p");
  };
  CHECK(!gitlab("o/r").is_fork);
  CHECK(gitlab("x/r").is_fork);
  CHECK(gitlab("").is_fork);  // not said
  CHECK(gitlab("o/r").base_branch == "main");

  const Job jenkins = job_of(environment({{"JENKINS_URL", "https://j"},
                                          {"BUILD_TAG", "jenkins-p-1"},
                                          {"GIT_URL", "https://h/o/r.git"},
                                          {"GIT_COMMIT", "c"},
                                          {"CHANGE_ID", "5"},
                                          {"CHANGE_TARGET", "main"},
                                          {"CHANGE_FORK", "somebody"}}),
                             "/p");
  CHECK(jenkins.is_fork);
  CHECK(jenkins.pull_request == "5");

  const Job buildkite = job_of(environment({{"BUILDKITE", "true"},
                                            {"BUILDKITE_REPO", "git@h:o/r.git"},
                                            {"BUILDKITE_PULL_REQUEST", "9"},
                                            {"BUILDKITE_PULL_REQUEST_REPO", "git://h/x/r.git"},
                                            {"BUILDKITE_COMMIT", "c"}}),
                               "/p");
  CHECK(buildkite.is_fork);
  CHECK(buildkite.repository == "h/o/r");
}

TEST_CASE("a desk's job is its checkout") {
  const Job job = job_of(environment({{"HOME", "/h"}}), "/p/q");
  CHECK(job.system == CiSystem::none);
  CHECK(job.name == "desk/" + sys::host_name());
  CHECK(job.run.starts_with(job.name + "/20"));
  CHECK(job.id.starts_with(job.run));
  CHECK(job.id.ends_with("//p/q"));
  const Job other = job_of(environment({{"CI", "true"}}), "/p");
  CHECK(other.system == CiSystem::other);
  CHECK(other.name == "ci");
  CHECK(other.run.starts_with("ci/20"));
}

TEST_CASE("a job that begins has an id of its own where the CI system gives none") {
  const Job day = job_of(environment({{"CI", "true"}}), "/p");
  Job begun = day;
  begin_anew(begun, 5);
  Job later = day;
  begin_anew(later, 6);
  CHECK(begun.id != later.id);
  CHECK(names_only_a_day(day));
  CHECK_FALSE(names_only_a_day(begun));
  CHECK(is_of_job(day, day.id));
  CHECK(is_of_job(day, begun.id));
  CHECK_FALSE(is_of_job(begun, later.id));
  CHECK_FALSE(is_of_job(begun, day.id));
  CHECK_FALSE(is_of_job(day, job_of(environment({{"CI", "true"}}), "/p/q").id));

  const Job github = job_of(environment({{"GITHUB_ACTIONS", "true"}, {"GITHUB_RUN_ID", "1"}}), "/");
  begun = github;
  begin_anew(begun, 5);
  CHECK(begun.id == github.id);
  CHECK_FALSE(is_of_job(github, github.id + "1"));
}

TEST_CASE("names are short however long what they come from is") {
  const std::string path = "/" + std::string(4000, 'x');
  const Job job = job_of(environment({}), path);
  CHECK(job.id.size() <= 300);
  CHECK(job.id != job_of(environment({}), path + "y").id);
}

TEST_CASE("a branch reads commit, parents, itself, the default branch and the key tiers") {
  Job job;
  job.repository = "h/o/r";
  job.commit = "c2";
  job.parents = {"c1"};
  job.branch = "topic";
  job.default_branch = "main";
  const Bytes go_mod = copy_of(bytes_of("module m"));
  const Scopes scopes = scopes_of(job, "go1.26.8", go_mod, std::nullopt);
  REQUIRE(scopes.read.size() == 5);
  CHECK(scopes.read[0].name == "commit:h/o/r:c2");
  CHECK(scopes.read[1].name == "branch:h/o/r:topic");
  CHECK(reads(scopes, store::ScopeKind::parent, "commit:h/o/r:c1"));
  CHECK(reads(scopes, store::ScopeKind::default_branch, "branch:h/o/r:main"));
  CHECK(scopes.read[4].kind == store::ScopeKind::tier_l1);
  CHECK(scopes.read[4].name == "l1:go1.26.8:" + to_hex(sha256(go_mod)));
  CHECK(writes(scopes, "branch:h/o/r:topic"));
  CHECK(!writes(scopes, "branch:h/o/r:main"));
  CHECK(!writes(scopes, "commit:h/o/r:c1"));
}

TEST_CASE("without a remote the module stands for the repository") {
  Job job;
  job.branch = "main";
  const auto branch_of = [&](std::string_view go_mod) {
    return scopes_of(job, "", copy_of(bytes_of(go_mod)), std::nullopt).read.front().name;
  };
  CHECK(branch_of("// a module\nmodule example.com/a // here\n\ngo 1.24\n") ==
        "branch:module example.com/a:main");
  CHECK(branch_of("module \"example.com/b\"\n") == "branch:module example.com/b:main");
  CHECK(branch_of("go 1.24\n") == "branch:module :main");
}

TEST_CASE("a pull request writes its own scope, never its branch's or its base's") {
  Job job;
  job.repository = "h/o/r";
  job.commit = "c2";
  job.branch = "main";  // a fork's branch may be called so
  job.pull_request = "4";
  job.base_branch = "main";
  const Scopes scopes = scopes_of(job, "", std::nullopt, std::nullopt);
  CHECK(writes(scopes, "pull-request:h/o/r:4"));
  CHECK(!writes(scopes, "branch:h/o/r:main"));
  CHECK(reads(scopes, store::ScopeKind::base_branch, "branch:h/o/r:main"));
}

TEST_CASE("git fills in what no variable says, parents of a shallow clone included") {
  auto directory = *sys::TempDirectory::create("sluice-git-");
  sys::Environment env = sys::Environment::of_process();
  for (const char* name : {"GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"}) env.set(name, "t");
  for (const char* name : {"GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"})
    env.set(name, "t@example.org");
  const auto git = sys::find_in_path("git", env);
  REQUIRE(git.has_value());
  const auto run = [&](std::vector<std::string> words) {
    sys::SpawnOptions options;
    options.program = *git;
    options.arguments = {"git"};
    options.arguments.insert(options.arguments.end(), words.begin(), words.end());
    options.environment = env;
    options.working_directory = directory.path();
    const auto captured = sys::run_captured(options, Deadline::after(std::chrono::seconds(20)));
    REQUIRE(captured.has_value());
    REQUIRE(captured->status.success());
  };
  run({"init", "-q", "-b", "topic"});
  run({"remote", "add", "origin", "https://u:p@h.example/o/r.git"});
  run({"commit", "-q", "--allow-empty", "-m", "one"});
  run({"commit", "-q", "--allow-empty", "-m", "two"});
  CHECK(checkout_root(directory.path()) == directory.path());
  Job job = job_of(environment({}), directory.path());
  complete_from_git(job, directory.path(), env, Deadline::after(std::chrono::seconds(20)));
  CHECK(job.commit.size() == 40);
  CHECK(job.parents.size() == 1);
  CHECK(job.branch == "topic");
  CHECK(job.repository == "h.example/o/r");
}

TEST_CASE("roots are found upwards") {
  auto directory = *sys::TempDirectory::create("sluice-root-");
  const sys::Path deep = directory.path() / "a" / "b";
  REQUIRE(sys::make_directories(deep));
  REQUIRE(sys::write_file_atomic(directory.path() / "a" / "go.mod", bytes_of("module m\n")));
  CHECK(module_root(deep) == directory.path() / "a");
  CHECK(checkout_root(deep) == directory.path() / "a");
  REQUIRE(sys::write_file_atomic(directory.path() / "go.work", bytes_of("go 1.24\n")));
  CHECK(checkout_root(deep) == directory.path());
}

}  // namespace
}  // namespace sluice::agent
