#include "gotool/local_tier.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

using namespace sluice;
using namespace sluice::gotool;
using namespace std::chrono_literals;

namespace {

LocalTier tier_in(const sys::TempDirectory& directory) {
  return lazy_tier(directory.path() / "cache");
}

sys::Path entry_path(const LocalTier& tier, const ActionId& action) {
  const std::string hex = action.hex();
  return tier.directory() / hex.substr(0, 2) / (hex + "-a");
}

void put(const LocalTier& tier, std::string_view action, std::string_view body) {
  const auto done = tier.put(action_of(action), blob_of(body), bytes_of(body), unix_now_ns());
  REQUIRE(done);
  CHECK(content_of(done->disk_path) == body);
}

std::string find_body(const LocalTier& tier, std::string_view action) {
  const auto hit = tier.find(action_of(action));
  REQUIRE(hit);
  return *hit ? content_of((*hit)->disk_path) : "(miss)";
}

const std::string k_large(300'000, 'L');  // above what is gathered in memory

}  // namespace

TEST_CASE("an empty tier misses and looks like Go's own") {
  const auto directory = temp_directory();
  const auto tier = LocalTier::open(directory.path() / "cache").value();
  CHECK(find_body(tier, "nothing") == "(miss)");
  CHECK(sys::stat_file(tier.directory() / "00").value()->is_directory());
  CHECK(sys::stat_file(tier.directory() / "ff").value()->is_directory());
  CHECK(content_of(tier.directory() / "README").starts_with("This directory holds cached build"));
  CHECK_FALSE(sys::stat_file(tier.directory() / "trim.txt").value());
  CHECK_FALSE(LocalTier::open("relative"));
}

TEST_CASE("what is put is found, small, large and empty") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  put(tier, "small", "body");
  put(tier, "large", k_large);
  CHECK(tier.put_empty(action_of("empty"), 7).has_value());
  CHECK(find_body(tier, "small") == "body");
  CHECK(find_body(tier, "large") == k_large);
  CHECK(find_body(tier, "empty") == "");
  const auto hit = tier.find(action_of("empty")).value();
  CHECK(hit->size == 0);
  CHECK(hit->time_ns == 7);
  CHECK(hit->output == k_empty_blob);
  CHECK_FALSE(hit->is_directory);
  CHECK(tier.has_blob(blob_of("body"), 4));
  CHECK_FALSE(tier.has_blob(blob_of("body"), 5));
  CHECK_FALSE(tier.has_blob(blob_of("other"), 4));
  CHECK(tier.blob_path(blob_of("body")) == tier.find(action_of("small")).value()->disk_path);
  CHECK(files_below(tier.directory()).size() == 6);  // three entries, three outputs
}

TEST_CASE("the same data is kept, damaged data is replaced") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  for (const std::string& body : {std::string("body"), k_large}) {
    const auto path = tier.put(action_of("1"), blob_of(body), bytes_of(body), 1)->disk_path;
    const auto inode = sys::stat_file(path).value()->inode;
    auto again = tier.put(action_of("2"), blob_of(body), bytes_of(body), 1);
    CHECK(again->was_there);
    CHECK(sys::stat_file(path).value()->inode == inode);
    // Same size, other bytes; then another size.
    for (const std::string& damage : {std::string(body.size(), '?'), std::string("?")}) {
      REQUIRE(sys::write_file_atomic(path, bytes_of(damage)));
      again = tier.put(action_of("3"), blob_of(body), bytes_of(body), 1);
      REQUIRE(again);
      CHECK_FALSE(again->was_there);
      CHECK(content_of(path) == body);
    }
  }
}

