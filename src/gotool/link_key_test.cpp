#include "gotool/link_key.hpp"

#include "gotool/tool_memo.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

// A link with one package of the local tier and one that was compiled in this run.
struct Fixture {
  sys::TempDirectory root = *sys::TempDirectory::create("sluice-link-key-");
  sys::Path tier = root.path() / "tier";
  BlobId linker = sha256_as<BlobId>(bytes_of("linker"));
  BlobId cached = sha256_as<BlobId>(bytes_of("cached"));
  sys::Environment env;
  LinkCommand command;
  ImportConfig imports;

  Fixture() {
    env.set("GOOS", "linux");
    env.set("GOARCH", "amd64");
    env.set("GOROOT", "/usr/local/go");
    put("main.a", "main");
    put("compiled.a", "compiled");
    command.main_archive = (root.path() / "main.a").native();
    command.extld = {"gcc"};
    command.kept_words = {"-o", "-importcfg", "-buildid=a/b/c/d", "-s"};
    imports.lines = {{"fmt", cached_file().native(), ""},
                     {"m/x", (root.path() / "compiled.a").native(), ""},
                     {"", "", "modinfo \"x\""}};
  }
  sys::Path cached_file() const { return tier / cached.hex().substr(0, 2) / (cached.hex() + "-d"); }
  void put(const char* name, std::string_view text) const {
    REQUIRE(sys::write_file_atomic(root.path() / name, bytes_of(text)));
  }
  ActionId id() const { return whole().id; }
  LinkKey whole() const {
    auto key = make_link_key(command, imports, linker, env, tier);
    REQUIRE(key);
    return std::move(*key);
  }
};

}  // namespace

TEST_CASE("a name of the local tier is its digest, and only such a name") {
  const Fixture fixture;
  const std::string hex = fixture.cached.hex();
  CHECK(digest_in_name(fixture.cached_file(), fixture.tier) == fixture.cached);
  CHECK(digest_in_name(fixture.tier / "00" / (hex + "-d"), fixture.tier) == std::nullopt);
  CHECK(digest_in_name(fixture.tier / hex.substr(0, 2) / (hex + "-a"), fixture.tier) ==
        std::nullopt);
  CHECK(digest_in_name("/elsewhere/" + hex.substr(0, 2) + "/" + hex + "-d", fixture.tier) ==
        std::nullopt);
  CHECK(digest_in_name(fixture.tier / ".." / hex.substr(0, 2) / (hex + "-d"), fixture.tier) ==
        std::nullopt);
}

TEST_CASE("the same link has the same key, wherever its work directory is") {
  Fixture fixture;
  const LinkKey key = fixture.whole();
  REQUIRE(key.trusted.size() == 1);
  CHECK(key.trusted[0].digest == fixture.cached);
  CHECK(key.trusted[0].path == fixture.cached_file());
  const Fixture other;  // another directory for everything
  CHECK(other.id() == key.id);
  // A package is the same whether it was just compiled or is in the cache.
  fixture.put("fmt.a", "cached");
  fixture.imports.lines[0].file = (fixture.root.path() / "fmt.a").native();
  CHECK(fixture.id() == key.id);
  CHECK(fixture.whole().trusted.empty());
}

TEST_CASE("every part of the key counts") {
  const ActionId key = Fixture().id();
  const auto changed = [&key](auto change) {
    Fixture fixture;
    change(fixture);
    return fixture.id() != key;
  };
  CHECK(changed([](Fixture& f) { f.linker = sha256_as<BlobId>(bytes_of("other")); }));
  CHECK(changed([](Fixture& f) { f.command.kept_words.push_back("-w"); }));
  CHECK(changed([](Fixture& f) { f.command.kept_words[2] = "-buildid=a/b/c/e"; }));
  CHECK(changed([](Fixture& f) { f.command.kept_words = {"-o", "-importcfg", "-s"}; }));
  CHECK(changed([](Fixture& f) { f.put("main.a", "main changed"); }));
  CHECK(changed([](Fixture& f) { f.put("compiled.a", "compiled otherwise"); }));
  CHECK(changed([](Fixture& f) { f.imports.lines[1].package = "m/y"; }));
  CHECK(changed([](Fixture& f) { f.imports.lines[2].text = "modinfo \"y\""; }));
  CHECK(changed([](Fixture& f) { f.imports.lines.pop_back(); }));
  CHECK(changed([](Fixture& f) {
    f.cached = sha256_as<BlobId>(bytes_of("another"));
    f.imports.lines[0].file = f.cached_file().native();
  }));
  for (const std::string_view name : k_linker_variables) {
    INFO(name);
    if (name == "GOOS") continue;
    CHECK(changed([name](Fixture& f) { f.env.set(name, "v2"); }));
  }
  CHECK(changed([](Fixture& f) { f.env.unset("GOROOT"); }));
  CHECK(changed([](Fixture& f) { f.env.set("GOROOT", ""); }));
  CHECK_FALSE(changed([](Fixture& f) { f.env.set("CI_JOB_ID", "7"); }));
}

TEST_CASE("C objects add the compiler's library, on platforms where that is understood") {
  Fixture fixture;
  const ActionId plain = fixture.id();
  fixture.imports.may_have_host_objects = true;
  fixture.command.extld = {"/nonexistent/cc"};
  CHECK(fixture.id() != plain);
  const ActionId without = fixture.id();
  fixture.put("libgcc.a", "library");
  fixture.put("cc", "");
  const sys::Path compiler = fixture.root.path() / "cc";
  REQUIRE(sys::write_file_atomic(
      compiler,
      bytes_of("#!/bin/sh\n[ \"$*\" = '-x -m64 --print-libgcc-file-name' ] && echo " +
               (fixture.root.path() / "libgcc.a").native() + "\n"),
      0755));
  fixture.env.set("PATH", "/bin:/usr/bin");
  fixture.command.extld = {compiler.native(), "-x"};
  const ActionId with = fixture.id();
  CHECK(with != without);
  fixture.put("libgcc.a", "another library");
  CHECK(fixture.id() != with);
  fixture.command.has_extldflags = true;
  CHECK_FALSE(
      make_link_key(fixture.command, fixture.imports, fixture.linker, fixture.env, fixture.tier));
}

TEST_CASE("a file that is gone is an error") {
  Fixture fixture;
  fixture.imports.lines[1].file = "/nonexistent/x.a";
  CHECK_FALSE(
      make_link_key(fixture.command, fixture.imports, fixture.linker, fixture.env, fixture.tier));
}

}  // namespace sluice::gotool
