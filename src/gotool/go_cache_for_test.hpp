// Helpers that the tests of this room share: a cache directory, ids, and real go where there is
// one.
//
// Header-only, included by *_test.cpp files alone; each function may be called from any thread. A
// helper that fails reports it through doctest.
#pragma once

#include "base/digest.hpp"
#include "gotool/local_tier.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gotool {

inline ActionId action_of(std::string_view text) { return sha256_as<ActionId>(bytes_of(text)); }
inline BlobId blob_of(std::string_view text) { return sha256_as<BlobId>(bytes_of(text)); }

inline sys::TempDirectory temp_directory() {
  auto directory = sys::TempDirectory::create("gotool_test");
  REQUIRE(directory);
  return std::move(*directory);
}

// A cache directory whose subdirectories are made when they are needed: 256 at once cost more than
// most tests.
inline LocalTier lazy_tier(const sys::Path& directory) {
  REQUIRE(sys::make_directories(directory / "ff"));
  auto tier = LocalTier::open(directory);
  REQUIRE(tier);
  return std::move(*tier);
}

inline std::string content_of(const sys::Path& path) {
  const auto bytes = sys::read_file(path, std::uint64_t{1} << 30U);
  REQUIRE(bytes);
  return *bytes ? std::string(text_of(**bytes)) : std::string("(absent)");
}

inline void set_age(const sys::Path& path, std::chrono::seconds age) {
  const auto age_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(age).count();
  REQUIRE(sys::touch(path, unix_now_ns() - age_ns));
}

// A file with its directories, old enough for go to keep what depends on it.
inline void write_old(const sys::Path& file, std::string_view text) {
  REQUIRE(sys::make_directories(file.parent_path()));
  REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
  set_age(file, std::chrono::hours(1));
}

inline std::chrono::seconds age_of(const sys::Path& path) {
  const auto info = sys::stat_file(path);
  REQUIRE(info);
  REQUIRE(*info);
  return std::chrono::seconds((unix_now_ns() - (*info)->mtime_ns) / 1'000'000'000);
}

// Names of all regular files below, relative; for checks that nothing was left behind.
inline std::vector<std::string> files_below(const sys::Path& root) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(root).native());
  }
  return names;
}

// A real go, for tests that compare with it.
struct RealGo {
  sys::Path program;

  static std::optional<RealGo> find() {
    const auto path = sys::find_in_path("go", sys::Environment::of_process());
    if (!path) {
      MESSAGE("no go in PATH: the comparison with it is skipped");
      return std::nullopt;
    }
    return RealGo{*path};
  }

  // Runs go there with this cache; its standard output. `ok` says whether it exited with 0.
  std::string run(const std::vector<std::string>& words, const sys::Path& directory,
                  const sys::Path& gocache, bool& ok) const {
    sys::SpawnOptions options;
    options.program = program;
    options.arguments = {"go"};
    options.arguments.insert(options.arguments.end(), words.begin(), words.end());
    options.environment = sys::Environment::of_process();
    options.environment.set("GOCACHE", gocache.native());
    options.environment.set("GOFLAGS", "");
    options.environment.set("GOTOOLCHAIN", "local");
    options.environment.unset("GOCACHEPROG");
    options.working_directory = directory;
    const auto result =
        sys::run_captured(options, Deadline::after(std::chrono::milliseconds(180'000)));
    ok = result && result->status.success();
    return result ? result->output : result.error().message;
  }
};

// One small program, built once for all tests of the binary: `module` is its source, `gocache` what
// go stored, `program` what it linked. Null, with a message, where there is no go.
struct RealBuild {
  sys::TempDirectory directory = temp_directory();
  RealGo go;
  sys::Path module = directory.path() / "hello";
  sys::Path gocache = directory.path() / "cache";
  sys::Path program = directory.path() / "program";

  explicit RealBuild(RealGo found) : go(std::move(found)) {
    REQUIRE(sys::make_directories(module));
    REQUIRE(sys::write_file_atomic(module / "go.mod", bytes_of("module hello\n\ngo 1.21\n")));
    constexpr std::string_view k_main =
        "package main\n\nimport \"errors\"\n\n"
        "func main() { println(errors.New(\"hello\").Error()) }\n";
    REQUIRE(sys::write_file_atomic(module / "main.go", bytes_of(k_main)));
    // Within two seconds of its writing go does not index a package.
    for (const char* name : {"go.mod", "main.go"}) set_age(module / name, std::chrono::hours(1));
    bool ok = false;
    go.run({"build", "-o", program.native(), "."}, module, gocache, ok);
    REQUIRE(ok);
  }

  static const RealBuild* get() {
    static const std::unique_ptr<RealBuild> build = [] {
      auto found = RealGo::find();
      return found ? std::make_unique<RealBuild>(std::move(*found)) : nullptr;
    }();
    return build.get();
  }
};

}  // namespace sluice::gotool
