#include "agent/agent.hpp"

#include "agent/another_agent.hpp"
#include "agent/bare_command.hpp"
#include "agent/connection.hpp"
#include "agent/counters.hpp"
#include "agent/fetcher.hpp"
#include "agent/given_up_mark.hpp"
#include "agent/hold.hpp"
#include "agent/index_keeper.hpp"
#include "agent/indexed_book.hpp"
#include "agent/inputs_keeper.hpp"
#include "agent/link_keeper.hpp"
#include "agent/messages.hpp"
#include "agent/module_keeper.hpp"
#include "agent/patience.hpp"
#include "agent/provenance.hpp"
#include "agent/restore.hpp"
#include "agent/sweep.hpp"
#include "agent/uploader.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "gotool/subkey.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"
#include "store/objects.hpp"
#include "store/secrets.hpp"
#include "store/store_url.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"
#include "sys/unix_socket.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice::agent {
namespace {

using codec::Json;
using codec::JsonObject;

// For any index, from the agent's start: also where the store cannot be seen waiting (a mounted
// disk).
constexpr auto k_index_wait = std::chrono::seconds(5);
// A store that did not answer, or was given up, is asked for the index again: first and longest
// pause.
constexpr auto k_probe_pause = std::chrono::seconds(5);
constexpr auto k_probe_pause_max = std::chrono::seconds(60);
constexpr auto k_warm_up_max = std::chrono::seconds(5);
constexpr auto k_beat_every = std::chrono::seconds(5);         // a sign of life for the sessions
constexpr auto k_sessions_end_wait = std::chrono::seconds(2);  // before their counters are summed
constexpr unsigned k_end_s_max = 15;                           // for what is still on the way
constexpr unsigned k_end_s_given_up = 1;                       // the same of a dead store
constexpr auto k_accept_tick = std::chrono::milliseconds(50);
constexpr auto k_warm_up = std::chrono::seconds(3);  // bring ahead while no session is there

// One go command's share of the counters.
struct Command {
  Counters counters;          // of its sessions that said good-bye
  Counters transfers_before;  // the agent's transfers when its first session came; none at all
                              // for the first command, which the agent was started for
  std::size_t sessions = 0;   // that are here now
};

class Agent {
 public:
  Agent(const AgentConfig& config, const sys::Environment& env) : config_(config), env_(env) {}

  Result<void> open();
  void run(sys::Fd listener, std::optional<sys::FileLock> lock, bool own_process);

 private:
  void serve(const std::shared_ptr<Connection>& connection, std::atomic<bool>& greeted);
  bool handle(const std::shared_ptr<Connection>& connection, const Frame& frame, Hello& hello);
  bool handle_command(Connection& connection, const Frame& frame);
  bool greet(Connection& connection, const Frame& frame, Hello& hello);
  std::shared_ptr<const store::Index> index_for_lookups();
  void lookup(const std::shared_ptr<Connection>& connection, const Get& get,
              const std::string& command_id);
  void predict(const Fetcher::Owner& index, const ActionId& action);
  void note(const Frame& frame, const std::string& command_id);
  Counters transfers() const;
  Json status() const;
  void read_much_left();
  Json finish_command(const std::string& command_id, std::chrono::milliseconds wait);
  void finish_bare(const std::string& command_id);
  Json hold(const HoldAsked& asked);
  void refresh();
  void stand_by();
  bool pause_for(std::chrono::seconds pause);
  bool refresh_once();
  bool drain(std::chrono::milliseconds wait);
  void let_go();
  bool is_given_up();
  bool keep_running(std::size_t connections);
  void reap(bool all);
  void beat();
  void end();

  const AgentConfig& config_;
  const sys::Environment& env_;
  FaultBook faults_;
  IndexedBook indexed_{config_.journal_directory};
  std::optional<gotool::LocalTier> tier_;
  const PatienceParts patience_{config_.store_patience};
  Patience lookup_patience_{patience_.lookups};
  Patience upload_patience_{patience_.uploads, patience_.uploads_first};
  std::unique_ptr<store::Objects> store_;
  std::unique_ptr<store::Objects> objects_;  // the store, telling the patience
  std::unique_ptr<IndexKeeper> keeper_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<Provenance> provenance_;
  std::unique_ptr<LinkKeeper> links_;  // null: the link cache is off
  std::unique_ptr<InputsKeeper> inputs_;
  std::unique_ptr<ModuleKeeper> modules_;

