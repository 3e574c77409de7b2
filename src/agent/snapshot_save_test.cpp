#include "agent/snapshot_save.hpp"

#include "agent/snapshot_for_test.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

namespace sluice::agent {

using store::testing::body_of;

TEST_CASE("save: what the store has is not sent again") {
  SnapshotDesk desk;
  for (int i = 0; i < 300; ++i) {
    desk.write(fmt::format("tree/{}/{}", i / 50, i),
               body_of(static_cast<std::uint64_t>(i), 20'000));
  }
  desk.write("tree/large", body_of(1000, 12'000'000));
  const SaveReport first = desk.save("k1", {"tree"});
  CHECK_FALSE(first.is_unchanged);
  CHECK(first.bytes_new == 300 * 20'000 + 12'000'000);
  const auto before = desk.load("k1");
  REQUIRE(before);

  const SaveReport same = desk.save("k2", {"tree"}, &*before);
  CHECK(same.is_unchanged);
  CHECK(same.bytes_new == 0);

  // Three small files, and some bytes put into the large one.
  for (const int i : {7, 150, 299}) {
    desk.write(fmt::format("tree/{}/{}", i / 50, i),
               body_of(static_cast<std::uint64_t>(i) + 5000, 20'000));
  }
  Bytes large = body_of(1000, 12'000'000);
  large.insert(large.begin() + 5'000'000, 10, std::byte{1});
  desk.write("tree/large", large);
  const SaveReport changed = desk.save("k3", {"tree"}, &*before);
  CHECK_FALSE(changed.is_unchanged);
  CHECK(changed.bytes_new >= 3 * 20'000);
  CHECK(changed.bytes_new < 3 * 20'000 + 2'500'000);
}

TEST_CASE("save: bundles of which little is needed are not referred to for ever") {
  SnapshotDesk desk;
  for (int i = 0; i < 100; ++i) {
    desk.write(fmt::format("tree/{}", i), body_of(static_cast<std::uint64_t>(i), 30'000));
  }
  desk.save("k1", {"tree"});
  const auto first = desk.load("k1");
  for (int i = 0; i < 80; ++i) REQUIRE(sys::remove_file(desk.at(fmt::format("tree/{}", i))));
  CHECK(desk.save("k2", {"tree"}, &*first).bytes_new == 0);
  const auto second = desk.load("k2");
  CHECK(desk.save("k3", {"tree"}, &*second).bytes_new == 20 * 30'000);
}

TEST_CASE("save: what is excluded, and what is no file, is not in it") {
  SnapshotDesk desk;
  desk.write("tree/keep/a.o", "a");
  desk.write("tree/build/x", "x");
  desk.write("tree/keep/log.txt", "log");
  REQUIRE(::mkfifo(desk.at("tree/pipe").c_str(), 0600) == 0);
  const auto source = read_source({desk.place("tree")}, {"build", "keep/*.txt"});
  REQUIRE(source);
  std::vector<std::string> names;
  for (const auto& entry : source->roots[0].entries) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"", "keep", "keep/a.o"});
  CHECK(source->files == 1);
  CHECK(source->bytes == 1);
  CHECK(source->specials == 1);
  const auto absent = read_source({desk.place("absent")}, {});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::invalid);
}

TEST_CASE("save: nothing names what could not be uploaded") {
  SnapshotDesk desk;
  desk.write("tree/large", body_of(1, 9'000'000));
  int puts = 0;
  desk.objects.before_put = [&puts](std::string_view) -> Result<void> {
    if (++puts > 1) return fail(Code::unavailable, "it is gone");
    return {};
  };
  auto source = read_source({desk.place("tree")}, {});
  REQUIRE(source);
  SaveOptions options;
  options.domain = "trusted";
  options.scopes = desk.scopes;
  options.info.job_name = "k";
  const auto report =
      save_snapshot(desk.objects, std::move(*source), nullptr, options, {}, store::testing::soon());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::unavailable);
  CHECK_FALSE(desk.load("k"));
}

}  // namespace sluice::agent
