// The agent's module proxy on loopback: of a module, what the module cache or the store has. For
// everything else it says that it does not know, and go asks the user's own GOPROXY list.
//
// Owns an HTTP server from the first url() on; its address holds a secret, since the store may have
// private modules and every process of this machine reaches loopback. Any thread. go checks what it
// is given against go.sum or the checksum database, as from every proxy. Faults are counted and
// answered as "not known". Source of the protocol: https://go.dev/ref/mod#goproxy-protocol.
#pragma once

#include "agent/config.hpp"
#include "agent/fault_book.hpp"
#include "agent/index_keeper.hpp"
#include "agent/uploader.hpp"
#include "base/result.hpp"
#include "gotool/go_sum.hpp"
#include "net/http_server.hpp"
#include "store/objects.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_modules_wanted_max = 10'000;

class ModuleProxy {
 public:
  // `keeper` and `objects` may be null: there is no store.
  ModuleProxy(const AgentConfig& config, IndexKeeper* keeper, store::Objects* objects,
              Uploader& uploader, FaultBook& faults);
  ~ModuleProxy();
  ModuleProxy(const ModuleProxy&) = delete;
  ModuleProxy& operator=(const ModuleProxy&) = delete;

  // Where go reaches it, "http://127.0.0.1:PORT/sluice-modules-…"; of these modules it knows the
  // sums.
  Result<std::string> url(const std::vector<gotool::SummedModule>& build_list);
  // What go asked for and it did not know, since the last call: trees, or go.mod files alone.
  struct Wanted {
    gotool::ModuleVersion module;
    bool is_tree = false;

    auto operator<=>(const Wanted&) const = default;
  };
  std::vector<Wanted> take_wanted();
  std::uint64_t bytes_down() const;
  // Cuts off whoever is being answered.
  void stop();

 private:
  enum class Part { info, mod, zip };
  struct Question {
    gotool::ModuleVersion module;
    Part part = Part::info;
  };
  std::optional<Question> question_of(std::string_view target) const;
  void answer(const net::ServerRequest& request, net::Responder& responder);
  bool answer_from_cache(const Question& question, net::Responder& responder);
  bool answer_from_store(const Question& question, net::Responder& responder);
  bool send_text(const store::Entry& entry, const Question& question, net::Responder& responder);
  std::vector<ActionId> actions_of(const Question& question) const;
  Result<void> fetch(const store::Entry& entry, const codec::ByteSink& sink);

  const AgentConfig& config_;
  IndexKeeper* keeper_;
  store::Objects* objects_;
  Uploader& uploader_;
  FaultBook& faults_;
  std::string secret_;
  std::atomic<bool> stopping_ = false;

  mutable std::mutex mutex_;
  std::optional<net::HttpServer> server_;
  std::map<gotool::ModuleVersion, gotool::ModuleSums> sums_;
  std::set<Wanted> wanted_;
  std::uint64_t bytes_down_ = 0;
};

}  // namespace sluice::agent
