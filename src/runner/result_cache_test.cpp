#include "runner/result_cache.hpp"

#include "gotool/local_tier.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>

namespace sluice::runner {
namespace {

constexpr std::string_view k_output = "ok  \tm/p\t0.012s\n";
constexpr std::string_view k_log = "# test log\n\ngetenv WHO\nopen testdata/a\n";

PackageWords usual_words() {
  PackageWords words;
  words.arguments = {"-test.timeout=10m0s"};
  return words;
}

// A checkout whose file is old enough, and a cache beside it.
class Place {
 public:
  Place() : made_(*sys::TempDirectory::create("results")) {
    REQUIRE(sys::make_directories(directory() / "testdata"));
    write("a");
    REQUIRE(sys::write_file_atomic(log(), bytes_of(k_log)));
    env.set("WHO", "me");
  }

  sys::Path directory() const { return made_.path() / "m" / "p"; }
  sys::Path log() const { return made_.path() / "log"; }
  void write(std::string_view text) const {
    const sys::Path file = directory() / "testdata" / "a";
    REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
    std::filesystem::last_write_time(
        file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  gotool::TestPackage package() const {
    gotool::TestPackage one;
    one.import_path = "m/p";
    one.directory = directory();
    one.root = made_.path() / "m";
    one.has_tests = true;
    one.files = {"testdata/a"};
    return one;
  }
  ResultCache cache() const {
    auto tier = gotool::LocalTier::open(gocache());
    REQUIRE(tier);
    return ResultCache(
        {[tier = *tier](const ActionId& action) {
           auto hit = tier.find(action);
           return hit ? *hit : std::nullopt;
         },
         [tier = *tier](const ActionId& action, ByteView body) {
           return tier.put(action, sha256_as<BlobId>(body), body, unix_now_ns()).has_value();
         }},
        {"go1.26.8", env, has_profile, vet, gocache()});
  }
  sys::Path gocache() const { return made_.path() / "cache"; }

  sys::Environment env;
  std::string vet;
  bool has_profile = false;

 private:
  sys::TempDirectory made_;
};

}  // namespace

TEST_CASE("result cache: what was kept is found while all that the test consulted is the same") {
  Place place;
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
  place.cache().keep(place.package(), "abc", usual_words(), place.log(),
                     {std::string(k_output), std::nullopt});
  const auto found = place.cache().find(place.package(), "abc", usual_words());
  REQUIRE(found);
  CHECK(found->output == "ok  \tm/p\t(cached)\n");
  CHECK_FALSE(found->profile);
  CHECK_FALSE(place.cache().find(place.package(), "abd", usual_words()));
  PackageWords other = usual_words();
  other.arguments = {"-test.run=X"};
  CHECK_FALSE(place.cache().find(place.package(), "abc", other));
  other = usual_words();
  other.keeps_results = false;
  CHECK_FALSE(place.cache().find(place.package(), "abc", other));
  other.keeps_results = true;
  other.env = {{"WHO", "somebody"}};
  CHECK_FALSE(place.cache().find(place.package(), "abc", other));
  other.env = {{"NOT_READ", "x"}};
  CHECK(place.cache().find(place.package(), "abc", other));
  place.env.set("WHO", "you");
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
  place.env.set("WHO", "me");
  place.write("ab");
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
}

TEST_CASE("result cache: with a profile a result is only found where that is") {
  Place place;
  place.cache().keep(place.package(), "abc", usual_words(), place.log(),
                     {std::string(k_output), std::nullopt});
  place.has_profile = true;
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
  place.cache().keep(place.package(), "abc", usual_words(), place.log(),
                     {std::string(k_output), "mode: set\n"});
  const auto found = place.cache().find(place.package(), "abc", usual_words());
  REQUIRE(found);
  CHECK(found->profile == "mode: set\n");
}

TEST_CASE("result cache: what vet found nothing in, while the sources are the same") {
  Place place;
  CHECK_FALSE(place.cache().is_vetted(place.package(), "abc"));
  place.cache().keep_vetted(place.package(), "abc");
  CHECK(place.cache().is_vetted(place.package(), "abc"));
  CHECK_FALSE(place.cache().is_vetted(place.package(), "abd"));
  place.vet = "printf";
  CHECK_FALSE(place.cache().is_vetted(place.package(), "abc"));
  place.vet.clear();
  place.write("b");
  CHECK_FALSE(place.cache().is_vetted(place.package(), "abc"));
  gotool::TestPackage gone = place.package();
  gone.files = {"none"};
  place.cache().keep_vetted(gone, "abc");
  CHECK_FALSE(place.cache().is_vetted(gone, "abc"));
}

TEST_CASE("result cache: go clean -testcache ends what was kept before") {
  const Place place;
  place.cache().keep(place.package(), "abc", usual_words(), place.log(),
                     {std::string(k_output), std::nullopt});
  const auto expire = [&](UnixNanos at) {
    const std::string text = std::to_string(at) + "\n";
    REQUIRE(sys::write_file_atomic(place.gocache() / "testexpire.txt", bytes_of(text)));
  };
  expire(unix_now_ns() + 1);
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
  expire(unix_now_ns() - 3'600'000'000'000);
  CHECK(place.cache().find(place.package(), "abc", usual_words()));
}

TEST_CASE("result cache: nothing is kept of a package outside of modules, or without a whole log") {
  const Place place;
  gotool::TestPackage outside = place.package();
  outside.root.clear();
  place.cache().keep(outside, "abc", usual_words(), place.log(),
                     {std::string(k_output), std::nullopt});
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
  place.cache().keep(place.package(), "abc", usual_words(), place.directory() / "none",
                     {std::string(k_output), std::nullopt});
  REQUIRE(sys::write_file_atomic(place.log(), bytes_of("# test log\nopen x")));
  place.cache().keep(place.package(), "abc", usual_words(), place.log(),
                     {std::string(k_output), std::nullopt});
  CHECK_FALSE(place.cache().find(place.package(), "abc", usual_words()));
}

}  // namespace sluice::runner