  mutable std::mutex mutex_;
  std::condition_variable sessions_changed_;
  std::map<std::string, Command, std::less<>> commands_;
  bool had_session_ = false;
  Counters all_;  // of every session that said good-bye
  std::atomic<std::uint64_t> not_published_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> sessions_ = 0;
  Hold hold_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_used_ = started_;
  std::chrono::steady_clock::time_point last_session_ = started_;
  std::atomic<bool> silence_told_ = false;
  GivenUpMark given_up_mark_{config_.given_up_path()};
  const Deadline index_deadline_ = Deadline::after(k_index_wait);

  struct Served {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<std::atomic<bool>> greeted;
    std::shared_ptr<std::atomic<bool>> done;
    std::thread thread;
  };
  std::list<Served> served_;  // the accepting thread only, like the next
  std::chrono::steady_clock::time_point last_beat_ = started_;
  std::condition_variable ending_changed_;
  bool ending_ = false;
  bool journal_due_ = false;  // commands have left much to read
  std::thread refresher_;
};

Result<void> Agent::open() {
  TRY_ASSIGN(tier_, gotool::LocalTier::open_over(config_.local_tier, config_.shared_tier));
  provenance_ = std::make_unique<Provenance>();
  const std::string tier_name = to_hex(sha256(bytes_of(config_.local_tier.native()))).substr(0, 16);
  // What was received under other keys is not published under these.
  const std::string name = config_.domain + "-" + tier_name + trust_identity(config_);
  const auto known = provenance_->open(config_.cache_directory / "provenance" / name, *tier_);
  if (!known) faults_.count("provenance", known.error().message);
  if (!config_.store_url.empty()) {
    auto url = store::parse_store_url(config_.store_url);
    auto objects = url ? store::open_objects(*url, env_)
                       : Result<std::unique_ptr<store::Objects>>(std::unexpected(url.error()));
    if (objects) {
      store_ = std::move(*objects);
      objects_ = watched(*store_, lookup_patience_, upload_patience_);
    } else {
      faults_.count("store", objects.error().message);
    }
  }
  if (objects_) {
    if (given_up_mark_.is_recent()) {
      lookup_patience_.hold_at_most(Patience::Clock::now(), patience_.again);
      upload_patience_.hold_at_most(Patience::Clock::now(), patience_.again);
    }
    keeper_ = std::make_unique<IndexKeeper>(config_, *objects_, faults_,
                                            trust_of(config_, *objects_, env_));
    if (auto ready = sys::make_directories(config_.staging_directory(), 0700); !ready) {
      faults_.count("local-tier", ready.error().message);
    }
    // Nothing is fetched before the uploader stands.
    fetcher_ = std::make_unique<Fetcher>(*objects_, *tier_, config_.staging_directory(), faults_,
                                         [this](const BlobId& blob) { uploader_->distrust(blob); });
  }
  uploader_ = std::make_unique<Uploader>(
      config_, objects_.get(), keeper_.get(), *tier_, faults_,
      [this](Deadline deadline) { return !fetcher_ || fetcher_->wait_idle(deadline); },
      sys::has_idle_processor,
      [this](bool begins) { upload_patience_.blocked(Patience::Clock::now(), begins); });
  inputs_ = std::make_unique<InputsKeeper>(config_, keeper_.get(), fetcher_.get(), *uploader_,
                                           *provenance_, *tier_, faults_);
  modules_ = std::make_unique<ModuleKeeper>(config_, env_, keeper_.get(), objects_.get(),
                                            *uploader_, lookup_patience_, faults_);
  uploader_->use_modules([this](const store::Record& record, const sys::Path& file) {
    return modules_->write_archive(record, file);
  });
  if (!config_.link_directory.empty()) {
    auto links = LinkKeeper::open(config_, keeper_.get(), fetcher_.get(), *uploader_, *provenance_);
    if (links) {
      links_ = std::move(*links);
    } else {
      faults_.count("link-cache", links.error().message);
    }
  }
  return {};
}

void Agent::refresh() {
  sweep(config_);
  if (!keeper_) return stand_by();
  keeper_->load_copy();
  if (auto copy = keeper_->current()) fetcher_->bring_ahead(copy, keeper_->ahead(copy));
  // Beside the first requests, so that what follows them waits for no handshake.
  std::thread warm_up([this] { store_->warm_up(k_streams_warm, Deadline::after(k_warm_up_max)); });
  bool answered = refresh_once();
  warm_up.join();
  std::chrono::seconds pause = k_probe_pause;
  for (;;) {
    if (!pause_for(pause)) return;
    if (answered && !is_given_up()) continue;
    answered = refresh_once();
    pause = std::min(pause * 2, k_probe_pause_max);
  }
}

// False when the agent ends. Reads the journal's spools meanwhile, where that is due.
bool Agent::pause_for(std::chrono::seconds pause) {
  const auto until = std::chrono::steady_clock::now() + pause;
  std::unique_lock lock(mutex_);
  while (ending_changed_.wait_until(lock, until, [this] { return ending_ || journal_due_; })) {
    if (ending_) return false;
    journal_due_ = false;
    lock.unlock();
    inputs_->catch_up();
    lock.lock();
  }
  return true;
}

void Agent::stand_by() {
  while (pause_for(k_probe_pause_max)) {
  }
}

bool Agent::refresh_once() {
  // The stream first, so that it brings what go is already waiting for.
  const bool answered = keeper_->refresh(
      store::without_secrets(env_),
      [this](const Fetcher::Owner& index) { fetcher_->bring_ahead(index, keeper_->ahead(index)); });
  uploader_->seed(keeper_->own_records());
  if (answered && !is_given_up()) given_up_mark_.set(false);
  return answered;
}

// Whether the store is not worth waiting for. Says so when that begins.
bool Agent::is_given_up() {
  const bool given_up = lookup_patience_.is_given_up(Patience::Clock::now());
  if (given_up && !silence_told_.exchange(true)) {
    given_up_mark_.set(true);
    faults_.count("store", fmt::format("{}: nothing came while go waited for it; this job goes on "
                                       "without it",
                                       objects_->describe()));
  }
  if (!given_up && silence_told_.exchange(false)) given_up_mark_.set(false);
  return given_up;
}

// Nobody waits for a store that brings nothing.
void Agent::let_go() {
  if (fetcher_) fetcher_->let_go(is_given_up());
}

void Agent::run(sys::Fd listener, std::optional<sys::FileLock> lock, bool own_process) {
  refresher_ = std::thread([this] { refresh(); });
  while (!stop_) {
    reap(false);
    if (!keep_running(served_.size())) break;
    beat();
    let_go();
    auto socket = sys::accept_unix(listener.get(), Deadline::after(k_accept_tick));
    if (!socket) {
      sys::log_warn("accept: {}", socket.error().message);
      // house: allow sleep (accept failed: nothing to wait on; k_accept_tick bounds it)
      std::this_thread::sleep_for(k_accept_tick);
      continue;
    }
    if (!*socket) continue;
    const auto peer = sys::peer_of((*socket)->get());
    if (!peer || peer->uid != sys::effective_user() || served_.size() >= k_connections_max)
      continue;
    auto connection = std::make_shared<Connection>(std::move(**socket));
    auto done = std::make_shared<std::atomic<bool>>(false);
    auto greeted = std::make_shared<std::atomic<bool>>(false);
    served_.push_back(
        Served{connection, greeted, done, std::thread([this, connection, greeted, done] {
                 serve(connection, *greeted);
                 *done = true;
               })});
  }
  // Whoever comes now shall find no agent and start one, whatever keeps this one from ending.
  (void)sys::remove_file(config_.socket_path());  // a stale one is replaced by the next agent
  listener = sys::Fd();
  const bool is_dead =
      objects_ && (is_given_up() || upload_patience_.is_given_up(Patience::Clock::now()));
  if (is_dead) given_up_mark_.set(true);
  given_up_mark_.let_go();
  lock.reset();
  if (own_process) sys::end_process_after(is_dead ? k_end_s_given_up : k_end_s_max);
  end();
}

void Agent::end() {
  inputs_->catch_up();             // while others' words can still be fetched
  if (fetcher_) fetcher_->stop();  // answers everybody who waits for it
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ending_changed_.notify_all();
  reap(true);
  {
    // Running go commands may still read from there; the next agent, or the sweep, removes it then.
    const auto alone = sys::FileLock::try_acquire(config_.spill_lock());
    if (alone && *alone) (void)sys::remove_tree(config_.spill_directory());
  }
  refresher_.join();
  modules_->stop();  // writes archives for the uploader until that has ended
  uploader_.reset();
}

// Who is connected takes an agent that says nothing for dead, and a slow store must not look like
// that.
void Agent::beat() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_beat_ < k_beat_every) return;
  last_beat_ = now;
  for (const Served& served : served_) {
    if (*served.greeted) {
      served.connection->send(encode_welcome(static_cast<std::uint64_t>(::getpid())));
    }
  }
}

