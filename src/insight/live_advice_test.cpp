#include "insight/live_advice.hpp"

#include "base/bytes.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

constexpr UnixNanos k_day_ns = UnixNanos{24} * 3600 * 1'000'000'000;

EnvironmentFacts clean() {
  EnvironmentFacts facts;
  facts.gocache = "/home/u/.cache/go-build";
  facts.file_system = sys::FileSystemKind{"local", sys::FileSystemPlace::local};
  facts.go_version = "go1.26.5";
  facts.checkout = "/home/u/shop";
  facts.module = module_facts("module m\n\ngo 1.24\n", "go.mod");
  return facts;
}

std::string shown(const EnvironmentFacts& facts) {
  std::string all;
  for (const Finding& finding : advise_on_environment(facts)) {
    all += std::string(name_of(finding.severity)) + " " + finding.id + " " + finding.where() + "\n";
    CHECK_FALSE(finding.fix.empty());
    CHECK_FALSE(finding.why().empty());
    CHECK(finding.fix.find('\n') == std::string::npos);
  }
  return all;
}

TEST_CASE("an environment in order has nothing to say") {
  CHECK(shown(clean()).empty());
  CHECK(shown({}).empty());
}

TEST_CASE("GOCACHE in a bad place") {
  EnvironmentFacts facts = clean();
  facts.file_system = sys::file_system_kind(0x6969);
  CHECK(shown(facts) == "may-miss gocache-network-fs GOCACHE\n");
  facts = clean();
  facts.gocache = "/tmp/go-build";
  CHECK(shown(facts) == "note gocache-in-tmp GOCACHE\n");
  facts.gocache_is_said = true;
  CHECK(shown(facts) == "may-miss gocache-in-tmp GOCACHE\n");
  facts.gocache = "/tmpfs/go-build";
  CHECK(shown(facts).empty());
  facts.temporary = "/tmpfs/";
  CHECK(shown(facts) == "may-miss gocache-in-tmp GOCACHE\n");
}

TEST_CASE("flags and variables") {
  EnvironmentFacts facts = clean();
  facts.goflags = "-mod=mod -count=1 -a=false";
  facts.godebug = "gocacheverify=1";
  facts.time_zone = "Asia/Tokyo";
  facts.file_mode_mask = 002;
  CHECK(shown(facts) ==
        "miss godebug-set GODEBUG\nmiss test-count GOFLAGS\nnote time-zone TZ\n"
        "note file-mode-mask umask\n");
  for (const Finding& finding : advise_on_environment(facts)) {
    if (finding.id == "test-count") CHECK(finding.fix == "export GOFLAGS='-mod=mod -a=false'");
  }
}

TEST_CASE("a checkout that moves") {
  EnvironmentFacts facts = clean();
  facts.checkout = "/builds/job-123456/shop";
  facts.run_names = {{"GITHUB_RUN_ID", "23456", 0}, {"BUILD_NUMBER", "12", 0}};
  CHECK(shown(facts).empty());  // only a part of a number
  facts.run_names.push_back({"CI_JOB_ID", "123456", 0});
  CHECK(shown(facts) == "miss moving-checkout /builds/job-123456/shop\n");
  facts.goflags = "-trimpath";
  CHECK(shown(facts).empty());
}

TEST_CASE("the toolchain against go.mod") {
  EnvironmentFacts facts = clean();
  facts.module = module_facts("go 1.24\ntoolchain go1.26.5\n", "go.mod");
  CHECK(shown(facts).empty());
  facts.go_version = "go1.26.8";
  CHECK(shown(facts) == "may-miss toolchain-drift go\n");
  facts.module = module_facts("go 1.26.5\n", "go.mod");
  CHECK(shown(facts) == "note toolchain-drift go\n");
  facts.go_version = "go1.26.5";
  facts.go_is_here = false;
  CHECK(shown(facts) == "note toolchain-drift go\n");
}

TEST_CASE("what was restored is told from what go left there") {
  const auto place = sys::TempDirectory::create("sluice-live-test-");
  REQUIRE(place);
  const sys::Path cache = place->path();
  const UnixNanos now_ns = unix_now_ns();
  for (const char* name : {"00/x-a", "00/x-d", "10/y-a", "10/README"}) {
    REQUIRE(sys::make_directories((cache / name).parent_path()));
    REQUIRE(sys::write_file_atomic(cache / name, bytes_of("x")));
  }
  const auto write_trim = [&](UnixNanos at_ns) {
    const std::string text = std::to_string(at_ns / 1'000'000'000);
    REQUIRE(sys::write_file_atomic(cache / "trim.txt", bytes_of(text)));
  };
  CHECK(sample_entries(cache, now_ns).seen == 3);
  CHECK(sample_entries(cache, now_ns).restored_old == 0);
  CHECK_FALSE(sample_entries(cache, now_ns).has_trim_txt);
  // Not used for long, and nobody set their times: go's trimming will do its work.
  CHECK(sample_entries(cache, now_ns + 9 * k_day_ns).restored_old == 0);
  REQUIRE(sys::touch(cache / "00/x-a", now_ns - 9 * k_day_ns));
  CHECK(sample_entries(cache, now_ns).restored_old == 1);
  write_trim(now_ns);
  CHECK(sample_entries(cache, now_ns).has_trim_txt);
  CHECK_FALSE(sample_entries(cache, now_ns).trim_txt_was_restored);
  write_trim(now_ns - k_day_ns);
  CHECK(sample_entries(cache, now_ns).trim_txt_was_restored);
  REQUIRE(sys::write_file_atomic(cache / "trim.txt", bytes_of("what is this")));
  CHECK_FALSE(sample_entries(cache, now_ns).trim_txt_was_restored);
  CHECK(sample_entries(cache / "nothing", now_ns).seen == 0);

  EnvironmentFacts facts = clean();
  facts.entries = {10, 3, true, true};
  CHECK(shown(facts) ==
        "may-miss restored-old-times /home/u/.cache/go-build\n"
        "may-miss cached-trim-txt /home/u/.cache/go-build/trim.txt\n");
}

TEST_CASE("facts of an environment") {
  const auto place = sys::TempDirectory::create("sluice-live-test-");
  REQUIRE(place);
  sys::Environment env;
  env.set("HOME", place->path().native());
  env.set("GOCACHE", "/tmp/x/go-build");
  env.set("GOFLAGS", "-count=1");
  env.set("GITHUB_RUN_ID", "98765");
  env.set("CI_BUILDS_DIR", "/builds");
  env.set("CI_CONCURRENT_ID", "3");
  const EnvironmentFacts facts =
      gather_facts(env, {}, "/builds/abc/3/group/project", ModuleFacts{});
  CHECK(facts.gocache == "/tmp/x/go-build");
  CHECK(facts.gocache_is_said);
  CHECK(facts.goflags == "-count=1");
  REQUIRE(facts.run_names.size() == 1);
  CHECK(facts.run_names[0].value == "98765");
  REQUIRE(facts.slot_names.size() == 1);
  CHECK(gather_facts(env, {}, "/builds/abc/13/group", {}).slot_names.empty());
  env.set("WORKSPACE", "/ws/shop@2");
  CHECK(gather_facts(env, {}, "/ws/shop@2/sub", {}).slot_names.size() == 1);
  CHECK(gather_facts(env, {}, "/elsewhere", {}).slot_names.empty());
}

}  // namespace
}  // namespace sluice::insight
