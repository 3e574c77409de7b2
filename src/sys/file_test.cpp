#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace sluice;
using namespace sluice::sys;
using std::chrono::milliseconds;

namespace {

constexpr uid_t k_nobody = 65534;

bool is_root() { return ::geteuid() == 0; }

std::vector<std::string> names_in(const Path& path) {
  std::vector<std::string> names;
  REQUIRE(list_directory(path, [&names](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  }));
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const Path& path) {
  const auto bytes = read_file(path, 1U << 20U);
  REQUIRE(bytes);
  REQUIRE(*bytes);
  return std::string(text_of(**bytes));
}

// Acts as another user while it lives; only root can.
class AsNobody {
 public:
  AsNobody() { REQUIRE(::seteuid(k_nobody) == 0); }
  ~AsNobody() { static_cast<void>(::seteuid(0)); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
};

struct Place {
  TempDirectory directory;
  Path operator/(std::string_view name) const { return directory.path() / name; }
};

Place make_place() {
  auto directory = TempDirectory::create("sluice-file-test-");
  REQUIRE(directory);
  return Place{*std::move(directory)};
}

}  // namespace

TEST_CASE("what is there is described and what is not is nothing") {
  const Place place = make_place();
  CHECK_FALSE(stat_file(place / "none").value());
  REQUIRE(write_file_atomic(place / "f", bytes_of("abc"), 0640));
  CHECK_FALSE(stat_file(place / "f/below").value());
  const auto info = stat_file(place / "f").value();
  REQUIRE(info);
  CHECK(info->size == 3);
  CHECK(info->is_regular());
  CHECK_FALSE(info->is_directory());
  CHECK(info->uid == ::geteuid());
  CHECK((info->mode & 0777U & ~0640U) == 0);
  REQUIRE(::symlink("f", (place / "link").c_str()) == 0);
  REQUIRE(::symlink("none", (place / "dangling").c_str()) == 0);
  CHECK(stat_file(place / "link").value()->inode == info->inode);
  CHECK_FALSE(stat_file(place / "link", false).value()->is_regular());
  CHECK_FALSE(stat_file(place / "dangling").value());
  CHECK(stat_file(place / "dangling", false).value());
}

TEST_CASE("files are read whole up to a bound") {
  const Place place = make_place();
  const std::string text(100'000, 'x');
  REQUIRE(write_file_atomic(place / "f", bytes_of(text)));
  CHECK(content_of(place / "f") == text);
  CHECK(read_file(place / "f", 100'000).value());
  const auto large = read_file(place / "f", 99'999);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == Code::exhausted);
  CHECK_FALSE(read_file(place / "none", 10).value());
  CHECK_FALSE(read_file(place / "f/below", 10).value());
  REQUIRE(write_file_atomic(place / "empty", {}));
  CHECK(read_file(place / "empty", 0).value()->empty());
  CHECK_FALSE(read_file(place.directory.path(), 10));  // a directory
  CHECK_FALSE(open_read(place / "none"));
  CHECK(open_read(place / "none").error().code == Code::not_found);
  CHECK_FALSE(open_if_exists(place / "none").value());
}

TEST_CASE("files that announce no size are read as well") {
  const auto status = read_file("/proc/self/status", 1U << 20U);
  REQUIRE(status);
  REQUIRE(*status);
  CHECK(text_of(**status).starts_with("Name:"));
  CHECK_FALSE(read_file("/proc/self/status", 10));
}

TEST_CASE("directories are made with their parents, and a file in the way is an error") {
  const Place place = make_place();
  REQUIRE(make_directories(place / "a/b/c", 0700));
  REQUIRE(make_directories(place / "a/b/c"));
  CHECK((stat_file(place / "a").value()->mode & 0777U) == 0700);
  REQUIRE(write_file_atomic(place / "file", {}));
  CHECK_FALSE(make_directories(place / "file"));
  CHECK_FALSE(make_directories(place / "file/below"));
  REQUIRE(::symlink("a", (place / "link").c_str()) == 0);
  CHECK(make_directories(place / "link/b/d"));
  CHECK(make_directories("/"));
}

TEST_CASE("many threads may make one tree of directories") {
  const Place place = make_place();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { good += make_directories(place / "x/y/z/w") ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 8);
}

TEST_CASE("a private directory is ours alone or refused") {
  const Place place = make_place();
  REQUIRE(make_private_directory(place / "p"));
  CHECK((stat_file(place / "p").value()->mode & 0777U) == 0700);
  CHECK(make_private_directory(place / "p"));
  CHECK(make_private_directory(place / "new/parents/p"));

  const auto refused = [](const Path& path) {
    const auto made = make_private_directory(path);
    return !made && made.error().code == Code::denied;
  };
  SUBCASE("a symbolic link, even to one that would do") {
    REQUIRE(::symlink("p", (place / "link").c_str()) == 0);
    CHECK(refused(place / "link"));
    REQUIRE(::symlink("none", (place / "dangling").c_str()) == 0);
    CHECK(refused(place / "dangling"));
  }
  SUBCASE("a file") {
    REQUIRE(write_file_atomic(place / "file", {}));
    CHECK(refused(place / "file"));
  }
  SUBCASE("one that others can enter") {
    for (const unsigned mode : {0701U, 0710U, 0755U, 0777U}) {
      REQUIRE(::chmod((place / "p").c_str(), mode) == 0);
      CHECK(refused(place / "p"));
    }
  }
  SUBCASE("one of another user") {
    if (!is_root()) {
      MESSAGE("skipped: only root can make a directory of another user");
      return;
    }
    REQUIRE(::chown((place / "p").c_str(), k_nobody, k_nobody) == 0);
    CHECK(refused(place / "p"));
    CHECK(make_private_directory(place / "p").error().message.find("belongs to user 65534") !=
          std::string::npos);
  }
}

TEST_CASE("directories that may not be read or written are denied, not crashes") {
  if (!is_root()) {
    MESSAGE("skipped: only root can act as another user");
    return;
  }
  const Place place = make_place();
  REQUIRE(::chmod(place.directory.path().c_str(), 0755) == 0);
  REQUIRE(make_directories(place / "closed/inside", 0700));
  REQUIRE(write_file_atomic(place / "closed/f", {}, 0600));
  const AsNobody nobody;
  CHECK(stat_file(place / "closed/f").error().code == Code::denied);
  CHECK(read_file(place / "closed/f", 10).error().code == Code::denied);
  CHECK(open_read(place / "closed/f").error().code == Code::denied);
  CHECK(write_file_atomic(place / "closed/g", {}).error().code == Code::denied);
  CHECK(make_directories(place / "closed/x").error().code == Code::denied);
  CHECK(remove_file(place / "closed/f").error().code == Code::denied);
  CHECK(remove_tree(place / "closed").error().code == Code::denied);
  CHECK(FileLock::try_acquire(place / "closed/lock").error().code == Code::denied);
  const auto listed =
      list_directory(place / "closed", [](std::string_view) -> Result<void> { return {}; });
  REQUIRE_FALSE(listed);
  CHECK(listed.error().code == Code::denied);
  CHECK(listed.error().message.find("closed") != std::string::npos);
}

TEST_CASE("appended lines follow each other") {
  const Place place = make_place();
  REQUIRE(append_to_file(place / "log", bytes_of("a\n")));
  REQUIRE(append_to_file(place / "log", bytes_of("b\n")));
  CHECK(content_of(place / "log") == "a\nb\n");
  CHECK((stat_file(place / "log").value()->mode & 0777U) == 0600);
}

TEST_CASE("removing what is absent is fine and links are not followed") {
  const Place place = make_place();
  CHECK(remove_file(place / "none"));
  CHECK(remove_tree(place / "none"));
  REQUIRE(make_directories(place / "keep/inside"));
  REQUIRE(write_file_atomic(place / "keep/file", {}));
  REQUIRE(make_directories(place / "tree/deep/er"));
  REQUIRE(write_file_atomic(place / "tree/deep/file", {}));
  REQUIRE(::symlink("../../keep", (place / "tree/deep/link").c_str()) == 0);
  REQUIRE(::symlink("keep", (place / "toplink").c_str()) == 0);
  CHECK_FALSE(remove_file(place / "tree"));
  CHECK(remove_tree(place / "tree"));
  CHECK(remove_tree(place / "toplink"));
  CHECK(names_in(place.directory.path()) == std::vector<std::string>{"keep"});
  CHECK(names_in(place / "keep") == std::vector<std::string>{"file", "inside"});
}

TEST_CASE("times are kept to the nanosecond") {
  const Place place = make_place();
  REQUIRE(write_file_atomic(place / "f", {}));
  for (const UnixNanos at : {UnixNanos{1'700'000'000'123'456'789}, UnixNanos{0}, UnixNanos{-1}}) {
    REQUIRE(touch(place / "f", at));
    CHECK(stat_file(place / "f").value()->mtime_ns == at);
  }
  CHECK(touch(place / "none", 0).error().code == Code::not_found);
}

TEST_CASE("listing names every entry and stops at the visitor's error") {
  const Place place = make_place();
  for (const char* name : {"a", ".hidden", "..odd"}) REQUIRE(write_file_atomic(place / name, {}));
  CHECK(names_in(place.directory.path()) == std::vector<std::string>{"..odd", ".hidden", "a"});
  int visits = 0;
  const auto stopped =
      list_directory(place.directory.path(), [&visits](std::string_view) -> Result<void> {
        ++visits;
        return fail(Code::cancelled, "enough");
      });
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == Code::cancelled);
  CHECK(visits == 1);
  CHECK(list_directory(place / "none", [](std::string_view) -> Result<void> { return {}; })
            .error()
            .code == Code::not_found);
}

TEST_CASE("a lock excludes, in this process too, and ends with its object") {
  const Place place = make_place();
  auto held = FileLock::try_acquire(place / "lock");
  REQUIRE(held);
  REQUIRE(*held);
  CHECK_FALSE(FileLock::try_acquire(place / "lock").value());
  const auto late = FileLock::acquire(place / "lock", Deadline::after(milliseconds(10)));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  held->reset();
  CHECK(FileLock::acquire(place / "lock", Deadline::after(milliseconds(0))));
}

TEST_CASE("a shared lock excludes who wants it alone, and nobody else") {
  const Place place = make_place();
  const Path path = place / "lock";
  {
    const auto first = FileLock::share(path, Deadline::after(milliseconds(0)));
    REQUIRE(first);
    {
      const auto second = FileLock::share(path, Deadline::after(milliseconds(0)));
      CHECK(second);
    }
    CHECK_FALSE(FileLock::try_acquire(path).value());
  }
  const auto alone = FileLock::try_acquire(path);
  REQUIRE(alone);
  CHECK(alone->has_value());
  CHECK_FALSE(FileLock::share(path, Deadline::after(milliseconds(10))));
}

TEST_CASE("waiting for a lock ends when it is given back") {
  const Place place = make_place();
  auto held = FileLock::try_acquire(place / "lock").value();
  std::jthread other([&held] {
    std::this_thread::sleep_for(milliseconds(20));
    held.reset();
  });
  CHECK(FileLock::acquire(place / "lock", Deadline::after(std::chrono::seconds(20))));
}

TEST_CASE("a lock file that was removed by its holder is made anew") {
  const Place place = make_place();
  auto held = FileLock::try_acquire(place / "lock").value();
  REQUIRE(held);
  REQUIRE(remove_file(place / "lock"));
  const auto next = FileLock::try_acquire(place / "lock").value();
  REQUIRE(next);
  held.reset();
  CHECK_FALSE(FileLock::try_acquire(place / "lock").value());
}

TEST_CASE("a temporary directory vanishes with everything in it") {
  Path path;
  {
    auto directory = TempDirectory::create("sluice-file-test-");
    REQUIRE(directory);
    const TempDirectory moved = *std::move(directory);
    path = moved.path();
    CHECK((stat_file(path).value()->mode & 0777U) == 0700);
    REQUIRE(make_directories(path / "a/b"));
  }
  CHECK_FALSE(stat_file(path).value());
}

TEST_CASE("a file that a person named is replaced, what is no file is written to") {
  const Place place = make_place();
  const auto write = [](const Path& path, std::string_view text) {
    return write_named_file(path, bytes_of(text));
  };
  REQUIRE(write(place / "new", "one"));
  const auto first = stat_file(place / "new").value()->inode;
  REQUIRE(write(place / "new", "two"));
  CHECK(content_of(place / "new") == "two");
  CHECK(stat_file(place / "new").value()->inode != first);  // replaced, never half written

  std::filesystem::create_symlink(place / "new", place / "link");
  REQUIRE(write(place / "link", "3"));
  CHECK(std::filesystem::is_symlink(place / "link"));
  CHECK(content_of(place / "new") == "3");

  CHECK(write("/dev/null", "gone"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(write("/dev/full", "no room").error().code == Code::exhausted);
  CHECK_FALSE(write(place.directory.path(), "a directory"));

  REQUIRE(::mkfifo((place / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(write(place / "pipe", "nobody reads"));  // and nobody waits
  const Fd reader = open_read(place / "pipe").value();
  REQUIRE(write(place / "pipe", "read"));
  Bytes buffer(10);
  CHECK(read_some(reader.get(), buffer).value() == 4);
}

TEST_CASE("a link is made, kept and turned") {
  const auto directory = TempDirectory::create("sluice-file-test-");
  const Path link = directory->path() / "link";
  REQUIRE(ensure_symlink(link, "/a"));
  REQUIRE(ensure_symlink(link, "/a"));
  CHECK(std::filesystem::read_symlink(link) == "/a");
  REQUIRE(ensure_symlink(link, "/b"));
  CHECK(std::filesystem::read_symlink(link) == "/b");
  CHECK_FALSE(ensure_symlink("/proc/none/link", "/a"));
}

TEST_CASE("a descriptor by its name goes on where it stands") {
  const Place place = make_place();
  const Fd log(::open((place / "log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(write_all(log.get(), bytes_of("before ")));
  for (const std::string directory : {"/dev/fd/", "/proc/self/fd/"}) {
    REQUIRE(write_named_file(directory + std::to_string(log.get()), bytes_of("more ")));
  }
  CHECK(content_of(place / "log") == "before more more ");
}