void Agent::reap(bool all) {
  for (auto at = served_.begin(); at != served_.end();) {
    if (all) at->connection->hang_up();
    if (all || *at->done) {
      at->thread.join();
      at = served_.erase(at);
    } else {
      ++at;
    }
  }
}

// Decides between three states: in use, quiet (publish what there is), idle (end).
bool Agent::keep_running(std::size_t connections) {
  const auto now = std::chrono::steady_clock::now();
  if (sessions_ > 0) {
    last_session_ = now;
    if (fetcher_) fetcher_->pause_ahead(false);
  } else {
    // A command that is still there (make, a test that runs long) may start the next go much later,
    // and after one command the next often comes at once.
    if (fetcher_ && connections == 0 && now - last_session_ > k_warm_up)
      fetcher_->pause_ahead(true);
    // Also what came without a session: a restored command's new results, a link.
    if (now - last_session_ > k_quiet_before_publish && !uploader_->totals().drained) {
      uploader_->request_publish();
    }
  }
  if (connections > 0) {
    last_used_ = now;
    return true;
  }
  if (hold_.keeps(last_used_, now)) return true;
  const auto quiet = now - last_used_;
  const bool drained = uploader_->totals().drained;
  if (quiet > config_.drain_timeout && !drained) {
    faults_.count("upload", fmt::format("not finished within {} s after the last go command",
                                        config_.drain_timeout.count() / 1000));
    return false;
  }
  return quiet < k_idle_exit || !drained;
}

