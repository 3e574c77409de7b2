#include "insight/ci_makefile.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"
#include "insight/shell.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::size_t k_expansion_depth_max = 8;
constexpr std::size_t k_expansions_max = 200;  // of one text
constexpr std::size_t k_expansion_size_max = 64U << 10U;
constexpr std::array<std::string_view, 9> k_conditions = {
    "ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "-include", "sinclude"};

using Values = std::map<std::string, std::string, std::less<>>;

// $(NAME) and ${NAME} that are known, `$$` as `$`; the rest as it is written.
class Expander {
 public:
  explicit Expander(const Values& values) : values_(values) {}

  std::string expand(std::string_view text) const {
    std::size_t left = k_expansions_max;
    return expand(text, 0, left);
  }

  // One reference, with a function's arguments.
  static bool is_call(std::string_view text) {
    return text.starts_with('$') && text.find(' ') != std::string_view::npos &&
           end_of(text, 1) == text.size();
  }

 private:
  // `left`: how many more references are looked up; variables of variables make many of few.
  std::string expand(std::string_view text, std::size_t depth, std::size_t& left) const {
    std::string out;
    for (std::size_t at = 0; at < text.size() && out.size() < k_expansion_size_max;) {
      const auto dollar = text.find('$', at);
      out += text.substr(at, dollar - at);
      if (dollar == std::string_view::npos) break;
      if (dollar + 1 >= text.size()) {
        out += '$';
        break;
      }
      const char opening = text[dollar + 1];
      if (opening == '$') {
        out += '$';
        at = dollar + 2;
        continue;
      }
      const auto end = end_of(text, dollar + 1);
      const std::string_view reference = text.substr(dollar, end - dollar);
      const std::string_view name =
          reference.size() > 3 ? reference.substr(2, reference.size() - 3) : std::string_view();
      const auto known = values_.find(name);
      if (known != values_.end() && depth < k_expansion_depth_max && left > 0) {
        --left;
        out += expand(known->second, depth + 1, left);
      } else {
        out += reference;
      }
      at = end;
    }
    return out;
  }

  static std::size_t end_of(std::string_view text, std::size_t at) {
    if (text[at] != '(' && text[at] != '{') return at + 1;
    const char closing = text[at] == '(' ? ')' : '}';
    std::size_t depth = 0;
    for (std::size_t i = at; i < text.size(); ++i) {
      if (text[i] == text[at]) ++depth;
      if (text[i] == closing && --depth == 0) return i + 1;
    }
    return text.size();
  }

  const Values& values_;
};

struct Line {
  std::string text;  // continued lines joined, with their newlines
  std::uint32_t number = 0;
};

std::vector<Line> logical_lines(std::string_view text) {
  std::vector<Line> lines;
  std::uint32_t number = 0;
  bool continues = false;
  for (std::string_view one : split(text, '\n')) {
    ++number;
    if (one.ends_with('\r')) one.remove_suffix(1);
    if (continues) {
      lines.back().text += "\n";
      lines.back().text += one;
    } else {
      lines.push_back({std::string(one), number});
    }
    continues = one.ends_with('\\');
  }
  return lines;
}

std::string joined(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("\\\n")) {
      out += ' ';
      ++at;
    } else {
      out += text[at];
    }
  }
  return out;
}

struct Assignment {
  std::string name;
  std::string value;
  bool appends = false;
  bool if_unset = false;
  bool exports = false;
};

