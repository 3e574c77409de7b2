#include "gotool/testlog_keys.hpp"

#include "base/strings.hpp"
#include "base/subkey.hpp"
#include "gotool/go_cache_for_test.hpp"
#include "gotool/kind.hpp"
#include "gotool/toolchain.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <functional>

using namespace sluice;
using namespace sluice::gotool;

namespace {

constexpr std::string_view k_test = R"(package p
import ("os"; "testing"; "path/filepath")
func Test(t *testing.T) {
	os.Getenv("HOME"); os.Getenv("SLUICE_NOT_SET"); os.LookupEnv("GOFLAGS")
	os.ReadFile("testdata/plain"); os.ReadFile("testdata/absent"); os.ReadFile("testdata/plain/x")
	os.ReadDir("testdata"); os.ReadDir("testdata/closed")
	os.Stat("testdata/link"); os.Lstat("testdata/dangling"); os.Stat("p_test.go")
	os.ReadFile("/etc/hostname"); os.Stat("..")
	os.Chdir("testdata"); os.ReadFile("plain"); os.ReadFile("loop")
	os.Chdir(t.TempDir()); os.Getwd(); filepath.Glob("*")
	os.Chdir("/")
}
)";

// A package whose test consults everything, and a cache with its result.
struct Tested {
  sys::TempDirectory directory = temp_directory();
  sys::Path module = directory.path() / "m";
  sys::Path gocache = directory.path() / "cache";
  sys::Environment env;
  std::string version;

  explicit Tested(const RealGo& go) {
    write_old(module / "go.mod", "module example.org/m\n\ngo 1.21\n");
    write_old(module / "p/p_test.go", k_test);
    write_old(module / "p/testdata/plain", "plain\n");
    write_old(module / "p/testdata/closed/inside", "inside\n");
    write_old(module / "p/testdata/tool", "#!/bin/sh\n");
    REQUIRE(::chmod((module / "p/testdata/tool").c_str(), 04755) == 0);
    REQUIRE(::chmod((module / "p/testdata/plain").c_str(), 0640) == 0);
    std::filesystem::create_symlink("plain", module / "p/testdata/link");
    std::filesystem::create_symlink("nowhere", module / "p/testdata/dangling");
    std::filesystem::create_symlink("loop", module / "p/testdata/loop");
    REQUIRE(::mkfifo((module / "p/testdata/pipe").c_str(), 0600) == 0);
    bool ok = false;
    const std::string output = go.run({"test", "./..."}, module, gocache, ok);
    REQUIRE_MESSAGE(ok, output);
    const auto said = go.run({"env", "GOROOT", "GOFLAGS"}, module, gocache, ok);
    const auto lines = split(said, '\n');
    REQUIRE(lines.size() >= 2);
    version = version_in(sys::Path(lines[0]));
    env = sys::Environment::of_process();
    env.set("GOFLAGS", lines[1]);  // go puts what `go env -w` wrote into its own environment
  }

  // Calls with every test log of the cache: two, by link inputs and by binary.
  void each_log(const std::function<void(const ActionId&, const Bytes&)>& visit) const {
    const auto tier = LocalTier::open(gocache);
    REQUIRE(tier);
    REQUIRE(
        tier->visit_since(0, [&](const ActionEntry& entry, const LocalHit& hit) -> Result<void> {
          auto body = sys::read_file(hit.disk_path, std::uint64_t{64} << 20U);
          REQUIRE(body);
          if (*body && classify(**body) == BodyKind::test_log) visit(entry.action, **body);
          return {};
        }));
  }
};

}  // namespace

