#include "gotool/go_version.hpp"

#include "base/strings.hpp"

#include <optional>

namespace sluice::gotool {
namespace {

struct Version {
  std::string_view major;
  std::string_view minor;
  std::string_view patch;  // empty in a language version
  std::string_view kind;   // "", "alpha", "beta", "rc"
  std::string_view prerelease;
};

// Cuts a decimal number without needless leading zeros off the front.
bool cut_number(std::string_view& text, std::string_view& number) {
  const auto end = text.find_first_not_of("0123456789");
  number = text.substr(0, end);
  text.remove_prefix(number.size());
  return !number.empty() && (number.front() != '0' || number.size() == 1);
}

int compare_numbers(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

std::optional<Version> parse(std::string_view text) {
  Version version;
  if (!cut_number(text, version.major)) return std::nullopt;
  if (text.empty()) {
    version.minor = "0";
    version.patch = "0";
    return version;
  }
  if (text.front() != '.') return std::nullopt;
  text.remove_prefix(1);
  if (!cut_number(text, version.minor)) return std::nullopt;
  if (text.empty()) {
    // Before Go 1.21 a missing patch means .0.
    if (compare_numbers(version.minor, "21") < 0) version.patch = "0";
    return version;
  }
  if (text.front() == '.') {
    text.remove_prefix(1);
    if (!cut_number(text, version.patch) || !text.empty()) return std::nullopt;
    return version;
  }
  const auto kind_end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz");
  version.kind = text.substr(0, kind_end);
  text.remove_prefix(version.kind.size());
  if (version.kind.empty()) return std::nullopt;
  if (text.empty()) return version;
  if (!cut_number(text, version.prerelease) || !text.empty()) return std::nullopt;
  return version;
}

}  // namespace

int compare_go_versions(std::string_view left, std::string_view right) {
  const Version a = parse(left).value_or(Version{});
  const Version b = parse(right).value_or(Version{});
  if (const int order = compare_numbers(a.major, b.major); order != 0) return order;
  if (const int order = compare_numbers(a.minor, b.minor); order != 0) return order;
  if (const int order = compare_numbers(a.patch, b.patch); order != 0) return order;
  if (const int order = a.kind.compare(b.kind); order != 0) return order;
  return compare_numbers(a.prerelease, b.prerelease);
}

bool is_go_version(std::string_view text) { return parse(text).has_value(); }

bool is_language_version(std::string_view text) {
  const auto version = parse(text);
  return version && version->patch.empty() && version->kind.empty();
}

std::string version_of_toolchain(std::string_view name) {
  if (!name.starts_with("go") || name.find_first_of("/\\") != std::string_view::npos) return {};
  name.remove_prefix(2);
  name = name.substr(0, name.find_first_of(" \t-"));
  if (!is_go_version(name)) return {};
  return std::string(name);
}

int minor_of(std::string_view version) {
  if (version.starts_with("go")) version.remove_prefix(2);
  version = version.substr(0, version.find_first_of(" \t-"));
  const auto parsed = parse(version);
  if (!parsed || parsed->major != "1") return 0;
  return parse_int<int>(parsed->minor).value_or(0);
}

}  // namespace sluice::gotool