// "[export] NAME = value" with any of make's assignment signs; or "export NAME".
std::optional<Assignment> assignment_in(std::string_view text) {
  Assignment found;
  text = trim(text);
  for (const std::string_view prefix : {"override ", "export ", "private "}) {
    if (!text.starts_with(prefix)) continue;
    found.exports = found.exports || prefix == "export ";
    text = trim(text.substr(prefix.size()));
  }
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    if (!found.exports || !is_variable_name(text)) return std::nullopt;
    found.name = text;
    found.if_unset = true;
    return found;
  }
  std::string_view left = text.substr(0, equals);
  while (!left.empty() && std::string_view(":?+!").find(left.back()) != std::string_view::npos) {
    found.appends = found.appends || left.back() == '+';
    found.if_unset = found.if_unset || left.back() == '?';
    left.remove_suffix(1);
  }
  left = trim(left);
  if (!is_variable_name(left)) return std::nullopt;
  found.name = left;
  std::string_view value = trim(text.substr(equals + 1));
  if (const auto comment = value.find(" #"); comment != std::string_view::npos) {
    value = trim(value.substr(0, comment));
  }
  found.value = value;
  return found;
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view file) : lines_(logical_lines(text)) {
    pipeline_.kind = FileKind::makefile;
    pipeline_.file = file;
  }

  Pipeline read() {
    // Variables first: a recipe sees what stands behind it, too.
    read_variables();
    read_recipes();
    return std::move(pipeline_);
  }

 private:
  static bool is_recipe(const Line& line) { return line.text.starts_with('\t'); }

  void read_variables() {
    for (const Line& line : lines_) {
      if (is_recipe(line) || line.text.starts_with('#')) continue;
      const auto set = assignment_in(joined(line.text));
      if (!set) continue;
      assign(*set, values_);
      lines_of_[set->name] = line.number;
      if (set->exports) exported_.push_back(set->name);
    }
    const Expander expander(values_);
    for (const auto& [name, value] : values_) {
      if (!Expander::is_call(value) || pipeline_.calls.size() >= k_places_max) continue;
      pipeline_.calls.push_back({name, expander.expand(value), lines_of_[name]});
    }
    for (const std::string& name : exported_) {
      const auto value = values_.find(name);
      if (value == values_.end()) continue;
      add_variable(environment_, {name, expander.expand(value->second), lines_of_[name]});
    }
  }

  static void assign(const Assignment& set, Values& values) {
    if (set.if_unset && (values.contains(set.name) || set.value.empty())) return;
    std::string& value = values[set.name];
    value = set.appends && !value.empty() ? value + " " + set.value : set.value;
  }

  void add_variable(std::vector<Variable>& to, const Variable& set) {
    set_variable(to, set);
    pipeline_.add_variable(set);
  }

  void read_recipes() {
    std::string target;
    std::map<std::string, std::pair<Values, std::vector<Variable>>, std::less<>> of_target;
    std::vector<std::pair<std::string, const Line*>> recipes;
    for (const Line& line : lines_) {
      if (is_recipe(line)) {
        if (!target.empty()) recipes.emplace_back(target, &line);
        continue;
      }
      const std::string text = joined(line.text);
      const std::string_view plain = trim(text);
      if (plain.empty() || plain.front() == '#' || is_condition(plain)) continue;
      if (assignment_in(plain)) continue;
      const auto colon = plain.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string name(trim(plain.substr(0, colon)));
      if (const auto set = assignment_in(
              plain.substr(plain.find_first_not_of(':', colon) == std::string_view::npos
                               ? plain.size()
                               : plain.find_first_not_of(':', colon)))) {
        auto& [values, environment] = of_target[name];
        if (values.empty()) values = values_;
        assign(*set, values);
        if (set->exports) {
          add_variable(environment,
                       {set->name, Expander(values).expand(values[set->name]), line.number});
        }
        continue;
      }
      target = name;
    }
    for (const auto& [name, line] : recipes) {
      const auto own = of_target.find(name);
      const bool has_own = own != of_target.end();
      add_recipe(name, *line, has_own ? own->second.first : values_,
                 has_own ? own->second.second : std::vector<Variable>{});
    }
  }

  static bool is_condition(std::string_view text) {
    const std::string_view word = text.substr(0, text.find_first_of(" \t("));
    return std::ranges::find(k_conditions, word) != k_conditions.end();
  }

  void add_recipe(const std::string& target, const Line& line, const Values& values,
                  const std::vector<Variable>& own) {
    std::string_view text = line.text;
    text.remove_prefix(std::min(text.find_first_not_of("\t @-+"), text.size()));
    Step step{target, environment_, Expander(values).expand(text), line.number, true};
    set_variables(step.environment, own);
    pipeline_.add_step(std::move(step));
  }

  std::vector<Line> lines_;
  Values values_;
  std::map<std::string, std::uint32_t, std::less<>> lines_of_;
  std::vector<std::string> exported_;
  std::vector<Variable> environment_;
  Pipeline pipeline_;
};

}  // namespace

Pipeline read_makefile(std::string_view text, std::string_view file) {
  return Reader(text, file).read();
}

}  // namespace sluice::insight
