#include "cli/settings.hpp"

#include "base/bytes.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

// A home, a checkout in git with a directory in it, and an environment that knows only these.
struct Desk {
  sys::TempDirectory root = make_root();
  sys::Path checkout = root.path() / "src";
  sys::Path inner = checkout / "cmd/shop";
  sys::Environment env;
  Flags flags;

  Desk() {
    REQUIRE(sys::make_directories(checkout / ".git"));
    REQUIRE(sys::make_directories(inner));
    env.set("HOME", root.path().string());
    env.set("XDG_CACHE_HOME", (root.path() / "cache").string());
    env.set("XDG_CONFIG_HOME", (root.path() / "config").string());
  }
  static sys::TempDirectory make_root() {
    auto made = sys::TempDirectory::create("settings");
    REQUIRE(made);
    return std::move(*made);
  }
  static void write(const sys::Path& path, std::string_view text) {
    REQUIRE(sys::make_directories(path.parent_path()));
    REQUIRE(sys::write_file_atomic(path, bytes_of(text)));
  }
  void checkout_file(std::string_view text) const { write(checkout / "sluice.toml", text); }
  void user_file(std::string_view text) const {
    write(root.path() / "config/sluice/config.toml", text);
  }
  Result<Settings> resolve() const { return resolve_settings(flags, env, checkout); }
  Settings good() const {
    auto settings = resolve();
    if (!settings) FAIL(settings.error().message);
    return *settings;
  }
  std::string refusal() const {
    const auto settings = resolve();
    if (settings) return "accepted";
    CHECK(settings.error().code == Code::invalid);
    CHECK(settings.error().message.find('\n') == std::string::npos);
    return settings.error().message;
  }
};

}  // namespace

TEST_CASE("defaults") {
  const Desk desk;
  const Settings settings = desk.good();
  CHECK(settings.enabled);
  CHECK(settings.store_url == "file://" + (desk.root.path() / "cache/sluice/store").string());
  CHECK(settings.mode == Mode::automatic);
  CHECK(settings.drain == Drain::automatic);
  CHECK(settings.drain_timeout == std::chrono::seconds(60));
  CHECK(settings.store_patience == std::chrono::seconds(2));
  CHECK(settings.verify_share == 0.0);
  CHECK(settings.trust_domain == "trusted");
  CHECK_FALSE(settings.read_only);
  CHECK_FALSE(settings.no_remote);
  CHECK_FALSE(settings.publish_local);
  CHECK_FALSE(settings.quiet);
  for (const auto& spec : setting_specs()) {
    CHECK(settings.source_of(spec.id).kind == Source::Kind::fallback);
    CHECK(settings.source_of(spec.id).text == "default");
  }
}

TEST_CASE("the default store of a directory with blanks is a URL") {
  Desk desk;
  desk.env.set("XDG_CACHE_HOME", "/tmp/a b%");
  CHECK(desk.good().store_url == "file:///tmp/a%20b%25/sluice/store");
}

TEST_CASE("a flag goes before a variable, that before the checkout, that before the user's file") {
  Desk desk;
  const auto drain = [&desk] {
    const Settings settings = desk.good();
    return value_text(settings, SettingId::drain) + " from " +
           settings.source_of(SettingId::drain).text;
  };
  desk.user_file("\ndrain = \"wait\"\n");
  CHECK(drain() ==
        fmt::format("wait from {}:2", (desk.root.path() / "config/sluice/config.toml").string()));
  desk.checkout_file("# ours\n\ndrain = \"detach\"\n");
  CHECK(drain() == "detach from sluice.toml:3");
  desk.env.set("SLUICE_DRAIN", "auto");
  CHECK(drain() == "auto from SLUICE_DRAIN");
  desk.flags.set(SettingId::drain, "wait");
  CHECK(drain() == "wait from --drain");
}

