#include "insight/go_uses.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"
#include "gotool/go_flags.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::size_t k_nested_max = 4;  // sh -c inside sh -c

constexpr std::array<std::string_view, 8> k_go_variables = {
    "$(GO)", "${GO}", "$GO", "$(GOCMD)", "${GOCMD}", "$(GO_CMD)", "$(GOBIN)/go", "$(GOEXE)"};
constexpr std::array<std::string_view, 7> k_plain_wrappers = {"exec", "command", "nohup", "builtin",
                                                              "then", "stdbuf",  "winpty"};
constexpr std::array<std::string_view, 5> k_shells = {"sh", "bash", "dash", "zsh", "ash"};

// Flags of go build, test, list and run whose value may stand in the next word.
constexpr std::array<std::string_view, 53> k_flags_with_value = {"C",
                                                                 "o",
                                                                 "p",
                                                                 "run",
                                                                 "skip",
                                                                 "bench",
                                                                 "benchtime",
                                                                 "count",
                                                                 "cpu",
                                                                 "parallel",
                                                                 "timeout",
                                                                 "list",
                                                                 "coverprofile",
                                                                 "covermode",
                                                                 "coverpkg",
                                                                 "tags",
                                                                 "ldflags",
                                                                 "gcflags",
                                                                 "asmflags",
                                                                 "gccgoflags",
                                                                 "mod",
                                                                 "modfile",
                                                                 "overlay",
                                                                 "pgo",
                                                                 "exec",
                                                                 "toolexec",
                                                                 "vet",
                                                                 "shuffle",
                                                                 "outputdir",
                                                                 "cpuprofile",
                                                                 "memprofile",
                                                                 "memprofilerate",
                                                                 "blockprofile",
                                                                 "blockprofilerate",
                                                                 "mutexprofile",
                                                                 "mutexprofilefraction",
                                                                 "trace",
                                                                 "fuzz",
                                                                 "fuzztime",
                                                                 "fuzzminimizetime",
                                                                 "installsuffix",
                                                                 "buildmode",
                                                                 "compiler",
                                                                 "pkgdir",
                                                                 "f",
                                                                 "vettool",
                                                                 "test.timeout",
                                                                 "test.run",
                                                                 "test.count",
                                                                 "test.cpu",
                                                                 "go",
                                                                 "compat",
                                                                 "test.parallel"};

constexpr std::array<std::string_view, 26> k_flags_alone = {
    "a",          "n",        "v",          "x",    "race",     "msan", "asan", "cover", "trimpath",
    "linkshared", "work",     "modcacherw", "json", "buildvcs", "c",    "i",    "short", "failfast",
    "benchmem",   "fullpath", "artifacts",  "deps", "export",   "find", "m",    "u"};

