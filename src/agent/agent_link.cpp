#include "agent/agent_link.hpp"

#include "agent/client.hpp"
#include "sys/log.hpp"
#include "sys/unix_socket.hpp"

#include <sys/socket.h>

#include <algorithm>

namespace sluice::agent {
namespace {

constexpr auto k_first_try_wait = std::chrono::milliseconds(5);
constexpr auto k_start_again_wait = std::chrono::milliseconds(500);
constexpr auto k_retry_pause_max = std::chrono::milliseconds(20);
constexpr int k_lives_max = 2;
constexpr int k_connections_in_vain_max = 25;
constexpr int k_tick_ms = 200;      // how late an expired question may be noticed
constexpr int k_send_again_ms = 2;  // how late what did not fit is sent, while nothing comes

}  // namespace

AgentLink::AgentLink(const AgentConfig& config, const sys::Environment& env, Hello hello,
                     Answer answer)
    : config_(config), env_(env), hello_(std::move(hello)), answer_(std::move(answer)) {
  thread_ = std::thread([this] { run(); });
}

AgentLink::~AgentLink() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
  }
  changed_.notify_all();
  thread_.join();
}

std::string AgentLink::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

// Two lives: the agent that is there or is started now, and one more if that one dies. A dying
// process may still take connections for a moment: only one that has greeted counts.
void AgentLink::run() {
  int lives = 0;
  for (int in_vain = 0; lives < k_lives_max && in_vain < k_connections_in_vain_max;) {
    if (!connect_once() && !connect_patiently()) return;
    read_until_end();
    ++(welcomed_ ? lives : in_vain);
    std::unique_lock lock(mutex_);
    if (ending_ || state_ == State::dead) return;
    if (!welcomed_) changed_.wait_for(lock, k_retry_pause_max, [this] { return ending_; });
  }
  give_up(lives == k_lives_max ? "the agent ended twice" : "the agent does not answer");
}

bool AgentLink::connect_once() {
  auto fd = sys::connect_unix(config_.socket_path(), Deadline::after(k_first_try_wait));
  if (!fd || !*fd) return false;
  const auto peer = sys::peer_of((*fd)->get());
  if (!peer || peer->uid != sys::effective_user()) return false;
  reader_ = FrameReader(k_reply_bytes_max);
  last_heard_ = std::chrono::steady_clock::now();
  welcomed_ = false;
  const std::lock_guard lock(mutex_);
  if (ending_) return false;
  socket_ = std::move(**fd);
  state_ = State::connected;
  // All of it, whatever an agent before this one took with it: what it knows already costs it
  // nothing.
  unsent_ = encode_hello(hello_);
  append(unsent_, notes_);
  std::vector<std::uint64_t> open;
  for (const auto& [id, question] : questions_) open.push_back(id);
  std::ranges::sort(open);
  for (const std::uint64_t id : open) append(unsent_, encode_get(Get{id, questions_[id].action}));
  flush_locked();
  changed_.notify_all();
  return state_ == State::connected;
}

// The agent that was there a moment ago, or was just started, may die before we reach it: so one is
// started again and again until the deadline; where one lives the others end at once.
bool AgentLink::connect_patiently() {
  const Deadline deadline = Deadline::after(k_connect_wait);
  Deadline start_again = Deadline::after(std::chrono::milliseconds(0));
  auto pause = std::chrono::milliseconds(1);
  while (!deadline.passed()) {
    if (start_again.passed()) {
      if (auto started = ensure_agent(config_, env_); !started) {
        give_up(started.error().message);
        return false;
      }
      start_again = Deadline::after(k_start_again_wait);
    }
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, pause, [this] { return ending_; })) return false;
    }
    if (connect_once()) return true;
    pause = std::min(pause * 2, k_retry_pause_max);
  }
  give_up("the agent does not answer");
  return false;
}

void AgentLink::read_until_end() {
  for (;;) {
    const std::chrono::milliseconds tick(flush() ? k_tick_ms : k_send_again_ms);
    const auto ready = sys::wait_readable(socket_.get(), Deadline::after(tick));
    if (!ready) break;
    if (!*ready) {
      if (!still_wanted()) break;
      continue;
    }
    const auto more = reader_.fill(socket_.get());
    if (!more || !*more) break;
    last_heard_ = std::chrono::steady_clock::now();
    for (;;) {
      const auto frame = reader_.next();
      if (!frame) {
        give_up(frame.error().message);
        return;
      }
      if (!*frame) break;
      handle(**frame);
    }
    if (!still_wanted()) break;
  }
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::connected) state_ = State::connecting;
    socket_.reset();
    unsent_.clear();
  }
  changed_.notify_all();
}

// After everything that came was read: what waited here while we slept is no silence.
bool AgentLink::still_wanted() {
  notice_silence();
  const std::lock_guard lock(mutex_);
  return !ending_ && state_ == State::connected;
}