TEST_CASE("go's own key of a test's inputs is computed bit for bit") {
  const auto go = RealGo::find();
  if (!go) return;
  const Tested tested(*go);
  const auto tier = LocalTier::open(tested.gocache);
  REQUIRE(tier);
  int logs = 0;
  tested.each_log([&](const ActionId& test_id, const Bytes& log) {
    ++logs;
    const auto inputs = test_inputs(log, {tested.module / "p", tested.module});
    REQUIRE(inputs);
    CHECK(inputs->size() > 15);
    Snapshot files;
    const auto id = go_test_inputs_id(*inputs, {tested.env, tested.version, 022, {}}, files);
    REQUIRE(id);
    const auto result = tier->find(go_result_key(test_id, *id));
    REQUIRE(result);
    CHECK(*result);
    // Another variable's value, another place, another version: other keys.
    sys::Environment other = tested.env;
    other.set("SLUICE_NOT_SET", "");
    CHECK(go_test_inputs_id(*inputs, {other, tested.version, 022, {}}, files) != id);
    CHECK(go_test_inputs_id(*inputs, {tested.env, "go1.0", 022, {}}, files) != id);
  });
  CHECK(logs == 2);
}

namespace {

struct Consulted {
  sys::TempDirectory directory = temp_directory();
  sys::Path root = directory.path() / "m";
  sys::Environment env;
  std::uint32_t umask = 022;

  Consulted() {
    write_old(root / "f", "content");
    write_old(root / "d/a", "a");
    write_old(root / "d/sub/b", "b");
    std::filesystem::create_symlink("f", root / "link");
    for (const char* file : {"f", "d/a", "d/sub/b"})
      REQUIRE(::chmod((root / file).c_str(), 0644) == 0);
    for (const char* dir : {".", "d", "d/sub"}) REQUIRE(::chmod((root / dir).c_str(), 0755) == 0);
    env.set("SET", "value");
  }

  std::optional<Fingerprint> of(std::string_view lines) const {
    const std::string log = "# test log\n" + std::string(lines) + "\n";
    const auto inputs = test_inputs(bytes_of(log), {root, root});
    REQUIRE(inputs);
    FileDigests digests;
    Snapshot files;
    const auto made =
        fingerprint(*inputs, {env, "go1.26.8", umask, root}, ActionId{}, files, digests);
    if (!made) return std::nullopt;
    CHECK(files.still_holds());
    CHECK(made->parts.size() == inputs->size() + 1);
    return made->whole;
  }
};

}  // namespace

TEST_CASE("a file's digest is of all that is in it, or there is none") {
  const auto directory = temp_directory();
  const auto digest_of = [](const std::string& path, std::int64_t more = 0) {
    struct stat info{};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    info.st_size += more;
    int error = 0;
    return FileDigests().of(path, info, error);
  };
  for (const std::size_t size : {0U, 1U, 4094U, 4095U, 4096U, 4097U, 262143U, 262144U, 600000U}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    write_old(directory.path() / "f", text);
    const std::string path = directory.path() / "f";
    CHECK(digest_of(path) == sha256_as<BlobId>(bytes_of(text)));
    CHECK(!digest_of(path, 1));
    if (size > 0) CHECK(!digest_of(path, -1));
  }
  CHECK(!digest_of("/proc/self/status"));  // of 0 bytes, it says
}

TEST_CASE("the fingerprint forgives times, and nothing else of a file") {
  Consulted at;
  for (const std::string op : {"open f", "stat f"}) {
    CAPTURE(op);
    Consulted here;
    const auto before = here.of(op);
    REQUIRE(before);
    CHECK(here.of(op) == before);
    set_age(here.root / "f", std::chrono::hours(7));
    CHECK(here.of(op) == before);
    CHECK(at.of(op) == before);  // another root
    write_old(here.root / "f", "CONTENT");
    REQUIRE(::chmod((here.root / "f").c_str(), 0644) == 0);
    CHECK(here.of(op) != before);  // same size and time
    write_old(here.root / "f", "content");
    REQUIRE(::chmod((here.root / "f").c_str(), 0644) == 0);
    CHECK(here.of(op) == before);
    for (const ::mode_t mode : {0600U, 0664U, 0755U, 0444U, 02644U}) {
      REQUIRE(::chmod((here.root / "f").c_str(), mode) == 0);
      CHECK(here.of(op) != before);
    }
    REQUIRE(::chmod((here.root / "f").c_str(), 0664) == 0);
    here.umask = 002;
    CHECK(here.of(op) == before);  // what this umask makes of a new file
    REQUIRE(::chmod((here.root / "f").c_str(), 0644) == 0);
    here.umask = 022;
    std::filesystem::rename(here.root / "f", here.root / "g");
    CHECK(here.of(op) != before);
    std::filesystem::create_symlink("g", here.root / "f");
    CHECK(here.of(op) != before);
  }
}