template <class Words>
bool is_one_of(const Words& words, std::string_view word) {
  return std::ranges::find(words, word) != std::end(words);
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_go(const ShellWord& word) {
  return base_name(word.value) == "go" || is_one_of(k_go_variables, word.raw) ||
         is_one_of(k_go_variables, word.value);
}

// Wrappers before a command: how many words they take, 0 for none.
class Unwrapper {
 public:
  Unwrapper(const std::vector<ShellWord>& words, std::vector<Variable>& environment)
      : words_(words), environment_(environment) {}

  // The index of the command itself.
  std::size_t skip_all() {
    while (at_ < words_.size() && skip_one()) {
    }
    return at_;
  }

 private:
  std::string_view word(std::size_t at) const {
    return at < words_.size() ? std::string_view(words_[at].value) : std::string_view();
  }

  // Options after a wrapper; those of `with_value` take the next word too.
  void skip_options(std::string_view with_value) {
    while (word(at_).starts_with('-')) {
      const std::string_view option = word(at_++);
      if (option == "--") return;
      if (option.size() == 2 && with_value.find(option[1]) != std::string_view::npos) ++at_;
    }
  }

  void take_assignments() {
    for (; at_ < words_.size(); ++at_) {
      const auto equals = word(at_).find('=');
      if (equals == std::string_view::npos || !is_variable_name(word(at_).substr(0, equals)))
        return;
      set_variable(environment_, {std::string(word(at_).substr(0, equals)),
                                  std::string(word(at_).substr(equals + 1)), words_[at_].line});
    }
  }

  bool skip_one() {
    const std::string_view name = base_name(word(at_));
    if (is_one_of(k_plain_wrappers, name)) {
      ++at_;
      skip_options("");
    } else if (name == "env" || name == "sudo" || name == "doas") {
      ++at_;
      skip_options(name == "env" ? "uCS" : "ugCDhpRrtT");
      take_assignments();
    } else if (name == "nice" || name == "ionice" || name == "xargs" || name == "setarch") {
      ++at_;
      skip_options(name == "xargs" ? "nPILsdEa" : "ncpt");
    } else if (name == "timeout" || name == "retry" || name == "flock") {
      ++at_;
      skip_options("skntdmw");
      if (name != "retry") ++at_;
    } else if (name == "sluice" && (word(at_ + 1).starts_with('-') || word(at_ + 1) == "go" ||
                                    word(at_ + 1) == "run")) {
      return skip_sluice();
    } else {
      return false;
    }
    return true;
  }

  // `sluice go …` is go itself, `sluice run -- …` any command.
  bool skip_sluice() {
    for (std::size_t at = at_ + 1; at < words_.size(); ++at) {
      if (word(at) == "go") {
        at_ = at;
        return false;
      }
      if (word(at) == "--") {
        at_ = at + 1;
        return true;
      }
    }
    return false;
  }

  const std::vector<ShellWord>& words_;
  std::vector<Variable>& environment_;
  std::size_t at_ = 0;
};

// Reads go's words into a use.
class UseReader {
 public:
  UseReader(const std::vector<ShellWord>& words, std::size_t at, GoUse& use)
      : words_(words), at_(at), use_(use) {}

  void read() {
    for (; at_ < words_.size() && !use_.has_arguments; ++at_) {
      const ShellWord& word = words_[at_];
      if (word.value.size() > 1 && word.value.front() == '-') {
        read_flag(word);
        continue;
      }
      if (!word.is_plain) use_.is_certain = false;
      use_.packages.push_back(word.value);
      if (use_.subcommand == "run") return;  // the rest are the program's own
    }
  }

 private:
  void read_flag(const ShellWord& word) {
    std::string_view text = word.value;
    text.remove_prefix(text.starts_with("--") ? 2 : 1);
    GoFlag flag;
    const auto equals = text.find('=');
    flag.name = text.substr(0, equals);
    flag.raw = word.raw;
    flag.line = word.line;
    flag.is_plain = word.is_plain;
    if (flag.name == "args" && use_.subcommand == "test") {
      use_.has_arguments = at_ + 1 < words_.size();
      return;
    }
    if (equals != std::string_view::npos) {
      flag.value = text.substr(equals + 1);
    } else if (is_one_of(k_flags_with_value, flag.name) && at_ + 1 < words_.size() &&
               !(use_.subcommand == "list" && flag.name == "list")) {
      const ShellWord& value = words_[++at_];
      flag.value = value.value;
      flag.raw += " " + value.raw;
      flag.is_plain = flag.is_plain && value.is_plain;
    }
    if (flag.name.starts_with("test.")) flag.name.erase(0, 5);
    use_.flags.push_back(std::move(flag));
  }

  const std::vector<ShellWord>& words_;
  std::size_t at_;
  GoUse& use_;
};

// What a script's variables make of words that are one variable: `go test $FLAGS`.
std::vector<ShellWord> with_known_variables(const std::vector<ShellWord>& words,
                                            const std::vector<Variable>& local,
                                            const std::vector<Variable>& exported) {
  std::vector<ShellWord> expanded;
  for (const ShellWord& word : words) {
    const std::string_view name = expanded_name(word.raw);
    const Variable* set = name.empty() ? nullptr : find_variable(local, name);
    if (set == nullptr && !name.empty()) set = find_variable(exported, name);
    const bool is_known = set != nullptr && set->value.find('$') == std::string::npos;
    const auto parts = is_known ? gotool::split_go_words(set->value) : std::nullopt;
    if (!parts) {
      expanded.push_back(word);
      continue;
    }
    for (const std::string& part : *parts) {
      expanded.push_back({quote_word(part), part, word.line, true});
    }
  }
  return expanded;
}

// Follows the commands of one job: what they export holds for those behind them.
class Walker {
 public:
  Walker(std::string job, std::vector<Variable> exported, std::vector<PlacedCommand>& found)
      : job_(std::move(job)), exported_(std::move(exported)), found_(found) {}

  void walk(std::vector<ShellCommand> commands, std::size_t depth) {
    std::vector<Variable> local;
    for (ShellCommand& command : commands) {
      if (found_.size() >= k_commands_max) return;
      command.words = with_known_variables(command.words, local, exported_);
      PlacedCommand placed{job_, std::move(command), exported_};
      const ShellCommand& placed_command = placed.command;
      if (placed_command.words.empty()) {
        assign(placed_command.assignments, local);
      } else {
        set_variables(placed.environment, placed_command.assignments);
        note_exports(placed_command, local);
        unwrap(placed);
        walk_inner(placed, depth);
      }
      found_.push_back(std::move(placed));
    }
  }

  const std::vector<Variable>& later() const { return later_; }
  const std::vector<Variable>& exported() const { return exported_; }

 private:
  static bool is_exporter(std::string_view word) { return word == "export"; }

  // A plain assignment reaches go when the variable is exported already.
  void assign(const std::vector<Variable>& set, std::vector<Variable>& local) {
    for (const Variable& one : set) {
      set_variable(local, one);
      if (find_variable(exported_, one.name) != nullptr) set_variable(exported_, one);
    }
  }

  void note_exports(const ShellCommand& command, const std::vector<Variable>& local) {
    const std::string& name = command.words[0].value;
    if (is_exporter(name)) {
      for (std::size_t i = 1; i < command.words.size(); ++i) {
        const ShellWord& word = command.words[i];
        const auto equals = word.value.find('=');
        if (equals != std::string::npos) {
          set_variable(exported_,
                       {word.value.substr(0, equals), word.value.substr(equals + 1), word.line});
        } else if (const Variable* set = find_variable(local, word.value)) {
          set_variable(exported_, *set);
        }
      }
    } else if (name == "unset") {
      for (std::size_t i = 1; i < command.words.size(); ++i) {
        std::erase_if(exported_,
                      [&](const Variable& one) { return one.name == command.words[i].value; });
      }
    } else if (name == "go" && command.words.size() > 3 && command.words[1].value == "env" &&
               command.words[2].value == "-w") {
      for (std::size_t i = 3; i < command.words.size(); ++i) note_later(command.words[i], true);
    } else if (name == "echo" || name == "printf") {
      for (const std::string& file : command.outputs) {
        if (file.find("GITHUB_ENV") == std::string::npos) continue;
        for (std::size_t i = 1; i < command.words.size(); ++i) note_later(command.words[i], false);
      }
    }
  }

  // Holds for the steps that follow, and with `now` for the commands that do.
  void note_later(const ShellWord& word, bool now) {
    const auto equals = word.value.find('=');
    if (equals == std::string::npos || !is_variable_name(word.value.substr(0, equals))) return;
    const Variable set{word.value.substr(0, equals),
                       std::string(trim(word.value.substr(equals + 1))), word.line};
    set_variable(later_, set);
    if (now) set_variable(exported_, set);
  }

  static void unwrap(PlacedCommand& placed) {
    auto& words = placed.command.words;
    const std::size_t at = Unwrapper(words, placed.environment).skip_all();
    if (at > 0 && at < words.size())
      words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void walk_inner(const PlacedCommand& placed, std::size_t depth) {
    const auto& words = placed.command.words;
    if (depth >= k_nested_max || words.empty() || !is_one_of(k_shells, base_name(words[0].value))) {
      return;
    }
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
      const std::string& option = words[i].value;
      if (!option.starts_with('-')) return;
      if (option.starts_with("--") || !option.ends_with('c')) continue;
      Walker inner(job_, placed.environment, found_);
      inner.walk(shell_commands(words[i + 1].value, words[i + 1].line), depth + 1);
      return;
    }
  }

  std::string job_;
  std::vector<Variable> exported_;
  std::vector<Variable> later_;
  std::vector<PlacedCommand>& found_;
};

}  // namespace

