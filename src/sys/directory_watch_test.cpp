#include "sys/directory_watch.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

using namespace sluice;
using namespace sluice::sys;
using namespace std::chrono_literals;

namespace {

struct Watched {
  TempDirectory directory;
  DirectoryWatch watch;

  static Watched make() {
    auto directory = TempDirectory::create("watch");
    REQUIRE(directory);
    std::ofstream(directory->path() / "before") << "x";
    auto watch = DirectoryWatch::create(directory->path());
    REQUIRE(watch);
    return {std::move(*directory), std::move(*watch)};
  }
  std::string names() {
    auto ready = watch.wait(Deadline::after(5s));
    REQUIRE(ready);
    CHECK_FALSE(ready->has_lost);
    return join(ready->names, " ");
  }
};

}  // namespace

TEST_CASE("a watched directory: what is written, renamed into it and touched is ready") {
  Watched one = Watched::make();
  std::ofstream(one.directory.path() / "written") << "x";
  CHECK(one.names() == "written");
  std::filesystem::rename(one.directory.path() / "written", one.directory.path() / "renamed");
  CHECK(one.names() == "renamed");
  const Path before = one.directory.path() / "before";
  CHECK(::utimensat(AT_FDCWD, before.c_str(), nullptr, 0) == 0);
  CHECK(one.names() == "before");
}

TEST_CASE("a watched directory: what is being written is not ready, and nothing is nothing") {
  Watched one = Watched::make();
  std::ofstream file(one.directory.path() / "a.test");
  file << "half" << std::flush;
  CHECK(one.watch.wait(Deadline::after(0ms))->names.empty());
  file.close();
  CHECK(one.names() == "a.test");
}

TEST_CASE("a watched directory: several come in order, also to one that waits already") {
  Watched one = Watched::make();
  std::thread writer([&] {
    for (const char* name : {"a", "b", "c"}) std::ofstream(one.directory.path() / name) << name;
  });
  std::string all;
  while (!all.ends_with('c')) all += " " + one.names();
  writer.join();
  CHECK(all == " a b c");
}

TEST_CASE("a watched directory: one that is none") {
  const auto made = TempDirectory::create("watch");
  REQUIRE(made);
  std::ofstream(made->path() / "file") << "x";
  for (const char* name : {"absent", "file"}) {
    const auto watch = DirectoryWatch::create(made->path() / name);
    REQUIRE_FALSE(watch);
    CHECK(watch.error().message.find(name) != std::string::npos);
  }
}