TEST_CASE("a directory counts with all that lies below it") {
  for (const std::string op : {"open d", "stat d", "chdir DIR/d"}) {
    CAPTURE(op);
    Consulted here;
    std::string line = op;
    if (line.starts_with("chdir")) line = "chdir " + (here.root / "d").native();
    const auto before = here.of(line);
    REQUIRE(before);
    set_age(here.root / "d", std::chrono::hours(7));
    set_age(here.root / "d/sub", std::chrono::hours(7));
    CHECK(here.of(line) == before);
    write_old(here.root / "d/c", "");
    CHECK(here.of(line) != before);
    REQUIRE(sys::remove_file(here.root / "d/c"));
    CHECK(here.of(line) == before);
    // A file of the directory that was replaced: git, editors and mv give the directory a time.
    write_old(here.root / "d/a", "A");
    REQUIRE(::chmod((here.root / "d/a").c_str(), 0644) == 0);
    CHECK(here.of(line) != before);
    REQUIRE(sys::remove_file(here.root / "d/a"));
    REQUIRE(sys::make_directories(here.root / "d/a"));
    CHECK(here.of(line) != before);
    REQUIRE(sys::remove_tree(here.root / "d/a"));
    write_old(here.root / "d/a", "a");
    REQUIRE(::chmod((here.root / "d/a").c_str(), 0644) == 0);
    CHECK(here.of(line) == before);
    // A directory in it that was replaced gave it another time, whatever is deep in that.
    write_old(here.root / "d/sub/b", "B");
    REQUIRE(::chmod((here.root / "d/sub/b").c_str(), 0644) == 0);
    CHECK(here.of(line) != before);
    write_old(here.root / "d/sub/b", "b");
    REQUIRE(::chmod((here.root / "d/sub/b").c_str(), 0644) == 0);
    CHECK(here.of(line) == before);
    REQUIRE(sys::make_directories(here.root / "d/sub/deep"));
    REQUIRE(::chmod((here.root / "d/sub/deep").c_str(), 0755) == 0);
    const auto deep = here.of(line);
    CHECK(deep != before);
    write_old(here.root / "d/sub/deep/c", "");
    CHECK(here.of(line) != deep);
  }
}

TEST_CASE("a link on the way is something that a test can see") {
  const Consulted here;
  write_old(here.root / "one/f", "same");
  write_old(here.root / "two/f", "same");
  std::filesystem::create_directory_symlink("one", here.root / "cur");
  const auto before = here.of("open cur/f");
  CHECK(before);
  CHECK(before != here.of("open one/f"));
  std::filesystem::remove(here.root / "cur");
  std::filesystem::create_directory_symlink("two", here.root / "cur");
  CHECK(here.of("open cur/f") != before);
}

TEST_CASE("of what is no file, or too much, there is no fingerprint") {
  const Consulted here;
  REQUIRE(::mkfifo((here.root / "pipe").c_str(), 0600) == 0);
  for (const char* op : {"open pipe", "stat pipe", "open .", "stat ."}) {
    INFO(op);
    CHECK_FALSE(here.of(op));
  }
  REQUIRE(sys::remove_file(here.root / "pipe"));
  CHECK(here.of("stat ."));
  // Outside of the module a directory in a directory may lead to everything.
  const auto outside = temp_directory();
  std::filesystem::create_directory_symlink(outside.path(), here.root / "away");
  const std::string into = "chdir " + outside.path().native();
  write_old(outside.path() / "file", "");
  CHECK(here.of(into));
  CHECK(here.of("stat away"));
  REQUIRE(sys::make_directories(outside.path() / "sub"));
  CHECK_FALSE(here.of(into));
  CHECK_FALSE(here.of("stat away"));
  CHECK(here.of("stat d"));
}

TEST_CASE("the order of a log and lines that come again are no content") {
  Consulted here;
  const auto once = here.of("open f\nstat d\ngetenv SET");
  CHECK(once == here.of("getenv SET\nstat d\nopen f\nstat d"));
  CHECK(once != here.of("open f\nstat d"));
}

