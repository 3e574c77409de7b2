#include "agent/agent.hpp"

#include "agent/connection.hpp"
#include "agent/counters.hpp"
#include "agent/fetcher.hpp"
#include "agent/index_keeper.hpp"
#include "agent/messages.hpp"
#include "agent/provenance.hpp"
#include "agent/restore.hpp"
#include "agent/uploader.hpp"
#include "base/strings.hpp"
#include "codec/json.hpp"
#include "gotool/subkey.hpp"
#include "store/objects.hpp"
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

namespace sluice::agent {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr auto k_index_wait = std::chrono::seconds(5);  // a lookup waits so long for any index
constexpr auto k_accept_tick = std::chrono::milliseconds(50);
constexpr auto k_warm_up = std::chrono::seconds(3);  // bring ahead before the first session came

// One go command's share of the counters.
struct Command {
  Counters counters;          // of its sessions that said good-bye
  Counters transfers_before;  // the agent's transfers when its first session came
};

class Agent {
 public:
  Agent(const AgentConfig& config, const sys::Environment& env) : config_(config), env_(env) {}

  Result<void> open();
  void run(int listener);

 private:
  void serve(const std::shared_ptr<Connection>& connection);
  bool handle(const std::shared_ptr<Connection>& connection, const Frame& frame, Hello& hello);
  bool handle_command(Connection& connection, const Frame& frame);
  bool greet(Connection& connection, const Frame& frame, Hello& hello);
  void lookup(const std::shared_ptr<Connection>& connection, const Get& get);
  void predict(const store::Index& index, const ActionId& action);
  void note(const Frame& frame);
  Counters transfers() const;
  Json status() const;
  Json finish_command(const std::string& command_id, std::chrono::milliseconds wait);
  void refresh();
  void tidy_runtime_directory() const;
  bool keep_running(std::size_t connections);
  void reap(bool all);

  const AgentConfig& config_;
  const sys::Environment& env_;
  FaultBook faults_;
  std::optional<gotool::LocalTier> tier_;
  std::unique_ptr<store::Objects> objects_;
  std::unique_ptr<IndexKeeper> keeper_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<Provenance> provenance_;

  mutable std::mutex mutex_;
  std::map<std::string, Command, std::less<>> commands_;
  Counters all_;  // of every session that said good-bye
  std::atomic<std::uint64_t> not_published_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> sessions_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_used_ = started_;
  bool published_when_quiet_ = true;

