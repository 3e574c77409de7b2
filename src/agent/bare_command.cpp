#include "agent/bare_command.hpp"

#include "base/digest.hpp"
#include "sys/process_identity.hpp"

namespace sluice::agent {

std::string bare_command_id(pid_t go) {
  constexpr std::size_t k_digits = 16;
  const std::string identity = sys::process_identity(go);
  if (identity.empty()) return {};
  return std::string(k_bare_command) + to_hex(sha256(bytes_of(identity))).substr(0, k_digits);
}

bool is_bare_command(std::string_view command_id) {
  return command_id.empty() || command_id.starts_with(k_bare_command);
}

}  // namespace sluice::agent