TEST_CASE("every setting is read from each place it may stand in") {
  Desk desk;
  desk.checkout_file(
      "store = \"file:///srv/ci\"\nmode = \"restore\"\nread-only = true\nno-remote = true\n"
      "drain = \"wait\"\ndrain-timeout = \"5m\"\nstore-patience = \"500ms\"\n"
      "verify = \"2.5%\"\nquiet = true\n");
  desk.user_file("publish-local = true\ntrust-domain = \"team.a-1\"\n");
  const Settings settings = desk.good();
  CHECK(settings.store_url == "file:///srv/ci");
  CHECK(settings.mode == Mode::restore);
  CHECK(settings.read_only);
  CHECK(settings.no_remote);
  CHECK(settings.drain == Drain::wait);
  CHECK(settings.drain_timeout == std::chrono::minutes(5));
  CHECK(settings.store_patience == std::chrono::milliseconds(500));
  CHECK(settings.verify_share == doctest::Approx(0.025));
  CHECK(settings.quiet);
  CHECK(settings.publish_local);
  CHECK(settings.trust_domain == "team.a-1");
  CHECK(settings.source_of(SettingId::store).text == "sluice.toml:1");

  Desk other;
  other.env.set("SLUICE_READ_ONLY", "1");
  other.env.set("SLUICE_NO_REMOTE", "yes");
  other.env.set("SLUICE_PUBLISH_LOCAL", "on");
  other.env.set("SLUICE_QUIET", "TRUE");
  other.env.set("SLUICE_VERIFY", "100%");
  other.env.set("SLUICE_TRUST_DOMAIN", "fork");
  const Settings said = other.good();
  CHECK((said.read_only && said.no_remote && said.publish_local && said.quiet));
  CHECK(said.verify_share == 1.0);
  CHECK(said.trust_domain == "fork");
}

TEST_CASE("a flag can take back what a lower place set") {
  Desk desk;
  desk.env.set("SLUICE_READ_ONLY", "1");
  desk.flags.set(SettingId::read_only, "false");
  CHECK_FALSE(desk.good().read_only);
}

TEST_CASE("an empty variable is an unset one") {
  Desk desk;
  for (const auto& spec : setting_specs()) desk.env.set(spec.variable, "");
  desk.env.set("SLUICE", "");
  CHECK(desk.good().source_of(SettingId::drain).kind == Source::Kind::fallback);
}

TEST_CASE("a URL in GOCACHE is the store unless a flag or the variable names one") {
  Desk desk;
  desk.checkout_file("store = \"file:///from/file\"\n");
  desk.env.set("GOCACHE", "file:///from/gocache");
  Settings settings = desk.good();
  CHECK(settings.store_url == "file:///from/gocache");
  CHECK(settings.gocache_is_url);
  CHECK(settings.source_of(SettingId::store).text == "GOCACHE");
  desk.env.set("SLUICE_STORE", "file:///from/variable");
  settings = desk.good();
  CHECK(settings.store_url == "file:///from/variable");
  CHECK(settings.gocache_is_url);
  desk.env.set("GOCACHE", "/a/directory");
  CHECK_FALSE(desk.good().gocache_is_url);
}

TEST_CASE("every refusal is one line that names setting and place") {
  struct Row {
    SettingId id;
    std::string value;
    std::string problem;
  };
  const std::vector<Row> rows = {
      {SettingId::mode, "sometimes", "\"sometimes\" is not one of auto, cacheprog, restore"},
      {SettingId::drain, "sometimes", "\"sometimes\" is not one of auto, wait, detach"},
      {SettingId::drain_timeout, "60", "\"60\" is not a time with a unit, such as 60s or 5m"},
      {SettingId::drain_timeout, "-1s", "\"-1s\" is not a time with a unit, such as 60s or 5m"},
      {SettingId::drain_timeout, "25h", "\"25h\" is longer than 24h"},
      {SettingId::store_patience, "2", "\"2\" is not a time with a unit, such as 2s or 500ms"},
      {SettingId::store_patience, "99ms", "\"99ms\" is not between 100ms and 10m"},
      {SettingId::store_patience, "11m", "\"11m\" is not between 100ms and 10m"},
      {SettingId::verify, "5", "\"5\" is not a share from 0% to 100%, such as 5%"},
      {SettingId::verify, "101%", "\"101%\" is not a share from 0% to 100%, such as 5%"},
      {SettingId::store, "/srv/ci", "\"/srv/ci\" is a path, not a URL; write file:///srv/ci"},
  };
  for (const auto& row : rows) {
    const SettingSpec& spec = spec_of(row.id);
    CAPTURE(spec.name);
    Desk flag;
    flag.flags.set(row.id, row.value);
    CHECK(flag.refusal() == fmt::format("--{}: {}", spec.name, row.problem));
    Desk variable;
    variable.env.set(spec.variable, row.value);
    CHECK(variable.refusal() == fmt::format("{}: {}", spec.variable, row.problem));
    Desk file;
    file.checkout_file(fmt::format("\n\n{} = \"{}\"\n", spec.name, row.value));
    CHECK(file.refusal() == fmt::format("sluice.toml:3: {}: {}", spec.name, row.problem));
    Desk user;
    user.user_file(fmt::format("{} = \"{}\"\n", spec.name, row.value));
    CHECK(user.refusal() == fmt::format("{}:1: {}: {}",
                                        (user.root.path() / "config/sluice/config.toml").string(),
                                        spec.name, row.problem));
  }
}

