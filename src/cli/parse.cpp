#include "cli/parse.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/spelling.hpp"
#include "gotool/test_flags.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sluice::cli {

namespace {

// A line that says what the command "build" of a beginner should have been.
constexpr std::array<std::string_view, 9> k_go_subcommands = {
    "build", "vet", "install", "generate", "list", "get", "tool", "mod", "fmt"};

bool is_flag_word(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// "--store=x" -> "store"; "-h" -> "h".
std::string_view flag_name(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word.substr(0, word.find('='));
}

// The flags that may stand at one place: those of every command before it is known, its own after.
struct Vocabulary {
  std::vector<const SettingSpec*> settings;
  std::vector<const OptionSpec*> options;

  enum class Kind { unknown, alone, with_value };
  Kind kind_of(std::string_view word) const {
    if (word == "-h" || word == "--help" || word == "--version") return Kind::alone;
    if (!word.starts_with("--")) return Kind::unknown;
    const std::string_view name = flag_name(word);
    for (const auto* spec : settings) {
      if (spec->name == name)
        return spec->type == SettingType::flag ? Kind::alone : Kind::with_value;
    }
    for (const auto* spec : options) {
      if (spec->name == name) return spec->value_name.empty() ? Kind::alone : Kind::with_value;
    }
    return Kind::unknown;
  }
  std::optional<std::string> near(std::string_view word) const {
    if (!word.starts_with("--")) return std::nullopt;
    std::vector<std::string_view> names = {"help", "version"};
    for (const auto* spec : settings) names.push_back(spec->name);
    for (const auto* spec : options) names.push_back(spec->name);
    return nearest_word(flag_name(word), names);
  }
};

Vocabulary every_setting() {
  Vocabulary vocabulary;
  for (const auto& spec : setting_specs()) vocabulary.settings.push_back(&spec);
  return vocabulary;
}

Vocabulary vocabulary_of(const CommandSpec& command) {
  Vocabulary vocabulary;
  for (const SettingId id : command.settings) vocabulary.settings.push_back(&spec_of(id));
  for (const auto& option : command.options) vocabulary.options.push_back(&option);
  return vocabulary;
}

std::unexpected<Error> refuse_flag(std::string_view place, std::string_view word,
                                   const Vocabulary& vocabulary) {
  const std::string shown = printable(word.substr(0, word.find('=')), 80);
  if (!place.empty() && every_setting().kind_of(word) != Vocabulary::Kind::unknown) {
    return fail(Code::invalid, fmt::format("{}the setting {} has no use here", place, shown));
  }
  if (const auto near = vocabulary.near(word)) {
    return fail(Code::invalid,
                fmt::format("{}unknown flag {}; did you mean --{}?", place, shown, *near));
  }
  return fail(Code::invalid, fmt::format("{}unknown flag {}", place, shown));
}

std::unexpected<Error> refuse_command(std::string_view word) {
  const std::string shown = printable(word, 80);
  const bool is_go =
      std::find(k_go_subcommands.begin(), k_go_subcommands.end(), word) != k_go_subcommands.end();
  if (is_go) {
    return fail(Code::invalid,
                fmt::format("unknown command \"{0}\"; did you mean 'sluice go {0}'?", shown));
  }
  const auto names = command_names();
  if (const auto near = nearest_word(word, names)) {
    return fail(Code::invalid,
                fmt::format("unknown command \"{}\"; did you mean '{}'?", shown, *near));
  }
  return fail(Code::invalid, fmt::format("unknown command \"{}\"; see 'sluice help'", shown));
}

// The words by their owner.
struct Cut {
  const CommandSpec* command = nullptr;
  std::vector<std::string> before;  // flags before the command
  std::vector<std::string> own;     // flags and operands after it
  std::vector<std::string> tail;
};

// Takes the flag at `at` and its value; false when the word is no flag of this vocabulary.
bool take_flag(const std::vector<std::string>& words, std::size_t& at, const Vocabulary& vocabulary,
               std::vector<std::string>& into) {
  const std::string& word = words[at];
  const auto kind = vocabulary.kind_of(word);
  if (kind == Vocabulary::Kind::unknown) return false;
  into.push_back(word);
  const bool value_follows =
      kind == Vocabulary::Kind::with_value && word.find('=') == std::string::npos;
  if (value_follows && at + 1 < words.size()) into.push_back(words[++at]);
  ++at;
  return true;
}

// go's own -parallel is a number; so is no value of ours.
bool is_parallel_of_go(const std::vector<std::string>& words, std::size_t at) {
  const std::string_view word = words[at];
  if (flag_name(word) != "parallel") return false;
  const std::size_t equals = word.find('=');
  const std::string_view value = equals != std::string_view::npos ? word.substr(equals + 1)
                                 : at + 1 < words.size()          ? words[at + 1]
                                                                  : "";
  return parse_int<int>(value).has_value();
}

Result<void> cut_test_words(const std::vector<std::string>& words, std::size_t at, Cut& cut) {
  const Vocabulary vocabulary = vocabulary_of(*cut.command);
  for (; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "-args" || word == "--args" || word == "--") break;
    if (is_flag_word(word)) {
      const bool is_ours = !is_parallel_of_go(words, at);
      if (is_ours && take_flag(words, at, vocabulary, cut.own)) {
        --at;
        continue;
      }
      const gotool::TestFlag* flag = gotool::find_test_flag(flag_name(word));
      if (flag == nullptr && vocabulary.near(word)) return refuse_flag("test: ", word, vocabulary);
      const bool value_follows =
          flag != nullptr && flag->takes_word() && word.find('=') == std::string::npos;
      if (value_follows && at + 1 < words.size()) cut.tail.push_back(words[at++]);
    }
    cut.tail.push_back(words[at]);
  }
  cut.tail.insert(cut.tail.end(), words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return {};
}

Result<void> cut_own_words(const std::vector<std::string>& words, std::size_t at, Cut& cut) {
  if (cut.command->tail == Tail::test_words) return cut_test_words(words, at, cut);
  const Vocabulary vocabulary = vocabulary_of(*cut.command);
  const std::string place = fmt::format("{}: ", cut.command->name);
  while (at < words.size()) {
    const std::string& word = words[at];
    if (is_flag_word(word) && word != "--") {
      if (take_flag(words, at, vocabulary, cut.own)) continue;
      // What is no flag of ours may be one of go's (-C); a misspelt one of ours is not let through.
      const bool is_go_word = cut.command->tail == Tail::go_words && !vocabulary.near(word);
      if (!is_go_word) return refuse_flag(place, word, vocabulary);
    }
    if (cut.command->tail != Tail::none) break;
    cut.own.push_back(word);
    ++at;
  }
  if (at < words.size() && words[at] == "--") ++at;
  cut.tail.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  return {};
}

Result<Cut> cut_words(const std::vector<std::string>& words) {
  const Vocabulary global = every_setting();
  Cut cut;
  std::size_t at = 0;
  while (at < words.size() && is_flag_word(words[at])) {
    if (!take_flag(words, at, global, cut.before)) return refuse_flag("", words[at], global);
  }
  if (at == words.size()) return cut;
  cut.command = find_command(words[at]);
  if (cut.command == nullptr) return refuse_command(words[at]);
  TRY(cut_own_words(words, at + 1, cut));
  return cut;
}

// ---- CLI11

// Slots that CLI11 writes into; they must not move while it parses.
struct Slots {
  std::array<std::string, k_setting_count> settings;
  std::vector<std::string> options;
  std::vector<std::vector<std::string>> lists;  // as options
  std::string operand;
  bool help = false;
  bool version = false;
};

void add_value(CLI::App& app, std::string_view name, bool is_flag, std::string& slot) {
  const std::string flag = "--" + std::string(name);
  CLI::Option* option = is_flag ? app.add_flag(flag, slot) : app.add_option(flag, slot);
  option->take_last();
}

void declare(CLI::App& app, const Vocabulary& vocabulary, Slots& slots) {
  app.set_help_flag();  // ours stands beside --version, so that both end before anything is checked
  app.add_flag("-h,--help", slots.help);
  app.add_flag("--version", slots.version);
  for (const auto* spec : vocabulary.settings) {
    auto& slot = slots.settings[static_cast<std::size_t>(spec->id)];
    add_value(app, spec->name, spec->type == SettingType::flag, slot);
  }
  slots.options.resize(vocabulary.options.size());
  slots.lists.resize(vocabulary.options.size());
  for (std::size_t i = 0; i < vocabulary.options.size(); ++i) {
    const auto* spec = vocabulary.options[i];
    if (spec->is_list) {
      app.add_option("--" + std::string(spec->name), slots.lists[i]);
      continue;
    }
    add_value(app, spec->name, spec->value_name.empty(), slots.options[i]);
  }
}

std::string value_name_of(const Vocabulary& vocabulary, std::string_view name) {
  for (const auto* spec : vocabulary.settings) {
    if (spec->name == name) return std::string(spec->value_name);
  }
  for (const auto* spec : vocabulary.options) {
    if (spec->name == name) return std::string(spec->value_name);
  }
  return "value";
}

Result<void> run_parser(CLI::App& app, std::vector<std::string> words, const Vocabulary& vocabulary,
                        std::string_view place) {
  for (const std::string& word : words) {
    // CLI11 would take the next word for the value.
    if (!word.starts_with("--") || word.find('=') + 1 != word.size()) continue;
    return fail(Code::invalid,
                fmt::format("{}--{} is empty", place, printable(flag_name(word), 80)));
  }
  // The only thing a word can still get wrong here is a value that is missing at the end of the
  // line.
  const std::string last = words.empty() ? "" : words.back();
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ArgumentMismatch&) {
    return fail(Code::invalid, fmt::format("{}{} needs a {}", place, printable(last, 80),
                                           value_name_of(vocabulary, flag_name(last))));
  } catch (const CLI::Error& error) {
    return fail(Code::invalid, fmt::format("{}{}", place, printable(error.what())));
  }
  return {};
}

Result<void> take(Invocation& invocation, CLI::App& app, const Vocabulary& vocabulary,
                  const Slots& slots, std::string_view place) {
  invocation.wants_help = invocation.wants_help || slots.help;
  invocation.wants_version = invocation.wants_version || slots.version;
  for (const auto* spec : vocabulary.settings) {
    if (app.count("--" + std::string(spec->name)) == 0) continue;
    const auto& value = slots.settings[static_cast<std::size_t>(spec->id)];
    if (value.empty())
      return fail(Code::invalid, fmt::format("{}--{} is empty", place, spec->name));
    invocation.flags.set(spec->id, value);
  }
  for (std::size_t i = 0; i < vocabulary.options.size(); ++i) {
    const OptionSpec& spec = *vocabulary.options[i];
    if (app.count("--" + std::string(spec.name)) == 0) continue;
    if (spec.is_list) {
      if (std::ranges::any_of(slots.lists[i], &std::string::empty)) {
        return fail(Code::invalid, fmt::format("{}--{} is empty", place, spec.name));
      }
      invocation.lists[std::string(spec.name)] = slots.lists[i];
      continue;
    }
    const std::string& value = slots.options[i];
    if (spec.value_name.empty()) {
      const auto on = parse_bool(value);
      if (!on) return fail(Code::invalid, fmt::format("{}--{} takes no value", place, spec.name));
      if (!*on) continue;
    }
    const auto& choices = spec.choices;
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      return fail(
          Code::invalid,
          fmt::format("{}--{}: \"{}\" is not one of {}", place, spec.name, printable(value, 80),
                      join(std::vector<std::string>(choices.begin(), choices.end()), ", ")));
    }
    invocation.options[std::string(spec.name)] = value;
  }
  return {};
}