void Agent::serve(const std::shared_ptr<Connection>& connection, std::atomic<bool>& greeted) {
  Hello hello;
  for (;;) {
    const auto frame = connection->receive();
    if (!frame) sys::log_info("connection: {}", frame.error().message);
    if (!frame || !*frame) break;
    if (!handle(connection, **frame, hello)) break;
    greeted = !hello.role.empty();
  }
  connection->hang_up();
  if (hello.role != "session") return;
  --sessions_;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = commands_.find(hello.command_id); at != commands_.end()) {
      at->second.sessions -= std::min<std::size_t>(at->second.sessions, 1);
    }
  }
  sessions_changed_.notify_all();
}

bool Agent::greet(Connection& connection, const Frame& frame, Hello& hello) {
  if (!hello.role.empty()) return false;  // a second HELLO
  auto decoded = decode_hello(frame.payload);
  if (!decoded) return false;
  if (decoded->version != k_protocol_version) {
    connection.send(encode_text(
        Type::refused, fmt::format("it speaks version {} of the agent's socket, you speak {}",
                                   k_protocol_version, decoded->version)));
    return false;
  }
  hello = std::move(*decoded);
  if (hello.role == "session") {
    ++sessions_;
    uploader_->set_goroot(hello.goroot);
    const Counters now = transfers();
    const std::lock_guard lock(mutex_);
    // What came in before anybody was there came for the first command: it started the agent.
    const Counters before = std::exchange(had_session_, true) ? now : Counters{};
    ++commands_.try_emplace(hello.command_id, Command{{}, before}).first->second.sessions;
  }
  return connection.send(encode_welcome(static_cast<std::uint64_t>(::getpid())));
}

bool Agent::handle(const std::shared_ptr<Connection>& connection, const Frame& frame,
                   Hello& hello) {
  if (frame.type == Type::hello) return greet(*connection, frame, hello);
  if (hello.role.empty()) return false;  // nobody speaks before HELLO
  switch (frame.type) {
    case Type::get: {
      const auto get = decode_get(frame.payload);
      if (!get) return false;
      lookup(connection, *get, hello.command_id);
      return true;
    }
    case Type::used:
    case Type::made: note(frame, hello.command_id); return true;
    case Type::bye: {
      const auto text = decode_text(frame.payload);
      if (!text) return false;
      const auto json = codec::parse_json(*text);
      if (json) {
        const Counters counters = Counters::from_json(*json);
        faults_.add(counters.faults);
        const std::lock_guard lock(mutex_);
        commands_[hello.command_id].counters.add(counters);
        all_.add(counters);
      }
      // A bare cacheprog has nobody but its session to speak for it.
      const bool is_bare = is_bare_command(hello.command_id);
      if (is_bare) indexed_.write(hello.command_id);
      const auto words =
          is_bare ? describe_faults(faults_.take_untold()) : std::vector<std::string>();
      connection->send(encode_text(Type::bye_ok, join(words, "\n")));
      if (is_bare) finish_bare(hello.command_id);
      return true;
    }
    default: return handle_command(*connection, frame);
  }
}

