// A made-up journal for the tests of this room: commands with what they compiled, linked and
// tested.
//
// For tests only. Build IDs are real: each text proves under its salt.
#pragma once

#include "base/digest.hpp"
#include "gotool/action_text.hpp"
#include "insight/journal_for_test.hpp"
#include "journal/database.hpp"
#include "journal/queries.hpp"
#include "journal/spool.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <vector>

namespace sluice::insight::testing {

inline constexpr std::string_view k_salt = "go1.27.4";

inline ActionId action_of(std::string_view text) {
  return sha256_as<ActionId>(bytes_of(std::string(k_salt) + std::string(text)));
}
inline std::string build_id_of(std::string_view text) {
  return gotool::short_hash(sha256(bytes_of(std::string(k_salt) + std::string(text))));
}

// A text in go's form: files as "name=hash", imports as "path=content".
inline std::string text_of(const std::string& package, const std::vector<std::string>& files,
                           const std::vector<std::string>& imports, std::string_view more = "") {
  std::string text = fmt::format(
      "compile\ngo 1.24\ngoos linux goarch amd64\nimport \"{}\"\n"
      "omitdebug false standard false local false prefix \"\"\n{}"
      "compile compile version go1.27.4 [] []\nGOAMD64=v1\n",
      package.substr(0, package.find(' ')), more);
  const auto add = [&text](std::string_view word, const std::string& item) {
    const auto equals = item.find('=');
    text += fmt::format("{} {} {}\n", word, item.substr(0, equals), item.substr(equals + 1));
  };
  for (const std::string& file : files) add("file", file);
  for (const std::string& import : imports) add("import", import);
  return text;
}

struct Made {
  std::string package;
  std::string text;
};

class Diary : public JournalForTest {
 public:
  struct Command {
    std::vector<std::string> words = {"go", "test", "./..."};
    std::int64_t exit_status = 0;
    std::vector<Made> compiled = {};
    std::vector<std::string> given = {};   // texts whose results the cache had
    std::vector<std::string> linked = {};  // packages: "p.test"
    std::vector<journal::Tested> tested = {};
    std::vector<journal::TestGiven> tested_given = {};
    std::vector<journal::Fault> faults = {};
    std::vector<ActionId> asked = {};  // any keys that go had an answer for
    std::vector<journal::IndexedOne> indexed = {};
    std::string host = "box";
  };

  // One job: a command at a desk. Each is later than the one before.
  std::string run(const Command& command) {
    now_us_ += 1'000'000;
    const std::string id = fmt::format("command{}", ++count_);
    journal::CommandBegan began;
    began.id = id;
    began.words = command.words;
    began.go_version = k_salt;
    began.host = command.host;
    began.local_tier = "/tier";
    std::vector<journal::Event> events = {{now_us_, began}};
    journal::Lookups lookups;
    journal::Results results;
    for (const Made& made : command.compiled) {
      events.push_back({now_us_ + 10, journal::Compiled{made.package, build_id_of(made.text),
                                                        std::string(k_salt), made.text}});
      lookups.list.push_back({action_of(made.text), journal::Answer::missed, 0, 0});
      results.list.push_back({action_of(made.text), 1, 100, now_us_ + 1010});
    }
    for (const std::string& text : command.given) {
      lookups.list.push_back({action_of(text), journal::Answer::local, 100, 0});
    }
    for (const ActionId& action : command.asked) {
      lookups.list.push_back({action, journal::Answer::local, 100, 0});
    }
    for (const std::string& package : command.linked) {
      events.push_back({now_us_ + 20, journal::Linked{package, build_id_of(package + id), "",
                                                      journal::Answer::missed, 5}});
    }
    for (const auto& tested : command.tested) events.push_back({now_us_ + 30, tested});
    for (const auto& given : command.tested_given) events.push_back({now_us_ + 30, given});
    for (const auto& fault : command.faults) events.push_back({now_us_ + 30, fault});
    events.push_back({now_us_ + 40, lookups});
    events.push_back({now_us_ + 40, journal::Indexed{command.indexed}});
    events.push_back({now_us_ + 40, results});
    events.push_back({now_us_ + 5000, journal::CommandEnded{5000, command.exit_status, 0, "{}"}});
    REQUIRE(journal::append(journal(), id, events));
    return id;
  }

  // `sluice gc` of that machine's local tier.
  void remove(const journal::RemovedOne& one) {
    now_us_ += 1'000'000;
    const std::vector<journal::Event> events = {{now_us_, journal::Removed{"box", "/tier", {one}}}};
    REQUIRE(journal::append(journal(), fmt::format("gc{}", now_us_), events));
  }

 private:
  int count_ = 0;
  journal::Micros now_us_ = 1'000'000'000;
};

}  // namespace sluice::insight::testing
