#include "runner/test_rules.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "runner/retries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <span>

namespace sluice::runner {
namespace {

using std::chrono::milliseconds;
using Strings = std::vector<std::string>;
using Unexpected = std::unexpected<Error>;

constexpr auto k_time_min = std::chrono::seconds(1);
constexpr milliseconds k_time_max = std::chrono::hours(24);
constexpr std::string_view k_class_table = "test.class.";
constexpr std::string_view k_resource_table = "test.resource.";
constexpr std::size_t k_name_max = 63;
constexpr std::string_view k_keys =
    "paths, packages, names, tags, parallelism, timeout, slow-after, retries, cache, split, after, "
    "setup, teardown, env, resources";

constexpr std::string_view k_rest = "unit";
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> k_usual_classes = {
    {{"integration", "TestIntegration*"}, {"e2e", "TestE2E*"}}};

bool is_name(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= k_name_max && is_plain(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_plain(c) || c == '_' || c == '-'; });
}

TestClass class_of(std::string_view name) {
  TestClass made;
  made.name = name;
  return made;
}

// One that is there by itself: by a tag, a directory or the names of tests.
TestClass usual_class(std::string_view name, std::string_view names) {
  TestClass made = class_of(name);
  made.tags = {std::string(name)};
  made.paths = {fmt::format("**/{}/**", name)};
  made.names = {std::string(names)};
  return made;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  Result<TestRules> parse(const std::vector<codec::TomlEntry>& entries) {
    for (const auto& entry : entries) {
      if (entry.key.starts_with(k_tests_table)) TRY(take(entry));
    }
    for (const auto& [name, names] : k_usual_classes) {
      const auto known = rules_.find(name);
      const TestClass usual = usual_class(name, names);
      if (!known) rules_.classes.push_back(usual);
      if (!known || has_selectors(rules_.classes[*known])) continue;
      TestClass& own = rules_.classes[*known];
      std::tie(own.tags, own.paths, own.names) = std::tie(usual.tags, usual.paths, usual.names);
    }
    if (!rules_.find(k_rest)) rules_.classes.push_back(class_of(k_rest));
    rules_.rest = *rules_.find(k_rest);
    for (const Later& later : later_) TRY(resolve(later));
    for (const auto& [number, line] : reusing_) {
      if (rules_.classes[number].set_up.empty()) continue;
      return refuse(line, fmt::format("test.class.{}.cache", rules_.classes[number].name),
                    "results behind a set-up are not reused: what it makes is in no key");
    }
    TRY(check_cycles());
    return std::move(rules_);
  }

 private:
  // A name of what may stand further down in the file.
  struct Later {
    std::uint32_t line = 0;
    std::string key;
    ClassNumber of = 0;
    std::string name;
    std::uint32_t amount = 0;  // of a resource; 0: a class
  };

  Unexpected refuse(std::uint32_t line, std::string_view key, std::string_view why) const {
    return fail(Code::invalid,
                fmt::format("{}:{}: {}: {}", source_, line, printable(key, 80), why));
  }
  Unexpected refuse(const codec::TomlEntry& entry, std::string_view why) const {
    return refuse(entry.line, entry.key, why);
  }

  static bool has_selectors(const TestClass& one) {
    return !one.paths.empty() || !one.packages.empty() || !one.names.empty() || !one.tags.empty();
  }

  Result<void> take(const codec::TomlEntry& entry) {
    rules_.is_of_file = true;
    std::string_view key = entry.key;
    if (key.starts_with(k_resource_table)) {
      key.remove_prefix(k_resource_table.size());
      if (!is_name(key)) return refuse(entry, "a resource is named by a-z, 0-9, '_', '-'");
      TRY_ASSIGN(const std::uint32_t amount, amount_of(entry));
      rules_.resources.emplace_back(key, amount);
      return {};
    }
    if (!key.starts_with(k_class_table)) {
      return refuse(entry, "unknown; tests have tables test.class.NAME and test.resource");
    }
    key.remove_prefix(k_class_table.size());
    std::string_view table;
    std::size_t dot = key.rfind('.');
    for (const std::string_view inner : {".env.", ".resources."}) {
      const std::size_t at = key.find(inner);
      if (at == std::string_view::npos) continue;
      table = inner.substr(1, inner.size() - 2);
      dot = at;
    }
    const std::string_view name = dot == std::string_view::npos ? key : key.substr(0, dot);
    if (!is_name(name)) {
      return refuse(entry, "a class is named by a-z, 0-9, '_', '-'");
    }
    if (dot == std::string_view::npos) return refuse(entry, "is a table, [test.class.NAME]");
    auto number = rules_.find(name);
    if (!number) {
      number = rules_.classes.size();
      rules_.classes.push_back(class_of(name));
      rules_.classes.back().is_of_file = true;
    }
    if (table == "env") return take_variable(entry, key.substr(dot + 5), *number);
    if (table == "resources") {
      TRY_ASSIGN(const std::uint32_t amount, amount_of(entry));
      later_.push_back({entry.line, entry.key, *number, std::string(key.substr(dot + 11)), amount});
      return {};
    }
    return take_key(entry, key.substr(dot + 1), *number);
  }

  Result<void> take_variable(const codec::TomlEntry& entry, std::string_view name,
                             ClassNumber number) {
    const auto* text = std::get_if<std::string>(&entry.value);
    if (!is_variable_name(name)) return refuse(entry, "is no name of a variable");
    if (text == nullptr || text->find('\0') != std::string::npos) {
      return refuse(entry, "must be text in quotes");
    }
    rules_.classes[number].env.emplace_back(name, *text);
    return {};
  }

  Result<void> take_key(const codec::TomlEntry& entry, std::string_view key, ClassNumber number) {
    TestClass& one = rules_.classes[number];
    const std::array<std::pair<std::string_view, Strings*>, 6> lists = {
        {{"paths", &one.paths},
         {"packages", &one.packages},
         {"names", &one.names},
         {"tags", &one.tags},
         {"setup", &one.set_up},
         {"teardown", &one.tear_down}}};
    for (const auto& [name, list] : lists) {
      if (name != key) continue;
      TRY_ASSIGN(*list, list_of(entry));
      return check_list(entry, name, *list);
    }
    if (key == "after") {
      TRY_ASSIGN(const Strings names, list_of(entry));
      for (const std::string& name : names) {
        later_.push_back({entry.line, entry.key, number, name, 0});
      }
      return {};
    }
    if (key == "parallelism") {
      TRY_ASSIGN(one.parallelism, amount_of(entry));
      return {};
    }
    if (key == "timeout" || key == "slow-after") {
      TRY_ASSIGN((key == "timeout" ? one.timeout : one.slow_after), time_of(entry));
      return {};
    }
    if (key == "retries") {
      TRY_ASSIGN(const std::uint32_t count, number_of(entry, 0, k_retries_max));
      one.retries = count;
      return {};
    }
    if (key == "split") {
      const auto* is_split = std::get_if<bool>(&entry.value);
      if (is_split == nullptr) return refuse(entry, "must be true or false");
      one.splits = *is_split;
      return {};
    }
    if (key == "cache") {
      const auto* text = std::get_if<std::string>(&entry.value);
      if (text == nullptr || (*text != "reuse" && *text != "never")) {
        return refuse(entry, "must be \"reuse\" or \"never\"");
      }
      one.reuses_results = *text == "reuse";
      if (*one.reuses_results) reusing_.emplace_back(number, entry.line);
      return {};
    }
    return refuse(entry, fmt::format("unknown key; a class has {}", k_keys));
  }

  Result<std::uint32_t> number_of(const codec::TomlEntry& entry, std::int64_t least,
                                  std::int64_t most) const {
    const auto* number = std::get_if<std::int64_t>(&entry.value);
    if (number == nullptr || *number < least || *number > most) {
      return refuse(entry, fmt::format("must be a number from {} to {}", least, most));
    }
    return static_cast<std::uint32_t>(*number);
  }
  Result<std::uint32_t> amount_of(const codec::TomlEntry& entry) const {
    return number_of(entry, 1, k_places_max);
  }

  Result<milliseconds> time_of(const codec::TomlEntry& entry) const {
    const auto* text = std::get_if<std::string>(&entry.value);
    const auto span = text == nullptr ? std::nullopt : parse_duration(*text);
    if (!span || *span < k_time_min || *span > k_time_max) {
      return refuse(entry, "must be a time with a unit from \"1s\" to \"24h\"");
    }
    return *span;
  }

  Result<Strings> list_of(const codec::TomlEntry& entry) const {
    Strings list;
    if (const auto* text = std::get_if<std::string>(&entry.value)) list = {*text};
    if (const auto* texts = std::get_if<Strings>(&entry.value)) list = *texts;
    if (list.empty() || std::ranges::any_of(list, &std::string::empty)) {
      return refuse(entry, "must be text in quotes, or a list of that");
    }
    return list;
  }

  Result<void> check_list(const codec::TomlEntry& entry, std::string_view name,
                          const Strings& list) const {
    const auto leads_out = [](const std::string& path) {
      return path.starts_with('/') || path.starts_with("..");
    };
    const auto is_no_tag = [](const std::string& tag) {
      return !std::ranges::all_of(tag, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
      });
    };
    if (name == "paths" && std::ranges::any_of(list, leads_out)) {
      return refuse(entry, "must be below the directory of this file");
    }
    if (name == "tags" && std::ranges::any_of(list, is_no_tag)) {
      return refuse(entry, "must be names of build tags");
    }
    return {};
  }

