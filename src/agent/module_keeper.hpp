// The agent's part of modules: brings those of a build list from the store into the module cache,
// and makes those that are there records of the job.
//
// Borrows the agent's parts, which outlive it. Any thread. bring() blocks its caller, with threads
// of its own, for as long as the store is worth it. keep() returns at once: what the store has not
// is hashed by a thread of this object, and read again when it is uploaded. Every module that does
// not come is a fault with its name, and go fetches it. What go fetches beyond a build list goes by
// the module proxy, which it owns. Formats: docs/formats/modules.md.
#pragma once

#include "agent/config.hpp"
#include "agent/fault_book.hpp"
#include "agent/index_keeper.hpp"
#include "agent/messages.hpp"
#include "agent/module_proxy.hpp"
#include "agent/patience.hpp"
#include "agent/uploader.hpp"
#include "codec/json.hpp"
#include "gotool/build_list.hpp"
#include "store/objects.hpp"
#include "sys/environment.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_module_streams = 8;  // requests to the store at once
inline constexpr auto k_modules_bring_max = std::chrono::minutes(5);
inline constexpr auto k_module_place_wait = std::chrono::seconds(20);  // for go's lock of one

class ModuleKeeper {
 public:
  // `keeper` and `objects` may be null: there is no store.
  ModuleKeeper(const AgentConfig& config, const sys::Environment& env, IndexKeeper* keeper,
               store::Objects* objects, Uploader& uploader, Patience& patience, FaultBook& faults);
  ~ModuleKeeper();
  ModuleKeeper(const ModuleKeeper&) = delete;
  ModuleKeeper& operator=(const ModuleKeeper&) = delete;

  // One of the MODULES messages: fields as docs/formats/agent-socket.md has them.
  codec::Json answer(Type type, const ModulesAsked& asked);
  // Fields "needed", "there" before, "brought", "failed", "bytes_down"; "is_known": what the store
  // has.
  codec::Json bring(const ModulesAsked& asked, Deadline deadline);
  // Where go asks for what is not in the module cache; empty where nothing can listen.
  std::string proxy_url(const ModulesAsked& asked);
  // With them what the proxy was asked for and did not know.
  void keep(const ModulesAsked& asked);
  // True when all that keep() was told of is known to the uploader, before the deadline.
  bool wait_idle(Deadline deadline);
  // Nothing is kept any more.
  void stop();
  // Writes the archive of such a record to a file, for the uploader.
  Result<void> write_archive(const store::Record& record, const sys::Path& file);
  std::uint64_t bytes_down() const;

 private:
  class Sink;
  struct Wanted {
    gotool::SummedModule module;
    const store::Entry* entry = nullptr;
  };

  Result<std::vector<gotool::SummedModule>> build_list(const ModulesAsked& asked) const;
  std::vector<std::vector<Wanted>> batches(const store::Index& index,
                                           std::vector<gotool::SummedModule> missing) const;
  void work();
  void keep_all(const std::vector<gotool::SummedModule>& modules);
  void keep_record(const store::Index* index, const gotool::SummedModule& module,
                   const ActionId& action);
  void keep_one(const gotool::SummedModule& module, const ActionId& action);

  const AgentConfig& config_;
  const sys::Environment& env_;
  IndexKeeper* keeper_;
  store::Objects* objects_;
  Uploader& uploader_;
  Patience& patience_;
  FaultBook& faults_;
  ModuleProxy proxy_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopping_ = false;
  bool busy_ = false;
  std::vector<ModulesAsked> queue_;
  std::unordered_map<ActionId, gotool::SummedModule> kept_;  // not in the store before
  std::uint64_t bytes_down_ = 0;
  std::thread thread_;
};

}  // namespace sluice::agent
