#include "insight/setup_jenkins.hpp"

#include "base/strings.hpp"
#include "insight/setup_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace sluice::insight {
namespace {

constexpr std::string_view k_cacheprog = "GOCACHEPROG";
constexpr std::string_view k_golangci = "GOLANGCI_LINT_CACHEPROG";
constexpr std::string_view k_value = "sluice cacheprog";

// A block in braces, with the word before it.
struct Block {
  std::string name;
  std::size_t parent = 0;  // its own number: none
  std::uint32_t open_line = 0;
  std::uint32_t close_line = 0;  // 0: it is not closed
  bool opens_at_end = false;     // nothing stands behind its brace
  bool closes_alone = false;     // nothing but its brace stands in the line
};

// The text with strings and comments blanked, so that only code has braces.
std::string code_of(std::string_view text) {
  std::string code(text);
  std::size_t at = 0;
  const auto blank = [&](std::size_t to) {
    for (; at < std::min(to, code.size()); ++at) {
      if (code[at] != '\n') code[at] = ' ';
    }
  };
  const auto close_of = [&](std::string_view mark, bool one_line) {
    for (std::size_t i = at + mark.size(); i < text.size(); ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text.substr(i).starts_with(mark)) {
        return i + mark.size();
      } else if (one_line && text[i] == '\n') {
        return i;
      }
    }
    return text.size();
  };
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("//") || rest.starts_with("#!")) {
      blank(std::min(text.find('\n', at), text.size()));
    } else if (rest.starts_with("/*")) {
      const auto close = text.find("*/", at + 2);
      blank(close == std::string_view::npos ? text.size() : close + 2);
    } else if (rest.starts_with("'''") || rest.starts_with("\"\"\"")) {
      blank(close_of(rest.substr(0, 3), false));
    } else if (rest.front() == '\'' || rest.front() == '"') {
      blank(close_of(rest.substr(0, 1), true));
    } else {
      ++at;
    }
  }
  return code;
}

// The first word of what stands before a brace in its line: "stage" of "stage('x') {".
std::string first_word(std::string_view line) {
  const std::string_view text = trim(line);
  const auto end = std::ranges::find_if(text, [](char c) {
    return !(c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             (c >= '0' && c <= '9'));
  });
  return {text.begin(), end};
}

std::vector<Block> blocks_of(const std::string& code) {
  std::vector<Block> blocks;
  std::vector<std::size_t> open;
  std::uint32_t number = 0;
  for (const std::string_view line : split(code, '\n')) {
    ++number;
    std::size_t since = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '{') {
        Block block;
        block.name = first_word(line.substr(since, i - since));
        block.parent = open.empty() ? blocks.size() : open.back();
        block.open_line = number;
        block.opens_at_end = trim(line.substr(i + 1)).empty();
        open.push_back(blocks.size());
        blocks.push_back(std::move(block));
        since = i + 1;
      } else if (line[i] == '}' && !open.empty()) {
        blocks[open.back()].close_line = number;
        blocks[open.back()].closes_alone = trim(line) == "}";
        open.pop_back();
        since = i + 1;
      }
    }
  }
  return blocks;
}

class Planner {
 public:
  Planner(std::string_view text, std::string_view file)
      : lines_(text), file_(file), text_(text), code_(code_of(text)), blocks_(blocks_of(code_)) {}

  Result<SetupPlan> plan() {
    const auto top = std::ranges::find_if(blocks_, [this](const Block& block) {
      return block.name == "pipeline" && is_outermost(block);
    });
    if (top == blocks_.end()) {
      return fail(Code::invalid,
                  fmt::format("{}:1: no declarative pipeline: in a scripted one, put withEnv and "
                              "'{}' in by hand",
                              file_, k_end));
    }
    TRY(check_shape(*top));
    TRY(check_agent(*top));
    SetupPlan plan;
    plan.jobs = 1;
    const auto number = static_cast<std::size_t>(top - blocks_.begin());
    TRY(put_variables(number, plan));
    TRY(put_end(number, plan));
    return plan;
  }

 private:
  bool is_outermost(const Block& block) const {
    return block.parent == static_cast<std::size_t>(&block - blocks_.data());
  }

  Result<void> check_shape(const Block& block) const {
    if (block.opens_at_end && block.closes_alone) return {};
    return fail(Code::invalid, fmt::format("{}:{}: the braces of '{}' do not stand at the ends of "
                                           "their lines: put '{}' in by hand",
                                           file_, block.open_line, block.name, k_end));
  }

