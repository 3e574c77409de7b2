#include "agent/shared_path.hpp"

#include "base/strings.hpp"
#include "gotool/kind.hpp"
#include "gotool/same_path.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace sluice::agent {
namespace {

using gotool::BodyKind;
using gotool::LocalHit;

constexpr std::uint64_t k_index_bytes_max = 16U << 20U;  // of one package; more is believed to none

// Each part ends where the next begins, whatever is in it.
ActionId key_of(std::string_view kind, std::initializer_list<std::string_view> parts) {
  std::string text(kind);
  for (const std::string_view part : parts) text += fmt::format("\n{}:{}", part.size(), part);
  return sha256_as<ActionId>(bytes_of(text));
}

// Which checkout this is: one that was removed and cloned anew at its place is another one, unless
// the file system gives it the same number, and then its files have other times.
std::string identity_of(const sys::Path& checkout) {
  struct stat info{};
  if (::stat(checkout.c_str(), &info) != 0) info = {};
  return fmt::format("{} {} {}", info.st_dev, info.st_ino, checkout.native());
}

}  // namespace

SharedPath::SharedPath(const AgentConfig& config, sys::Path goroot)
    : goroot_(std::move(goroot)),
      module_cache_(config.same_path / gotool::k_same_path_modules),
      identity_(identity_of(config.shown_checkout)) {}

bool SharedPath::needs_proof(const LocalHit& hit) const {
  if (hit.is_directory || hit.size == 0) return false;
  const Bytes first = part_of(hit, 0, gotool::k_classify_bytes);
  switch (gotool::classify(first, {})) {
    case BodyKind::archive:
    case BodyKind::module_index:
    case BodyKind::test_log: return false;
    case BodyKind::package_index: break;
    default: return gotool::classify({}, end_of(hit)) == BodyKind::test_output;
  }
  const auto body = sys::read_file(hit.disk_path, k_index_bytes_max);
  const auto directory =
      body && *body ? gotool::indexed_directory(**body) : std::optional<std::string>();
  // Packages without imports do not say where they lie.
  if (!directory) return true;
  return !gotool::lies_within(*directory, goroot_) &&
         !gotool::lies_within(*directory, module_cache_);
}

ActionId SharedPath::proof_of(const ActionId& action) const {
  return key_of("sluice same path 1", {action.hex(), identity_});
}

ActionId place_record(std::string_view module_path) {
  return key_of("sluice place 1", {module_path});
}

ActionId place_record(std::string_view module_path, const sys::Path& checkout,
                      const sys::Path& module_cache) {
  return key_of("sluice place 1", {module_path, checkout.native(), module_cache.native()});
}

std::string encode_place_records(const std::vector<ActionId>& records) {
  std::vector<std::string> words;
  words.reserve(records.size());
  for (const ActionId& record : records) words.push_back(record.hex());
  return join(words, " ");
}

std::vector<ActionId> decode_place_records(std::string_view text) {
  std::vector<ActionId> records;
  for (const std::string_view word : split(text, ' ')) {
    if (const auto record = ActionId::from_hex(word)) records.push_back(*record);
  }
  return records;
}

}  // namespace sluice::agent
