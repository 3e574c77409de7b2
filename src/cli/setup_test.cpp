#include "cli/setup.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "cli/parse.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

sys::TempDirectory make_root() {
  auto made = sys::TempDirectory::create("setup");
  REQUIRE(made);
  return std::move(*made);
}

sys::Environment environment_in(const sys::Path& root) {
  sys::Environment env;
  env.set("HOME", root.string());
  env.set("XDG_CACHE_HOME", (root / "cache").string());
  env.set("XDG_CONFIG_HOME", (root / "config").string());
  env.set("PATH", (root / "bin").string());  // without a go
  return env;
}

}  // namespace

TEST_CASE("a trusted job uses go's own cache, another one a tier of its own") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  auto setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(!setup->go_error.empty());
  CHECK(setup->config.local_tier == root.path() / "cache/go-build");
  CHECK(setup->config.domain == "trusted");
  CHECK(setup->config.read_domains == std::vector<std::string>{"trusted"});
  env.set("GOCACHE", (root.path() / "mine").string());
  setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.local_tier == root.path() / "mine");
  CHECK(setup->config.link_directory == root.path() / "cache/sluice/link");
  env.set("SLUICE_TRUST_DOMAIN", "guests");
  setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.local_tier == root.path() / "cache/sluice/domains/guests/go-build");
  CHECK(setup->config.link_directory == root.path() / "cache/sluice/domains/guests/link");
  CHECK(setup->config.read_domains == std::vector<std::string>{"guests", "trusted"});
}

TEST_CASE("inside a command that sees its checkout elsewhere it is the same job") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  const sys::Path checkout = root.path() / "checkout";
  REQUIRE(sys::make_directories(checkout / "p"));
  REQUIRE(sys::write_file_atomic(checkout / "go.mod", bytes_of("module m\n")));
  env.set("GOMODCACHE", "/home/u/mod");
  auto outside = set_up({}, env, checkout / "p");
  REQUIRE(outside);
  CHECK_FALSE(outside->is_inside_same_path);
  outside->config.shown_checkout = checkout;
  env.set("SLUICE_SESSION", outside->config.encode());
  env.set("GOMODCACHE", "/srv/sluice/mod");
  const auto inside = set_up({}, env, "/srv/sluice/src/p");
  REQUIRE(inside);
  CHECK(inside->is_inside_same_path);
  CHECK(inside->config.checkout == checkout);
  CHECK(inside->config.module_root == checkout);
  CHECK(inside->config.module_cache == "/home/u/mod");
  CHECK(inside->config.shown_checkout == checkout);
  CHECK(inside->config.key() == outside->config.key());
  CHECK(inside->job.id == outside->job.id);
  const auto at_its_root = set_up({}, env, "/srv/sluice/src");
  REQUIRE(at_its_root);
  CHECK(at_its_root->config.checkout == checkout);
  CHECK(at_its_root->config.key() == outside->config.key());
  // In another directory go sees what is there.
  const auto beside = set_up({}, env, root.path());
  REQUIRE(beside);
  CHECK(beside->is_inside_same_path);
  CHECK(beside->config.shown_checkout.empty());
}

TEST_CASE("a checkout that really lies where others are shown is one of them") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  env.set("SLUICE_SAME_PATH", root.path().native());
  REQUIRE(sys::make_directories(root.path() / "src"));
  REQUIRE(sys::write_file_atomic(root.path() / "src/go.mod", bytes_of("module m\n")));
  const auto setup = set_up({}, env, root.path() / "src");
  REQUIRE(setup);
  CHECK_FALSE(setup->is_inside_same_path);
  CHECK(setup->config.shown_checkout == root.path() / "src");
  env.set("SLUICE_SESSION", setup->config.encode());
  const auto inner = set_up({}, env, root.path() / "src");
  REQUIRE(inner);
  CHECK(inner->config.shown_checkout == root.path() / "src");
  CHECK(inner->config.key() == setup->config.key());
}