bool Agent::handle_command(Connection& connection, const Frame& frame) {
  const auto reply = [&connection](const Json& json) {
    return connection.send(encode_text(Type::reply, json.dump()));
  };
  const auto milliseconds = [&frame] {
    return std::chrono::milliseconds(decode_number(frame.payload).value_or(0));
  };
  switch (frame.type) {
    case Type::status: return reply(status());
    case Type::wait: {
      const bool drained = drain(milliseconds());
      return reply(
          JsonObject{{"drained", drained}, {"pending_bytes", uploader_->totals().pending_bytes}});
    }
    case Type::finish: {
      const auto finish = decode_finish(frame.payload);
      if (!finish) return false;
      return reply(finish_command(finish->command_id, std::chrono::milliseconds(finish->wait_ms)));
    }
    case Type::stop: {
      const bool drained = drain(milliseconds());
      const bool told = reply(JsonObject{{"drained", drained}});
      stop_ = true;
      return told;  // hung up when nobody can reach us any more
    }
    case Type::restore: {
      Restorer restorer(*tier_, keeper_.get(), fetcher_.get(), lookup_patience_);
      return reply(restorer.restore(Deadline::after(milliseconds())));
    }
    case Type::journal: {
      inputs_->catch_up();
      return reply(JsonObject{});
    }
    case Type::link_get: {
      const auto key = decode_link_get(frame.payload);
      if (!key) return false;
      return reply(JsonObject{{"found", links_ && links_->bring(*key, lookup_patience_)}});
    }
    case Type::link_note: {
      const auto note = decode_link_note(frame.payload);
      if (!note) return false;
      if (links_) links_->note(*note);
      return reply(JsonObject{});
    }
    case Type::another: return reply(start_another(config_, env_, frame));
    case Type::modules_bring:
    case Type::modules_proxy:
    case Type::modules_keep: {
      const auto asked = decode_modules(frame.payload);
      if (!asked) return false;
      return reply(modules_->answer(frame.type, *asked));
    }
    case Type::hold: {
      const auto asked = decode_hold(frame.payload);
      if (!asked) return false;
      return reply(hold(*asked));
    }
    case Type::save: {
      const auto since_ns = decode_save(frame.payload);
      if (!since_ns) return false;
      Restorer restorer(*tier_, keeper_.get(), fetcher_.get(), lookup_patience_);
      return reply(restorer.save(*since_ns, *uploader_, *provenance_, faults_));
    }
    default: return true;  // newer than we are
  }
}

std::shared_ptr<const store::Index> Agent::index_for_lookups() {
  if (!keeper_) return nullptr;
  if (auto index = keeper_->current()) return index;
  const Patience::Wait wait(lookup_patience_);
  return keeper_->wait_any([&] { return wait.is_worth_it() && !index_deadline_.passed(); });
}

void Agent::lookup(const std::shared_ptr<Connection>& connection, const Get& get,
                   const std::string& command_id) {
  const bool is_fresh = keeper_ && keeper_->is_fresh();
  const auto index = index_for_lookups();
  if (!index && keeper_) indexed_.no_index(command_id, get.action);
  const store::Entry* entry = index ? index->find(get.action) : nullptr;
  if (entry == nullptr && is_fresh) indexed_.absent(command_id, get.action);
  // Executables reach go through restore mode only: over the protocol they would stand in for a
  // link.
  if (entry == nullptr || entry->record.kind == store::Kind::executable ||
      entry->record.kind == store::Kind::link) {
    connection->send(encode_miss(get.sequence));
    return;
  }
  const auto wait = std::make_shared<Patience::Wait>(lookup_patience_);  // ends with the answer
  if (!wait->is_worth_it()) {
    indexed_.failed(command_id, entry->record, index->scope_of(*entry), Code::unavailable);
    connection->send(encode_miss(get.sequence));
    return;
  }
  const store::Record& record = entry->record;
  const Hit hit{get.sequence, record.output, record.size, record.time_ns};
  fetcher_->want(
      index, *entry,
      [this, connection, hit, index, entry, wait, command_id](const Result<void>& result) {
        const store::ScopeKind scope = index->scope_of(*entry);
        if (!result) {
          indexed_.failed(command_id, entry->record, scope, result.error().code);
          connection->send(encode_miss(hit.sequence));
          return;
        }
        // Also what was here already, and came without a word from the store.
        lookup_patience_.answered(Patience::Clock::now());
        // Before the answer: with it go may be done, and what its command was given is written
        // down.
        indexed_.given(command_id, entry->record, scope);
        connection->send(encode_hit(hit));
        uploader_->used(entry->record);
        const auto kept = provenance_->add(entry->record.action, entry->record.output);
        if (!kept) {
          faults_.count("provenance", kept.error().message);
        }
      });
  predict(index, get.action);
}