  // `agent none`: there is no machine for a step after all stages.
  Result<void> check_agent(const Block& top) const {
    std::uint32_t number = 0;
    for (const std::string_view line : split(code_, '\n')) {
      ++number;
      if (number <= top.open_line || number >= top.close_line) continue;
      const bool is_none = trim(line) == "agent none" && depth_at(number) == 1;
      if (!is_none) continue;
      return fail(Code::invalid, fmt::format("{}:{}: 'agent none': put '{}' at the end of each "
                                             "stage's steps by hand",
                                             file_, number, k_end));
    }
    return {};
  }

  // How many blocks are open where the line begins.
  std::size_t depth_at(std::uint32_t number) const {
    return static_cast<std::size_t>(std::ranges::count_if(blocks_, [number](const Block& block) {
      return block.open_line < number && (block.close_line == 0 || block.close_line >= number);
    }));
  }

  const Block* child(std::size_t parent, std::string_view name) const {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i != parent && blocks_[i].parent == parent && blocks_[i].name == name) return &blocks_[i];
    }
    return nullptr;
  }

  std::size_t number_of(const Block* block) const {
    return static_cast<std::size_t>(block - blocks_.data());
  }

  // How a line inside of that block begins: as its first one does.
  std::string indent_in(const Block& block) const {
    for (std::uint32_t number = block.open_line + 1; number < block.close_line; ++number) {
      if (!lines_.is_blank(number)) return std::string(lines_.indent(number));
    }
    return std::string(lines_.indent(block.open_line)) + "  ";
  }

  std::string step_of_indent(const Block& top) const {
    const std::string inner = indent_in(top);
    const std::size_t outer = lines_.indent(top.open_line).size();
    return inner.size() > outer ? inner.substr(outer) : std::string("  ");
  }

  Result<void> put_variables(std::size_t top, SetupPlan& plan) const {
    std::vector<std::string_view> wanted;
    for (const std::string_view name : {k_cacheprog, k_golangci}) {
      if (!sets(name)) wanted.push_back(name);
    }
    if (wanted.empty()) return {};
    const Block* environment = child(top, "environment");
    const std::string outer = indent_in(blocks_[top]);
    std::string inner = outer + step_of_indent(blocks_[top]);
    if (environment != nullptr) {
      TRY(check_shape(*environment));
      inner = indent_in(*environment);
    }
    std::string lines;
    for (const std::string_view name : wanted) {
      lines += fmt::format("{}{} = '{}'\n", inner, name, k_value);
    }
    if (environment != nullptr) {
      plan.insertions.push_back({environment->open_line + 1, lines});
    } else {
      plan.insertions.push_back(
          {blocks_[top].open_line + 1, fmt::format("{0}environment {{\n{1}{0}}}\n", outer, lines)});
    }
    return {};
  }

  // Whether a line of code begins with "NAME =".
  bool sets(std::string_view name) const {
    for (const std::string_view line : split(code_, '\n')) {
      std::string_view text = trim(line);
      if (!text.starts_with(name)) continue;
      text = trim(text.substr(name.size()));
      if (text.starts_with('=')) return true;
    }
    return false;
  }

  Result<void> put_end(std::size_t top, SetupPlan& plan) const {
    if (text_.find(k_end) != std::string_view::npos) return {};
    const std::string step = step_of_indent(blocks_[top]);
    const std::string outer = indent_in(blocks_[top]);
    const Block* post = child(top, "post");
    if (post == nullptr) {
      plan.insertions.push_back(
          {blocks_[top].close_line,
           fmt::format("{0}post {{\n{0}{1}always {{\n{0}{1}{1}sh '{2}'\n{0}{1}}}\n{0}}}\n", outer,
                       step, k_end_anyway)});
      return {};
    }
    TRY(check_shape(*post));
    const Block* always = child(number_of(post), "always");
    if (always == nullptr) {
      const std::string inner = indent_in(*post);
      plan.insertions.push_back(
          {post->open_line + 1,
           fmt::format("{0}always {{\n{0}{1}sh '{2}'\n{0}}}\n", inner, step, k_end_anyway)});
      return {};
    }
    TRY(check_shape(*always));
    plan.insertions.push_back(
        {always->open_line + 1, fmt::format("{}sh '{}'\n", indent_in(*always), k_end_anyway)});
    return {};
  }

  const TextLines lines_;
  std::string_view file_;
  std::string_view text_;
  const std::string code_;
  const std::vector<Block> blocks_;
};

}  // namespace

Result<SetupPlan> plan_jenkins(std::string_view text, std::string_view file) {
  return Planner(text, file).plan();
}

}  // namespace sluice::insight
