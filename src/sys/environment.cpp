#include "sys/environment.hpp"

#include "base/strings.hpp"

#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>

namespace sluice::sys {
namespace {

constexpr std::uint64_t k_cgroup_file_size_max = 64U << 10U;
constexpr std::uint64_t k_status_size_max = 64U << 10U;

// The XDG specification: a path that is not absolute is ignored.
std::optional<Path> absolute(const Environment& env, std::string_view name) {
  const std::string value = env.get_or(name, "");
  if (value.empty() || value.front() != '/') return std::nullopt;
  return Path(value);
}

bool is_there(const Path& path) { return ::access(path.c_str(), F_OK) == 0; }

bool is_program(const Path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

// What container managers call their control groups. A unit such as docker.service is the manager
// itself on a host, so the bare word is not enough.
bool names_container(std::string_view cgroups) {
  static constexpr std::array<std::string_view, 9> k_marks = {
      "/docker/",         "/docker-", "/kubepods",  "/libpod-", "/lxc/",
      "/cri-containerd-", "/crio-",   "/buildkit/", "/ecs/"};
  for (const std::string_view mark : k_marks) {
    if (cgroups.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Environment Environment::of_process() {
  Environment env;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view line = *at;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    // Of two lines with one name getenv(3) sees the first.
    env.values_.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return env;
}

void forget_variables(const std::vector<std::string_view>& names) {
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view line = *at;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const bool is_named = std::ranges::find(names, line.substr(0, equals)) != names.end();
    if (is_named) ::explicit_bzero(*at + equals + 1, line.size() - equals - 1);
  }
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto at = values_.find(name);
  if (at == values_.end()) return std::nullopt;
  return at->second;
}

std::string Environment::get_or(std::string_view name, std::string_view fallback) const {
  const auto at = values_.find(name);
  if (at == values_.end() || at->second.empty()) return std::string(fallback);
  return at->second;
}

bool Environment::has(std::string_view name) const {
  const auto at = values_.find(name);
  return at != values_.end() && !at->second.empty();
}

void Environment::set(std::string_view name, std::string_view value) {
  const auto at = values_.find(name);
  if (at != values_.end()) {
    at->second = value;
  } else {
    values_.emplace(name, value);
  }
}

void Environment::unset(std::string_view name) {
  const auto at = values_.find(name);
  if (at != values_.end()) values_.erase(at);
}

std::vector<std::string> Environment::as_list() const {
  std::vector<std::string> lines;
  lines.reserve(values_.size());
  for (const auto& [name, value] : values_) {
    std::string line;
    line.reserve(name.size() + 1 + value.size());
    line.append(name).append(1, '=').append(value);
    lines.push_back(std::move(line));
  }
  return lines;
}

Path home_directory(const Environment& env) { return env.get_or("HOME", "/"); }

Path user_cache_directory(const Environment& env) {
  if (auto path = absolute(env, "XDG_CACHE_HOME")) return *std::move(path);
  return home_directory(env) / ".cache";
}

Path user_config_directory(const Environment& env) {
  if (auto path = absolute(env, "XDG_CONFIG_HOME")) return *std::move(path);
  return home_directory(env) / ".config";
}

Path runtime_directory(const Environment& env) {
  // sudo, su and containers hand on a directory of somebody else or one that is not there.
  if (const auto path = absolute(env, "XDG_RUNTIME_DIR")) {
    struct stat info{};
    if (::stat(path->c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid()) {
      return *path / "sluice";
    }
  }
  return "/tmp/sluice-" + std::to_string(::geteuid());
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return {};
  return buffer.data();
}

Result<Path> own_executable() {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (length > 0 && static_cast<std::size_t>(length) < buffer.size()) {
    std::string path(buffer.data(), static_cast<std::size_t>(length));
    // A program replaced while it runs: the same name leads to its successor.
    constexpr std::string_view k_deleted = " (deleted)";
    if (path.ends_with(k_deleted) && !is_there(path)) path.resize(path.size() - k_deleted.size());
    return Path(std::move(path));
  }
  const int reason = errno;
  // No /proc, as in a bare root directory: the kernel also told us the path that was executed.
  const unsigned long address = ::getauxval(AT_EXECFN);
  if (address != 0) {
    const char* executed = nullptr;
    static_assert(sizeof executed == sizeof address);
    std::memcpy(&executed, &address, sizeof executed);
    if (::realpath(executed, buffer.data()) != nullptr) return Path(buffer.data());
  }
  return fail_errno(reason, "find this program's own path: /proc/self/exe");
}

std::optional<Path> find_in_path(std::string_view name, const Environment& env) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string_view::npos) return Path(name);
  const std::string path = env.get_or("PATH", "/usr/local/bin:/usr/bin:/bin");
  for (const std::string_view directory : split(path, ':')) {
    Path candidate = Path(directory.empty() ? std::string_view(".") : directory) / name;
    if (is_program(candidate)) return candidate;
  }
  return std::nullopt;
}

bool in_container(const Environment& env, const Path& root) {
  // Files of Docker and of Podman; variables of Kubernetes and of those that follow systemd's rule.
  if (is_there(root / ".dockerenv") || is_there(root / "run/.containerenv")) return true;
  if (env.has("KUBERNETES_SERVICE_HOST") || env.has("container")) return true;
  const auto cgroups = read_file(root / "proc/self/cgroup", k_cgroup_file_size_max);
  return cgroups && *cgroups && names_container(text_of(**cgroups));
}

bool in_container() { return in_container(Environment::of_process(), "/"); }

std::uint32_t effective_user() { return ::geteuid(); }

// umask(2) tells only by changing it, under the feet of other threads.
std::uint32_t file_mode_mask() {
  constexpr std::uint32_t k_usual = 022;
  constexpr std::string_view k_label = "Umask:";
  const auto status = read_file("/proc/self/status", k_status_size_max);
  if (!status || !*status) return k_usual;
  for (std::string_view line : split(text_of(**status), '\n')) {
    if (!line.starts_with(k_label)) continue;
    line = trim(line.substr(k_label.size()));
    std::uint32_t mask = 0;
    const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), mask, 8);
    if (error == std::errc{} && at == line.data() + line.size()) return mask;
  }
  return k_usual;
}

}  // namespace sluice::sys
