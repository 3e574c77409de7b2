#include "agent/module_keeper.hpp"

#include "agent/testing.hpp"
#include "gotool/go_sum.hpp"
#include "gotool/module_version.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace sluice::agent {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

constexpr auto k_wait = std::chrono::seconds(60);

// A machine with a module cache, whose checkout needs these modules.
struct Builder {
  Machine machine;
  std::string requires_text;
  std::string sums_text;

  explicit Builder(const std::string& store_url = "") : machine(store_url) {
    machine.config.module_cache = machine.path() / "mod";
  }

  static void write(const sys::Path& file, std::string_view text) {
    REQUIRE(sys::make_directories(file.parent_path()));
    REQUIRE(sys::write_file_atomic(file, bytes_of(text)));
  }
  static std::string content_of(const sys::Path& file) {
    const auto bytes = sys::read_file(file, 64U << 20U);
    REQUIRE(bytes.has_value());
    return *bytes ? std::string(text_of(**bytes)) : "(absent)";
  }
  gotool::ModulePlaces places(const gotool::ModuleVersion& module) const {
    return gotool::module_places(machine.config.module_cache, module);
  }

  // Needs the module; returns what go would have put into the module cache.
  std::map<std::string, std::string> require(const gotool::ModuleVersion& module,
                                             std::size_t size) {
    const std::string go_mod = "module " + module.path + "\n";
    const std::map<std::string, std::string> files = {
        {"go.mod", go_mod}, {"a/a.go", "package a\n"}, {"data", std::string(size, 'd')}};
    gotool::TreeSum sum(module);
    for (const auto& [name, text] : files) sum.add(name, sha256(bytes_of(text)));
    requires_text += "require " + module.path + " " + module.version + "\n";
    const std::string words = module.path + " " + module.version;
    sums_text += words + " " + sum.finish() + "\n" + words + "/go.mod " +
                 gotool::go_mod_sum(bytes_of(go_mod)) + "\n";
    write(machine.config.checkout / "go.mod", "module m\n\ngo 1.24\n\n" + requires_text);
    write(machine.config.checkout / "go.sum", sums_text);
    return files;
  }
  void download(const gotool::ModuleVersion& module, std::size_t size) {
    gotool::TreeSum sum(module);
    for (const auto& [name, text] : require(module, size)) {
      write(places(module).tree / name, text);
      sum.add(name, sha256(bytes_of(text)));
    }
    write(places(module).mod, "module " + module.path + "\n");
    write(places(module).zip_hash, sum.finish());
  }
  ModulesAsked asked() const { return {machine.config.checkout.native(), "", ""}; }
};

const gotool::ModuleVersion k_small{"example.com/Small", "v1.0.0"};
const gotool::ModuleVersion k_other{"example.com/other", "v1.2.0"};
const gotool::ModuleVersion k_large{"example.com/large", "v2.0.0+incompatible"};
constexpr std::size_t k_large_bytes = 3U << 20U;

void publish(const Builder& builder) {
  const RunningAgent agent(builder.machine);
  auto client = agent.connect();
  REQUIRE(client->keep_modules(builder.asked()));
  const auto waited = client->wait(k_wait);
  REQUIRE(waited.has_value());
  CHECK(waited->bool_or("drained", false));
}

TEST_CASE("modules: what one machine has another one gets") {
  Builder first;
  first.download(k_small, 10);
  first.download(k_other, 20);
  first.download(k_large, k_large_bytes);
  publish(first);

  Builder second(first.machine.config.store_url);
  second.require(k_small, 10);
  second.require(k_other, 20);
  const auto large = second.require(k_large, k_large_bytes);
  const RunningAgent agent(second.machine);
  auto client = agent.connect();
  const auto brought = client->bring_modules(second.asked(), k_wait);
  REQUIRE(brought.has_value());
  CHECK(brought->int_or("needed", 0) == 3);
  CHECK(brought->int_or("there", -1) == 0);
  CHECK(brought->int_or("brought", 0) == 3);
  CHECK(brought->int_or("failed", -1) == 0);
  CHECK(brought->int_or("bytes_down", 0) > 0);
  for (const auto& [name, text] : large) {
    CHECK(Builder::content_of(second.places(k_large).tree / name) == text);
  }
  CHECK(Builder::content_of(second.places(k_small).mod) == "module example.com/Small\n");
  const auto again = client->bring_modules(second.asked(), k_wait);
  CHECK(again->int_or("there", 0) == 3);
  CHECK(again->int_or("brought", -1) == 0);
  // Nothing is left where they were unpacked.
  bool is_empty = true;
  REQUIRE(sys::list_directory(second.machine.config.module_cache / "cache/sluice",
                              [&](std::string_view) -> Result<void> {
                                is_empty = false;
                                return {};
                              }));
  CHECK(is_empty);
}

TEST_CASE("modules: only with the sum that go.sum has") {
  Builder first;
  first.download(k_small, 10);
  publish(first);
  Builder second(first.machine.config.store_url);
  second.require(k_small, 11);  // another content under the same version
  const RunningAgent agent(second.machine);
  const auto brought = agent.connect()->bring_modules(second.asked(), k_wait);
  REQUIRE(brought.has_value());
  CHECK(brought->int_or("brought", -1) == 0);
  CHECK(Builder::content_of(second.places(k_small).mod) == "(absent)");
}

TEST_CASE("modules: what somebody changed in the module cache is not published") {
  Builder first;
  first.download(k_small, 10);
  Builder::write(first.places(k_small).tree / "a/a.go", "package evil\n");
  publish(first);
  Builder second(first.machine.config.store_url);
  second.require(k_small, 10);
  const RunningAgent agent(second.machine);
  CHECK(agent.connect()->bring_modules(second.asked(), k_wait)->int_or("brought", -1) == 0);
}

TEST_CASE("modules: a job that has them already keeps them in its scopes") {
  Builder first;
  first.download(k_small, 10);
  publish(first);
  Builder second(first.machine.config.store_url);
  second.machine.config.job_id = "job-2";
  second.download(k_small, 10);
  second.download(k_other, 20);
  publish(second);
  Builder third(first.machine.config.store_url);
  third.require(k_small, 10);
  third.require(k_other, 20);
  const RunningAgent agent(third.machine);
  CHECK(agent.connect()->bring_modules(third.asked(), k_wait)->int_or("brought", 0) == 2);
}

TEST_CASE("modules: no store, no go.sum") {
  Builder one;
  one.machine.config.store_url.clear();
  one.require(k_small, 10);
  const RunningAgent agent(one.machine);
  auto client = agent.connect();
  const auto brought = client->bring_modules(one.asked(), k_wait);
  REQUIRE(brought.has_value());
  CHECK(brought->int_or("needed", 0) == 1);
  CHECK(brought->int_or("brought", -1) == 0);
  Builder::write(one.machine.config.checkout / "go.sum", "no sum\n");
  CHECK(client->bring_modules(one.asked(), k_wait)->int_or("needed", -1) == 0);
  REQUIRE(client->keep_modules(one.asked()));
}

}  // namespace
}  // namespace sluice::agent
