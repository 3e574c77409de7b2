#include "cli/same_path.hpp"

#include "agent/shared_path.hpp"
#include "cli/output.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice::cli {

namespace {

// A checkout with a module in it, and the working directory of this process.
class Desk {
 public:
  Desk() : directory_(*sys::TempDirectory::create("sluice-place-")), before_(current_directory()) {
    const sys::Path checkout = std::filesystem::canonical(directory_.path()) / "checkout";
    REQUIRE(sys::make_directories(checkout / "p"));
    write(checkout / "go.mod", "module example.org/m\n");
    write(checkout / "p/p.go", "package p\n");
    setup.working_directory = checkout / "p";
    setup.executable = "/no/such/sluice";  // nothing is ever shown here
    setup.config.runtime_directory = directory_.path() / "run";
    setup.config.cache_directory = directory_.path() / "cache";
    setup.config.local_tier = directory_.path() / "tier";
    setup.config.domain = "trusted";
    setup.config.module_cache = directory_.path() / "mod";
    setup.config.same_path = gotool::k_same_path_root;
    env.set("HOME", directory_.path().native());
    std::filesystem::current_path(setup.working_directory);
    command.program = "/usr/local/go/bin/go";
    command.is_go = true;
    go({"test", "./..."});
  }
  ~Desk() { std::filesystem::current_path(before_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  static void write(const sys::Path& path, std::string_view text) {
    REQUIRE(sys::write_file_atomic(path, bytes_of(text)));
  }
  void go(std::vector<std::string> words) {
    command.arguments = {"go"};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
  }
  PlaceChoice choose(const std::vector<ActionId>& known = {}) {
    asked = 0;
    return choose_place(setup, command, env, restore, [&](const ActionId& record) {
      ++asked;
      return std::ranges::find(known, record) != known.end();
    });
  }
  sys::Path checkout() const { return setup.working_directory.parent_path(); }

  Setup setup;
  Command command;
  sys::Environment env;
  int asked = 0;
  bool restore = false;

 private:
  sys::TempDirectory directory_;
  sys::Path before_;
};

}  // namespace

TEST_CASE("off asks nothing and says nothing") {
  Desk desk;
  const PlaceChoice choice = desk.choose();
  CHECK_FALSE(choice.place);
  CHECK(choice.note.empty());
  CHECK(choice.records.empty());
  CHECK(desk.asked == 0);
}

TEST_CASE("what cannot be shown is said once") {
  Desk desk;
  desk.setup.settings.same_path = SamePath::always;
  const PlaceChoice first = desk.choose();
  CHECK_FALSE(first.place);
  CHECK(first.note.starts_with("same-path: the checkout cannot be shown at /srv/sluice here ("));
  CHECK(first.note.find("-trimpath") != std::string::npos);
  CHECK(desk.choose().note.empty());
}

TEST_CASE("always says why not, and nothing of commands that it is not for") {
  Desk desk;
  desk.setup.settings.same_path = SamePath::always;
  desk.go({"test", "-overlay=x.json", "."});
  CHECK(desk.choose().note ==
        "same-path: go runs where it is: -overlay names files by their paths");
  desk.go({"list", "."});
  CHECK(desk.choose().note.empty());
  desk.go({"vet", "."});
  desk.restore = true;
  CHECK(desk.choose().note ==
        "same-path: go runs where it is: in restore mode go reads its cache by itself");
  desk.restore = false;
  // What a sluice around this one put there is no reason, somebody else's is.
  desk.env.set("GOFLAGS", "-toolexec=/cache/toolexec/01/sluice-toolexec");
  CHECK(desk.choose().note.starts_with("same-path: the checkout cannot be shown"));
  desk.env.set("GOFLAGS", "-toolexec=/bin/time");
  CHECK(desk.choose().note == "same-path: go runs where it is: -toolexec starts another program");
  desk.env.unset("GOFLAGS");
  desk.go({"test", "."});
  desk.env.set("GIT_DIR", ".git");
  CHECK(desk.choose().note == "same-path: go runs where it is: GIT_DIR is set");
  desk.setup.settings.same_path = SamePath::automatic;
  CHECK(desk.choose().note.empty());
}

TEST_CASE("auto goes by what the scopes know") {
  Desk desk;
  desk.setup.settings.same_path = SamePath::automatic;
  const ActionId any = agent::place_record("example.org/m");
  const ActionId here =
      agent::place_record("example.org/m", desk.checkout(), desk.setup.config.module_cache);
  const ActionId constant =
      agent::place_record("example.org/m", "/srv/sluice/src", "/srv/sluice/mod");
  const std::string recorded = agent::encode_place_records({any, here});
  const auto stays = [&](const std::vector<ActionId>& known) {
    const PlaceChoice choice = desk.choose(known);
    // Here it cannot be shown, which is said where it was wanted.
    (void)sys::remove_file(desk.setup.config.same_path_refused_path());
    CHECK(choice.note.empty() == (choice.records == recorded));
    return choice.records == recorded;
  };
  CHECK(stays({}));           // the first one
  CHECK(stays({any, here}));  // where it was before
  CHECK_FALSE(stays({any}));  // elsewhere before
  CHECK_FALSE(stays({any, here, constant}));
}

TEST_CASE("a command at its place is sluice, which becomes it") {
  Desk desk;
  const Place place{"/srv/sluice", desk.checkout(), "/mod", "/srv/sluice/src/p"};
  desk.setup.executable = "/opt/sluice";
  sys::Environment job;
  const Command moved = at_place(desk.setup, place, desk.command, job);
  CHECK(moved.program == "/opt/sluice");
  CHECK(moved.arguments == std::vector<std::string>{"sluice", "at-same-path", "/srv/sluice",
                                                    desk.checkout().native(), "/mod",
                                                    "/srv/sluice/src/p", "/usr/local/go/bin/go",
                                                    "go", "test", "./..."});
  CHECK(job.get("PWD") == "/srv/sluice/src/p");
  CHECK(job.get("GOMODCACHE") == "/srv/sluice/mod");
  CHECK_FALSE(job.has("GIT_CONFIG_COUNT"));
}

TEST_CASE("the hidden word takes no other words than sluice's own") {
  CHECK(run_at_same_path({}, {}) == k_exit_usage);
  CHECK(run_at_same_path({"/srv/sluice", "/a", "/b", "/c"}, {}) == k_exit_usage);
}

}  // namespace sluice::cli
