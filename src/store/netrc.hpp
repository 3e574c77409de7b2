// The password for a host in ~/.netrc, as curl and Go read it.
//
// Pure; any thread. Holds secrets: never shown. What cannot be understood ends the reading; there
// is no error, a host that is not found has no password.
#pragma once

#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr std::uint64_t k_netrc_bytes_max = 256U << 10U;

struct Login {
  std::string user;
  std::string password;
};

std::optional<Login> find_login(std::string_view netrc, std::string_view host);
// From the file that NETRC names, else ~/.netrc.
std::optional<Login> login_for(std::string_view host, const sys::Environment& env);

}  // namespace sluice::store