TEST_CASE("nothing unverified is published") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  const auto before = files_below(tier.directory());
  for (const std::string& body : {std::string("body"), k_large}) {
    const auto wrong = tier.put(action_of("a"), blob_of("other"), bytes_of(body), 1);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Code::corrupt);
    {
      auto writer = tier.begin(blob_of(body), body.size());
      REQUIRE(writer);
      REQUIRE(writer->write(bytes_of(body).first(2)));
      const auto short_body = writer->commit(action_of("a"), 1);
      REQUIRE_FALSE(short_body);
      CHECK(short_body.error().code == Code::corrupt);
      CHECK_FALSE(writer->commit(action_of("a"), 1));
    }
    {
      auto writer = tier.begin(blob_of(body), body.size());
      REQUIRE(writer->write(bytes_of(body)));
      CHECK_FALSE(writer->write(bytes_of("x")));
      CHECK_FALSE(writer->commit(action_of("a"), 1));
    }
    {
      auto dropped = tier.begin(blob_of(body), body.size());
      REQUIRE(dropped->write(bytes_of(body)));
    }
  }
  CHECK(files_below(tier.directory()) == before);
  CHECK(find_body(tier, "a") == "(miss)");
}

TEST_CASE("what the caller verified is published without a second look, at its size") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  for (const std::string& body : {std::string("body"), k_large}) {
    auto writer = tier.begin_verified(blob_of(body), body.size());
    REQUIRE(writer);
    REQUIRE(writer->write(bytes_of(body)));
    REQUIRE(writer->commit(action_of("verified"), 1));
    CHECK(find_body(tier, "verified") == body);
    auto cut = tier.begin_verified(blob_of("other"), body.size());
    REQUIRE(cut->write(bytes_of(body).first(2)));
    CHECK_FALSE(cut->commit(action_of("cut"), 1));
    CHECK(find_body(tier, "cut") == "(miss)");
  }
}

TEST_CASE("data first, entry later") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  auto writer = tier.begin(blob_of(k_large), k_large.size());
  REQUIRE(writer);
  for (std::size_t at = 0; at < k_large.size(); at += 1000) {
    REQUIRE(writer->write(bytes_of(k_large.substr(at, 1000))));
  }
  REQUIRE(writer->commit_blob());
  CHECK(tier.has_blob(blob_of(k_large), k_large.size()));
  CHECK(find_body(tier, "late") == "(miss)");
  REQUIRE(tier.link(action_of("late"), blob_of(k_large), k_large.size(), 5));
  CHECK(find_body(tier, "late") == k_large);
}

TEST_CASE("whatever is malformed is a miss") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  put(tier, "x", "body");
  const auto path = entry_path(tier, action_of("x"));
  const std::string good = content_of(path);
  CHECK(good.size() == k_action_entry_size);
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "x", std::string(175, ' ')}) {
    REQUIRE(sys::write_file_atomic(path, bytes_of(bad)));
    CHECK(find_body(tier, "x") == "(miss)");
  }
  REQUIRE(sys::write_file_atomic(path, bytes_of(good)));
  CHECK(find_body(tier, "x") == "body");
  REQUIRE(sys::write_file_atomic(tier.blob_path(blob_of("body")), bytes_of("bod")));
  CHECK(find_body(tier, "x") == "(miss)");
  REQUIRE(sys::remove_file(tier.blob_path(blob_of("body"))));
  CHECK(find_body(tier, "x") == "(miss)");
}

TEST_CASE("a hit older than an hour is marked as used") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  put(tier, "x", "body");
  const auto entry = entry_path(tier, action_of("x"));
  const auto data = tier.blob_path(blob_of("body"));
  for (const auto& path : {entry, data}) set_age(path, 50min);
  find_body(tier, "x");
  CHECK(age_of(entry) > 49min);
  for (const auto& path : {entry, data}) set_age(path, 3h);
  find_body(tier, "x");
  CHECK(age_of(entry) < 1min);
  CHECK(age_of(data) < 1min);
  set_age(data, 3h);
  CHECK(tier.has_blob(blob_of("body"), 4));
  CHECK(age_of(data) < 1min);
  set_age(data, 3h);
  put(tier, "y", "body");
  CHECK(age_of(data) < 1min);
}

