#include "agent/session.hpp"

#include "agent/agent_link.hpp"
#include "agent/bare_command.hpp"
#include "agent/client.hpp"
#include "agent/counters.hpp"
#include "agent/kind.hpp"
#include "agent/recorder.hpp"
#include "agent/result_reuse.hpp"
#include "agent/shared_path.hpp"
#include "agent/test_door.hpp"
#include "agent/tiers.hpp"
#include "agent/tool_record.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "gotool/cacheprog.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/kind.hpp"
#include "gotool/local_tier.hpp"
#include "gotool/toolchain.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

namespace sluice::agent {
namespace {

using gotool::LocalHit;
using gotool::LocalTier;
using gotool::Request;
using journal::Answer;

constexpr std::size_t k_read_bytes = 256U << 10U;
constexpr std::string_view k_archive_magic = "!<arch>\n";
constexpr std::uint64_t k_command_line_max = std::uint64_t{4} << 20U;
constexpr auto k_test_door_wait = std::chrono::seconds(10);
constexpr auto k_tests_kept_wait = std::chrono::seconds(5);  // for results to be kept by content

// <GOROOT>/bin/go is our parent: its packages' index entries can recur, a checkout's cannot.
sys::Path goroot_of_parent() {
  std::array<char, 4096> target{};
  const std::string link = fmt::format("/proc/{}/exe", ::getppid());
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length <= 0) return {};
  const sys::Path program(std::string(target.data(), static_cast<std::size_t>(length)));
  return program.parent_path().parent_path();
}

// Our parent's command line, its program by name: mostly "go"; nothing where that cannot be read.
std::optional<std::vector<std::string>> words_of_parent() {
  const auto text =
      sys::read_file(fmt::format("/proc/{}/cmdline", ::getppid()), k_command_line_max);
  if (!text || !*text || (*text)->empty()) return std::nullopt;
  std::vector<std::string> words;
  std::string_view line = text_of(**text);
  if (line.ends_with('\0')) line.remove_suffix(1);
  for (const std::string_view word : split(line, '\0')) words.emplace_back(word);
  words.front() = sys::Path(words.front()).filename();
  return words;
}

// The working directory as go names it: PWD where that is the same one.
sys::Path working_directory(const sys::Environment& env) {
  std::error_code error;
  const sys::Path real = std::filesystem::current_path(error);
  const sys::Path named = env.get_or("PWD", "");
  return named.is_absolute() && std::filesystem::equivalent(named, real, error) ? named : real;
}

// A reused test result was wrong a moment ago, in this job.
bool is_distrusted(const AgentConfig& config) {
  const auto info = sys::stat_file(config.tests_distrusted_path());
  constexpr UnixNanos k_valid_ns = UnixNanos{24} * 3600 * 1'000'000'000;
  return info && *info && unix_now_ns() - (*info)->mtime_ns < k_valid_ns;
}

// A put on its way in.
struct Put {
  std::int64_t id = 0;
  ActionId action;
  BlobId output;
  std::uint64_t size = 0;
  Bytes whole;                              // small bodies
  Bytes head;                               // large bodies: what classify needs
  std::optional<LocalTier::Writer> writer;  // large bodies
  LocalTier* tier = nullptr;
};

// A question to the agent: for go's request, or for our own use.
struct Asked {
  std::int64_t id = 0;
  TestReuse::Fetched fetched;  // set: ours
};

class Session final : public gotool::RequestReader::Handler {
 public:
  Session(const AgentConfig& config, const sys::Environment& env, int output_fd)
      : config_(config),
        env_(env),
        output_fd_(output_fd),
        is_bare_(is_bare_command(config.command_id)),
        tiers_(config),
        recorder_(config) {}

  void start();
  int serve(int input_fd);

  Result<void> on_request(const Request& request) override;
  Result<void> on_body(ByteView decoded) override;
  Result<void> on_body_end() override;
  Result<void> on_body_aborted() override;