TEST_CASE("of git's own directory in a listed one only the commit counts") {
  Consulted here;
  write_old(here.root / ".git/HEAD", std::string(40, 'a'));
  write_old(here.root / ".git/index", "times");
  const auto before = here.of("open .");
  const auto named = here.of("open .git");
  const auto looked = here.of("stat .git");
  write_old(here.root / ".git/index", "other");
  CHECK(here.of("open .") == before);
  CHECK(here.of("open .git") != named);
  CHECK(here.of("stat .git") != looked);
  write_old(here.root / ".git/HEAD", std::string(40, 'b'));
  CHECK(here.of("open .") != before);
}

TEST_CASE("a umask that leaves nothing for others is not forgiven") {
  Consulted here;
  REQUIRE(::chmod((here.root / "f").c_str(), 0600) == 0);
  here.umask = 077;
  const auto closed = here.of("open f");
  REQUIRE(::chmod((here.root / "f").c_str(), 0644) == 0);
  here.umask = 022;
  CHECK(here.of("open f") != closed);
}

TEST_CASE("a test that asks for its directory is bound to it") {
  Consulted one;
  Consulted other;
  CHECK(one.of("open f") == other.of("open f"));
  CHECK(one.of("getenv PWD") != other.of("getenv PWD"));
}

TEST_CASE("a variable counts with its value, and GOFLAGS without what sluice adds") {
  Consulted here;
  const auto set = here.of("getenv SET");
  here.env.set("SET", "other");
  CHECK(here.of("getenv SET") != set);
  here.env.set("SET", "");
  const auto empty = here.of("getenv SET");
  here.env.unset("SET");
  CHECK(here.of("getenv SET") != empty);

  const auto none = here.of("getenv GOFLAGS");
  here.env.set("GOFLAGS", "-toolexec=/x/toolexec/0123/sluice-toolexec");
  CHECK(here.of("getenv GOFLAGS") == none);
  here.env.set("GOFLAGS", "-mod=mod");
  const auto own = here.of("getenv GOFLAGS");
  CHECK(own != none);
  here.env.set("GOFLAGS", "-mod=mod -toolexec=/y/sluice-toolexec");
  CHECK(here.of("getenv GOFLAGS") == own);
  const auto nothing = here.of("");
  here.env.set("GODEBUG", "x=1");
  CHECK(here.of("") != nothing);
}

TEST_CASE("the keys differ by what they are of") {
  const ActionId test = action_of("test");
  const auto print = sha256_as<Fingerprint>(bytes_of("f"));
  CHECK(result_key(test, print) != result_key(action_of("other"), print));
  CHECK(result_key(test, print) != result_key(test, Fingerprint{}));
  CHECK(inputs_record_key(test) != inputs_record_key(action_of("other")));
  CHECK(go_result_key(test, TestInputsId{}) == subkey(test, "inputs:" + std::string(64, '0')));
  CHECK(cover_profile_key(test) == subkey(test, "coverprofile"));
}

TEST_CASE(
    "files that a test has just been given are too young, directories and variables are not") {
  const auto directory = temp_directory();
  const auto path = [&directory](const char* name) { return (directory.path() / name).native(); };
  REQUIRE(sys::write_file_atomic(path("new"), bytes_of("new")));
  write_old(path("old"), "old");
  const std::vector<TestInput> inputs = {
      {TestOp::open, path("new"), "new"},       {TestOp::open, path("old"), "old"},
      {TestOp::stat, path("new"), "new"},       {TestOp::open, directory.path().native(), "."},
      {TestOp::open, path("absent"), "absent"}, {TestOp::getenv, "HOME", "HOME"}};
  Snapshot files;
  const auto young = too_young(inputs, files, unix_now_ns());
  REQUIRE(young.size() == 1);
  CHECK(young.front().name == "new");
  constexpr UnixNanos k_second_ns = 1'000'000'000;
  CHECK(too_young(inputs, files, unix_now_ns() + 2 * k_second_ns).empty());
}