TEST_CASE("an executable is a directory with one file") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  const auto source = directory.path() / "built";
  REQUIRE(sys::write_file_atomic(source, bytes_of("#!/bin/sh\n")));
  const auto blob = blob_of("#!/bin/sh\n");
  const auto path = tier.put_executable(action_of("link"), blob, 10, "tool", source, 9);
  REQUIRE(path);
  CHECK(*path == tier.blob_path(blob) / "tool");
  CHECK((sys::stat_file(*path).value()->mode & 0111U) != 0);
  const auto hit = tier.find(action_of("link")).value();
  REQUIRE(hit);
  CHECK(hit->is_directory);
  CHECK(hit->executable_name == "tool");
  CHECK(hit->disk_path == *path);
  CHECK(hit->time_ns == 9);
  // Again, also from another link: the same file.
  const auto inode = sys::stat_file(*path).value()->inode;
  REQUIRE(tier.put_executable(action_of("link2"), blob, 10, "tool", source, 9));
  CHECK(sys::stat_file(*path).value()->inode == inode);
  // A damaged one is replaced; a wrong source is refused and leaves nothing.
  REQUIRE(sys::write_file_atomic(*path, bytes_of("damaged...")));
  REQUIRE(tier.put_executable(action_of("link"), blob, 10, "tool", source, 9));
  CHECK(content_of(*path) == "#!/bin/sh\n");
  const auto count = files_below(tier.directory()).size();
  CHECK_FALSE(tier.put_executable(action_of("z"), blob_of("other"), 5, "tool", source, 9));
  CHECK_FALSE(tier.put_executable(action_of("z"), blob, 10, "../tool", source, 9));
  CHECK(files_below(tier.directory()).size() == count);
  // A second file inside makes it nothing, as for go.
  REQUIRE(sys::write_file_atomic(tier.blob_path(blob) / "second", bytes_of("x")));
  CHECK_FALSE(tier.find(action_of("link")).value());
  // Plain data of the same name replaces a directory that holds something else.
  REQUIRE(tier.put(action_of("p"), blob, bytes_of("#!/bin/sh\n"), 1));
  CHECK(find_body(tier, "p") == "#!/bin/sh\n");
}