// Half of all lookups are derived from one before: their outputs are asked for before go does.
void Agent::predict(const Fetcher::Owner& index, const ActionId& action) {
  for (const ActionId& next : gotool::predicted_subkeys(action)) {
    const store::Entry* entry = index->find(next);
    if (entry != nullptr) fetcher_->want(index, *entry, nullptr);
  }
}

// What go used or made, told by a session.
void Agent::note(const Frame& frame, const std::string& command_id) {
  const auto note = decode_note(frame.type, frame.payload);
  if (!note) return;
  store::Record record;
  record.action = note->action;
  record.output = note->output;
  record.size = note->size;
  record.time_ns = note->time_ns;
  record.kind = note->kind;
  record.origin = store::Origin::made;
  if (frame.type == Type::made) {
    if (const auto kept = provenance_->add(record.action, record.output); !kept) {
      faults_.count("provenance", kept.error().message);
    }
    uploader_->made(record);
    return;
  }
  const auto index = keeper_ ? keeper_->current() : nullptr;
  const store::Entry* entry = index ? index->find(record.action) : nullptr;
  if (entry != nullptr && entry->record.output == record.output) {
    uploader_->used(entry->record);
    indexed_.given(command_id, entry->record, index->scope_of(*entry));
  } else if (config_.publish_local || provenance_->has(record.action, record.output)) {
    uploader_->made(record);
    inputs_->introduced(record.action);
  } else {
    ++not_published_;
  }
}

Counters Agent::transfers() const {
  Counters counters;
  if (fetcher_) {
    counters.bytes_down = fetcher_->totals().bytes_down;
    counters.prefetched = fetcher_->totals().prefetched;
    counters.bytes_down += modules_->bytes_down();
  }
  if (uploader_) {
    const Uploader::Totals totals = uploader_->totals();
    counters.bytes_up = totals.bytes_up;
    counters.blobs_up = totals.blobs_up;
    counters.index_entries_skipped = totals.index_entries_skipped;
  }
  if (store_) {
    const store::RequestCounts requests = store_->requests();
    counters.requests_read = requests.reads;
    counters.requests_write = requests.writes;
  }
  counters.not_published = not_published_;
  return counters;
}

Json Agent::status() const {
  const Uploader::Totals totals = uploader_->totals();
  Counters counters = transfers();
  {
    const std::lock_guard lock(mutex_);
    Counters sessions = all_;
    sessions.faults.clear();  // those are in the book, with the agent's own
    counters.add(sessions);
  }
  counters.faults = faults_.all();
  const auto index = keeper_ ? keeper_->current() : nullptr;
  return JsonObject{{"pid", static_cast<std::int64_t>(::getpid())},
                    {"socket", config_.socket_path().native()},
                    {"store", config_.store_url},
                    {"domain", config_.domain},
                    {"read_only", config_.read_only},
                    {"local_tier", config_.local_tier.native()},
                    {"job", config_.job_name},
                    {"job_id", config_.job_id},
                    {"sessions", static_cast<std::uint64_t>(sessions_.load())},
                    {"index_records", static_cast<std::uint64_t>(index ? index->size() : 0)},
                    {"job_records", totals.records},
                    {"pending_bytes", totals.pending_bytes},
                    {"drained", totals.drained && totals.lost == 0},
                    {"counters", counters.to_json()}};
}

