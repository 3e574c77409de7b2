#include "store/netrc.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "sys/file.hpp"

#include <vector>

namespace sluice::store {

namespace {

// Words between blanks; a macro, which ends with an empty line, is none.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  bool in_macro = false;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) in_macro = false;
    if (in_macro || trim(line).starts_with('#')) continue;
    std::string_view rest = trim(line);
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
      if (word == "macdef") {
        in_macro = true;
        break;
      }
      words.push_back(word);
      rest = trim(rest.substr(word.size()));
    }
  }
  return words;
}

}  // namespace

std::optional<Login> find_login(std::string_view netrc, std::string_view host) {
  const auto words = words_of(netrc);
  Login login;
  bool ours = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool begins = words[i] == "machine" || words[i] == "default";
    if (begins && ours) break;
    if (words[i] == "default") {
      ours = true;
      continue;
    }
    if (i + 1 == words.size()) break;
    const std::string_view value = words[i + 1];
    if (words[i] == "machine") ours = to_lower(value) == host;
    if (ours && words[i] == "login") login.user = value;
    if (ours && words[i] == "password") login.password = value;
    ++i;
  }
  if (!ours || (login.user.empty() && login.password.empty())) return std::nullopt;
  return login;
}

std::optional<Login> login_for(std::string_view host, const sys::Environment& env) {
  const sys::Path path = env.get_or("NETRC", (sys::home_directory(env) / ".netrc").string());
  const auto bytes = sys::read_file(path, k_netrc_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  return find_login(text_of(**bytes), host);
}

}  // namespace sluice::store
