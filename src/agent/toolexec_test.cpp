#include "agent/toolexec.hpp"

#include "agent/client.hpp"
#include "agent/testing.hpp"
#include "base/strings.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

namespace sluice::agent {

using namespace testing;

namespace {

// A GOROOT whose linker is a script: it copies the main archive to -o. Every run_toolexec() is a
// process of its own, as go starts it: this test program, told what to do by its environment.
class Toolchain {
 public:
  Toolchain() {
    machine.config.link_directory = machine.config.cache_directory / "link";
    REQUIRE(sys::make_directories(tool("link").parent_path()));
    REQUIRE(sys::make_directories(work / "b001"));
    set_linker("");
    write(work / "b001/main.a", std::string("!<arch>\n") + header("_go_.o", "go object x\n"));
    write(work / "b001/importcfg.link",
          "packagefile main=" + (work / "b001/main.a").native() + "\nmodinfo \"m\"\n");
  }

  static void write(const sys::Path& path, std::string_view text, std::uint32_t mode = 0644) {
    REQUIRE(sys::write_file_atomic(path, bytes_of(text), mode));
  }
  static std::string header(std::string name, const std::string& body) {
    const auto padded = [](std::string text, std::size_t width) {
      text.resize(width, ' ');
      return text;
    };
    return padded(std::move(name), 16) + padded("0", 12) + padded("0", 6) + padded("0", 6) +
           padded("644", 8) + padded(std::to_string(body.size()), 10) + "`\n" + body;
  }
  sys::Path tool(const char* name) const {
    return machine.path() / "go/pkg/tool/linux_amd64" / name;
  }
  // `more` runs before the program is made.
  void set_linker(const std::string& more, const std::string& release = "1.26.8") const {
    write(tool("link"),
          "#!/bin/sh\nif [ \"$1\" = -V=full ]; then echo link version go" + release +
              "; exit; fi\necho x >> " + (machine.path() / "linked").native() +
              "\nfor last; do :; done\n" + more + "\ncp \"$last\" \"$2\"\n",
          0755);
  }
  std::uint64_t linked() const {
    const auto info = sys::stat_file(machine.path() / "linked");
    return info && *info ? (*info)->size / 2 : 0;
  }

  std::vector<std::string> link_words() const {
    return {tool("link").native(),
            "-o",
            out.native(),
            "-importcfg",
            (work / "b001/importcfg.link").native(),
            "-buildmode=exe",
            "-buildid=a/b/c/d",
            (work / "b001/main.a").native()};
  }
  sys::Captured run(const std::vector<std::string>& words) const {
    sys::SpawnOptions options;
    options.program = *sys::own_executable();
    options.arguments = {options.program.native(), "-tc=toolexec in a process of its own",
                         "--no-intro", "--no-version"};
    options.environment = env_with(words);
    auto captured = sys::run_captured(options, soon());
    REQUIRE(captured);
    return std::move(*captured);
  }
  Counters counted() const { return take_report(machine.config); }

  Machine machine;
  sys::Environment env = machine.env;
  sys::Path work = machine.path() / "go-build7";
  sys::Path out = machine.path() / "a.out";

 private:
  sys::Environment env_with(const std::vector<std::string>& words) const {
    sys::Environment all = env;
    all.set("PATH", "/usr/bin:/bin");
    all.set("GOOS", "linux");
    all.set("GOARCH", "amd64");
    all.set(k_session_variable, machine.config.encode());
    all.set("SLUICE_TEST_TOOLEXEC", sluice::join(words, "\n"));
    return all;
  }
};

std::string content(const sys::Path& path) {
  const auto bytes = sys::read_file(path, 1U << 20U);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string("absent");
}

}  // namespace

TEST_CASE("toolexec in a process of its own") {
  const sys::Environment env = sys::Environment::of_process();
  const auto text = env.get("SLUICE_TEST_TOOLEXEC");
  if (!text) return;  // not the child
  std::vector<std::string> words;
  for (const std::string_view word : split(*text, '\n')) words.emplace_back(word);
  ::_exit(run_toolexec(words, env));
}

TEST_CASE("a link is made once and placed afterwards") {
  const Toolchain go;
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 1);
  const std::string program = content(go.out);
  CHECK(program != "absent");
  Counters counters = go.counted();
  CHECK(counters.links == 1);
  CHECK(counters.link_misses == 1);
  CHECK(counters.faults.empty());
  REQUIRE(sys::remove_file(go.out));
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 1);
  CHECK(content(go.out) == program);
  counters = go.counted();
  CHECK(counters.link_hits_local == 1);
  CHECK(counters.link_misses == 0);
  Toolchain::write(go.work / "b001/main.a", std::string("!<arch>\n"));
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 2);
}

