#include "agent/toolexec.hpp"

#include "agent/bare_command.hpp"
#include "agent/client.hpp"
#include "agent/config.hpp"
#include "agent/counters.hpp"
#include "agent/test_tools.hpp"
#include "agent/tool_record.hpp"
#include "gotool/go_version.hpp"
#include "gotool/link_cache.hpp"
#include "gotool/link_command.hpp"
#include "gotool/link_key.hpp"
#include "gotool/link_mode.hpp"
#include "gotool/tool_memo.hpp"
#include "gotool/verified_files.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <thread>

namespace sluice::agent {
namespace {

using gotool::CachedLink;
using gotool::LinkCache;

constexpr int k_link_minor_min = 24;  // releases whose linker has been read
constexpr int k_link_minor_max = 27;
constexpr std::uint64_t k_importcfg_bytes_max = 64U << 20U;
constexpr std::string_view k_version_word = "-V=full";
constexpr auto k_agent_wait = std::chrono::milliseconds(1000);
constexpr int k_check_nice = 10;
constexpr int k_exit_not_found = 127;
constexpr int k_exit_not_executable = 126;

int start_tool(const std::vector<std::string>& words, const sys::Environment& env) {
  const auto program = sys::find_in_path(words.front(), env);
  const Error error = program ? sys::exec(*program, words, env)
                              : Error{Code::not_found, words.front() + ": command not found"};
  (void)sys::write_all(STDERR_FILENO, bytes_of("sluice: toolexec: " + error.message + "\n"));
  return error.code == Code::not_found ? k_exit_not_found : k_exit_not_executable;
}

// What the linker writes, kept until it is known to have succeeded. go gives one pipe for both
// streams, and then their order counts.
class Streams {
 public:
  static Result<Streams> open() {
    Streams streams;
    TRY_ASSIGN(streams.output_, memory_file());
    struct stat out{};
    struct stat err{};
    const bool known = ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0;
    streams.is_one_ = known && out.st_dev == err.st_dev && out.st_ino == err.st_ino;
    if (!streams.is_one_) {
      TRY_ASSIGN(streams.error_, memory_file());
    }
    return streams;
  }

  void give_to(sys::SpawnOptions& options) const {
    options.stdout_fd = output_.get();
    options.stderr_fd = is_one_ ? output_.get() : error_.get();
  }
  Result<std::string> output() const { return read_whole(output_); }
  Result<std::string> error() const { return is_one_ ? std::string() : read_whole(error_); }

 private:
  static Result<sys::Fd> memory_file() {
    sys::Fd fd(::memfd_create("link-output", MFD_CLOEXEC));
    if (!fd) return fail_errno(errno, "memfd");
    return fd;
  }
  static Result<std::string> read_whole(const sys::Fd& fd) {
    std::string text;
    Bytes piece(gotool::k_link_text_bytes_max);
    for (;;) {
      TRY_ASSIGN(const std::size_t count, sys::read_at(fd.get(), piece, text.size()));
      if (count == 0) return text;
      text += text_of(ByteView(piece).first(count));
    }
  }

  sys::Fd output_;
  sys::Fd error_;
  bool is_one_ = false;
};

void say_again(std::string_view output, std::string_view error) {
  // A reader that has gone does not change what the link was.
  (void)sys::write_all(STDOUT_FILENO, bytes_of(output));
  (void)sys::write_all(STDERR_FILENO, bytes_of(error));
}

// Whether every file that was believed by its name is what it says, and no C linker is asked for.
// Runs while the linker does, and gives way to it.
Result<void> check_inputs(const gotool::LinkKey& key, const gotool::ImportConfig& imports,
                          const sys::Path& memo) {
  sys::lower_thread_priority(k_check_nice);
  for (const gotool::ImportLine& line : imports.lines) {
    if (line.file.empty()) continue;
    TRY(gotool::check_archive(line.file, line.package, imports.may_have_host_objects));
  }
  gotool::VerifiedFiles verified(memo);
  for (const gotool::TrustedFile& file : key.trusted) TRY(verified.check(file));
  (void)verified.save();  // at worst they are hashed again
  return {};
}

class Link {
 public:
  Link(const AgentConfig& config, const std::vector<std::string>& words,
       const sys::Environment& env)
      : config_(config), words_(words), arguments_(words.begin() + 1, words.end()), env_(env) {}

  // The exit status; nothing when the tool has to be started in this process's place.
  std::optional<int> run() {
    if (config_.test_door.empty()) record_entries(config_, env_);  // else the run of tests does
    counters_.links = 1;
    const auto prepared = prepare();
    if (!prepared) {
      sys::log_debug("toolexec: {}", prepared.error().message);
      if (prepared.error().code != Code::unsupported) note_fault(prepared.error());
      ++counters_.link_uncached;
      report();
      record(journal::Answer::missed);
      return std::nullopt;
    }
    const auto status = wants_relink() ? std::nullopt : answer();
    const std::optional<int> outcome = status ? status : link();
    report();
    const auto found =
        counters_.link_hits_remote > 0 ? journal::Answer::remote : journal::Answer::local;
    record(status ? found : journal::Answer::missed);
    return outcome;
  }

