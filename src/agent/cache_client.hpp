// Asks a session as go would: looks results up in the cache of a job, and puts them there.
//
// Owns the session's process (`sluice cacheprog`) until close(). Any thread, several at once; calls
// block until the session answers. Whatever goes wrong is a miss, or nothing stored: the cache
// never fails a test. Protocol: docs/formats/cacheprog.md.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "codec/json.hpp"
#include "gotool/local_tier.hpp"
#include "sys/environment.hpp"
#include "sys/fd.hpp"
#include "sys/process.hpp"

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sluice::agent {

class CacheClient {
 public:
  // `words` start the session, in the environment and directory that a go command would have.
  static Result<std::unique_ptr<CacheClient>> start(const std::vector<std::string>& words,
                                                    const sys::Environment& env,
                                                    const sys::Path& directory);
  CacheClient(sys::Child session, sys::Fd to, sys::Fd from);  // for start()
  ~CacheClient();
  CacheClient(const CacheClient&) = delete;
  CacheClient& operator=(const CacheClient&) = delete;

  std::optional<gotool::LocalHit> get(const ActionId& action);
  bool put(const ActionId& action, ByteView body);
  // The session has worked on all that it was given. No other call may be in progress.
  void close();

 private:
  std::optional<codec::Json> ask(codec::JsonObject request, ByteView body);
  void read();
  void answered(std::string_view line);
  void give_up();

  sys::Child session_;
  sys::Fd to_;
  sys::Fd from_;
  std::mutex write_mutex_;
  std::mutex mutex_;  // what follows
  bool is_gone_ = false;
  std::int64_t last_id_ = 0;
  std::map<std::int64_t, std::promise<std::optional<codec::Json>>> asked_;
  std::thread reader_;
};

}  // namespace sluice::agent