TEST_CASE("a failing link is not kept, and says what it said") {
  const Toolchain go;
  go.set_linker("echo broken; exit 3");
  for (std::uint64_t i = 1; i <= 2; ++i) {
    const auto run = go.run(go.link_words());
    CHECK(run.status.code == 3);
    CHECK(run.output == "broken\n");
    CHECK(go.linked() == i);
  }
  go.set_linker("kill -9 $$");
  CHECK(go.run(go.link_words()).status.signal == 9);
}

TEST_CASE("what a good link said is said again, unless it names the work directory") {
  const Toolchain go;
  go.set_linker("echo careful");
  CHECK(go.run(go.link_words()).output == "careful\n");
  CHECK(go.run(go.link_words()).output == "careful\n");
  CHECK(go.linked() == 1);
  go.set_linker("echo careful with $last");
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 3);
}

TEST_CASE("what may not be cached is linked by the tool itself") {
  const Toolchain go;
  const auto links_twice = [&go](const std::vector<std::string>& words) {
    const std::uint64_t before = go.linked();
    (void)go.run(words);
    (void)go.run(words);
    const Counters counters = go.counted();
    CHECK(counters.link_uncached == 2);
    CHECK(counters.link_misses == 0);
    CHECK(counters.link_hits_local == 0);
    CHECK(counters.faults.empty());
    return go.linked() == before + 2;
  };
  auto words = go.link_words();
  words.insert(words.begin() + 5, "-linkmode=external");
  CHECK(links_twice(words));
  go.set_linker("", "1.99.1");
  CHECK(links_twice(go.link_words()));
  go.set_linker("");
  Toolchain::write(go.work / "b001/main.a", std::string("!<arch>\n") + Toolchain::header("x.o",
                                                                                         "\x7f"
                                                                                         "ELF"));
  CHECK(links_twice(go.link_words()));
}

TEST_CASE("whatever is wrong with the cache, the tool is run") {
  const Toolchain go;
  Toolchain broken;
  broken.machine.config.link_directory = "/proc/none";
  CHECK(broken.run(broken.link_words()).status.code == 0);
  CHECK(broken.linked() == 1);
  CHECK(broken.counted().faults.contains("link-cache"));
  CHECK(go.run(go.link_words()).status.code == 0);
  // A damaged program in the cache.
  std::vector<sys::Path> programs;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(go.machine.config.link_directory)) {
    if (entry.path().native().ends_with("-d")) programs.push_back(entry.path());
  }
  CHECK(programs.size() == 2);
  for (const sys::Path& program : programs) {
    if (content(program).starts_with("!<arch>")) {
      Toolchain::write(program, std::string(content(program).size(), 'x'));
    }
  }
  REQUIRE(sys::remove_file(go.out));
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(content(go.out).starts_with("!<arch>"));
  CHECK(go.counted().faults.contains("link-cache"));
  REQUIRE(sys::remove_file(go.out));
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 2);
}

TEST_CASE("a file of the local tier that is not what it is named keeps the result out") {
  const Toolchain go;
  const std::string body = content(go.work / "b001/main.a");
  const BlobId right = sha256_as<BlobId>(bytes_of(body));
  const sys::Path file =
      go.machine.config.local_tier / right.hex().substr(0, 2) / (right.hex() + "-d");
  REQUIRE(sys::make_directories(file.parent_path()));
  std::string damaged = body;
  damaged.back() = '?';
  Toolchain::write(file, damaged);
  Toolchain::write(go.work / "b001/importcfg.link", "packagefile main=" + file.native() + "\n");
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.counted().faults.contains("link-cache"));
  Toolchain::write(file, body);
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 2);
  // And now it is known, even through a damaged file.
  Toolchain::write(file, damaged);
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 2);
}

TEST_CASE("with verify a hit is made again and compared") {
  Toolchain go;
  CHECK(go.run(go.link_words()).status.code == 0);
  go.machine.config.verify_share = 1;
  CHECK(go.run(go.link_words()).status.code == 0);
  CHECK(go.linked() == 2);
  Counters counters = go.counted();
  CHECK(counters.verify_checked == 1);
  CHECK(counters.verify_mismatched == 0);
}

TEST_CASE("versions come from the memo, other tools are started") {
  const Toolchain go;
  const auto version = [&go] { return go.run({go.tool("link").native(), "-V=full"}).output; };
  CHECK(version() == "link version go1.26.8\n");
  CHECK(version() == "link version go1.26.8\n");
  CHECK(go.run({"echo", "a", "b"}).output == "a b\n");
  CHECK(go.run({"/nonexistent/compile", "-x"}).status.code == 127);
  CHECK(go.run({"sh", "-c", "exit 9"}).status.code == 9);
}

}  // namespace sluice::agent
