#include "cli/parse.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

using Words = std::vector<std::string>;

Invocation good(const Words& words) {
  auto parsed = parse_words(words);
  if (!parsed) FAIL(parsed.error().message);
  return std::move(*parsed);
}

std::string refusal(const Words& words) {
  const auto parsed = parse_words(words);
  if (parsed) return "accepted";
  CHECK(parsed.error().code == Code::invalid);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("go's words are its own from its sub-command on") {
  const Invocation plain = good({"go", "build", "-v", "--quiet", "--store", "x", "./..."});
  REQUIRE(plain.command != nullptr);
  CHECK(plain.command->id == CommandId::go);
  CHECK(plain.tail == Words{"build", "-v", "--quiet", "--store", "x", "./..."});
  CHECK_FALSE(plain.flags.get(SettingId::quiet));

  const Invocation with = good({"--no-remote", "go", "--quiet", "--store", "file:///s",
                                "--drain=wait", "test", "-run", "X"});
  CHECK(with.tail == Words{"test", "-run", "X"});
  CHECK(with.flags.get(SettingId::quiet) == "true");
  CHECK(with.flags.get(SettingId::no_remote) == "true");
  CHECK(with.flags.get(SettingId::store) == "file:///s");
  CHECK(with.flags.get(SettingId::drain) == "wait");
}

TEST_CASE("flags of go before its sub-command are go's") {
  CHECK(good({"go", "--quiet", "-C", "dir", "build"}).tail == Words{"-C", "dir", "build"});
  CHECK(good({"go"}).tail.empty());
  CHECK(good({"go", "--", "build"}).tail == Words{"build"});
}

TEST_CASE("flags of sluice test stand anywhere among go's, but not behind -args") {
  const Invocation with = good({"test", "-race", "--parallel", "fixed=2", "./...", "--quiet",
                                "-run", "--explain-schedule", "--explain-schedule", "--json",
                                "-args", "--quiet=false", "--parallel", "go"});
  CHECK(with.command->id == CommandId::test);
  CHECK(with.tail == Words{"-race", "./...", "-run", "--explain-schedule", "--json", "-args",
                           "--quiet=false", "--parallel", "go"});
  CHECK(with.option_or("parallel", "") == "fixed=2");
  CHECK(with.has("explain-schedule"));
  CHECK(with.flags.get(SettingId::quiet) == "true");
}

TEST_CASE("a number is go's -parallel, a strategy ours") {
  CHECK(good({"test", "-parallel", "4", "."}).tail == Words{"-parallel", "4", "."});
  CHECK(good({"test", "--parallel", "4", "."}).tail == Words{"--parallel", "4", "."});
  CHECK(good({"test", "--parallel=4", "."}).tail == Words{"--parallel=4", "."});
  CHECK(good({"test", "--parallel=go", "."}).tail == Words{"."});
}

TEST_CASE("what is neither go test's nor like ours is go's to refuse") {
  CHECK(good({"test", "--nosuch", "x", "."}).tail == Words{"--nosuch", "x", "."});
  CHECK(refusal({"test", ".", "--explain-shedule"}) ==
        "test: unknown flag --explain-shedule; did you mean --explain-schedule?");
  CHECK(refusal({"test", ".", "--parallel"}) == "test: --parallel needs a HOW");
}

TEST_CASE("a misspelt flag of ours is not handed to go") {
  CHECK(refusal({"go", "--sotre", "file:///s", "build"}) ==
        "go: unknown flag --sotre; did you mean --store?");
  CHECK(refusal({"--quite", "go", "build"}) == "unknown flag --quite; did you mean --quiet?");
  CHECK(refusal({"--compression", "go", "build"}) == "unknown flag --compression");
}

TEST_CASE("a setting without a use in this command is said to be one") {
  CHECK(refusal({"env", "--quiet"}) == "env: the setting --quiet has no use here");
  CHECK(refusal({"env", "--drain=wait"}) == "env: the setting --drain has no use here");
  CHECK(refusal({"env", "--quite"}).starts_with("env: unknown flag --quite"));
}

TEST_CASE("the command of run is everything after --") {
  const Invocation with = good({"run", "--quiet", "--", "make", "--quiet", "--", "x"});
  CHECK(with.tail == Words{"make", "--quiet", "--", "x"});
  CHECK(with.flags.get(SettingId::quiet) == "true");
  CHECK(good({"run", "make", "-j2"}).tail == Words{"make", "-j2"});
  CHECK(refusal({"run"}) == "run: no command was given; write 'sluice run -- COMMAND'");
  CHECK(refusal({"run", "--"}) == "run: no command was given; write 'sluice run -- COMMAND'");
  CHECK(refusal({"run", "-j2", "make"}) == "run: unknown flag -j2");
}

TEST_CASE("the last of several values counts, and a flag may be taken back") {
  CHECK(good({"go", "--drain", "wait", "--drain", "detach"}).flags.get(SettingId::drain) ==
        "detach");
  CHECK(good({"--drain", "wait", "go", "--drain", "auto"}).flags.get(SettingId::drain) == "auto");
  CHECK(good({"go", "--read-only=false"}).flags.get(SettingId::read_only) == "false");
}

TEST_CASE("values that are missing") {
  CHECK(refusal({"go", "--store"}) == "go: --store needs a URL");
  CHECK(refusal({"--drain"}) == "--drain needs a WHEN");
  CHECK(refusal({"gc", "--max-size"}) == "gc: --max-size needs a SIZE");
  CHECK(refusal({"go", "--store=", "build"}) == "go: --store is empty");
  CHECK(refusal({"go", "--store=", "--quiet", "build"}) == "go: --store is empty");
  CHECK(refusal({"go", "--store", "", "build"}) == "go: --store is empty");
}

TEST_CASE("options, operands and choices") {
  const Invocation gc = good({"gc", "--max-size", "10GiB", "--max-age=5d", "--dry-run", "--json"});
  CHECK(gc.option_or("max-size", "") == "10GiB");
  CHECK(gc.option_or("max-age", "") == "5d");
  CHECK((gc.has("dry-run") && gc.has("json")));
  CHECK_FALSE(gc.has("force"));
  CHECK(good({"agent", "status", "--json"}).operand == "status");
  CHECK(good({"agent", "--json", "status"}).has("json"));
  CHECK(good({"help"}).operand.empty());
  CHECK(good({"help", "gc"}).operand == "gc");
  CHECK(good({"trace", "--region=r", "some file.out"}).operand == "some file.out");
  CHECK(refusal({"trace"}) == "trace: say which: [--region NAME] [--json] FILE");
  CHECK(refusal({"trace", "a", "b"}) == "trace: unexpected word \"b\"");
  CHECK(refusal({"agent"}) == "agent: say which: [SETTING...] status|wait|stop [--json]");
  CHECK(refusal({"agent", "satus"}) ==
        "agent: \"satus\" is not one of status, wait, stop; did you mean status?");
  CHECK(refusal({"agent", "status", "now"}) == "agent: unexpected word \"now\"");
  CHECK(refusal({"version", "now"}) == "version: unexpected word \"now\"");
  CHECK(refusal({"env", "--shell", "tcsh"}) ==
        "env: --shell: \"tcsh\" is not one of sh, fish, github, dotenv");
  CHECK(refusal({"gc", "--quiet"}) == "gc: the setting --quiet has no use here");
  CHECK(refusal({"gc", "--dry-rnu"}) == "gc: unknown flag --dry-rnu; did you mean --dry-run?");
  CHECK(refusal({"gc", "--dry-run=maybe"}) == "gc: --dry-run takes no value");
}

TEST_CASE("unknown commands") {
  CHECK(refusal({"build", "./..."}) ==
        "unknown command \"build\"; did you mean 'sluice go build'?");
  CHECK(refusal({"agnet"}) == "unknown command \"agnet\"; did you mean 'agent'?");
  CHECK(refusal({"zzzzzz"}) == "unknown command \"zzzzzz\"; see 'sluice help'");
  CHECK(refusal({"help", "verison"}) == "unknown command \"verison\"; did you mean 'version'?");
}

TEST_CASE("help and version from anywhere before the words of others") {
  CHECK(good({}).command == nullptr);
  CHECK(good({"--help"}).wants_help);
  CHECK(good({"-h"}).wants_help);
  CHECK(good({"--version"}).wants_version);
  CHECK(good({"gc", "--help"}).wants_help);
  CHECK(good({"agent", "--help"}).wants_help);
  CHECK(good({"run", "--help"}).wants_help);
  CHECK(good({"go", "--help"}).wants_help);
  CHECK_FALSE(good({"go", "build", "--help"}).wants_help);
}

TEST_CASE("control characters of a word do not reach the terminal") {
  CHECK(refusal({"\x1b[31mred"}).find('\x1b') == std::string::npos);
}

TEST_CASE("a list takes values after its flag and after one another") {
  const Invocation invocation =
      good({"save", "cargo", "--path", "a", "b", "--key", "k", "--path=c", "--json"});
  CHECK(invocation.operand == "cargo");
  CHECK(invocation.list_of("path") == Words{"a", "b", "c"});
  CHECK(invocation.option_or("key", "") == "k");
  CHECK(invocation.has("json"));
  CHECK(invocation.list_of("exclude").empty());
  CHECK(refusal({"save", "cargo", "--path"}) == "save: --path needs a PATH...");
  CHECK(refusal({"save", "cargo", "--path", ""}) == "save: --path is empty");
}

TEST_CASE("every flag that help shows is accepted") {
  for (const auto& command : command_specs()) {
    for (const SettingId id : command.settings) {
      const SettingSpec& spec = spec_of(id);
      Words words = {std::string(command.name), "--" + std::string(spec.name)};
      if (spec.type != SettingType::flag) words.emplace_back("x");
      if (!command.operand.choices.empty()) words.emplace_back(command.operand.choices.front());
      if (command.operand.is_file) words.emplace_back("x");
      if (command.tail == Tail::command_words) words.emplace_back("true");
      CHECK(good(words).flags.get(id));
    }
    for (const auto& option : command.options) {
      Words words = {std::string(command.name)};
      if (!command.operand.choices.empty()) words.emplace_back(command.operand.choices.front());
      if (command.operand.is_file) words.emplace_back("x");
      words.push_back("--" + std::string(option.name));
      if (!option.value_name.empty()) {
        words.emplace_back(option.choices.empty() ? "x" : option.choices.front());
      }
      if (command.tail == Tail::command_words) words.emplace_back("true");
      const Invocation invocation = good(words);
      CHECK((option.is_list ? invocation.list_of(option.name) == Words{"x"}
                            : invocation.has(option.name)));
    }
  }
}

}  // namespace sluice::cli