const GoFlag* GoUse::flag(std::string_view name) const {
  for (auto at = flags.rbegin(); at != flags.rend(); ++at) {
    if (at->name == name) return &*at;
  }
  return nullptr;
}

bool GoUse::is_on(std::string_view name) const {
  const GoFlag* found = flag(name);
  return found != nullptr && !found->is_off();
}

std::string GoUse::variable_or(std::string_view name, std::string_view fallback) const {
  const Variable* set = find_variable(environment, name);
  return set == nullptr ? std::string(fallback) : set->value;
}

std::string GoUse::text_without(const std::vector<std::string_view>& names) const {
  std::string left = text;
  for (const GoFlag& flag : flags) {
    if (flag.from_goflags || !is_one_of(names, flag.name)) continue;
    const auto at = left.find(" " + flag.raw);
    if (at != std::string::npos) left.erase(at, flag.raw.size() + 1);
  }
  return left;
}

bool is_go_flag(std::string_view name) {
  return is_one_of(k_flags_with_value, name) || is_one_of(k_flags_alone, name);
}

std::vector<GoFlag> flags_of_goflags(std::string_view text, std::uint32_t line) {
  std::vector<GoFlag> flags;
  const auto words = gotool::split_go_words(text);
  if (!words) return flags;
  for (const std::string& word : *words) {
    std::string_view rest = word;
    if (!rest.starts_with('-')) continue;
    rest.remove_prefix(rest.starts_with("--") ? 2 : 1);
    const auto equals = rest.find('=');
    GoFlag flag;
    flag.name = rest.substr(0, equals);
    if (equals != std::string_view::npos) flag.value = rest.substr(equals + 1);
    flag.raw = word;
    flag.line = line;
    flag.from_goflags = true;
    flag.is_plain = word.find('$') == std::string::npos;
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::vector<PlacedCommand> commands_of(const Pipeline& pipeline) {
  std::vector<PlacedCommand> found;
  std::string job;
  std::vector<Variable> later;     // what the steps of the job so far left for the next ones
  std::vector<Variable> exported;  // in the shell of the last one
  for (const Step& step : pipeline.steps) {
    if (step.job != job || pipeline.kind == FileKind::makefile) later.clear();
    job = step.job;
    std::vector<Variable> environment = later;
    set_variables(environment, step.environment);
    if (step.goes_on) {
      set_variables(environment, exported);
    } else if (!found.empty()) {
      found.back().ends_shell = true;
    }
    Walker walker(step.job, std::move(environment), found);
    walker.walk(shell_commands(step.script, step.line, step.counts_lines), 0);
    set_variables(later, walker.later());
    exported = walker.exported();
  }
  if (!found.empty()) found.back().ends_shell = true;
  return found;
}

std::vector<Variable> variables_of(const Pipeline& pipeline,
                                   const std::vector<PlacedCommand>& commands) {
  std::vector<Variable> all = pipeline.variables;
  const auto add = [&all](const Variable& set) {
    if (all.size() < 2 * k_places_max && std::ranges::find(all, set) == all.end()) {
      all.push_back(set);
    }
  };
  for (const PlacedCommand& placed : commands) {
    for (const Variable& set : placed.environment) add(set);
  }
  return all;
}

std::optional<GoUse> go_use_of(const PlacedCommand& placed) {
  const auto& words = placed.command.words;
  GoUse use;
  std::size_t at = 0;
  if (words.empty()) return std::nullopt;
  if (base_name(words[0].value) == "gotestsum") {
    use.subcommand = "test";
    at = 1;
    while (at < words.size() && words[at].value != "--") ++at;
    if (at == words.size()) return std::nullopt;
    use.packages = {"./..."};  // gotestsum's own default
  } else if (is_go(words[0]) && words.size() > 1) {
    at = 1;
    while (at < words.size() && words[at].value.starts_with("-C")) {
      at += words[at].value == "-C" ? 2U : 1U;
    }
    if (at >= words.size()) return std::nullopt;
    use.subcommand = words[at].value;
  } else {
    return std::nullopt;
  }
  use.job = placed.job;
  use.line = placed.command.line;
  use.environment = placed.environment;
  use.flags = flags_of_goflags(use.variable_or("GOFLAGS", ""), use.line);
  for (const ShellWord& word : words) use.text += (use.text.empty() ? "" : " ") + word.raw;
  UseReader(words, at + 1, use).read();
  if (use.subcommand == "test" && use.packages.size() > 1 &&
      base_name(words[0].value) == "gotestsum") {
    use.packages.erase(use.packages.begin());
  }
  return use;
}

std::vector<GoUse> go_uses_of(const std::vector<PlacedCommand>& commands) {
  std::vector<GoUse> uses;
  for (const PlacedCommand& placed : commands) {
    if (auto use = go_use_of(placed)) uses.push_back(*std::move(use));
  }
  return uses;
}

}  // namespace sluice::insight
