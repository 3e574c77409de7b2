#include "cli/store_care.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice::cli {
namespace {

Invocation good(const std::vector<std::string>& words) {
  const auto invocation = parse_words(words);
  REQUIRE_MESSAGE(invocation.has_value(), (invocation ? "" : invocation.error().message));
  return *invocation;
}

TEST_CASE("which domains are looked after, and when a store is not") {
  const auto directory = sys::TempDirectory::create("sluice-care-");
  REQUIRE(directory.has_value());
  const sys::Path root = directory->path() / "store";
  REQUIRE(sys::make_directories(root / "trusted/v1/probe").has_value());
  REQUIRE(sys::write_file_atomic(root / "trusted/v1/probe/conditions", {}).has_value());
  sys::Environment env;
  env.set("HOME", directory->path().string());
  env.set("SLUICE_STORE", "file://" + root.string());
  auto care = care_for_store(good({"gc", "remote"}), env, "gc remote", true);
  REQUIRE_MESSAGE(care.has_value(), (care ? "" : care.error().message));
  CHECK(care->domains == std::vector<std::string>{"trusted"});
  care = care_for_store(good({"gc", "remote", "--trust-domain", "fork"}), env, "gc remote", true);
  CHECK(care->domains == std::vector<std::string>{"fork"});
  env.set("SLUICE_READ_ONLY", "1");
  CHECK(care_for_store(good({"gc", "remote"}), env, "gc remote", false).has_value());
  care = care_for_store(good({"gc", "remote"}), env, "gc remote", true);
  REQUIRE_FALSE(care.has_value());
  CHECK(care.error().code == Code::invalid);
  CHECK(care.error().message == "gc remote: the store is read-only (SLUICE_READ_ONLY)");
  env.set("SLUICE_NO_REMOTE", "1");
  care = care_for_store(good({"gc", "remote"}), env, "gc remote", false);
  CHECK(care.error().message == "gc remote: no store is used (SLUICE_NO_REMOTE)");
}

}  // namespace
}  // namespace sluice::cli
