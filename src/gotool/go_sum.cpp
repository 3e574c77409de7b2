#include "gotool/go_sum.hpp"

#include "base/strings.hpp"
#include "codec/base64.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_kind = "h1:";
constexpr std::string_view k_of_go_mod = "/go.mod";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const auto word : split(line, ' ')) {
    if (!trim(word).empty()) words.push_back(trim(word));
  }
  return words;
}

bool is_sum(std::string_view text) {
  const auto bytes = codec::base64_decode(text.substr(k_kind.size()));
  return bytes && bytes->size() == k_digest_size;
}

std::string line_of(const std::array<std::byte, k_digest_size>& sha256, std::string_view name) {
  return fmt::format("{}  {}\n", to_hex(sha256), name);
}

std::string sum_of(Sha256& lines) {
  const auto digest = lines.finish();
  return fmt::format("{}{}", k_kind, codec::base64_encode(digest));
}

}  // namespace

Result<void> add_go_sum(std::string_view text, std::string_view file_name, GoSum& into) {
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    const auto words = words_of(line);
    if (words.empty()) continue;
    const auto refused = [&](std::string_view why) {
      return fail(Code::invalid, fmt::format("{}:{}: {}", file_name, number, why));
    };
    if (words.size() != 3) return refused("no module, version and sum");
    if (!words[2].starts_with(k_kind)) continue;
    if (!is_sum(words[2])) return refused("a sum that is no SHA-256");
    auto version = words[1];
    const bool is_of_go_mod = version.ends_with(k_of_go_mod);
    if (is_of_go_mod) version.remove_suffix(k_of_go_mod.size());
    const ModuleVersion module{std::string(words[0]), std::string(version)};
    if (!is_plain(module)) return refused("no module path and version that go would take");
    ModuleSums& sums = into[module];
    std::string& sum = is_of_go_mod ? sums.go_mod : sums.tree;
    if (!sum.empty() && sum != words[2]) {
      return refused(fmt::format("another sum of {} than before", module.text()));
    }
    sum = words[2];
  }
  return {};
}

void TreeSum::add(std::string_view name, const std::array<std::byte, k_digest_size>& sha256) {
  files_.insert_or_assign(std::string(name), sha256);
}

std::string TreeSum::finish() const {
  Sha256 lines;
  for (const auto& [name, sha256] : files_) {
    lines.update(bytes_of(line_of(sha256, prefix_ + name)));
  }
  return sum_of(lines);
}

std::string go_mod_sum(ByteView go_mod) {
  Sha256 lines;
  lines.update(bytes_of(line_of(sha256(go_mod), "go.mod")));
  return sum_of(lines);
}

}  // namespace sluice::gotool