  struct Served {
    std::shared_ptr<Connection> connection;
    std::shared_ptr<std::atomic<bool>> done;
    std::thread thread;
  };
  std::list<Served> served_;  // the accepting thread only
  std::thread refresher_;
};

Result<void> Agent::open() {
  TRY_ASSIGN(gotool::LocalTier tier, gotool::LocalTier::open(config_.local_tier));
  tier_ = std::move(tier);
  provenance_ = std::make_unique<Provenance>();
  const std::string tier_name = to_hex(sha256(bytes_of(config_.local_tier.native()))).substr(0, 16);
  const auto known = provenance_->open(
      config_.cache_directory / "provenance" / (config_.domain + "-" + tier_name), *tier_);
  if (!known) faults_.count("provenance", known.error().message);
  if (!config_.store_url.empty()) {
    auto url = store::parse_store_url(config_.store_url);
    auto objects = url ? store::open_objects(*url)
                       : Result<std::unique_ptr<store::Objects>>(std::unexpected(url.error()));
    if (objects)
      objects_ = std::move(*objects);
    else
      faults_.count("store", objects.error().message);
  }
  if (objects_) {
    keeper_ = std::make_unique<IndexKeeper>(config_, *objects_, faults_);
    const sys::Path staging = config_.cache_directory / "staging";
    if (auto ready = sys::make_directories(staging, 0700); !ready) {
      faults_.count("local-tier", ready.error().message);
    }
  }
  uploader_ = std::make_unique<Uploader>(config_, objects_.get(), keeper_.get(), *tier_, faults_);
  if (objects_) {
    fetcher_ =
        std::make_unique<Fetcher>(*objects_, *tier_, config_.cache_directory / "staging", faults_,
                                  [this](const BlobId& blob) { uploader_->distrust(blob); });
  }
  return {};
}

void Agent::refresh() {
  tidy_runtime_directory();
  if (!keeper_) return;
  keeper_->load_copy();
  if (auto copy = keeper_->current()) fetcher_->bring_ahead(copy, keeper_->ahead(copy));
  keeper_->refresh(env_);
  if (auto fresh = keeper_->current()) fetcher_->bring_ahead(fresh, keeper_->ahead(fresh));
  uploader_->seed(keeper_->own_records());
}

void Agent::tidy_runtime_directory() const {
  constexpr std::int64_t k_day_ns = std::int64_t{86400} * 1'000'000'000;
  const UnixNanos limit = unix_now_ns() - k_day_ns;
  // Left by jobs that were killed; whatever cannot be looked at stays.
  (void)sys::list_directory(config_.runtime_directory, [&](std::string_view name) -> Result<void> {
    if (!name.starts_with("report-") && !name.starts_with("spill-")) return {};
    const sys::Path path = config_.runtime_directory / name;
    const auto info = sys::stat_file(path, false);
    if (info && *info && (*info)->mtime_ns < limit) (void)sys::remove_tree(path);
    return {};
  });
}

void Agent::run(int listener) {
  refresher_ = std::thread([this] { refresh(); });
  while (!stop_) {
    reap(false);
    if (!keep_running(served_.size())) break;
    auto socket = sys::accept_unix(listener, Deadline::after(k_accept_tick));
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
    served_.push_back(Served{connection, done, std::thread([this, connection, done] {
                               serve(connection);
                               *done = true;
                             })});
  }
  reap(true);
  refresher_.join();
  if (fetcher_) fetcher_->stop();
  uploader_.reset();
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
  if (connections > 0) {
    last_used_ = now;
    published_when_quiet_ = false;
    if (fetcher_) fetcher_->pause_ahead(false);
    return true;
  }
  const auto quiet = now - last_used_;
  if (fetcher_ && now - started_ > k_warm_up) fetcher_->pause_ahead(true);
  if (quiet > k_quiet_before_publish && !published_when_quiet_) {
    uploader_->request_publish();
    published_when_quiet_ = true;
  }
  const bool drained = uploader_->totals().drained;
  if (quiet > config_.drain_timeout && !drained) {
    faults_.count("upload", fmt::format("not finished within {} s after the last go command",
                                        config_.drain_timeout.count() / 1000));
    return false;
  }
  return quiet < k_idle_exit || !drained;
}

void Agent::serve(const std::shared_ptr<Connection>& connection) {
  Hello hello;
  for (;;) {
    const auto frame = connection->receive();
    if (!frame) sys::log_info("connection: {}", frame.error().message);
    if (!frame || !*frame) break;
    if (!handle(connection, **frame, hello)) break;
  }
  connection->hang_up();
  if (hello.role == "session") --sessions_;
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
    const Counters before = transfers();
    const std::lock_guard lock(mutex_);
    commands_.try_emplace(hello.command_id, Command{{}, before});
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
      lookup(connection, *get);
      return true;
    }
    case Type::used:
    case Type::made: note(frame); return true;
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
      const bool is_bare = hello.command_id.empty();
      const auto words =
          is_bare ? describe_faults(faults_.take_untold()) : std::vector<std::string>();
      connection->send(encode_text(Type::bye_ok, join(words, "\n")));
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
      const bool drained = uploader_->drain(Deadline::after(milliseconds()));
      return reply(
          JsonObject{{"drained", drained}, {"pending_bytes", uploader_->totals().pending_bytes}});
    }
    case Type::finish: {
      const auto finish = decode_finish(frame.payload);
      if (!finish) return false;
      return reply(finish_command(finish->command_id, std::chrono::milliseconds(finish->wait_ms)));
    }
    case Type::stop: {
      const bool drained = uploader_->drain(Deadline::after(milliseconds()));
      reply(JsonObject{{"drained", drained}});
      stop_ = true;
      return false;
    }
    case Type::restore: {
      Restorer restorer(*tier_, keeper_.get(), fetcher_.get());
      return reply(restorer.restore(Deadline::after(milliseconds())));
    }
    case Type::save: {
      const auto since_ns = decode_save(frame.payload);
      if (!since_ns) return false;
      Restorer restorer(*tier_, keeper_.get(), fetcher_.get());
      return reply(restorer.save(*since_ns, *uploader_, *provenance_, faults_));
    }
    default: return true;  // newer than we are
  }
}