TEST_CASE("flags and names are refused by the same rule wherever they stand") {
  Desk desk;
  desk.env.set("SLUICE_READ_ONLY", "maybe");
  CHECK(desk.refusal() == "SLUICE_READ_ONLY: \"maybe\" is not true or false");
  const std::string problem =
      " is not a name: a letter a-z or a digit, then at most 62 of a-z, 0-9, '.', '_', '-'";
  for (const std::string& name : {std::string("Trusted"), std::string("../x"), std::string("-a"),
                                  std::string("a/b"), std::string(64, 'a')}) {
    Desk other;
    other.env.set("SLUICE_TRUST_DOMAIN", name);
    CHECK(other.refusal() == fmt::format("SLUICE_TRUST_DOMAIN: \"{}\"{}", name, problem));
  }
  Desk longest;
  longest.env.set("SLUICE_TRUST_DOMAIN", std::string(63, 'a'));
  CHECK(longest.good().trust_domain.size() == 63);
}

TEST_CASE("a value is checked even where another one overrides it") {
  Desk desk;
  desk.checkout_file("drain = \"sometimes\"\n");
  desk.flags.set(SettingId::drain, "wait");
  CHECK(desk.refusal() == "sluice.toml:1: drain: \"sometimes\" is not one of auto, wait, detach");
}

TEST_CASE("the wrong type in a file") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"drain-timeout = 60", "drain-timeout: must be text in quotes, such as \"60s\""},
      {"verify = 5", "verify: must be text in quotes, such as \"5%\""},
      {"store = true", "store: must be text in quotes, such as \"file:///absolute/path\""},
      {"mode = [\"auto\"]", "mode: must be text in quotes, such as \"auto\""},
      {"read-only = \"yes\"", "read-only: must be true or false, without quotes"},
      {"quiet = 1", "quiet: must be true or false, without quotes"},
  };
  for (const auto& [line, problem] : rows) {
    Desk desk;
    desk.checkout_file(line + "\n");
    CHECK(desk.refusal() == "sluice.toml:1: " + problem);
  }
}

TEST_CASE("unknown keys") {
  Desk desk;
  desk.checkout_file("quiet = true\nstoer = \"file:///x\"\n");
  CHECK(desk.refusal() == "sluice.toml:2: stoer: unknown setting; did you mean store?");
  desk.checkout_file("compression = 3\n");
  CHECK(desk.refusal() == "sluice.toml:1: compression: unknown setting");
  desk.checkout_file("[cache]\nstore = \"file:///x\"\n");
  CHECK(desk.refusal() == "sluice.toml:2: cache.store: unknown setting");
}

TEST_CASE("a checkout does not decide trust") {
  Desk desk;
  desk.checkout_file("trust-domain = \"trusted\"\n");
  CHECK(desk.refusal() ==
        "sluice.toml:1: trust-domain: a checkout may not set this; it belongs in "
        "SLUICE_TRUST_DOMAIN, --trust-domain or the user's sluice/config.toml");
  desk.checkout_file("publish-local = true\n");
  CHECK(desk.refusal() ==
        "sluice.toml:1: publish-local: a checkout may not set this; it belongs in "
        "SLUICE_PUBLISH_LOCAL, --publish-local or the user's sluice/config.toml");
}

TEST_CASE("a store of another kind is refused without showing its URL") {
  Desk desk;
  desk.env.set("SLUICE_STORE", "s3://key:secret@bucket/prefix");
  const std::string line = desk.refusal();
  CHECK(line.starts_with("SLUICE_STORE: "));
  CHECK(line.find("secret") == std::string::npos);
  desk.env.set("SLUICE_STORE", "");
  desk.env.set("GOCACHE", "s3://key:secret@bucket/prefix");
  CHECK(desk.refusal().starts_with("GOCACHE: "));
  CHECK(desk.refusal().find("secret") == std::string::npos);
}

