#include "sys/process_identity.hpp"

#include "base/strings.hpp"
#include "sys/file.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace sluice::sys {
namespace {

constexpr std::size_t k_line_max = 4096;
constexpr std::size_t k_start_field = 22 - 3;  // of /proc/<pid>/stat, behind the name and its ')'

std::string line_of(const Path& file) {
  const auto bytes = read_file(file, k_line_max);
  if (!bytes || !*bytes) return {};
  return std::string(trim(text_of(**bytes)));
}

// "<boot id>/<pid namespace>/": empty where one of them is not known.
std::string scope_of_pids() {
  const std::string boot = line_of("/proc/sys/kernel/random/boot_id");
  std::error_code error;
  const auto name_space = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  if (error || boot.empty()) return {};
  return fmt::format("{}/{}/", boot, name_space.native());
}

// "<pid>/<start>"; nothing when there is no such process.
std::string process_of(std::string_view pid) {
  const std::string stat = line_of(Path("/proc") / pid / "stat");
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return {};
  const auto fields = split(std::string_view(stat).substr(name_end + 2), ' ');
  if (fields.size() <= k_start_field) return {};
  return fmt::format("{}/{}", pid, fields[k_start_field]);
}

}  // namespace

std::string process_identity() { return process_identity(::getpid()); }

std::string process_identity(pid_t process_id) {
  const std::string scope = scope_of_pids();
  const std::string process = process_of(std::to_string(process_id));
  return scope.empty() || process.empty() ? std::string() : scope + process;
}

bool has_ended(std::string_view identity) {
  const std::string scope = scope_of_pids();
  if (scope.empty() || !identity.starts_with(scope)) return false;
  const std::string_view process = identity.substr(scope.size());
  const std::string_view pid = process.substr(0, process.find('/'));
  const bool is_number =
      !pid.empty() && pid.find_first_not_of("0123456789") == std::string_view::npos;
  // Without a /proc of our own namespace there is nobody to be seen.
  if (!is_number || pid.size() == process.size() || process_identity().empty()) return false;
  return process_of(pid) != process;
}

}  // namespace sluice::sys
