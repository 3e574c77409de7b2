#include "gotool/collect.hpp"

#include "gotool/go_cache_for_test.hpp"
#include "gotool/local_tier.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <unistd.h>

#include <map>

using namespace sluice;
using namespace sluice::gotool;
using namespace std::chrono_literals;

namespace {

struct Cache {
  sys::TempDirectory directory = temp_directory();
  LocalTier tier = lazy_tier(directory.path());

  sys::Path entry(std::string_view action) const {
    const std::string hex = action_of(action).hex();
    return tier.directory() / hex.substr(0, 2) / (hex + "-a");
  }
  sys::Path data(std::string_view body) const { return tier.blob_path(blob_of(body)); }

  void put(std::string_view action, std::string_view body, std::chrono::seconds age) const {
    REQUIRE(tier.put(action_of(action), blob_of(body), bytes_of(body), unix_now_ns()));
    set_age(entry(action), age);
    set_age(data(body), age);
  }
  // Whether the entry is still there with its data; looks without marking it as used.
  bool has(std::string_view action, std::string_view body) const {
    return sys::stat_file(entry(action)).value() && sys::stat_file(data(body)).value();
  }
  CollectReport collect(const CollectOptions& options) const {
    const auto report = gotool::collect(directory.path(), options);
    REQUIRE(report);
    CHECK(report->failures == 0);
    CHECK(report->bytes_after == report->bytes_before - report->bytes_removed);
    return *report;
  }
};

constexpr auto k_day = std::chrono::seconds(24h);

}  // namespace

TEST_CASE("what was not used for too long goes") {
  const Cache cache;
  cache.put("old", "old body", 10 * k_day);
  cache.put("newer", "newer body", 3 * k_day);
  cache.put("recent", "recent body", 1h);
  const auto report = cache.collect({.age_max = 5 * k_day});
  CHECK(report.files_seen == 6);
  CHECK(report.entries_before == 3);
  CHECK(report.entries_removed == 1);
  CHECK(report.blobs_removed == 1);
  CHECK(report.bytes_removed > 0);
  CHECK(report.kept_recent_bytes == 0);
  CHECK_FALSE(sys::stat_file(cache.entry("old")).value());
  CHECK_FALSE(sys::stat_file(cache.data("old body")).value());
  CHECK(cache.has("newer", "newer body"));
  CHECK(cache.has("recent", "recent body"));
}