TEST_CASE("on a desk, what comes from a store that only the checkout names stays apart") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  const sys::Path checkout = root.path() / "checkout";
  REQUIRE(sys::make_directories(checkout));
  constexpr std::string_view k_line = "store = \"file:///team\"\n";
  REQUIRE(sys::write_file_atomic(checkout / "sluice.toml", bytes_of(k_line)));
  const auto tier = [&] {
    const auto setup = set_up({}, env, checkout);
    REQUIRE(setup);
    CHECK(setup->config.store_url == "file:///team");
    return setup->config.local_tier.string();
  };
  const std::string own = (root.path() / "cache/go-build").string();
  CHECK(tier().starts_with((root.path() / "cache/sluice/stores/").string()));
  env.set("GOCACHE", (root.path() / "mine").string());
  CHECK(tier().starts_with((root.path() / "cache/sluice/stores/").string()));
  env.unset("GOCACHE");
  env.set("CI", "true");
  CHECK(tier() == own);
  env.unset("CI");
  env.set("SLUICE_STORE", "file:///team");
  CHECK(tier() == own);
  env.unset("SLUICE_STORE");
  const sys::Path users = sys::user_config_directory(env) / "sluice";
  REQUIRE(sys::make_directories(users));
  REQUIRE(sys::write_file_atomic(users / "config.toml", bytes_of(k_line)));
  CHECK(tier() == own);
}

TEST_CASE("a fork's pull request is not trusted unless the pipeline's owner says so") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  const sys::Path event = root.path() / "event.json";
  REQUIRE(sys::write_file_atomic(
      event,
      bytes_of(
          R"({"pull_request":{"number":7,"head":{"sha":"abc","repo":{"full_name":"x/r"}}}})")));
  env.set("CI", "true");
  env.set("GITHUB_ACTIONS", "true");
  env.set("GITHUB_REPOSITORY", "o/r");
  env.set("GITHUB_EVENT_NAME", "pull_request");
  env.set("GITHUB_EVENT_PATH", event.string());
  auto setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.domain == "fork");
  env.set("SLUICE_TRUST_DOMAIN", "trusted");
  setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.domain == "trusted");
}

TEST_CASE("no remote and off leave the agent without a store") {
  const auto root = make_root();
  sys::Environment env = environment_in(root.path());
  auto setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.store_url == "file://" + (root.path() / "cache/sluice/store").string());
  env.set("SLUICE_NO_REMOTE", "1");
  setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.store_url.empty());
  env.unset("SLUICE_NO_REMOTE");
  env.set("SLUICE", "off");
  setup = set_up({}, env, root.path());
  REQUIRE(setup);
  CHECK(setup->config.store_url.empty());
}

TEST_CASE("GOCACHEPROG is this program, with the flags that were given") {
  Flags flags;
  CHECK(cacheprog_words(flags, "/opt/sluice") == "/opt/sluice cacheprog");
  flags.set(SettingId::read_only, "true");
  flags.set(SettingId::store, "file:///a b");
  flags.set(SettingId::quiet, "true");
  flags.set(SettingId::drain, "wait");
  flags.set(SettingId::mode, "restore");
  const std::string words = cacheprog_words(flags, "/opt/my tools/sluice");
  const auto parsed = split_quoted(words);
  REQUIRE(parsed);
  const auto invocation = parse_words({parsed->begin() + 1, parsed->end()});
  REQUIRE(invocation);  // nothing that cacheprog refuses
  CHECK(invocation->flags.get(SettingId::store) == "file:///a b");
  CHECK_FALSE(invocation->flags.get(SettingId::quiet));
  CHECK(is_own_cacheprog(words, "/opt/my tools/sluice"));
  CHECK(words.find("--read-only=true") != std::string::npos);
  CHECK(words.find("'") != std::string::npos);
}

TEST_CASE("whose cache program it is") {
  CHECK(is_own_cacheprog("/other/place/sluice cacheprog --read-only", "/opt/sluice"));
  CHECK(is_own_cacheprog("sluice cacheprog", "/opt/sluice"));
  CHECK_FALSE(is_own_cacheprog("go-cacher -cache-dir /x", "/opt/sluice"));
  CHECK_FALSE(is_own_cacheprog("sluice", "/opt/sluice"));
  CHECK_FALSE(is_own_cacheprog("'unclosed cacheprog", "/opt/sluice"));
  CHECK_FALSE(is_own_cacheprog("", "/opt/sluice"));
}

TEST_CASE("a store's URL in GOCACHE does not reach go") {
  sys::Environment env;
  env.set("GOCACHE", "file:///s");
  CHECK_FALSE(without_store_url(env).has("GOCACHE"));
  env.set("GOCACHE", "/a/directory");
  CHECK(without_store_url(env).get("GOCACHE") == "/a/directory");
}

}  // namespace sluice::cli