  Result<void> resolve(const Later& later) {
    TestClass& one = rules_.classes[later.of];
    if (later.amount == 0) {
      const auto number = rules_.find(later.name);
      if (!number) {
        return refuse(later.line, later.key,
                      fmt::format("there is no class \"{}\"", printable(later.name, 80)));
      }
      one.after.push_back(*number);
      return {};
    }
    const auto at = std::ranges::find(rules_.resources, later.name,
                                      &std::pair<std::string, std::uint32_t>::first);
    if (at == rules_.resources.end()) {
      return refuse(later.line, later.key,
                    fmt::format("no [test.resource] says how much there is of {}",
                                printable(later.name, 80)));
    }
    if (later.amount > at->second) {
      return refuse(later.line, later.key, fmt::format("there are only {} of it", at->second));
    }
    one.resources.emplace_back(at - rules_.resources.begin(), later.amount);
    return {};
  }

  Result<void> check_cycles() const {
    const auto order = in_order(rules_);
    if (order.size() == rules_.classes.size()) return {};
    for (const Later& later : later_) {
      const bool is_in_cycle =
          later.amount == 0 && std::ranges::find(order, later.of) == order.end();
      if (is_in_cycle) {
        return refuse(later.line, later.key,
                      fmt::format("class {} waits for itself", rules_.classes[later.of].name));
      }
    }
    return {};
  }