 private:
  Result<void> prepare() {
    TRY_ASSIGN(command_, gotool::parse_link_command(arguments_, env_));
    gotool::ToolMemo memo(config_.cache_directory / "tools", env_);
    TRY_ASSIGN(const gotool::ToolFacts linker, memo.facts(words_.front(), true));
    TRY(check_release(linker.said));
    TRY_ASSIGN(const auto text, sys::read_file(command_.importcfg, k_importcfg_bytes_max));
    if (!text) return fail(Code::not_found, "link: no importcfg");
    TRY_ASSIGN(imports_, gotool::parse_import_config(text_of(*text)));
    if (command_.has_extldflags && imports_.may_have_host_objects) {
      return fail(Code::unsupported, "link: words for a C linker");
    }
    TRY_ASSIGN(key_,
               gotool::make_link_key(command_, imports_, *linker.digest, env_, config_.local_tier));
    TRY_ASSIGN(cache_, LinkCache::open(config_.link_directory));
    return {};
  }

  // "link version go1.26.8 X:experiment"
  static Result<void> check_release(std::string_view said) {
    constexpr std::string_view k_words = "link version ";
    int minor = 0;
    if (said.starts_with(k_words)) {
      said.remove_prefix(k_words.size());
      minor = gotool::minor_of(said.substr(0, said.find_first_of(" \n")));
    }
    if (minor < k_link_minor_min || minor > k_link_minor_max) {
      return fail(Code::unsupported, "link: of another release");
    }
    return {};
  }

  // Whether a program of another machine is here now. Without an agent there is none.
  bool ask_agent() {
    if (config_.store_url.empty()) return false;
    auto client = Client::connect(config_, Deadline::after(k_agent_wait));
    if (!client || !*client) return false;
    const auto came = (*client)->link(key_.id);
    if (!came) note_fault(came.error());
    return came.value_or(false);
  }

  // What said something is of use here only: its words are not part of the record.
  void tell_agent(bool made, const CachedLink& link) {
    const bool is_silent = link.info.standard_output.empty() && link.info.standard_error.empty();
    if (!config_.share_links || config_.store_url.empty() || !is_silent) return;
    auto client = Client::connect(config_, Deadline::after(k_agent_wait));
    if (!client || !*client) return;
    const auto link_us = static_cast<std::uint64_t>(link.info.link_time.count());
    const LinkNote note{made, link.key, link.output, link.size, unix_now_ns(), link_us};
    if (const auto told = (*client)->note(note); !told) note_fault(told.error());
  }

  // `--verify`: a share of the hits is made again and compared.
  bool wants_relink() {
    if (config_.verify_share <= 0) return false;
    std::random_device seed;
    std::mt19937 random(seed());
    return std::uniform_real_distribution<double>(0, 1)(random) < config_.verify_share;
  }

  std::optional<int> answer() {
    auto found = cache_->find(key_.id);
    if (!found) note_fault(found.error());
    const bool is_remote = found && !*found && ask_agent();
    if (is_remote) found = cache_->find(key_.id);
    if (!found || !*found) return std::nullopt;
    if (const auto placed = cache_->place(**found, command_.output); !placed) {
      note_fault(placed.error());
      return std::nullopt;
    }
    ++(is_remote ? counters_.link_hits_remote : counters_.link_hits_local);
    tell_agent(false, **found);
    say_again((*found)->info.standard_output, (*found)->info.standard_error);
    return 0;
  }

  std::optional<int> link() {
    ++counters_.link_misses;
    const auto streams = Streams::open();
    if (!streams) return std::nullopt;
    sys::SpawnOptions options;
    options.program = words_.front();
    options.arguments = words_;
    options.environment = env_;
    streams->give_to(options);
    const auto started = std::chrono::steady_clock::now();
    auto child = sys::spawn(options);
    if (!child) return std::nullopt;
    Result<void> inputs = fail(Code::unavailable, "link: inputs were not looked at");
    std::thread checker(
        [&] { inputs = check_inputs(key_, imports_, config_.link_directory / "verified"); });
    const auto status = child->wait();
    link_time_ = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - started);
    checker.join();
    gotool::LinkInfo info;
    info.link_time = link_time_;
    auto output = streams->output();
    auto error = streams->error();
    if (output) info.standard_output = std::move(*output);
    if (error) info.standard_error = std::move(*error);
    say_again(info.standard_output, info.standard_error);
    if (!status) return k_exit_not_executable;
    if (status->success()) store(inputs, info);
    if (status->signal != 0) {
      report();
      sys::die_by_signal(status->signal);
    }
    return status->code;
  }