void Agent::lookup(const std::shared_ptr<Connection>& connection, const Get& get) {
  const auto index = keeper_ ? keeper_->wait_any(Deadline::after(k_index_wait)) : nullptr;
  const store::Entry* entry = index ? index->find(get.action) : nullptr;
  // Executables reach go through restore mode only: over the protocol they would stand in for a
  // link.
  if (entry == nullptr || entry->record.kind == store::Kind::executable) {
    connection->send(encode_miss(get.sequence));
    return;
  }
  const store::Record& record = entry->record;
  const Hit hit{get.sequence, record.output, record.size, record.time_ns};
  fetcher_->want(*entry, [this, connection, hit, index, entry](const Result<void>& result) {
    if (!result) {
      connection->send(encode_miss(hit.sequence));
      return;
    }
    connection->send(encode_hit(hit));
    store::Record received = entry->record;
    received.origin = store::Origin::received;
    uploader_->used(received);
    if (const auto kept = provenance_->add(received.action, received.output); !kept) {
      faults_.count("provenance", kept.error().message);
    }
  });
  predict(*index, get.action);
}

// Half of all lookups are derived from one before: their outputs are asked for before go does.
void Agent::predict(const store::Index& index, const ActionId& action) {
  for (const ActionId& next : gotool::predicted_subkeys(action)) {
    const store::Entry* entry = index.find(next);
    if (entry != nullptr) fetcher_->want(*entry, nullptr);
  }
}

// What go used or made, told by a session.
void Agent::note(const Frame& frame) {
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
    record = entry->record;
    record.origin = store::Origin::received;
    uploader_->used(record);
  } else if (config_.publish_local || provenance_->has(record.action, record.output)) {
    uploader_->made(record);
  } else {
    ++not_published_;
  }
}

Counters Agent::transfers() const {
  Counters counters;
  if (fetcher_) {
    counters.bytes_down = fetcher_->totals().bytes_down;
    counters.prefetched = fetcher_->totals().prefetched;
  }
  if (uploader_) {
    const Uploader::Totals totals = uploader_->totals();
    counters.bytes_up = totals.bytes_up;
    counters.blobs_up = totals.blobs_up;
    counters.index_entries_skipped = totals.index_entries_skipped;
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
                    {"local_tier", config_.local_tier.native()},
                    {"job", config_.job_name},
                    {"job_id", config_.job_id},
                    {"sessions", static_cast<std::uint64_t>(sessions_.load())},
                    {"index_records", static_cast<std::uint64_t>(index ? index->size() : 0)},
                    {"job_records", totals.records},
                    {"pending_bytes", totals.pending_bytes},
                    {"drained", totals.drained},
                    {"counters", counters.to_json()}};
}

Json Agent::finish_command(const std::string& command_id, std::chrono::milliseconds wait) {
  bool drained = false;
  if (wait.count() > 0) drained = uploader_->drain(Deadline::after(wait));
  if (wait.count() > 0 && !drained) {
    faults_.count("upload", fmt::format("not finished within {} s", wait.count() / 1000));
  }
  Counters counters = transfers();
  {
    const std::lock_guard lock(mutex_);
    if (auto at = commands_.find(command_id); at != commands_.end()) {
      counters.subtract_transfers(at->second.transfers_before);
      counters.add(at->second.counters);
      commands_.erase(at);
    }
  }
  const Faults untold = faults_.take_untold();
  codec::JsonArray untold_lines;
  for (std::string& line : describe_faults(untold)) untold_lines.emplace_back(std::move(line));
  add_faults(counters.faults, untold);
  const Uploader::Totals totals = uploader_->totals();
  return JsonObject{{"counters", counters.to_json()},
                    {"untold_faults", std::move(untold_lines)},
                    {"drained", totals.drained},
                    {"pending_bytes", totals.pending_bytes}};
}

}  // namespace

int run_agent(const AgentConfig& config, const sys::Environment& env) {
  sys::ignore_sigpipe();
  if (auto ready = sys::make_private_directory(config.runtime_directory); !ready) return 1;
  const auto lock = sys::FileLock::try_acquire(config.lock_path());
  if (!lock || !*lock) return 0;  // another agent serves this job
  if (!config.log_level.empty()) {
    if (const auto opened = sys::log_to_file(config.log_path()); !opened) return 1;
  }
  Agent agent(config, env);
  // Listen first: sessions connect and queue while the store is opened.
  const auto listener = sys::listen_unix(config.socket_path());
  if (!listener) {
    sys::log_warn("listen: {}", listener.error().message);
    return 1;
  }
  const auto opened = agent.open();
  if (opened)
    agent.run(listener->get());
  else
    sys::log_warn("agent: {}", opened.error().message);
  (void)sys::remove_file(config.socket_path());  // stale files are replaced by the next agent
  return opened ? 0 : 1;
}

}  // namespace sluice::agent
