// Names to addresses, within a deadline.
//
// The system's resolver blocks as long as it likes, so it runs on a thread of its own that nobody
// waits for past the deadline. Answers are kept for k_resolved_keep. Any thread. Errors:
// Code::unavailable when the name has no address, Code::timeout.
#pragma once

#include "base/deadline.hpp"
#include "base/result.hpp"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::net {

inline constexpr auto k_resolved_keep = std::chrono::seconds(60);
inline constexpr std::size_t k_addresses_max = 16;    // of one name
inline constexpr std::size_t k_names_kept_max = 256;  // then the memory starts over

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

class Resolver {
 public:
  Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port,
                                             Deadline deadline);
  // Nobody was reached there: the next call asks anew.
  void forget(const std::string& host, std::uint16_t port);

 private:
  struct Known {
    std::vector<SocketAddress> addresses;
    Deadline until;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::uint16_t>, Known> known_;
};

}  // namespace sluice::net