  void store(const Result<void>& inputs, const gotool::LinkInfo& info) {
    const auto stored = try_store(inputs, info);
    if (stored) return;
    sys::log_debug("toolexec: {}", stored.error().message);
    if (stored.error().code == Code::unsupported) {
      --counters_.link_misses;
      ++counters_.link_uncached;
    } else {
      note_fault(stored.error());
    }
  }

  Result<void> try_store(const Result<void>& inputs, const gotool::LinkInfo& info) {
    TRY(inputs);
    TRY(gotool::check_program(command_.output));
    const std::string work = sys::Path(command_.importcfg).parent_path().parent_path().native();
    const std::string said = info.standard_output + info.standard_error;
    if (said.size() > gotool::k_link_text_bytes_max || said.find(work) != std::string::npos) {
      return fail(Code::unsupported, "link: what the linker said cannot be said again");
    }
    TRY(compare());
    TRY_ASSIGN(const bool stored, cache_->put(key_.id, info, command_.output));
    if (!stored) return {};
    TRY_ASSIGN(const auto kept, cache_->find(key_.id));
    if (kept) tell_agent(true, *kept);
    TRY(cache_->trim());
    return {};
  }

  // With `--verify`: what was made again against what the cache would have given.
  Result<void> compare() {
    if (config_.verify_share <= 0) return {};
    TRY_ASSIGN(const auto known, cache_->find(key_.id));
    if (!known) return {};
    ++counters_.verify_checked;
    TRY_ASSIGN(const BlobId made, gotool::digest_of_file(command_.output));
    if (made != known->output) ++counters_.verify_mismatched;
    return {};
  }

  void note_fault(const Error& error) {
    count_fault(counters_.faults, "link-cache", error.message);
  }

  // Once: what is there by then.
  void report() {
    if (config_.command_id.empty() || reported_) return;
    reported_ = true;
    const std::string line = codec::Json(counters_.to_json()).dump() + "\n";
    if (!sys::make_private_directory(config_.runtime_directory)) return;
    (void)sys::append_to_file(report_path(config_), bytes_of(line));  // else it is not counted
  }

  void record(journal::Answer answer) {
    record_link(config_, arguments_, env_, answer, link_time_);
  }

  const AgentConfig& config_;
  const std::vector<std::string>& words_;
  const std::vector<std::string> arguments_;
  const sys::Environment& env_;
  gotool::LinkCommand command_;
  gotool::ImportConfig imports_;
  gotool::LinkKey key_;
  std::optional<LinkCache> cache_;
  Counters counters_;
  std::chrono::microseconds link_time_{0};  // of the linker, where it was run here
  bool reported_ = false;
};

std::optional<int> say_version(const AgentConfig& config, const std::vector<std::string>& words,
                               const sys::Environment& env) {
  const auto facts =
      gotool::ToolMemo(config.cache_directory / "tools", env).facts(words.front(), false);
  if (!facts) return std::nullopt;
  if (!sys::write_all(STDOUT_FILENO, bytes_of(facts->said))) return 1;
  return 0;
}

std::optional<int> answer(const std::vector<std::string>& words, const sys::Environment& env) {
  const sys::Path tool = words.front();
  if (words.size() < 2 || !gotool::is_go_tool(tool)) return std::nullopt;
  const bool asks_version = words.size() == 2 && words[1] == k_version_word;
  auto config = AgentConfig::of_environment(env);
  if (!config) return std::nullopt;
  if (config->command_id.empty()) config->command_id = bare_command_id(::getppid());
  const auto link = [&]() -> std::optional<int> {
    if (config->link_directory.empty()) return std::nullopt;
    return Link(*config, words, env).run();
  };
  if (asks_version) {
    if (config->link_directory.empty()) return std::nullopt;
    return say_version(*config, words, env);
  }
  const bool is_for_run = !config->test_door.empty();
  if (tool.filename() == "link")
    return is_for_run ? link_for_run(*config, words, env, link) : link();
  if (tool.filename() == "vet" && is_for_run) return vet_for_run(*config, words, env);
  record_tool(*config, words, env);
  return std::nullopt;
}

}  // namespace

int run_toolexec(const std::vector<std::string>& words, const sys::Environment& env) {
  if (words.empty()) {
    (void)sys::write_all(STDERR_FILENO,
                         bytes_of("sluice: toolexec: which tool? go starts this by itself\n"));
    return 2;
  }
  const auto status = answer(words, env);
  return status ? *status : start_tool(words, env);
}

}  // namespace sluice::agent
