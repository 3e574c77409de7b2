#include "cli/completion.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

namespace sluice::cli {

namespace {

// Flags of settings and of commands look alike to a shell.
struct FlagRow {
  std::string name;  // "--store"
  std::string value_name;
  std::span<const std::string_view> choices;
  std::string_view help;
};

FlagRow row_of(const SettingSpec& spec) {
  const bool is_flag = spec.type == SettingType::flag;
  return {fmt::format("--{}", spec.name), is_flag ? "" : std::string(spec.value_name), spec.choices,
          spec.help};
}

std::vector<FlagRow> rows_of_settings() {
  std::vector<FlagRow> rows;
  for (const auto& spec : setting_specs()) rows.push_back(row_of(spec));
  return rows;
}

std::vector<FlagRow> rows_of(const CommandSpec& command) {
  std::vector<FlagRow> rows;
  for (const auto& option : command.options) {
    rows.push_back({fmt::format("--{}", option.name), std::string(option.value_name),
                    option.choices, option.help});
  }
  for (const SettingId id : command.settings) rows.push_back(row_of(spec_of(id)));
  rows.push_back({"--help", "", {}, "explain the command"});
  return rows;
}

std::vector<std::string> operand_words(const CommandSpec& command) {
  std::vector<std::string> words;
  if (command.operand.is_command) {
    for (const auto name : command_names()) words.emplace_back(name);
  }
  for (const auto choice : command.operand.choices) words.emplace_back(choice);
  return words;
}

std::string joined(std::span<const std::string_view> words, std::string_view separator) {
  return join(std::vector<std::string>(words.begin(), words.end()), separator);
}

// Every flag of the program that takes a value, once.
std::vector<FlagRow> value_rows() {
  std::vector<FlagRow> rows;
  for (auto& row : rows_of_settings()) {
    if (!row.value_name.empty()) rows.push_back(std::move(row));
  }
  for (const auto& command : command_specs()) {
    for (const auto& option : command.options) {
      if (option.value_name.empty()) continue;
      rows.push_back({fmt::format("--{}", option.name), std::string(option.value_name),
                      option.choices, option.help});
    }
  }
  return rows;
}

std::string value_flag_pattern() {
  std::vector<std::string> names;
  for (const auto& row : value_rows()) names.push_back(row.name);
  return join(names, "|");
}

std::string flag_words(const std::vector<FlagRow>& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.name);
  return join(names, " ");
}

constexpr std::string_view k_bash_head = R"(# bash completion for sluice

_sluice() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= tail= at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      @VALUE_FLAGS@)
        [[ ${COMP_WORDS[at+1]} == = ]] && ((at++))
        ((at++))
        ;;
      --) [[ -n $command ]] && { tail=$((at + 1)); break; } ;;
      -*) ;;
      *)
        [[ -n $command ]] && { tail=$at; break; }
        command=${COMP_WORDS[at]}
        ;;
    esac
  done
  # A word that is neither a flag nor the value of one begins the words of go or of the command.
  [[ -z $tail && $cur != -* ]] && ((at == COMP_CWORD)) && tail=$at
  if [[ -n $tail && ( $command == go || $command == run ) ]]; then
    [[ $command == go ]] && { ((tail--)); COMP_WORDS[tail]=go; }
    declare -F _command_offset >/dev/null && _command_offset "$tail"
    return
  fi
  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
  [[ $cur == = ]] && cur=
  case $prev in
)";

constexpr std::string_view k_bash_tail = R"(  esac
} && complete -o default -F _sluice sluice
)";

// fish's own __fish_complete_subcommand knows no long option with a separate value.
constexpr std::string_view k_fish_functions = R"(function __sluice_command
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        switch $word
            case @VALUE_FLAGS@
                set skip 1
            case '-*'
            case '*'
                echo $word
                return
        end
    end
end

# What the words of go or of the command under 'sluice run' are completed with by themselves.
function __sluice_rest
    set -l words (commandline -opc)
    set -l command
    set -l rest
    set -l skip 0
    for word in $words[2..-1]
        if set -q rest[1]
            set -a rest $word
        else if test $skip -eq 1
            set skip 0
        else
            switch $word
                case @VALUE_FLAGS@
                    set skip 1
                case '-*'
                case '*'
                    if set -q command[1]
                        set rest $word
                    else
                        set command $word
                    end
            end
        end
    end
    test $skip -eq 1; and return
    test "$command" = go; and set -p rest go
    set rest (string escape -- $rest)
    complete -C (string join ' ' -- $rest (commandline -ct))
end

)";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out(text);
  for (std::size_t at = out.find(what); at != std::string::npos;
       at = out.find(what, at + with.size())) {
    out.replace(at, what.size(), with);
  }
  return out;
}

// Within a description of zsh's _arguments a bracket, a colon and a backslash are syntax.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_flag(const FlagRow& row) {
  std::string spec = row.name;
  if (!row.value_name.empty()) spec += '=';
  spec += fmt::format("[{}]", zsh_escaped(row.help));
  if (!row.value_name.empty()) {
    spec += fmt::format(":{}:", row.value_name);
    if (!row.choices.empty()) spec += fmt::format("({})", joined(row.choices, " "));
  }
  return shell_quoted(spec);
}

