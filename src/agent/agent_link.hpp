// A session's line to the job's agent: asks without waiting, tells in batches, survives the
// agent's end.
//
// Any thread may ask and note, one says bye. Answers arrive through the Answer callback on the
// link's own thread, or on the asking one where there is no agent; it may ask and note in turn.
// Every question is answered exactly once: by the agent, or as a miss when there is none or it has
// no answer within k_answer_wait. An agent that died is replaced once, and the next one is asked
// and told everything anew; one that does not greet within k_welcome_wait, says nothing for
// k_answer_wait or is late k_late_answers_max times is not asked again.
#pragma once

#include "agent/config.hpp"
#include "agent/messages.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace sluice::agent {

inline constexpr auto k_answer_wait = std::chrono::seconds(20);
inline constexpr auto k_welcome_wait = std::chrono::seconds(5);
inline constexpr auto k_connect_wait = std::chrono::seconds(4);
inline constexpr auto k_stand_wait = std::chrono::milliseconds(500);  // for one that is starting
inline constexpr auto k_bye_wait = std::chrono::seconds(3);
inline constexpr std::size_t k_late_answers_max = 3;     // then the session goes on without
inline constexpr std::size_t k_batch_bytes = 8U << 10U;  // notes are sent when this much is waiting
inline constexpr std::size_t k_unsent_bytes_max = 16U << 20U;  // then the agent counts as dead
inline constexpr std::size_t k_notes_bytes_max = 4U << 20U;    // kept for an agent that comes later

class AgentLink {
 public:
  // `hit` is nothing for a miss. `waited` is the time from question to answer.
  using Answer =
      std::function<void(std::uint64_t question, const ActionId& action,
                         const std::optional<Hit>& hit, std::chrono::microseconds waited)>;

  AgentLink(const AgentConfig& config, const sys::Environment& env, Hello hello, Answer answer);
  ~AgentLink();
  AgentLink(const AgentLink&) = delete;
  AgentLink& operator=(const AgentLink&) = delete;

  void ask(std::uint64_t question, const ActionId& action);
  void note(Type type, const Note& note);
  // Sends what is left and the counters; returns the agent's words for the user, nothing when no
  // agent took the counters in time.
  std::optional<std::string> bye(const std::string& counters_json);

  // Why there is no agent, for the user; empty while all is well.
  std::string trouble() const;

 private:
  struct Question {
    ActionId action;
    std::chrono::steady_clock::time_point asked;
  };
  using Questions = std::unordered_map<std::uint64_t, Question>;
  enum class State { connecting, connected, dead };

  void run();
  bool connect_once();
  bool connect_patiently();
  void read_until_end();
  bool still_wanted();
  void handle(const Frame& frame);
  void notice_silence();
  void give_up(std::string reason);
  void send_locked(const Bytes& frame, bool flush);
  bool flush();
  void flush_locked();
  Questions take_questions_locked();
  void answer_as_misses(const Questions& lost);

  const AgentConfig& config_;
  const sys::Environment& env_;
  Hello hello_;
  Answer answer_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::connecting;
  bool ending_ = false;
  sys::Fd socket_;
  Bytes unsent_;
  Bytes notes_;  // all that were noted
  Questions questions_;
  std::optional<std::string> farewell_;
  std::string trouble_;
  // The link's thread only:
  FrameReader reader_{k_reply_bytes_max};
  std::chrono::steady_clock::time_point last_heard_;
  bool welcomed_ = false;
  std::size_t late_ = 0;  // questions answered as misses because no answer came in time
  std::thread thread_;
};

}  // namespace sluice::agent