// Waits for the uploads, as long as the store takes them.
bool Agent::drain(std::chrono::milliseconds wait) {
  const auto now = Patience::Clock::now();
  upload_patience_.hold_at_most(now, patience_.both - lookup_patience_.spent(now));
  const Deadline deadline = Deadline::after(wait);
  const bool are_modules_told = modules_->wait_idle(deadline);
  const Patience::Wait uploads(upload_patience_);
  return are_modules_told && uploader_->drain(deadline, [&] {
    const bool is_worth_it = uploads.is_worth_it();
    if (!is_worth_it) given_up_mark_.set(true);
    return is_worth_it && !is_given_up();
  });
}

// What commands leave for the journal is read when somebody asks or the agent ends; but not more
// than that shall lie about.
void Agent::read_much_left() {
  if (config_.journal_directory.empty()) return;
  if (journal::spools(config_.journal_directory).size() < journal::k_spools_unread_max) return;
  {
    const std::lock_guard lock(mutex_);
    journal_due_ = true;
  }
  ending_changed_.notify_all();
}

// What it compiled from. Its session, which writes that it has ended, does not wait for that.
void Agent::finish_bare(const std::string& command_id) {
  inputs_->publish(command_id);
  const std::lock_guard lock(mutex_);
  commands_.erase(command_id);
}

// What is known of the store by then; faults are handed out once.
Json Agent::hold(const HoldAsked& asked) {
  hold_.begin(std::chrono::milliseconds(asked.unused_max_ms));
  const Deadline deadline = Deadline::after(std::chrono::milliseconds(asked.wait_ms));
  if (keeper_) (void)keeper_->wait_fresh(deadline, [] { return true; });
  codec::JsonArray faults;
  for (auto& line : describe_faults(faults_.take_untold())) faults.emplace_back(std::move(line));
  return JsonObject{{"is_known", keeper_ && keeper_->is_fresh()}, {"faults", std::move(faults)}};
}

Json Agent::finish_command(const std::string& command_id, std::chrono::milliseconds wait) {
  {
    // What its sessions still have to say belongs to it, and to what is uploaded.
    std::unique_lock lock(mutex_);
    sessions_changed_.wait_for(lock, k_sessions_end_wait, [&] {
      const auto at = commands_.find(command_id);
      return at == commands_.end() || at->second.sessions == 0;
    });
  }
  indexed_.write(command_id);
  inputs_->publish(command_id);
  bool drained = false;
  (void)is_given_up();  // where it has just begun, this command is the one to be told
  if (wait.count() > 0) drained = drain(wait);
  if (wait.count() > 0 && !drained && !uploader_->totals().drained) {
    faults_.count("upload", "the store did not take all of it in time");
  }
  Counters counters = transfers();
  {
    const std::lock_guard lock(mutex_);
    if (auto at = commands_.find(command_id); at != commands_.end()) {
      counters.subtract_transfers(at->second.transfers_before);
      Counters sessions = std::move(at->second.counters);
      sessions.faults.clear();  // those are in the book
      counters.add(sessions);
      commands_.erase(at);
    }
  }
  read_much_left();
  const Faults untold = faults_.take_untold();
  codec::JsonArray untold_lines;
  for (std::string& line : describe_faults(untold)) untold_lines.emplace_back(std::move(line));
  add_faults(counters.faults, untold);
  const Uploader::Totals totals = uploader_->totals();
  return JsonObject{{"counters", counters.to_json()},
                    {"untold_faults", std::move(untold_lines)},
                    {"drained", totals.drained && totals.lost == 0},
                    {"pending_bytes", totals.pending_bytes}};
}

}  // namespace

int run_agent(const AgentConfig& config, const sys::Environment& env, bool own_process) {
  sys::ignore_write_signals();
  if (auto ready = sys::make_private_directory(config.runtime_directory); !ready) return 1;
  auto lock = sys::FileLock::try_acquire(config.lock_path());
  if (!lock || !*lock) return 0;  // another agent serves this job
  if (!config.log_level.empty()) {
    if (const auto opened = sys::log_to_file(config.log_path()); !opened) return 1;
  }
  Agent agent(config, env);
  // Listen first: sessions connect and queue while the store is opened.
  auto listener = sys::listen_unix(config.socket_path());
  if (!listener) {
    sys::log_warn("listen: {}", listener.error().message);
    return 1;
  }
  if (const auto opened = agent.open(); !opened) {
    sys::log_warn("agent: {}", opened.error().message);
    (void)sys::remove_file(config.socket_path());  // a stale one is replaced by the next agent
    return 1;
  }
  agent.run(std::move(*listener), std::move(*lock), own_process);
  return 0;
}

}  // namespace sluice::agent
