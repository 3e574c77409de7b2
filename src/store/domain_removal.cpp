#include "store/domain_removal.hpp"

#include "store/collector.hpp"
#include "store/gc_inventory.hpp"
#include "store/layout.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

constexpr std::size_t k_chunk = 1000;

}  // namespace

Result<RemovalReport> remove_domain(Objects& objects, const std::string& domain,
                                    const RemovalOptions& options) {
  const Capabilities can = objects.capabilities();
  if (!can.list || !can.remove) {
    return fail(Code::unsupported, fmt::format("{} cannot list and remove: empty it on its server",
                                               objects.describe()));
  }
  RemovalReport report;
  std::vector<std::pair<std::string, std::uint64_t>> all;
  const std::string prefix = domain_prefix(domain);
  for (const char* kind :
       {"scopes/", "manifests/", "packs/", "blobs/", "doctor/", "probe/", "gc/"}) {
    TRY(list_all(objects, prefix + kind, options.at_once, [&](std::string key, std::uint64_t size) {
      all.emplace_back(std::move(key), size);
    }));
  }
  std::mutex mutex;
  for (std::size_t begin = 0; begin < all.size(); begin += k_chunk) {
    const std::size_t count = std::min(k_chunk, all.size() - begin);
    run_parallel(count, options.at_once, [&](std::size_t i) {
      const auto& [key, size] = all[begin + i];
      const auto removed =
          options.dry_run ? Result<void>{} : objects.remove(key, Deadline::after(k_gc_call_max));
      const std::lock_guard lock(mutex);
      if (removed) {
        ++report.objects;
        report.bytes += size;
      } else if (report.failures++ == 0) {
        report.first_failure = removed.error().message;
      }
    });
    if (options.progress) options.progress(begin + count, all.size());
  }
  return report;
}

}  // namespace sluice::store