TEST_CASE("a checkout names no server") {
  Desk desk;
  for (const char* url : {"s3://bucket/x", "https://host/x", "http://host"}) {
    desk.checkout_file("store = \"" + std::string(url) + "\"\n");
    CHECK(
        desk.refusal() ==
        "sluice.toml:1: store: a checkout may not name a server, which would be sent credentials; "
        "it belongs in SLUICE_STORE, --store or the user's sluice/config.toml");
  }
}

TEST_CASE("what a remote store takes from elsewhere is read before anything starts") {
  Desk desk;
  desk.env.set("AWS_ENDPOINT_URL", "nonsense");
  desk.env.set("AWS_EC2_METADATA_DISABLED", "true");
  CHECK(desk.refusal() == "accepted");  // a folder does not ask
  desk.env.set("SLUICE_STORE", "s3://bucket/x");
  CHECK(desk.refusal().starts_with("SLUICE_STORE: AWS_ENDPOINT_URL: "));
  desk.env.set("SLUICE_NO_REMOTE", "1");
  CHECK(desk.refusal() == "accepted");
}

TEST_CASE("a GOCACHE that go itself would refuse") {
  Desk desk;
  desk.env.set("GOCACHE", "off");
  CHECK(desk.refusal() == "GOCACHE: \"off\" is neither an absolute path nor the URL of a store");
}

TEST_CASE("misspelt variables are refused, others of that prefix are not ours to judge") {
  Desk desk;
  desk.env.set("SLUICE_STOER", "file:///x");
  CHECK(desk.refusal() == "SLUICE_STOER: unknown variable; did you mean SLUICE_STORE?");
  Desk other;
  for (const char* name : {"SLUICE_SOMETHING_ELSE", "SLUICE_VERSION", "SLUICE_HOME", "SLUICE_FOO",
                           "SLUICE_SESSIONS"}) {
    other.env.set(name, "1");
  }
  other.env.set("SLUICE_SESSION", "{}");
  other.env.set("SLUICE_SUMMARY", "/tmp/x.json");
  CHECK(other.good().summary_file == "/tmp/x.json");
}

TEST_CASE("where checkouts are shown") {
  Desk desk;
  CHECK(desk.good().same_path == SamePath::off);
  CHECK(desk.good().same_path_root == "/srv/sluice");
  desk.checkout_file("same-path = \"auto\"\n");
  CHECK(desk.good().same_path == SamePath::automatic);
  desk.env.set("SLUICE_SAME_PATH", "/builds/go");
  CHECK(desk.good().same_path == SamePath::always);
  CHECK(desk.good().same_path_root == "/builds/go");
  CHECK(value_text(desk.good(), SettingId::same_path) == "/builds/go");
  desk.flags.set(SettingId::same_path, "always");
  CHECK(desk.good().same_path_root == "/srv/sluice");
  CHECK(value_text(desk.good(), SettingId::same_path) == "always");
  for (const char* bad :
       {"on", "", "/", "relative/path", "/a/../b", "/a//b", "/a/", "/a b", "/a:b"}) {
    desk.flags.set(SettingId::same_path, bad);
    CHECK(desk.refusal() == "--same-path: \"" + std::string(bad) +
                                "\" is not one of off, auto, always, nor an absolute path of "
                                "letters, digits, '.', '_', '-' and '/'");
  }
}

TEST_CASE("SLUICE and SLUICE_LOG") {
  Desk desk;
  for (const char* off : {"off", "0", "false", "no", "OFF"}) {
    desk.env.set("SLUICE", off);
    CHECK_FALSE(desk.good().enabled);
  }
  desk.env.set("SLUICE", "on");
  CHECK(desk.good().enabled);
  desk.env.set("SLUICE", "maybe");
  CHECK(desk.refusal() == "SLUICE: \"maybe\" is not one of on, off");
  desk.env.set("SLUICE", "");
  desk.env.set("SLUICE_LOG", "loud");
  CHECK(desk.refusal() == "SLUICE_LOG: \"loud\" is not one of debug, info, warn, off");
  desk.env.set("SLUICE_LOG", "debug");
  CHECK(desk.good().log_level == "debug");
}

TEST_CASE("SLUICE=off is the way out of a broken configuration") {
  Desk desk;
  desk.checkout_file("this is not toml\n");
  CHECK(desk.refusal() != "accepted");
  desk.env.set("SLUICE", "off");
  CHECK_FALSE(desk.good().enabled);
}