TEST_CASE("actions are listed, new entries are visited") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  REQUIRE(
      tier.put(action_of("old"), blob_of("old"), bytes_of("old"), unix_now_ns() - 7'000'000'000));
  const UnixNanos since_ns = unix_now_ns();
  const auto age = [&](const char* name, UnixNanos time_ns) {
    const std::string hex = action_of(name).hex();
    REQUIRE(sys::touch(tier.directory() / hex.substr(0, 2) / (hex + "-a"), time_ns));
  };
  age("old", since_ns - 7'000'000'000);
  REQUIRE(tier.put(action_of("used"), blob_of("u"), bytes_of("u"), since_ns - 7'000'000'000));
  put(tier, "new", "new");
  REQUIRE(tier.put_empty(action_of("empty"), unix_now_ns()));
  REQUIRE(tier.link(action_of("no data"), blob_of("none"), 4, unix_now_ns()));
  const auto actions = tier.list_actions().value();
  CHECK(actions.size() == 5);
  CHECK(actions.contains(action_of("old")));
  std::vector<ActionId> seen;
  REQUIRE(tier.visit_since(since_ns,
                           [&](const ActionEntry& entry, const LocalHit& hit) -> Result<void> {
                             seen.push_back(entry.action);
                             CHECK(hit.output == entry.output);
                             return {};
                           }));
  CHECK(seen.size() == 3);
  CHECK(std::ranges::count(seen, action_of("used")) == 1);
  CHECK(std::ranges::count(seen, action_of("old")) == 0);
  const auto stopped = tier.visit_since(0, [](const ActionEntry&, const LocalHit&) -> Result<void> {
    return fail(Code::cancelled, "enough");
  });
  CHECK_FALSE(stopped);
}

TEST_CASE("subdirectories that vanish are made again") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  for (const auto& entry : std::filesystem::directory_iterator(tier.directory())) {
    REQUIRE(sys::remove_tree(entry.path()));  // as `go clean -cache` does
  }
  put(tier, "x", "body");
  put(tier, "y", k_large);
  CHECK(find_body(tier, "x") == "body");
  CHECK(find_body(tier, "y") == k_large);
}

TEST_CASE("many writers and readers of the same entries never see a wrong body") {
  const auto directory = temp_directory();
  const auto tier = tier_in(directory);
  constexpr int k_threads = 8;
  constexpr int k_rounds = 60;
  constexpr int k_entries = 6;
  const auto body_of = [](int entry, int version) {
    const std::size_t size = entry == 0 ? 200'000 : static_cast<std::size_t>(entry) * 100;
    return std::string(size, static_cast<char>('a' + (entry + version) % 26));
  };
  std::atomic<int> wrong{0};
  std::atomic<int> hits{0};
  const auto work = [&](int seed) {
    for (int round = 0; round < k_rounds; ++round) {
      const int entry = (seed + round) % k_entries;
      const std::string action = "entry" + std::to_string(entry);
      const std::string body = body_of(entry, round % 2);
      const auto done = tier.put(action_of(action), blob_of(body), bytes_of(body), unix_now_ns());
      if (!done || content_of(done->disk_path) != body) ++wrong;
      const auto hit = tier.find(action_of(action));
      if (!hit || !*hit) continue;
      ++hits;
      if (blob_of(content_of((*hit)->disk_path)) != (*hit)->output) ++wrong;
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < k_threads; ++i) threads.emplace_back(work, i);
  threads.clear();
  CHECK(wrong == 0);
  CHECK(hits == k_threads * k_rounds);
  CHECK(files_below(tier.directory()).size() == k_entries + 2 * k_entries);
}

TEST_CASE("a full disk and a read-only directory are errors that leave nothing") {
  const auto directory = temp_directory();
  const auto mounted = directory.path() / "small";
  REQUIRE(sys::make_directories(mounted));
  if (mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=2m") != 0) {
    MESSAGE("no right to mount: skipped");
    return;
  }
  struct Unmount {
    const sys::Path& path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } const unmount{mounted};
  auto tier = LocalTier::open(mounted / "cache");
  REQUIRE(tier);
  put(*tier, "x", "body");
  const auto before = files_below(mounted);
  const std::string body(3U << 20U, 'x');
  const auto full = tier->put(action_of("big"), blob_of(body), bytes_of(body), 1);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::exhausted);
  CHECK(files_below(mounted) == before);
  CHECK(find_body(*tier, "x") == "body");
  CHECK(find_body(*tier, "big") == "(miss)");

  REQUIRE(mount(nullptr, mounted.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  CHECK_FALSE(tier->put(action_of("y"), blob_of("y"), bytes_of("y"), 1));
  CHECK_FALSE(tier->put_empty(action_of("y"), 1));
  set_age(directory.path(), 1h);
  CHECK(find_body(*tier, "x") == "body");
  CHECK(LocalTier::open(mounted / "cache"));
  CHECK_FALSE(LocalTier::open(mounted / "other"));
}

TEST_CASE("real go's entries are read, and ours are taken by real go") {
  const auto* real = RealBuild::get();
  if (real == nullptr) return;
  const auto directory = temp_directory();
  const auto from = LocalTier::open(real->gocache).value();
  const auto actions = from.list_actions().value();
  CHECK(actions.size() > 20);
  const auto to = LocalTier::open(directory.path() / "ours").value();
  for (const ActionId& action : actions) {
    const auto hit = from.find(action).value();
    REQUIRE(hit);
    const std::string body = content_of(hit->disk_path);
    CHECK(body.size() == hit->size);
    CHECK(blob_of(body) == hit->output);
    if (!hit->is_directory) REQUIRE(to.put(action, hit->output, bytes_of(body), hit->time_ns));
  }
  bool ok = false;
  const auto program = directory.path() / "program";
  real->go.run({"build", "-o", program.native(), "."}, real->module, to.directory(), ok);
  REQUIRE(ok);
  CHECK(to.list_actions().value() == actions);  // nothing was compiled, so nothing was stored
  CHECK(content_of(program) == content_of(real->program));
}