 private:
  LocalTier* writable(std::uint64_t size_bytes);
  void refused(const LocalTier* tier, const Error& error);
  void start_reuse(const sys::Path& go_root);
  void tell_place();
  void get(const Request& request);
  void reply(std::int64_t id, const TestReuse::Found& hit);
  void go_on(std::int64_t id, const ActionId& action, const TestReuse::Found& hit);
  void give(std::int64_t id, const ActionId& action, const LocalHit& hit);
  bool is_unproven(const ActionId& action, const LocalHit& hit);
  void prove(const ActionId& action, const LocalHit& made);
  void decided(std::int64_t id, const ActionId& action, TestReuse::Verdict verdict,
               const TestReuse::Found& found, bool from_agent);
  void ask(Asked asked, const ActionId& action);
  void fetch(const ActionId& action, const TestReuse::Fetched& fetched);
  void keep(const ActionId& action, ByteView body);
  void name(const ActionId& action, const LocalHit& same);
  void begin_put(const Request& request);
  void finish_small_put();
  void finish_large_put();
  void stored(const Put& put, const LocalTier* tier, const sys::Path& disk_path,
              gotool::BodyKind kind, UnixNanos time_ns);
  void lost(const Put& put);
  void on_answer(std::uint64_t question, const ActionId& action, const std::optional<Hit>& hit,
                 std::chrono::microseconds waited);
  bool should_rebuild(const ActionId& action, const LocalHit& hit);
  void check_rebuilt(const ActionId& action, const BlobId& output);
  void use(const ActionId& action, const LocalHit& hit);
  void end_reuse();
  void farewell();
  void answer_open_lookups();
  void send(std::string_view line);

  const AgentConfig& config_;
  const sys::Environment& env_;
  int output_fd_;
  const bool is_bare_;  // no command of sluice stands around this go
  const std::thread::id reader_ = std::this_thread::get_id();
  Tiers tiers_;
  Recorder recorder_;
  std::optional<AgentLink> link_;
  bool close_seen_ = false;
  std::optional<Put> put_;
  std::unordered_map<ActionId, BlobId> rebuilding_;  // --verify: hits kept back, with their output
  std::uint64_t sample_seed_ = 0;