TEST_CASE("commands that add no cache to another one pass SLUICE=off over") {
  Desk desk;
  desk.env.set("SLUICE", "off");
  desk.env.set("SLUICE_TRUST_DOMAIN", "guests");
  const auto settings =
      resolve_settings(desk.flags, desk.env, desk.checkout, OffSwitch::passed_over);
  REQUIRE(settings);
  CHECK(settings->enabled);
  CHECK(settings->trust_domain == "guests");
  desk.env.set("SLUICE_DRAIN", "sometimes");
  CHECK_FALSE(resolve_settings(desk.flags, desk.env, desk.checkout, OffSwitch::passed_over));
}

TEST_CASE("a user's file that may not be read is absent, the checkout's is refused") {
  Desk desk;
  desk.user_file("quiet = true\n");
  desk.checkout_file("drain = \"wait\"\n");
  std::filesystem::permissions(desk.root.path(), std::filesystem::perms(0755));
  const sys::Path user = desk.root.path() / "config/sluice";
  const sys::Path checkout = desk.checkout / "sluice.toml";
  const auto resolve_as_nobody = [&desk] {
    const bool is_root = geteuid() == 0;
    if (is_root) REQUIRE(seteuid(65534) == 0);
    auto settings = desk.resolve();
    if (is_root) REQUIRE(seteuid(0) == 0);
    return settings;
  };
  std::filesystem::permissions(user, std::filesystem::perms::none);
  auto settings = resolve_as_nobody();
  if (!settings) FAIL(settings.error().message);
  CHECK_FALSE(settings->quiet);
  CHECK(settings->drain == Drain::wait);
  std::filesystem::permissions(checkout, std::filesystem::perms::none);
  settings = resolve_as_nobody();
  REQUIRE_FALSE(settings);
  CHECK(settings.error().code == Code::invalid);
  CHECK(settings.error().message.starts_with("sluice.toml: "));
  std::filesystem::permissions(user, std::filesystem::perms(0755));
}

TEST_CASE("files that cannot be settings") {
  Desk desk;
  desk.checkout_file("store = \n");
  CHECK(desk.refusal().starts_with("sluice.toml:1"));
  desk.checkout_file("quiet = true\n[section]\n");
  CHECK(desk.refusal().starts_with("sluice.toml:2: section: "));
  desk.checkout_file(std::string(k_settings_file_bytes_max + 1, '#'));
  CHECK(desk.refusal().starts_with("sluice.toml: "));
}

TEST_CASE("the checkout's file is the nearest one up to the root of the checkout") {
  Desk desk;
  CHECK(find_checkout_file(desk.inner) == std::nullopt);
  Desk::write(desk.root.path() / "sluice.toml", "quiet = true\n");  // above the checkout
  CHECK(find_checkout_file(desk.inner) == std::nullopt);
  desk.checkout_file("quiet = true\n");
  CHECK(find_checkout_file(desk.inner) == desk.checkout / "sluice.toml");
  Desk::write(desk.checkout / "cmd/sluice.toml", "");
  CHECK(find_checkout_file(desk.inner) == desk.checkout / "cmd/sluice.toml");
  const auto settings = resolve_settings({}, desk.env, desk.inner);
  REQUIRE(settings);
  CHECK_FALSE(settings->quiet);
}

TEST_CASE("without git the module's root bounds the search") {
  const auto root = Desk::make_root();
  const sys::Path module = root.path() / "tarball";
  const sys::Path inner = module / "a/b";
  REQUIRE(sys::make_directories(inner));
  Desk::write(root.path() / "sluice.toml", "");
  CHECK(find_checkout_file(inner) == std::nullopt);
  Desk::write(module / "sluice.toml", "");
  CHECK(find_checkout_file(inner) == std::nullopt);
  Desk::write(module / "go.mod", "module m\n");
  CHECK(find_checkout_file(inner) == module / "sluice.toml");
  CHECK(find_checkout_file(module) == module / "sluice.toml");
}

TEST_CASE("a file in a directory above is named by the way to it") {
  Desk desk;
  desk.checkout_file("drain = \"sometimes\"\n");
  const auto settings = resolve_settings({}, desk.env, desk.inner);
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message.starts_with("../../sluice.toml:1: drain: "));
}

TEST_CASE("flags as variables lead to the same settings") {
  Desk desk;
  desk.flags.set(SettingId::drain_timeout, "90s");
  desk.flags.set(SettingId::read_only, "true");
  Desk inner;
  for (const auto& [name, value] : variables_of(desk.flags)) inner.env.set(name, value);
  CHECK(inner.good().drain_timeout == desk.good().drain_timeout);
  CHECK(inner.good().read_only);
}

}  // namespace sluice::cli