void AgentLink::handle(const Frame& frame) {
  std::uint64_t id = 0;
  std::optional<Hit> hit;
  if (frame.type == Type::hit) {
    auto decoded = decode_hit(frame.payload);
    if (!decoded) return give_up(decoded.error().message);
    id = decoded->sequence;
    hit = *decoded;
  } else if (frame.type == Type::miss) {
    const auto decoded = decode_number(frame.payload);
    if (!decoded) return give_up(decoded.error().message);
    id = *decoded;
  } else if (frame.type == Type::bye_ok) {
    auto text = decode_text(frame.payload);
    const std::lock_guard lock(mutex_);
    farewell_ = text ? std::move(*text) : std::string();
    changed_.notify_all();
    return;
  } else if (frame.type == Type::refused) {
    auto text = decode_text(frame.payload);
    return give_up("the agent refused: " + (text ? *text : std::string("unreadable")));
  } else {
    if (frame.type == Type::welcome) welcomed_ = true;
    return;  // or something newer than we are
  }
  Question question;
  {
    const std::lock_guard lock(mutex_);
    const auto at = questions_.find(id);
    if (at == questions_.end()) return;  // answered as a miss long ago
    question = at->second;
    questions_.erase(at);
  }
  answer_(id, question.action, hit,
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                question.asked));
}

// An agent that is alive sends something every few seconds, whatever its store does. A question
// that it cannot answer in time is a miss; after a few of them the store is not worth waiting for.
void AgentLink::notice_silence() {
  const auto now = std::chrono::steady_clock::now();
  const auto silent = now - last_heard_;
  if (!welcomed_ && silent > k_welcome_wait) return give_up("the agent does not answer");
  if (silent > k_answer_wait) return give_up("the agent was silent for 20 s");
  Questions late;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, question] : questions_) {
      if (now - question.asked > k_answer_wait) late.emplace(id, question);
    }
    for (const auto& [id, question] : late) questions_.erase(id);
  }
  if (late.empty()) return;
  answer_as_misses(late);
  late_ += late.size();
  if (late_ >= k_late_answers_max) give_up("the store is too slow: lookups waited 20 s in vain");
}

void AgentLink::give_up(std::string reason) {
  Questions lost;
  {
    const std::lock_guard lock(mutex_);
    if (!ending_) sys::log_warn("agent link: {}", reason);
    state_ = State::dead;
    if (trouble_.empty() && !ending_) trouble_ = std::move(reason);
    unsent_.clear();
    lost = take_questions_locked();
  }
  changed_.notify_all();
  answer_as_misses(lost);
}

AgentLink::Questions AgentLink::take_questions_locked() { return std::exchange(questions_, {}); }

void AgentLink::answer_as_misses(const Questions& lost) {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, question] : lost) {
    answer_(id, question.action, std::nullopt,
            std::chrono::duration_cast<std::chrono::microseconds>(now - question.asked));
  }
}

void AgentLink::ask(std::uint64_t id, const ActionId& action) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::dead) {
      questions_[id] = Question{action, std::chrono::steady_clock::now()};
      // While there is no agent the question waits for the next one.
      if (state_ == State::connected) send_locked(encode_get(Get{id, action}), true);
      return;
    }
  }
  answer_(id, action, std::nullopt, std::chrono::microseconds(0));
}

void AgentLink::note(Type type, const Note& note) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::dead) return;
  const Bytes frame = encode_note(type, note);
  // Kept for an agent that comes later; past the bound that costs an upload.
  if (notes_.size() + frame.size() <= k_notes_bytes_max) append(notes_, frame);
  if (state_ == State::connected) send_locked(frame, false);
}

// True when nothing is left to be sent.
bool AgentLink::flush() {
  const std::lock_guard lock(mutex_);
  flush_locked();
  return unsent_.empty();
}

// Appends to what waits; past k_batch_bytes, or when told, it goes out at once.
void AgentLink::send_locked(const Bytes& frame, bool flush) {
  append(unsent_, frame);
  if (flush || unsent_.size() >= k_batch_bytes) flush_locked();
}

void AgentLink::flush_locked() {
  if (state_ != State::connected || unsent_.empty()) return;
  // Never waits: an agent whose answers nobody reads does not read either. What does not fit is
  // sent by the thread that reads, as soon as it has read something.
  const auto sent = sys::send_some(socket_.get(), unsent_);
  // The reading side sees the end of the socket and answers what was asked.
  if (!sent || unsent_.size() - *sent > k_unsent_bytes_max) {
    ::shutdown(socket_.get(), SHUT_RDWR);
    unsent_.clear();
    return;
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(*sent));
}

std::optional<std::string> AgentLink::bye(const std::string& counters_json) {
  std::unique_lock lock(mutex_);
  if (state_ == State::connecting) {
    // A short job may end before its agent stands: it is worth a moment, for the uploads.
    changed_.wait_for(lock, k_stand_wait, [this] { return state_ != State::connecting; });
  }
  if (state_ != State::connected) return std::nullopt;
  send_locked(encode_text(Type::bye, counters_json), true);
  changed_.wait_for(lock, k_bye_wait, [this] { return farewell_ || state_ != State::connected; });
  return farewell_;
}

}  // namespace sluice::agent
