#include "net/resolver.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <nss.h>

#include <condition_variable>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

namespace sluice::net {

namespace {

using Addresses = std::vector<SocketAddress>;

std::unexpected<Error> unknown_host(const std::string& host, int problem) {
  const char* text = problem == EAI_SYSTEM ? "the resolver failed" : ::gai_strerror(problem);
  return fail(Code::unavailable, fmt::format("no address for {}: {}", host, text));
}

Result<Addresses> ask(const std::string& host, std::uint16_t port, int flags) {
  // The static binary knows these two by itself; what nsswitch.conf may name besides would be
  // loaded from the machine, with another C library behind it.
  [[maybe_unused]] static const int configured = ::__nss_configure_lookup("hosts", "files dns");
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (problem != 0) return unknown_host(host, problem);
  Addresses addresses;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (addresses.size() == k_addresses_max) break;
    if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  ::freeaddrinfo(list);
  if (addresses.empty()) return unknown_host(host, EAI_NONAME);
  return addresses;
}

// Shared with the thread that asks, which may outlive everybody who waits.
struct Question {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<Result<Addresses>> answer;
};

}  // namespace

Result<std::vector<SocketAddress>> Resolver::resolve(const std::string& host, std::uint16_t port,
                                                     Deadline deadline) {
  if (auto numeric = ask(host, port, AI_NUMERICHOST)) return numeric;
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find({host, port});
    if (known != known_.end() && !known->second.until.passed()) return known->second.addresses;
  }
  const auto question = std::make_shared<Question>();
  const auto find_out = [question, host, port] {
    auto answer = ask(host, port, AI_ADDRCONFIG);
    const std::lock_guard lock(question->mutex);
    question->answer = std::move(answer);
    question->answered.notify_all();
  };
  try {
    // house: allow detach (getaddrinfo cannot be ended; it touches nothing but its own question)
    std::thread(find_out).detach();
  } catch (const std::system_error&) {
    return fail(Code::unavailable, fmt::format("{}: the system has no thread to ask for it", host));
  }
  std::unique_lock lock(question->mutex);
  const auto there = [&question] { return question->answer.has_value(); };
  if (!question->answered.wait_for(lock, std::chrono::milliseconds(deadline.left_ms()), there)) {
    return fail(Code::timeout, fmt::format("the name {} was not resolved in time", host));
  }
  Result<Addresses> answer = std::move(*question->answer);
  lock.unlock();
  if (!answer) return answer;
  const std::lock_guard keep(mutex_);
  if (known_.size() >= k_names_kept_max) known_.clear();
  known_.insert_or_assign({host, port}, Known{*answer, Deadline::after(k_resolved_keep)});
  return answer;
}

void Resolver::forget(const std::string& host, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  known_.erase({host, port});
}

}  // namespace sluice::net
