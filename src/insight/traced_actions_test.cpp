#include "insight/traced_actions.hpp"

#include "base/bytes.hpp"
#include "base/subkey.hpp"
#include "gotool/action_text.hpp"
#include "sys/corpus_for_test.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::insight {
namespace {

using What = TracedStep::What;

constexpr std::string_view k_salt = "go1.27.4";

gotool::TracedHash hashed(std::string name, const std::string& text) {
  const auto sum = sha256_as<ActionId>(bytes_of(std::string(k_salt) + text));
  return {std::move(name), std::string(k_salt), text, sum, true};
}

gotool::TracedSubkey subkey_of(const ActionId& parent, const std::string& description) {
  return {parent, description, subkey(parent, description), true};
}

struct TestOfP {
  gotool::TracedHash link = hashed("link p.test", "link\n");
  gotool::TracedHash id = hashed("testResult", "test binary " + gotool::short_hash(link.sum.bytes) +
                                                   " args [\"-test.run=X\"] execcmd []");
  gotool::TracedHash unset = hashed("getenv", std::string("\0", 1));
  gotool::TracedHash secret = hashed("getenv", "\x01secret");
  gotool::TracedHash traced = hashed("getenv", "\x01gocachehash=1");
  std::string rest = fmt::format("env HOME {0}\nenv A B {1}\nopen /m/a b {2}\nenv HOME {0}\n",
                                 secret.sum.hex(), unset.sum.hex(), link.sum.hex());
  gotool::TracedHash inputs =
      hashed("testInputs", fmt::format("env GODEBUG {}\n{}", traced.sum.hex(), rest));

  void tell(TracedActions& actions) const {
    for (const auto& hash : {link, id, unset, secret, traced, inputs}) actions.add(hash);
    actions.add(subkey_of(id.sum, "inputs:" + inputs.sum.hex()));
  }
};

}  // namespace

TEST_CASE("traced actions: what go compiles, vets and links") {
  TracedActions actions(std::nullopt);
  actions.add(hashed("build p", "compile\n"));
  actions.add(hashed("build p", "compile\n"));  // go asks twice
  actions.add(hashed("vet p", "vet\n"));
  actions.add(hashed("moduleIndex", "modroot /m\n"));
  gotool::TracedHash wrong = hashed("link p", "link\n");
  wrong.is_proven = false;
  actions.add(wrong);
  REQUIRE(actions.steps().size() == 3);
  CHECK(actions.steps()[0].what == What::build);
  CHECK(actions.steps()[0].package == "p");
  CHECK(actions.steps()[0].text == "compile\n");
  CHECK(actions.steps()[1].what == What::vet);
  CHECK(actions.steps()[2].what == What::link);
  CHECK_FALSE(actions.steps()[2].is_proven);
  CHECK_FALSE(actions.is_cut());
}

TEST_CASE("traced actions: a test's inputs, and its key without the trace") {
  const TestOfP p;
  for (const std::optional<std::string>& godebug :
       {std::optional<std::string>(), std::optional<std::string>("netdns=go")}) {
    TracedActions actions(godebug);
    p.tell(actions);
    const auto tests = actions.tests();
    REQUIRE(tests.size() == 1);
    CHECK(tests[0].package == "p");
    CHECK(tests[0].is_proven);
    REQUIRE(tests[0].inputs.size() == 3);
    CHECK(tests[0].inputs[0].op == "env");
    CHECK(tests[0].inputs[0].name == "HOME");
    CHECK(tests[0].inputs[0].is_set == true);
    CHECK(tests[0].inputs[1].name == "A B");
    CHECK(tests[0].inputs[1].is_set == false);
    CHECK(tests[0].inputs[2].op == "open");
    CHECK(tests[0].inputs[2].name == "/m/a b");
    const auto plain = hashed("getenv", godebug ? "\x01" + *godebug : std::string("\0", 1));
    const auto inputs =
        hashed("testInputs", fmt::format("env GODEBUG {}\n{}", plain.sum.hex(), p.rest));
    CHECK(tests[0].key == subkey(p.id.sum, "inputs:" + inputs.sum.hex()));
    CHECK(actions.tests_without_log().empty());
  }
}

TEST_CASE("traced actions: what Go 1.24 to 1.27 print of one test") {
  for (const std::string_view version : {"go1.24.11", "go1.25.9", "go1.26.11", "go1.27.4"}) {
    CAPTURE(version);
    const auto bytes =
        sys::read_file(sys::corpus_beside(__FILE__) / "hash_trace" / version, 1U << 20U);
    REQUIRE(bytes);
    REQUIRE(*bytes);
    TracedActions actions(std::nullopt);
    std::size_t proven = 0;
    gotool::HashTrace trace({[&](gotool::TracedHash hash) {
                               if (hash.is_proven) ++proven;
                               CHECK(hash.salt == version);
                               actions.add(std::move(hash));
                             },
                             [&](const gotool::TracedSubkey& one) { actions.add(one); },
                             {}});
    trace.feed(text_of(**bytes));
    trace.finish();
    CHECK(proven == trace.counts().hashes);
    CHECK(trace.counts().subkeys == trace.counts().subkeys_proven);
    const auto tests = actions.tests();
    REQUIRE(tests.size() == 1);
    CHECK(tests[0].package == "example.com/m");
    CHECK(tests[0].is_proven);
    REQUIRE(tests[0].inputs.size() == 2);
    CHECK(tests[0].inputs[0].name == "ASKED");
    CHECK(tests[0].inputs[0].is_set == false);
    CHECK(tests[0].inputs[1].op == "open");
    // The package, its variant for the test, the test's main; vet of some; the program.
    CHECK(std::ranges::count(actions.steps(), TracedStep::What::link, &TracedStep::what) == 1);
    CHECK(std::ranges::count(actions.steps(), TracedStep::What::build, &TracedStep::what) >= 2);
  }
}

TEST_CASE("traced actions: a test of which nothing was kept, and what names no package") {
  const TestOfP p;
  TracedActions actions(std::nullopt);
  actions.add(p.link);
  actions.add(p.id);
  CHECK(actions.tests().empty());
  CHECK(actions.tests_without_log() == std::vector<std::string>{"p"});
  // Under the content of the binary.
  const auto other = hashed("testResult", "test binary contentid args [] execcmd []");
  actions.add(other);
  actions.add(p.inputs);
  actions.add(subkey_of(other.sum, "inputs:" + p.inputs.sum.hex()));
  actions.add(subkey_of(p.id.sum, "inputs:none"));
  CHECK(actions.tests().empty());
  CHECK(actions.tests_without_log() == std::vector<std::string>{"p"});
}

}  // namespace sluice::insight
