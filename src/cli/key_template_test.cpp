#include "cli/key_template.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

struct Fixture {
  sys::TempDirectory temporary = *sys::TempDirectory::create("keys");
  Setup setup;
  sys::Environment env;

  Fixture() {
    setup.working_directory = temporary.path();
    setup.go.version = "go1.26.8";
    env.set("NAME", "x y");
    write("Cargo.lock", "lock");
    write("a/b/Cargo.lock", "inner");
    write("a/.git/Cargo.lock", "not this one");
  }
  void write(std::string_view name, std::string_view text) const {
    REQUIRE(sys::make_directories((temporary.path() / name).parent_path()));
    REQUIRE(sys::write_file_atomic(temporary.path() / name, bytes_of(text)));
  }
  std::string key(std::string_view text) const {
    const auto expanded = expand_key(text, setup, env);
    return expanded ? *expanded : "error: " + expanded.error().message;
  }
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("keys: what stands for what") {
  const Fixture at;
  CHECK(at.key("plain") == "plain");
  CHECK(at.key("{{x}}-{env:NAME}-{go}") == "{x}-x y-go1.26.8");
  CHECK(at.key("{os}") == "linux");
  Fixture other;
  other.env.set("GOARCH", "arm64");
  other.env.set("CARGO_BUILD_TARGET", "aarch64-unknown-linux-gnu");
  CHECK(other.key("{goarch} {triple}") == "arm64 aarch64-unknown-linux-gnu");
}

TEST_CASE("keys: a hash follows names and contents") {
  const Fixture at;
  const std::string one = at.key("{hash:Cargo.lock}");
  CHECK(one.size() == k_key_hash_digits);
  CHECK(at.key("{hash: Cargo.lock }") == one);
  const std::string all = at.key("{hash:**/Cargo.lock}");
  CHECK(all != one);
  CHECK(at.key("{hash:a/*/Cargo.lock}") == at.key("{hash:a/b/Cargo.lock}"));
  at.write("a/.git/Cargo.lock", "whatever");
  CHECK(at.key("{hash:**/Cargo.lock}") == all);
  at.write("a/b/Cargo.lock", "changed");
  CHECK(at.key("{hash:**/Cargo.lock}") != all);
  CHECK(at.key("{hash:Cargo.lock}") == one);
  CHECK(at.key("{hash:Cargo.lock,a/b/Cargo.lock}") != at.key("{hash:a/b/Cargo.lock,Cargo.lock}"));
}

TEST_CASE("keys: what is wrong is said with its place") {
  const Fixture at;
  CHECK(has(at.key("a{hash"), "character 2: a { without its }"));
  CHECK(has(at.key("ab}"), "character 3: a } without its {"));
  CHECK(has(at.key("{hsh:x}"), "{hsh:x} is none of hash:FILE"));
  CHECK(has(at.key("{env:ABSENT}"), "ABSENT is not set"));
  CHECK(has(at.key("{hash:absent}"), "no file is absent in "));
  CHECK(has(at.key("{hash:**/absent}"), "no file is **/absent in "));
  CHECK(has(at.key("{hash:}"), "no file is named"));
  CHECK(has(at.key(""), "1 to 512 bytes"));
  CHECK(has(at.key("a\nb"), "control characters"));
}

}  // namespace sluice::cli