Result<void> check_operand(Invocation& invocation, const std::vector<std::string>& operands) {
  const CommandSpec& command = *invocation.command;
  const OperandSpec& operand = command.operand;
  const std::size_t count_max = operand.name.empty() ? 0 : 1;
  if (operand.is_list) {
    invocation.operands = operands;
    if (operand.choices.empty()) return {};  // else the first is one of them
  } else if (operands.size() > count_max) {
    return fail(Code::invalid, fmt::format("{}: unexpected word \"{}\"", command.name,
                                           printable(operands[count_max], 80)));
  }
  if (operands.empty()) {
    if (!operand.required) return {};
    return fail(Code::invalid, fmt::format("{}: say which: {}", command.name, command.usage));
  }
  invocation.operand = operands.front();
  if (operand.is_file) return {};
  if (operand.is_command) {
    if (find_command(invocation.operand) == nullptr) return refuse_command(invocation.operand);
    return {};
  }
  const auto& choices = operand.choices;
  if (choices.empty()) return {};
  if (std::find(choices.begin(), choices.end(), invocation.operand) != choices.end()) return {};
  const auto near = nearest_word(invocation.operand, choices);
  return fail(
      Code::invalid,
      fmt::format("{}: \"{}\" is not one of {}{}", command.name, printable(invocation.operand, 80),
                  join(std::vector<std::string>(choices.begin(), choices.end()), ", "),
                  near ? fmt::format("; did you mean {}?", *near) : ""));
}

