#include "runner/result_cache.hpp"

#include "gotool/snapshot.hpp"
#include "gotool/test_result.hpp"
#include "gotool/testlog.hpp"
#include "gotool/testlog_keys.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::runner {
namespace {

constexpr std::uint64_t k_output_bytes_max = 256U << 20U;
constexpr std::uint64_t k_source_bytes_max = 64U << 20U;
constexpr std::string_view k_vetted = "vetted\n";

std::optional<Bytes> content_of(const std::optional<gotool::LocalHit>& hit,
                                std::uint64_t size_max) {
  if (!hit) return std::nullopt;
  auto bytes = sys::read_file(hit->disk_path, size_max);
  if (!bytes || !*bytes) return std::nullopt;
  return std::move(*bytes);
}

}  // namespace

ResultCache::ResultCache(Access access, Go go)
    : access_(std::move(access)), go_(std::move(go)), umask_(sys::file_mode_mask()) {}

std::optional<ActionId> ResultCache::key_of(const gotool::TestPackage& package,
                                            const ActionId& test, const PackageWords& words,
                                            ByteView log) const {
  const gotool::PackagePlace place{package.directory, package.root};
  const auto inputs = gotool::test_inputs(log, place);
  if (!inputs) return std::nullopt;
  gotool::Snapshot files;
  sys::Environment env = go_.env;
  for (const auto& [name, value] : words.env) env.set(name, value);
  const auto id =
      gotool::go_test_inputs_id(*inputs, {env, go_.version, umask_, package.directory}, files);
  if (!id) return std::nullopt;
  return gotool::go_result_key(test, *id);
}

std::optional<ResultCache::Result> ResultCache::find(const gotool::TestPackage& package,
                                                     std::string_view program,
                                                     const PackageWords& words) {
  if (!words.keeps_results || package.root.empty()) return std::nullopt;
  const ActionId test = gotool::test_id(go_.version, program, words.arguments);
  const auto log = content_of(access_.get(test), gotool::k_test_log_max);
  if (!log) return std::nullopt;
  const auto key = key_of(package, test, words, *log);
  if (!key) return std::nullopt;
  const auto hit = access_.get(*key);
  if (!hit || hit->time_ns < gotool::results_expire_ns(go_.gocache)) return std::nullopt;
  const auto kept = content_of(hit, k_output_bytes_max);
  auto output = kept ? gotool::cached_output(text_of(*kept)) : std::nullopt;
  if (!output) return std::nullopt;
  Result result{std::move(*output), std::nullopt};
  if (!go_.has_profile) return result;
  const auto profile = content_of(access_.get(gotool::cover_profile_key(*key)), k_output_bytes_max);
  if (!profile) return std::nullopt;
  result.profile = text_of(*profile);
  return result;
}

void ResultCache::keep(const gotool::TestPackage& package, std::string_view program,
                       const PackageWords& words, const sys::Path& log, const Result& result) {
  if (!words.keeps_results || package.root.empty()) return;
  const auto bytes = sys::read_file(log, gotool::k_test_log_max);
  if (!bytes || !*bytes || !text_of(**bytes).ends_with('\n')) return;
  const ActionId test = gotool::test_id(go_.version, program, words.arguments);
  const auto key = key_of(package, test, words, **bytes);
  if (!key || (go_.has_profile && !result.profile) || !access_.put(test, **bytes)) return;
  (void)access_.put(*key, bytes_of(result.output));
  if (go_.has_profile) {
    (void)access_.put(gotool::cover_profile_key(*key), bytes_of(*result.profile));
  }
}

// The program is one of all that the package imports, by content; its own sources vet reads as they
// are, comments included.
std::optional<ActionId> ResultCache::vetted_key(const gotool::TestPackage& package,
                                                std::string_view program) const {
  Sha256 hash;
  const auto add = [&hash](std::string_view text) {
    hash.update(bytes_of(fmt::format("{} ", text.size())));
    hash.update(bytes_of(text));
  };
  for (const std::string_view part :
       {std::string_view("sluice vetted 1"), std::string_view(go_.version),
        std::string_view(go_.vet), std::string_view(package.import_path), program}) {
    add(part);
  }
  for (const std::string& name : package.files) {
    const auto content = sys::read_file(sys::Path(package.directory) / name, k_source_bytes_max);
    if (!content || !*content) return std::nullopt;
    add(name);
    add(text_of(**content));
  }
  return hash.finish_as<ActionId>();
}

bool ResultCache::is_vetted(const gotool::TestPackage& package, std::string_view program) {
  const auto key = vetted_key(package, program);
  return key && access_.get(*key);
}

void ResultCache::keep_vetted(const gotool::TestPackage& package, std::string_view program) {
  const auto key = vetted_key(package, program);
  if (key) (void)access_.put(*key, bytes_of(k_vetted));
}

}  // namespace sluice::runner
