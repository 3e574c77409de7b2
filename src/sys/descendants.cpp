#include "sys/descendants.hpp"

#include "base/strings.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

namespace sluice::sys {
namespace {

constexpr std::uint64_t k_proc_file_max = 4U << 20U;
constexpr std::string_view k_state_listen = "0A";  // TCP_LISTEN
constexpr auto k_look_again = std::chrono::milliseconds(20);

std::string proc_text(pid_t pid, std::string_view file) {
  const auto bytes = read_file(fmt::format("/proc/{}/{}", pid, file), k_proc_file_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

struct Stat {
  pid_t parent = 0;
  char state = 'X';
  std::string name;
};

// "pid (name) state ppid …"; the name may have anything in it.
std::optional<Stat> stat_of(pid_t pid) {
  const std::string text = proc_text(pid, "stat");
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= text.size()) {
    return std::nullopt;
  }
  const auto fields = split(std::string_view(text).substr(close + 2), ' ');
  if (fields.size() < 2 || fields[0].empty()) return std::nullopt;
  const auto parent = parse_int<pid_t>(fields[1]);
  if (!parent) return std::nullopt;
  return Stat{*parent, fields[0][0], text.substr(open + 1, close - open - 1)};
}

std::map<pid_t, Stat> all_processes() {
  std::map<pid_t, Stat> processes;
  const auto listed = list_directory("/proc", [&](std::string_view name) -> Result<void> {
    const auto pid = parse_int<pid_t>(name);
    if (!pid) return {};
    if (auto stat = stat_of(*pid)) processes.emplace(*pid, std::move(*stat));
    return {};
  });
  (void)listed;  // without /proc nothing is known
  return processes;
}

bool lies_below(pid_t pid, pid_t root, const std::map<pid_t, Stat>& processes) {
  constexpr int k_depth_max = 1000;  // parents may change while /proc is read
  for (int depth = 0; depth < k_depth_max; ++depth) {
    const auto at = processes.find(pid);
    if (at == processes.end()) return false;
    if (at->second.parent == root) return true;
    pid = at->second.parent;
  }
  return false;
}

// Nothing for one that is on its way out: the kernel calls it running until its last moment, but
// its memory is gone, and with it its words and its program.
std::optional<Descendant> described(pid_t pid, const Stat& stat) {
  std::string words = proc_text(pid, "cmdline");
  while (words.ends_with('\0')) words.pop_back();
  std::ranges::replace(words, '\0', ' ');
  std::error_code error;
  Path program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", pid), error);
  if (error == std::errc::no_such_file_or_directory) return std::nullopt;
  return Descendant{pid, std::move(program), words.empty() ? stat.name : words, {}};
}

template <std::integral T>
std::optional<T> hex_number(std::string_view text) {
  constexpr int k_base = 16;
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, k_base);
  if (error != std::errc{} || at != end || text.empty()) return std::nullopt;
  return value;
}

// "0100007F:1F90" as the kernel writes an address: words of the machine's byte order.
std::string address_text(std::string_view text, bool is_v6) {
  const auto parts = split(text, ':');
  if (parts.size() != 2) return {};
  const auto port = hex_number<std::uint16_t>(parts[1]);
  std::array<std::uint32_t, 4> words{};
  const std::size_t count = is_v6 ? 4 : 1;
  constexpr std::size_t k_digits = 8;
  if (!port || parts[0].size() != count * k_digits) return {};
  for (std::size_t i = 0; i < count; ++i) {
    const auto word = hex_number<std::uint32_t>(parts[0].substr(i * k_digits, k_digits));
    if (!word) return {};
    words.at(i) = *word;
  }
  std::array<char, INET6_ADDRSTRLEN> shown{};
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, words.data(), shown.data(), shown.size());
  return is_v6 ? fmt::format("[{}]:{}", shown.data(), *port)
               : fmt::format("{}:{}", shown.data(), *port);
}

std::set<std::string> sockets_of(pid_t pid) {
  std::set<std::string> inodes;
  const std::string directory = fmt::format("/proc/{}/fd", pid);
  const auto listed = list_directory(directory, [&](std::string_view name) -> Result<void> {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(Path(directory) / name, error).native();
    constexpr std::string_view k_begin = "socket:[";
    if (!error && target.starts_with(k_begin)) {
      inodes.insert(target.substr(k_begin.size(), target.size() - k_begin.size() - 1));
    }
    return {};
  });
  (void)listed;
  return inodes;
}

std::vector<std::string> listening_ports(pid_t pid) {
  const std::set<std::string> inodes = sockets_of(pid);
  std::vector<std::string> ports;
  if (inodes.empty()) return ports;
  constexpr std::size_t k_local = 1;
  constexpr std::size_t k_state = 3;
  constexpr std::size_t k_inode = 9;
  for (const bool is_v6 : {false, true}) {
    const std::string table = proc_text(pid, is_v6 ? "net/tcp6" : "net/tcp");
    for (const std::string_view line : split(table, '\n')) {
      std::vector<std::string_view> fields;
      for (const std::string_view field : split(line, ' ')) {
        if (!field.empty()) fields.push_back(field);
      }
      if (fields.size() <= k_inode || fields[k_state] != k_state_listen) continue;
      if (!inodes.contains(std::string(fields[k_inode]))) continue;
      ports.push_back(address_text(fields[k_local], is_v6));
    }
  }
  std::ranges::sort(ports);
  return ports;
}

}  // namespace

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

std::vector<Descendant> living_descendants(pid_t but) {
  const auto processes = all_processes();
  std::vector<Descendant> found;
  for (const auto& [pid, stat] : processes) {
    if (stat.state == 'Z' || stat.state == 'X' || pid == but) continue;
    if (!lies_below(pid, ::getpid(), processes)) continue;
    if (but != 0 && lies_below(pid, but, processes)) continue;
    auto one = described(pid, stat);
    if (!one) continue;
    one->listening = listening_ports(pid);
    found.push_back(std::move(*one));
  }
  return found;
}

void reap_orphans(pid_t but) {
  for (const auto& [pid, stat] : all_processes()) {
    if (stat.state != 'Z' || stat.parent != ::getpid() || pid == but) continue;
    ::waitpid(pid, nullptr, WNOHANG);
  }
}

void end_processes(const std::vector<Descendant>& processes, Deadline deadline) {
  const auto is_there = [](const Descendant& one) {
    const auto stat = stat_of(one.pid);
    return stat && stat->state != 'Z' && stat->state != 'X';
  };
  for (const Descendant& one : processes) ::kill(one.pid, SIGTERM);
  while (std::ranges::any_of(processes, is_there) && !deadline.passed()) {
    // house: allow sleep (for processes that are no children nobody is told; bounded by the
    // deadline)
    std::this_thread::sleep_for(k_look_again);
  }
  for (const Descendant& one : processes) {
    if (is_there(one)) ::kill(one.pid, SIGKILL);
  }
}

}  // namespace sluice::sys