std::string zsh_command_case(const CommandSpec& command) {
  std::string out = fmt::format("    {})\n      _arguments", command.name);
  for (const auto& row : rows_of(command)) out += fmt::format(" \\\n        {}", zsh_flag(row));
  const auto words = operand_words(command);
  if (!words.empty()) {
    out +=
        fmt::format(" \\\n        {}",
                    shell_quoted(fmt::format("1:{}:({})", command.operand.name, join(words, " "))));
  }
  if (command.operand.is_file) {
    out += fmt::format(" \\\n        '1:{}:_files'", command.operand.name);
  }
  if (command.tail == Tail::command_words) out += " \\\n        '*::command:_normal'";
  if (command.tail == Tail::go_words) out += " \\\n        '*::go:->go'";
  if (command.tail == Tail::test_words) out += " \\\n        '*::package:_files -/'";
  return out + "\n      ;;\n";
}

}  // namespace

std::string bash_completion() {
  std::string out = replaced(k_bash_head, "@VALUE_FLAGS@", value_flag_pattern());
  for (const auto& row : value_rows()) {
    if (row.choices.empty()) {
      if (row.name == "--store") {
        out += "    --store) COMPREPLY=($(compgen -W \"file:///\" -- \"$cur\")); return ;;\n";
      } else {
        out += fmt::format("    {}) return ;;\n", row.name);
      }
      continue;
    }
    out += fmt::format("    {}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n",
                       row.name, joined(row.choices, " "));
  }
  out += "  esac\n  case $command in\n";
  out +=
      fmt::format("    '') COMPREPLY=($(compgen -W \"{} {} --help --version\" -- \"$cur\")) ;;\n",
                  joined(command_names(), " "), flag_words(rows_of_settings()));
  for (const auto& command : command_specs()) {
    // Without an answer of ours bash offers files.
    out += fmt::format("    {}) {}COMPREPLY=($(compgen -W \"{} {}\" -- \"$cur\")) ;;\n",
                       command.name, command.operand.is_file ? "[[ $cur == -* ]] && " : "",
                       join(operand_words(command), " "), flag_words(rows_of(command)));
  }
  return out + std::string(k_bash_tail);
}

std::string zsh_completion() {
  std::string out =
      "#compdef sluice\n\n_sluice() {\n  local context state state_descr line\n"
      "  typeset -A opt_args\n  local -a commands\n  commands=(\n";
  for (const auto& command : command_specs()) {
    out += fmt::format(
        "    {}\n", shell_quoted(fmt::format("{}:{}", command.name, zsh_escaped(command.summary))));
  }
  out += "  )\n  _arguments -C";
  for (const auto& row : rows_of_settings()) out += fmt::format(" \\\n    {}", zsh_flag(row));
  out +=
      " \\\n    '(-h --help)'{-h,--help}'[explain sluice]' \\\n    '--version[print the version]'";
  out += " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n";
  out +=
      "  case $state in\n  command) _describe command commands ;;\n  argument)\n"
      "    case $words[1] in\n";
  for (const auto& command : command_specs()) out += zsh_command_case(command);
  out +=
      "    esac\n    ;;\n  esac\n  if [[ $state == go ]]; then\n    words=(go \"${words[@]}\")\n "
      "   ((CURRENT++))\n    _normal\n  fi\n}\n\n"
      "if [[ $funcstack[1] == _sluice ]]; then\n  _sluice \"$@\"\nelse\n  compdef _sluice "
      "sluice\nfi\n";
  return out;
}

std::string fish_completion() {
  std::string out = "# fish completion for sluice\n\n";
  out += replaced(k_fish_functions, "@VALUE_FLAGS@", replaced(value_flag_pattern(), "|", " "));
  out += "complete -c sluice -f\n";
  const auto flag_line = [&out](std::string_view condition, const FlagRow& row) {
    out += fmt::format("complete -c sluice -n {} -l {} -d {}", shell_quoted(condition),
                       row.name.substr(2), shell_quoted(row.help));
    if (!row.value_name.empty()) out += " -x";
    if (!row.choices.empty()) out += fmt::format(" -a {}", shell_quoted(joined(row.choices, " ")));
    out += "\n";
  };
  const std::string none = "test -z \"$(__sluice_command)\"";
  for (const auto& command : command_specs()) {
    out += fmt::format("complete -c sluice -n {} -a {} -d {}\n", shell_quoted(none), command.name,
                       shell_quoted(command.summary));
  }
  for (const auto& row : rows_of_settings()) flag_line(none, row);
  for (const auto& command : command_specs()) {
    const std::string condition = fmt::format("test \"$(__sluice_command)\" = {}", command.name);
    for (const auto& row : rows_of(command)) flag_line(condition, row);
    const auto words = operand_words(command);
    if (!words.empty()) {
      out += fmt::format("complete -c sluice -n {} -a {}\n", shell_quoted(condition),
                         shell_quoted(join(words, " ")));
    }
    if (command.operand.is_file) {
      out += fmt::format("complete -c sluice -n {} -F\n", shell_quoted(condition));
    }
    if (command.tail != Tail::none) {
      out +=
          fmt::format("complete -c sluice -n {} -a '(__sluice_rest)'\n", shell_quoted(condition));
    }
  }
  return out;
}

int run_completion(const Invocation& invocation) {
  if (invocation.operand == "bash") print(bash_completion());
  if (invocation.operand == "zsh") print(zsh_completion());
  if (invocation.operand == "fish") print(fish_completion());
  return 0;
}

}  // namespace sluice::cli