Result<void> parse_group(Invocation& invocation, const std::vector<std::string>& words,
                         const Vocabulary& vocabulary, std::string_view place) {
  Slots slots;
  CLI::App app;
  app.allow_extras();
  declare(app, vocabulary, slots);
  TRY(run_parser(app, words, vocabulary, place));
  TRY(take(invocation, app, vocabulary, slots, place));
  if (invocation.command == nullptr || invocation.wants_help || place.empty()) return {};
  return check_operand(invocation, app.remaining());
}

Result<Invocation> parse_unguarded(const std::vector<std::string>& words) {
  TRY_ASSIGN(Cut cut, cut_words(words));
  Invocation invocation;
  invocation.command = cut.command;
  invocation.tail = std::move(cut.tail);
  if (!cut.before.empty()) TRY(parse_group(invocation, cut.before, every_setting(), ""));
  if (cut.command == nullptr) return invocation;
  TRY(parse_group(invocation, cut.own, vocabulary_of(*cut.command),
                  fmt::format("{}: ", cut.command->name)));
  if (invocation.wants_help) return invocation;
  if (cut.command->tail == Tail::command_words && invocation.tail.empty()) {
    const std::string_view name = cut.command->name;
    return fail(Code::invalid,
                fmt::format("{0}: no command was given; write 'sluice {0} -- COMMAND'", name));
  }
  return invocation;
}

}  // namespace

Result<Invocation> parse_words(const std::vector<std::string>& words) {
  try {
    return parse_unguarded(words);
  } catch (const std::exception& error) {
    return fail(Code::invalid, printable(error.what()));
  }
}

}  // namespace sluice::cli
