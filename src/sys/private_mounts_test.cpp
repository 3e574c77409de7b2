// show_at moves its process, so these tests drive it in a child: this test binary itself, started
// with SLUICE_TEST_SHOW set.
#include "sys/private_mounts.hpp"

#include "base/strings.hpp"
#include "sys/environment.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <sys/prctl.h>
#include <unistd.h>

using namespace sluice;
using namespace sluice::sys;

namespace {

constexpr const char* k_variable = "SLUICE_TEST_SHOW";

// Before doctest's main: shows what the variable says and becomes the shell.
const bool child_shows = [] {
  const Environment env = Environment::of_process();
  const auto text = env.get(k_variable);
  if (!text) return false;
  const auto words = split(*text, '\n');
  if (words.size() < 4) ::_exit(9);
  if (!words[0].empty() && ::setuid(static_cast<uid_t>(*parse_int<int>(words[0]))) != 0) ::_exit(8);
  // As after the start of a program: what changed its user may not write its own /proc/self.
  (void)::prctl(PR_SET_DUMPABLE, 1);
  const auto done = show_at(Path(words[1]), {{"src", Path(words[2])}, {"mod", Path(words[2])}});
  if (!done) {
    (void)write_all(STDOUT_FILENO, bytes_of("refused: " + done.error().message + "\n"));
    ::_exit(0);
  }
  (void)exec("/bin/sh", {"sh", "-c", std::string(words[3])}, env);
  ::_exit(7);
}();

std::string inside(const Path& root, const Path& directory, const std::string& script,
                   const std::string& user = "") {
  SpawnOptions options;
  options.program = *own_executable();
  options.arguments = {"sys_test"};
  options.environment.set("PATH", "/usr/bin:/bin");
  options.environment.set(k_variable,
                          user + "\n" + root.native() + "\n" + directory.native() + "\n" + script);
  const auto captured = run_captured(options, Deadline::after(std::chrono::seconds(20)));
  REQUIRE(captured);
  return captured->output;
}

// A directory to be covered, and one to be shown.
struct Place {
  TempDirectory directory = *TempDirectory::create("sluice-show-");
  Path covered = directory.path() / "covered";
  Path shown = directory.path() / "shown";

  Place() {
    REQUIRE(make_directories(covered / "inner"));
    REQUIRE(make_directories(shown));
    REQUIRE(write_file_atomic(covered / "file", bytes_of("kept\n")));
    REQUIRE(write_file_atomic(covered / "inner/file", bytes_of("inner\n")));
    REQUIRE(ensure_symlink(covered / "link", "inner/file"));
    REQUIRE(write_file_atomic(shown / "file", bytes_of("shown\n")));
  }
};

bool may_mount(const Place& place) {
  const std::string said = inside(place.covered / "x", place.shown, "exit");
  if (said.empty()) return true;
  MESSAGE("skipped: ", said);
  return false;
}

}  // namespace

TEST_CASE("a directory is shown, what was there stays, nobody else sees it") {
  const Place place;
  if (!may_mount(place)) return;
  const Path root = place.covered / "x/y";
  CHECK(inside(root, place.shown,
               "cd " + place.covered.native() +
                   " && cat file inner/file link x/y/src/file x/y/mod/file") ==
        "kept\ninner\ninner\nshown\nshown\n");
  CHECK_FALSE(stat_file(root)->has_value());
  // What is written there is written to the directory itself.
  CHECK(inside(root, place.shown, "echo new > " + (root / "src/new").native()).empty());
  CHECK(text_of(**read_file(place.shown / "new", 100)) == "new\n");
  // What would be lost is refused.
  CHECK(inside(root, place.shown,
               "touch " + (place.covered / "lost").native() + " 2>/dev/null || echo refused") ==
        "refused\n");
}

TEST_CASE("a root that exists gets the two beside what it holds") {
  const Place place;
  if (!may_mount(place)) return;
  CHECK(inside(place.covered, place.shown, "cd " + place.covered.native() + " && echo *") ==
        "file inner link mod src\n");
}

TEST_CASE("a directory that lies in the covered one") {
  const Place place;
  if (!may_mount(place)) return;
  CHECK(inside(place.covered / "x", place.covered / "inner",
               "cat " + (place.covered / "x/src/file").native()) == "inner\n");
}

TEST_CASE("why not") {
  const Place place;
  if (!may_mount(place)) return;
  CHECK(covered_directory("/no-such-directory/x").error().message ==
        "/no-such-directory does not exist");
  CHECK(covered_directory(place.covered / "a/b") == place.covered);
  CHECK(covered_directory(place.covered / "file/b").error().code == Code::conflict);
  REQUIRE(make_directories(place.covered / "src"));
  CHECK(inside(place.covered, place.shown, "exit") ==
        "refused: " + (place.covered / "src").native() + " exists\n");
  CHECK(inside(place.covered / "x", place.shown / "none", "exit").starts_with("refused: open "));
}

TEST_CASE("a user without rights keeps its name") {
  const Place place;
  if (geteuid() != 0 || !may_mount(place)) {
    MESSAGE("skipped: needs root");
    return;
  }
  std::filesystem::permissions(place.directory.path(), std::filesystem::perms(0755));
  const std::string said =
      inside(place.covered / "x", place.shown,
             "id -u && cat " + (place.covered / "x/src/file").native(), "65534");
  if (said.starts_with("refused: a user namespace")) {
    MESSAGE("skipped: ", said);
    return;
  }
  CHECK(said == "65534\nshown\n");
}