  const std::string_view source_;
  TestRules rules_;
  std::vector<Later> later_;
  std::vector<std::pair<ClassNumber, std::uint32_t>> reusing_;  // and the line that says so
};

}  // namespace

std::optional<ClassNumber> TestRules::find(std::string_view name) const {
  const auto at = std::ranges::find(classes, name, &TestClass::name);
  if (at == classes.end()) return std::nullopt;
  return static_cast<ClassNumber>(at - classes.begin());
}

Result<TestRules> parse_test_rules(const std::vector<codec::TomlEntry>& entries,
                                   std::string_view source) {
  return Parser(source).parse(entries);
}

TestRules usual_rules() {
  TestRules rules;
  for (const auto& [name, names] : k_usual_classes)
    rules.classes.push_back(usual_class(name, names));
  rules.rest = rules.classes.size();
  rules.classes.push_back(class_of(k_rest));
  return rules;
}

std::vector<ClassNumber> in_order(const TestRules& rules) {
  std::vector<ClassNumber> order;
  const auto is_there = [&order](ClassNumber number) {
    return std::ranges::find(order, number) != order.end();
  };
  for (std::size_t before = rules.classes.size(); before != order.size();) {
    before = order.size();
    for (ClassNumber number = 0; number < rules.classes.size(); ++number) {
      if (!is_there(number) && std::ranges::all_of(rules.classes[number].after, is_there)) {
        order.push_back(number);
      }
    }
  }
  return order;
}

}  // namespace sluice::runner