  std::mutex send_mutex_;
  std::mutex count_mutex_;  // what follows: this thread, the link's, that of reuse_
  Counters counters_;
  std::optional<sys::FileLock> presence_;
  std::uint64_t questions_ = 0;
  std::unordered_map<std::uint64_t, Asked> asked_;
  std::optional<TestReuse> reuse_;
  std::optional<SharedPath> shared_path_;  // set before the first request
};

void Session::send(std::string_view line) {
  const std::lock_guard lock(send_mutex_);
  // A go that is gone does not read: the end of its input follows.
  (void)sys::write_all(output_fd_, bytes_of(line));
}

void Session::start() {
  if (!is_bare_) presence_ = be_present(config_);
  send(gotool::hello_line());
  if (!config_.test_door.empty()) {
    const auto told = tell_go(config_.test_door, env_, working_directory(env_),
                              Deadline::after(k_test_door_wait));
    if (!told) sys::log_debug("{}", told.error().message);
  }
  tiers_.open(counters_.faults);
  if (config_.verify_share > 0) sample_seed_ = std::random_device{}();
  const sys::Path goroot = goroot_of_parent();
  start_reuse(goroot);
  if (!config_.shown_checkout.empty()) {
    shared_path_.emplace(config_, goroot.empty() ? config_.goroot : goroot);
  }
  if (config_.store_url.empty()) return tell_place();
  Hello hello;
  hello.pid = static_cast<std::uint64_t>(::getpid());
  hello.role = "session";
  hello.command_id = config_.command_id;
  hello.goroot = goroot.native();
  link_.emplace(
      config_, env_, std::move(hello),
      [this](std::uint64_t question, const ActionId& action, const std::optional<Hit>& hit,
             std::chrono::microseconds waited) { on_answer(question, action, hit, waited); });
  tell_place();
}

// Where the next job of this scope finds that its checkout was seen before.
void Session::tell_place() {
  for (const ActionId& record : decode_place_records(config_.place_records)) {
    TestReuse::Found known;
    {
      const std::lock_guard lock(count_mutex_);
      known = tiers_.find(record, counters_.faults);
    }
    if (known)
      use(record, *known);
    else
      keep(record, {});
  }
}

void Session::reply(std::int64_t id, const TestReuse::Found& hit) {
  send(hit ? gotool::hit_response(id, hit->output, hit->size, hit->time_ns, hit->disk_path.native())
           : gotool::miss_response(id));
}

// `go_root`: of our parent.
void Session::start_reuse(const sys::Path& go_root) {
  const auto words = words_of_parent();
  if (is_bare_) {
    recorder_.begin_bare(words.value_or(std::vector<std::string>()), working_directory(env_),
                         gotool::goflags_without_toolexec(env_.get_or("GOFLAGS", "")).value_or(""));
  }
  // A parent that cannot be read may test.
  const bool tests =
      !words || gotool::parse_go_words({words->begin() + 1, words->end()}).subcommand == "test";
  if (!config_.tests_by_content || !tests || is_distrusted(config_)) return;
  std::string version = gotool::version_in(go_root);
  // A run of tests is no go, and is of the go that it starts.
  const sys::Path goroot = version.empty() ? config_.goroot : go_root;
  if (version.empty()) version = config_.go_version;
  if (version.empty()) return;
  reuse_.emplace(
      TestReuse::GoView{env_, std::move(version), goroot, working_directory(env_),
                        sys::file_mode_mask(), entries_directory(config_), ::getppid()},
      TestReuse::Verify{config_.verify_tests_share, std::random_device{}()},
      TestReuse::Cache{[this](const ActionId& action, const TestReuse::Fetched& fetched) {
                         fetch(action, fetched);
                       },
                       [this](const ActionId& action, ByteView body) { keep(action, body); },
                       [this](const ActionId& action, const LocalHit& same) { name(action, same); },
                       [this](journal::Body told) { recorder_.add(std::move(told)); },
                       config_.cache_directory / "not-test-logs"});
}

int Session::serve(int input_fd) {
  gotool::RequestReader reader(*this);
  std::vector<std::byte> buffer(k_read_bytes);
  while (!close_seen_) {
    const auto count = sys::read_some(input_fd, buffer);
    if (!count || *count == 0) break;
    const auto fed = reader.feed(text_of(ByteView(buffer).first(*count)));
    if (!fed) {
      send_mutex_.lock();  // whatever is being written first, then our last words
      const std::string words =
          fmt::format("sluice: cacheprog: {}\n", printable(fed.error().message));
      (void)sys::write_all(STDERR_FILENO, bytes_of(words));
      return 1;
    }
  }
  if (!close_seen_) farewell();
  return 0;
}

Result<void> Session::on_request(const Request& request) {
  switch (request.command) {
    case Request::Command::get: get(request); break;
    case Request::Command::put: begin_put(request); break;
    case Request::Command::close:
      if (reuse_) end_reuse();
      farewell();
      answer_open_lookups();
      send(gotool::close_response(request.id));
      close_seen_ = true;
      break;
    case Request::Command::other:
      send(gotool::error_response(request.id, "unknown command " + request.command_name));
      break;
  }
  return {};
}

void Session::get(const Request& request) {
  std::optional<LocalHit> hit;
  {
    const std::lock_guard lock(count_mutex_);
    ++counters_.lookups;
    if (request.has_action) hit = tiers_.find(request.action, counters_.faults);
    if (hit && should_rebuild(request.action, *hit)) {
      ++counters_.misses;
      recorder_.lookup(request.action, Answer::missed);
      send(gotool::miss_response(request.id));
      return;
    }
  }
  const auto decide = [this, id = request.id, action = request.action](
                          TestReuse::Verdict verdict, const TestReuse::Found& found,
                          bool from_agent) { decided(id, action, verdict, found, from_agent); };
  if (reuse_ && request.has_action && reuse_->take(request.action, hit, decide)) return;
  if (!request.has_action) {
    const std::lock_guard lock(count_mutex_);
    ++counters_.misses;
    send(gotool::miss_response(request.id));
    return;
  }
  go_on(request.id, request.action, hit);
}

// The answer from the local tier, else from the agent.
void Session::go_on(std::int64_t id, const ActionId& action, const TestReuse::Found& hit) {
  if (!hit) return ask({id, {}}, action);
  if (is_unproven(action, *hit)) {
    recorder_.lookup(action, Answer::missed);
    {
      const std::lock_guard lock(count_mutex_);
      ++counters_.misses;
    }
    return reply(id, std::nullopt);
  }
  give(id, action, *hit);
}

void Session::give(std::int64_t id, const ActionId& action, const LocalHit& hit) {
  {
    const std::lock_guard lock(count_mutex_);
    ++counters_.hits_local;
  }
  recorder_.lookup(action, Answer::local, hit.size);
  use(action, hit);
  const UnixNanos now_ns = unix_now_ns();
  // Looking at the result takes a while. The thread that reads the questions looks at it after its
  // answer, since it reads no other before.
  const bool answers_first = std::this_thread::get_id() == reader_;
  if (answers_first) reply(id, hit);
  if (reuse_) reuse_->given(action, hit, now_ns);
  if (!answers_first) reply(id, hit);
}

// Another checkout at this path may have made it, with the same times and sizes.
bool Session::is_unproven(const ActionId& action, const LocalHit& hit) {
  if (!shared_path_ || !shared_path_->needs_proof(hit)) return false;
  const std::lock_guard lock(count_mutex_);
  const auto proof = tiers_.find(shared_path_->proof_of(action), counters_.faults);
  return !proof || proof->output != hit.output;
}

void Session::prove(const ActionId& action, const LocalHit& made) {
  if (!shared_path_ || !shared_path_->needs_proof(made)) return;
  const std::lock_guard lock(count_mutex_);
  LocalTier* tier = tiers_.local();
  // Without the proof it is made once more next time.
  if (tier) (void)tier->link(shared_path_->proof_of(action), made.output, made.size, made.time_ns);
}

// Of a test's result: by its contents, whatever there is under go's key.
void Session::decided(std::int64_t id, const ActionId& action, TestReuse::Verdict verdict,
                      const TestReuse::Found& found, bool from_agent) {
  // Never under go's own key: a go without sluice has no proof of it.
  if (verdict == TestReuse::Verdict::not_ours) return go_on(id, action, found);
  if (verdict == TestReuse::Verdict::as_it_is) return give(id, action, *found);
  const bool is_hit = verdict == TestReuse::Verdict::reuse;
  const Answer missed = found ? Answer::refused : Answer::missed;
  recorder_.lookup(action, is_hit ? Answer::reused : missed, is_hit ? found->size : 0);
  {
    const std::lock_guard lock(count_mutex_);
    if (!is_hit) {
      ++counters_.misses;
      if (found) ++counters_.tests_refused;
    } else {
      ++(from_agent ? counters_.hits_remote : counters_.hits_local);
      ++counters_.tests_reused;
    }
  }
  reply(id, is_hit ? found : std::nullopt);
}

void Session::ask(Asked asked, const ActionId& action) {
  std::uint64_t question = 0;
  if (link_) {
    const std::lock_guard lock(count_mutex_);
    question = ++questions_;
    asked_.emplace(question, std::move(asked));
  } else if (asked.fetched) {
    return asked.fetched(std::nullopt, true);
  } else {
    recorder_.lookup(action, Answer::missed);
    const std::lock_guard lock(count_mutex_);
    ++counters_.misses;
    send(gotool::miss_response(asked.id));
    return;
  }
  link_->ask(question, action);
}

// For our own use: from the local tier, else from the agent.
void Session::fetch(const ActionId& action, const TestReuse::Fetched& fetched) {
  TestReuse::Found hit;
  {
    const std::lock_guard lock(count_mutex_);
    hit = tiers_.find(action, counters_.faults);
  }
  if (!hit) return ask({0, fetched}, action);
  use(action, *hit);
  fetched(hit, false);
}

void Session::keep(const ActionId& action, ByteView body) {
  const auto output = sha256_as<BlobId>(body);
  const UnixNanos time_ns = unix_now_ns();
  const std::lock_guard lock(count_mutex_);
  LocalTier* tier = tiers_.local();
  if (!tier || !tier->put(action, output, body, time_ns)) return;
  if (link_) {
    link_->note(Type::made, Note{action, output, body.size(), time_ns, store::Kind::other});
  }
}

void Session::name(const ActionId& action, const LocalHit& same) {
  const std::lock_guard lock(count_mutex_);
  LocalTier* tier = tiers_.local();
  if (!tier || !tier->has_blob(same.output, same.size)) return;
  if (!tier->link(action, same.output, same.size, same.time_ns)) return;
  if (link_) {
    link_->note(Type::made,
                Note{action, same.output, same.size, same.time_ns, store::Kind::test_output});
  }
}

// Runs on the link's thread, or on ours when there is no agent.
void Session::on_answer(std::uint64_t question, const ActionId& action,
                        const std::optional<Hit>& answer, std::chrono::microseconds waited) {
  Asked asked;
  std::optional<LocalHit> hit;
  {
    const std::lock_guard lock(count_mutex_);
    const auto at = asked_.find(question);
    if (at == asked_.end()) return;
    asked = std::move(at->second);
    asked_.erase(at);
    counters_.wait_us += static_cast<std::uint64_t>(waited.count());
    // The agent published it in the local tier; what is not there after all is a miss.
    if (answer) hit = tiers_.find(action, counters_.faults);
    if (hit && hit->output != answer->output) hit.reset();
    if (!asked.fetched) {
      if (hit && should_rebuild(action, *hit)) hit.reset();
      ++(hit ? counters_.hits_remote : counters_.misses);
    }
  }
  if (asked.fetched) return asked.fetched(hit, true);
  if (hit && is_unproven(action, *hit)) {
    hit.reset();
    const std::lock_guard lock(count_mutex_);
    --counters_.hits_remote;
    ++counters_.misses;
  }
  recorder_.lookup(action, hit ? Answer::remote : Answer::missed, hit ? hit->size : 0,
                   static_cast<std::uint64_t>(waited.count()));
  if (hit && reuse_) reuse_->given(action, *hit, unix_now_ns());
  reply(asked.id, hit);
}

void Session::use(const ActionId& action, const LocalHit& hit) {
  if (!link_) return;
  link_->note(Type::used, Note{action, hit.output, hit.size, hit.time_ns, store::Kind::other});
}

// --verify: a share of the compiled packages is answered as missing, so that go builds them again.
// Called with count_mutex_ held.
bool Session::should_rebuild(const ActionId& action, const LocalHit& hit) {
  if (config_.verify_share <= 0 || rebuilding_.contains(action)) return false;
  std::uint64_t lot = 0;
  std::memcpy(&lot, action.bytes.data(), sizeof lot);
  lot = (lot ^ sample_seed_) * 0x9e3779b97f4a7c15U;  // Fibonacci hashing spreads the seed
  constexpr double k_lots = 18446744073709551616.0;  // 2^64
  if (static_cast<double>(lot) / k_lots >= config_.verify_share) return false;
  const auto file = sys::open_if_exists(hit.disk_path);
  if (!file || !*file) return false;
  std::array<std::byte, k_archive_magic.size()> head{};
  const auto count = sys::read_at((*file)->get(), head, 0);
  if (!count || text_of(ByteView(head).first(*count)) != k_archive_magic) return false;
  rebuilding_.emplace(action, hit.output);
  return true;
}

void Session::check_rebuilt(const ActionId& action, const BlobId& output) {
  const std::lock_guard lock(count_mutex_);
  const auto at = rebuilding_.find(action);
  if (at == rebuilding_.end() || config_.verify_share <= 0) return;
  ++counters_.verify_checked;
  if (at->second == output) return;
  ++counters_.verify_mismatched;
  count_fault(counters_.faults, "verify",
              fmt::format("action {}: the cache held output {}, a rebuild made {}",
                          action.short_hex(), at->second.short_hex(), output.short_hex()));
}

LocalTier* Session::writable(std::uint64_t size_bytes) {
  const std::lock_guard lock(count_mutex_);
  return tiers_.writable(size_bytes, counters_.faults);
}

void Session::refused(const LocalTier* tier, const Error& error) {
  const std::lock_guard lock(count_mutex_);
  count_fault(counters_.faults, "local-tier", error.message);
  if (error.code != Code::corrupt) tiers_.mark_failed(tier);
}

void Session::begin_put(const Request& request) {
  put_.emplace();
  put_->id = request.id;
  put_->action = request.action;
  put_->output = request.output;
  put_->size = request.body_size;
  if (!request.has_action || !request.has_output) {
    // Nothing of go's; the body, if one follows, is read and dropped.
    send(gotool::error_response(request.id, "put without a 32-byte ActionID and OutputID"));
    put_->id = 0;
  }
  {
    const std::lock_guard lock(count_mutex_);
    ++counters_.puts;
    counters_.put_bytes += request.body_size;
  }
  if (put_->size == 0) {
    if (put_->id != 0) finish_small_put();
    put_.reset();
    return;
  }
  if (put_->size <= k_whole_body_bytes || put_->id == 0) return;
  while (LocalTier* tier = writable(put_->size)) {
    auto writer = tier->begin(put_->output, put_->size);
    if (writer) {
      put_->writer = std::move(*writer);
      put_->tier = tier;
      return;
    }
    refused(tier, writer.error());
  }
}

Result<void> Session::on_body(ByteView decoded) {
  if (!put_ || put_->id == 0) return {};
  if (put_->size <= k_whole_body_bytes) {
    append(put_->whole, decoded);
    return {};
  }
  if (put_->head.size() < gotool::k_classify_bytes) {
    append(put_->head, decoded.first(std::min(decoded.size(), gotool::k_classify_bytes)));
  }
  if (!put_->writer) return {};
  if (const auto written = put_->writer->write(decoded); !written) {
    refused(put_->tier, written.error());
    put_->writer.reset();
  }
  return {};
}

Result<void> Session::on_body_end() {
  if (put_ && put_->id != 0) {
    if (put_->size <= k_whole_body_bytes)
      finish_small_put();
    else
      finish_large_put();
  }
  put_.reset();
  return {};
}

Result<void> Session::on_body_aborted() {
  put_.reset();  // drops what was written
  return {};
}

void Session::finish_small_put() {
  const UnixNanos time_ns = unix_now_ns();
  const ByteView body = put_->whole;
  while (LocalTier* tier = writable(put_->size)) {
    auto done = tier->put(put_->action, put_->output, body, time_ns);
    if (done) {
      const auto tail = body.last(std::min(body.size(), gotool::k_classify_bytes));
      stored(*put_, tier, done->disk_path, gotool::classify(body, tail), time_ns);
      return;
    }
    refused(tier, done.error());
    if (done.error().code == Code::corrupt) break;  // go's own mistake: no other tier helps
  }
  lost(*put_);
}

void Session::finish_large_put() {
  if (!put_->writer) return lost(*put_);
  const UnixNanos time_ns = unix_now_ns();
  auto done = put_->writer->commit(put_->action, time_ns);
  if (!done) {
    refused(put_->tier, done.error());
    return lost(*put_);
  }
  LocalHit body;
  body.size = put_->size;
  body.disk_path = done->disk_path;
  const auto kind = gotool::classify(put_->head, gotool::end_of(body));
  stored(*put_, put_->tier, done->disk_path, kind, time_ns);
}

void Session::stored(const Put& put, const LocalTier* tier, const sys::Path& disk_path,
                     gotool::BodyKind kind, UnixNanos time_ns) {
  check_rebuilt(put.action, put.output);
  recorder_.stored(put.action, kind_of(kind), put.size);
  // The agent uploads from the local tier: what was spilled elsewhere stays with this job. So does
  // a test's result under go's own key, which is of times and sizes: another machine may have the
  // same of another content, and is given what is kept by content.
  const bool is_own = reuse_ && kind == gotool::BodyKind::test_output;
  if (link_ && tiers_.is_local(tier) && !is_own) {
    link_->note(Type::made, Note{put.action, put.output, put.size, time_ns, kind_of(kind)});
  }
  if (kind != gotool::BodyKind::other) {
    LocalHit hit;
    hit.output = put.output;
    hit.size = put.size;
    hit.time_ns = time_ns;
    hit.disk_path = disk_path;
    prove(put.action, hit);
    if (reuse_) reuse_->made(put.action, hit, kind);
  }
  send(gotool::put_response(put.id, disk_path.native()));
}

// Go ignores most failed puts, but not all: so none fails. It never reads this path unless a
// program that asked for export data does.
void Session::lost(const Put& put) {
  check_rebuilt(put.action, put.output);
  send(gotool::put_response(put.id, tiers_.lost_path(put.output)));
}

// go closes when it has every answer; whoever does not gets misses for the rest.
void Session::answer_open_lookups() {
  std::unordered_map<std::uint64_t, Asked> open;
  {
    const std::lock_guard lock(count_mutex_);
    open = std::exchange(asked_, {});
  }
  for (const auto& [question, asked] : open) {
    if (asked.fetched)
      asked.fetched(std::nullopt, true);
    else
      send(gotool::miss_response(asked.id));
  }
}

// A package that was tested again and not stored failed, or go was interrupted, or an input was
// too new for go: the command that started go knows how it ended.
void Session::end_reuse() {
  reuse_->finish(Deadline::after(k_tests_kept_wait));
  const TestReuse::Verified verified = reuse_->verified();
  const std::lock_guard lock(count_mutex_);
  counters_.verify_tests_checked += verified.packages;
  if (verified.failed.empty() || is_bare_) return;
  counters_.verify_tests_failed += verified.failed.size();
  (void)sys::append_to_file(config_.tests_suspected_path(),
                            bytes_of(join(verified.failed, "\n") + "\n"));
}

void Session::farewell() {
  std::string words;
  std::string report;
  recorder_.flush();
  {
    const std::lock_guard lock(count_mutex_);
    if (link_) {
      if (const std::string trouble = link_->trouble(); !trouble.empty()) {
        count_fault(counters_.faults, "agent", trouble);
      }
    }
    if (is_bare_) counters_.add(take_report(config_));  // of the tools of this go
    report = codec::Json(counters_.to_json()).dump();
  }
  std::optional<std::string> told;
  if (link_) told = link_->bye(report);
  {
    const std::lock_guard lock(count_mutex_);
    recorder_.end_bare(counters_);  // behind what the agent has to say of it
  }
  if (told) {
    words = *told;
  } else if (!is_bare_ && sys::make_private_directory(config_.runtime_directory) &&
             sys::append_to_file(report_path(config_), bytes_of(report + "\n"))) {
    return;  // the command that started go tells it
  } else {
    words = join(describe_faults(counters_.faults), "\n");
  }
  if (!config_.say_faults && told) return;
  for (std::string_view line : split(words, '\n')) {
    if (!line.empty()) {
      (void)sys::write_all(STDERR_FILENO, bytes_of(fmt::format("sluice: {}\n", line)));
    }
  }
}

}  // namespace

int run_session(const AgentConfig& config, const sys::Environment& env, int input_fd,
                int output_fd) {
  sys::ignore_write_signals();
  AgentConfig own = config;
  if (own.command_id.empty()) own.command_id = bare_command_id(::getppid());
  // Never destroyed: the process ends at once and the link's thread with it, so that go, which
  // waits for our standard output to close, waits for nothing else.
  Session* session = std::make_unique<Session>(own, env, output_fd).release();
  session->start();
  const int status = session->serve(input_fd);
  ::close(output_fd);
  ::_exit(status);
}

}  // namespace sluice::agent