TEST_CASE("above the size the least recently used goes first") {
  const Cache cache;
  const std::string body(100'000, 'x');
  for (int i = 0; i < 10; ++i) {
    cache.put("e" + std::to_string(i), body + std::to_string(i), (20 - i) * k_day);
  }
  const auto report = cache.collect({.size_max = 500'000});
  CHECK(report.bytes_before > 1'000'000);
  CHECK(report.bytes_after <= 500'000);
  CHECK(report.bytes_after > 300'000);
  bool kept = false;
  for (int i = 0; i < 10; ++i) {
    const bool has = cache.has("e" + std::to_string(i), body + std::to_string(i));
    CHECK((has || !kept));  // once one is kept, every later one is
    kept = has;
  }
  CHECK(kept);
}

TEST_CASE("what was used in the last day stays unless forced") {
  const Cache cache;
  const std::string body(100'000, 'x');
  cache.put("recent", body, 20h);
  // The mark may be an hour late: this one may have been used 23.5 hours ago.
  cache.put("edge", body + "e", 24h + 30min);
  const auto kept = cache.collect({.size_max = 0});
  CHECK(kept.entries_removed == 0);
  CHECK(kept.kept_recent_bytes == kept.bytes_before);
  CHECK(cache.has("recent", body));
  CHECK(cache.collect({.age_max = 1h}).kept_recent_bytes > 100'000);
  CHECK(cache.collect({.size_max = 0, .force = true}).bytes_after == 0);
  CHECK_FALSE(sys::stat_file(cache.data(body)).value());
}

TEST_CASE("each entry that goes is told, with why; a dry run tells none") {
  const Cache cache;
  cache.put("old", "old body", 10 * k_day);
  cache.put("newer", "newer body", 3 * k_day);
  std::map<ActionId, bool> told;
  const auto collect_with = [&](const CollectOptions& options) {
    REQUIRE(gotool::collect(
        cache.directory.path(), options, {},
        [&told](const ActionId& action, bool for_age) { told.emplace(action, for_age); }));
  };
  collect_with({.size_max = 0, .age_max = 5 * k_day, .dry_run = true});
  CHECK(told.empty());
  collect_with({.size_max = 0, .age_max = 5 * k_day});
  CHECK(told == std::map<ActionId, bool>{{action_of("old"), true}, {action_of("newer"), false}});
}

TEST_CASE("data shared with a kept entry stays") {
  const Cache cache;
  cache.put("old", "shared", 10 * k_day);
  cache.put("new", "shared", 2 * k_day);
  const auto report = cache.collect({.age_max = 5 * k_day});
  CHECK(report.entries_removed == 1);
  CHECK(report.blobs_removed == 0);
  CHECK(cache.has("new", "shared"));
  // Data in use without an entry of its own stays too.
  cache.put("gone", "marked", 10 * k_day);
  set_age(cache.data("marked"), 1h);
  CHECK(cache.collect({.age_max = 5 * k_day}).blobs_removed == 0);
  CHECK(sys::stat_file(cache.data("marked")).value());
}

TEST_CASE("data that no entry names, and malformed entries, age like the rest") {
  const Cache cache;
  cache.put("a", "orphan", 10 * k_day);
  REQUIRE(sys::remove_file(cache.entry("a")));
  cache.put("b", "named", 10 * k_day);
  REQUIRE(sys::write_file_atomic(cache.entry("b"), bytes_of("damaged")));
  set_age(cache.entry("b"), 10 * k_day);
  const auto report = cache.collect({.age_max = 5 * k_day});
  CHECK(report.entries_removed == 1);
  CHECK(report.blobs_removed == 2);
  CHECK(report.bytes_after == 0);
}

TEST_CASE("executables go as a whole") {
  const Cache cache;
  const auto source = cache.directory.path() / "program";
  REQUIRE(sys::write_file_atomic(source, bytes_of("program")));
  REQUIRE(cache.tier.put_executable(action_of("link"), blob_of("program"), 7, "tool", source, 1));
  set_age(cache.entry("link"), 10 * k_day);
  set_age(cache.data("program"), 10 * k_day);
  CHECK(cache.collect({.age_max = 5 * k_day}).blobs_removed == 1);
  CHECK_FALSE(sys::stat_file(cache.data("program")).value());
}

TEST_CASE("a dry run reports the same and changes nothing") {
  const Cache cache;
  cache.put("old", "old body", 10 * k_day);
  cache.put("new", "new body", 1h);
  const auto dry = cache.collect({.age_max = 5 * k_day, .dry_run = true});
  CHECK(cache.has("old", "old body"));
  const auto wet = cache.collect({.age_max = 5 * k_day});
  CHECK(dry.bytes_removed == wet.bytes_removed);
  CHECK(dry.entries_removed == wet.entries_removed);
}

TEST_CASE("files that are not ours to remove stay") {
  const Cache cache;
  for (const char* name : {"trim.txt", "testexpire.txt", "README", "fuzz/corpus/x", "00/notes",
                           "00/nothex-a", "00/nothex-d"}) {
    const auto path = cache.directory.path() / name;
    REQUIRE(sys::make_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomic(path, bytes_of("x")));
    set_age(path, 30 * k_day);
  }
  const auto before = files_below(cache.directory.path());
  cache.collect({.size_max = 0, .age_max = 1h, .force = true});
  CHECK(files_below(cache.directory.path()) == before);
}

TEST_CASE("temporary files of dead writers are swept, of living ones kept") {
  const Cache cache;
  REQUIRE(sys::make_directories(cache.directory.path() / "07"));
  const auto make = [&](std::int64_t pid, std::string_view token, std::chrono::seconds age) {
    const auto path = cache.directory.path() / "07" /
                      ("sluice-" + std::to_string(pid) + "-" + std::string(token) + ".tmp");
    REQUIRE(sys::write_file_atomic(path, bytes_of("half")));
    set_age(path, age);
    return path;
  };
  constexpr std::int64_t k_nobody = 0x7ffffff0;
  const auto living = make(getpid(), "1", 2h);
  const auto dead = make(k_nobody, "2", 2h);
  const auto fresh = make(k_nobody, "3", 1min);
  const auto forgotten = make(getpid(), "4", 2 * k_day);
  CHECK(cache.collect({}).temporary_removed == 2);
  CHECK(sys::stat_file(living).value());
  CHECK_FALSE(sys::stat_file(dead).value());
  CHECK(sys::stat_file(fresh).value());
  CHECK_FALSE(sys::stat_file(forgotten).value());
}

TEST_CASE("what resists is counted and named, and the rest is collected") {
  // Loops of links, because rights do not stop root.
  const Cache cache;
  cache.put("old", "old body", 10 * k_day);
  const auto loop = cache.entry("loop");
  REQUIRE(sys::make_directories(loop.parent_path()));
  std::filesystem::create_symlink(loop, loop);
  const auto subdirectory = cache.directory.path() / "0e";
  REQUIRE(sys::remove_tree(subdirectory));
  std::filesystem::create_symlink(subdirectory, subdirectory);
  const auto report = collect(cache.directory.path(), {.age_max = 5 * k_day});
  REQUIRE(report);
  CHECK(report->failures == 2);
  CHECK(report->first_failure.find(cache.directory.path().native()) != std::string::npos);
  CHECK(report->first_failure.find("symbolic links") != std::string::npos);
  CHECK(report->entries_removed == 1);
}

TEST_CASE("a directory named like an entry is nobody's entry") {
  const Cache cache;
  cache.put("old", "old body", 10 * k_day);
  const auto stray = cache.entry("stray");
  REQUIRE(sys::make_directories(stray / "inside"));
  set_age(stray, 10 * k_day);
  const auto report = cache.collect({.size_max = 0, .force = true});  // without failures
  CHECK(report.entries_removed == 1);
  CHECK(sys::stat_file(stray / "inside").value());
}

TEST_CASE("no directory is nothing to collect; a file is an error; progress is told") {
  const auto directory = temp_directory();
  const auto none = collect(directory.path() / "none", {.size_max = 0});
  REQUIRE(none);
  CHECK(none->files_seen == 0);
  REQUIRE(sys::write_file_atomic(directory.path() / "file", bytes_of("x")));
  CHECK_FALSE(collect(directory.path() / "file", {}));
  std::uint64_t directories = 0;
  REQUIRE(collect(directory.path(), {}, [&](const CollectProgress& progress) {
    directories = progress.directories_done;
  }));
  CHECK(directories == 256);
}

TEST_CASE("whatever the ages and limits, kept entries have their data and nothing recent goes") {
  rc::check("collect", [] {
    const Cache cache;
    std::map<std::string, std::pair<std::string, int>> entries;  // action -> body, age in hours
    const int count = *rc::gen::inRange(0, 12);
    for (int i = 0; i < count; ++i) {
      const std::string body(static_cast<std::size_t>(*rc::gen::inRange(0, 30'000)),
                             *rc::gen::inRange('a', 'd'));
      const int age_h = *rc::gen::inRange(0, 200);
      const std::string action = "e" + std::to_string(i);
      cache.put(action, body, std::chrono::hours(age_h));
      entries[action] = {body, age_h};
    }
    for (const auto& [action, what] : entries)
      set_age(cache.entry(action), std::chrono::hours(what.second));
    CollectOptions options;
    if (*rc::gen::arbitrary<bool>())
      options.size_max = *rc::gen::inRange<std::uint64_t>(0, 200'000);
    if (*rc::gen::arbitrary<bool>())
      options.age_max = std::chrono::hours(*rc::gen::inRange(0, 200));
    const auto report = cache.collect(options);
    for (const auto& [action, what] : entries) {
      const bool has_entry = sys::stat_file(cache.entry(action)).value().has_value();
      if (what.second <= 24) RC_ASSERT(has_entry);
      if (has_entry) RC_ASSERT(sys::stat_file(cache.data(what.first)).value().has_value());
      if (has_entry && options.age_max && what.second > 25) {
        RC_ASSERT(std::chrono::hours(what.second) <= *options.age_max + 1h);
      }
    }
    if (options.size_max && report.kept_recent_bytes == 0) {
      RC_ASSERT(report.bytes_after <= *options.size_max);
    }
  });
}

TEST_CASE("real go builds on after a collection") {
  const auto* real = RealBuild::get();
  if (real == nullptr) return;
  const auto directory = temp_directory();
  const auto gocache = directory.path() / "cache";
  std::filesystem::copy(real->gocache, gocache, std::filesystem::copy_options::recursive);
  const auto recent = collect(gocache, {.size_max = 0});
  REQUIRE(recent);
  CHECK(recent->entries_removed == 0);
  const auto most = collect(gocache, {.size_max = recent->bytes_before / 10 * 9, .force = true});
  REQUIRE(most);
  CHECK(most->entries_removed > 0);
  bool ok = false;
  const auto program = directory.path() / "program";
  real->go.run({"build", "-o", program.native(), "."}, real->module, gocache, ok);
  CHECK(ok);
  CHECK(content_of(program) == content_of(real->program));
}
