#include "insight/shell.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::insight {
namespace {

constexpr std::string_view k_name_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

// Words of the grammar that stand before a command.
constexpr std::array<std::string_view, 12> k_before_commands = {
    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "fi", "done"};
// And those whose words up to the next separator are no command.
constexpr std::array<std::string_view, 6> k_no_commands = {"for",      "case", "select",
                                                           "function", "esac", "}"};

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// The end of a quoted or bracketed piece that begins at `at`: behind its last character.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : text_(text) {}

  std::size_t end_of_single(std::size_t at) const { return behind(text_.find('\'', at + 1)); }

  std::size_t end_of_double(std::size_t at, std::size_t depth = 0) const {
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '"') {
        return at + 1;
      } else if (text_[at] == '$' || text_[at] == '`') {
        at = end_of_expansion(at, depth) - 1;
      }
    }
    return text_.size();
  }

  std::size_t end_of_backquote(std::size_t at) const {
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '`') {
        return at + 1;
      }
    }
    return text_.size();
  }

  // Of `$…` or a backquoted command; a lone `$` is one character.
  std::size_t end_of_expansion(std::size_t at, std::size_t depth = 0) const {
    if (text_[at] == '`') return end_of_backquote(at);
    const std::string_view rest = text_.substr(at);
    if (rest.starts_with("${{")) {
      const auto close = text_.find("}}", at);
      return close == std::string_view::npos ? text_.size() : close + 2;
    }
    if (rest.starts_with("${")) return behind(text_.find('}', at));
    if (rest.starts_with("$(")) return end_of_bracket(at + 1, depth + 1);
    const auto end = text_.find_first_not_of(k_name_letters, at + 1);
    return std::max(at + 1, end == std::string_view::npos ? text_.size() : end);
  }

  std::size_t end_of_bracket(std::size_t at, std::size_t depth) const {
    if (depth > k_shell_depth_max) return text_.size();
    for (++at; at < text_.size(); ++at) {
      switch (text_[at]) {
        case ')': return at + 1;
        case '\\': ++at; break;
        case '\'': at = end_of_single(at) - 1; break;
        case '"': at = end_of_double(at, depth) - 1; break;
        case '(': at = end_of_bracket(at, depth + 1) - 1; break;
        case '$':
        case '`': at = end_of_expansion(at, depth) - 1; break;
        default: break;
      }
    }
    return text_.size();
  }

 private:
  std::size_t behind(std::size_t found) const {
    return found == std::string_view::npos ? text_.size() : found + 1;
  }

  std::string_view text_;
};

class Splitter {
 public:
  Splitter(std::string_view text, std::uint32_t line, bool counts_lines, std::size_t depth,
           std::vector<ShellCommand>& found)
      : text_(text),
        pieces_(text),
        line_(line),
        counts_lines_(counts_lines),
        depth_(depth),
        found_(found) {}

  void split_all() {
    while (at_ < text_.size() && found_.size() < k_shell_commands_max) step();
    end_command();
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '\n' || text_[at_ + 1] == '\r')) {
      advance(text_.find('\n', at_) == std::string_view::npos ? text_.size()
                                                              : text_.find('\n', at_) + 1);
    } else if (is_blank(c)) {
      end_word();
      ++at_;
    } else if (c == '\n') {
      end_command();
      advance(at_ + 1);
      skip_documents();
    } else if (c == ';' || c == '|' || c == ')' || c == '&') {
      if (c == '&' && text_.substr(at_).starts_with("&>")) return redirect();
      end_command();
      ++at_;
    } else if (c == '(') {
      // A list in brackets, or a function's name before them.
      end_command();
      ++at_;
    } else if (c == '<' || c == '>') {
      redirect();
    } else if (c == '#' && !in_word_) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      take_piece();
    }
  }

  void advance(std::size_t to) {
    to = std::min(to, text_.size());
    if (counts_lines_) {
      line_ += static_cast<std::uint32_t>(
          std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                     text_.begin() + static_cast<std::ptrdiff_t>(to), '\n'));
    }
    at_ = to;
  }

  void begin_word() {
    if (in_word_) return;
    in_word_ = true;
    word_ = ShellWord{};
    word_.line = line_;
  }

  void take_piece() {
    begin_word();
    const char c = text_[at_];
    std::size_t end = at_ + 1;
    if (c == '\'') {
      end = pieces_.end_of_single(at_);
      word_.value += text_.substr(at_ + 1, end - at_ - 2);
    } else if (c == '"') {
      end = pieces_.end_of_double(at_);
      take_double(text_.substr(at_ + 1, end - at_ - 2));
    } else if (c == '$' || c == '`') {
      end = pieces_.end_of_expansion(at_);
      take_expansion(text_.substr(at_, end - at_));
    } else if (c == '\\') {
      end = std::min(at_ + 2, text_.size());
      word_.value += text_.substr(at_ + 1, end - at_ - 1);
    } else {
      word_.value += c;
      if (c == '*' || c == '?' || c == '[') word_.is_plain = false;
    }
    word_.raw += text_.substr(at_, end - at_);
    advance(end);
  }

  void take_double(std::string_view inside) {
    const Pieces pieces(inside);
    for (std::size_t at = 0; at < inside.size();) {
      if (inside[at] == '\\' && at + 1 < inside.size()) {
        if (inside[at + 1] != '\n') word_.value += inside[at + 1];
        at += 2;
      } else if (inside[at] == '$' || inside[at] == '`') {
        const std::size_t end = pieces.end_of_expansion(at);
        take_expansion(inside.substr(at, end - at));
        at = end;
      } else {
        word_.value += inside[at++];
      }
    }
  }

  void take_expansion(std::string_view piece) {
    word_.value += piece;
    if (piece.size() > 1) word_.is_plain = false;
    std::string_view inside;
    if (piece.starts_with("$(") && !piece.starts_with("$((")) {
      inside = piece.substr(2, piece.size() - 2 - (piece.ends_with(')') ? 1 : 0));
    } else if (piece.starts_with('`') && piece.size() > 2) {
      inside = piece.substr(1, piece.size() - 2);
    }
    if (inside.empty() || depth_ >= k_shell_depth_max) return;
    Splitter(inside, line_, counts_lines_, depth_ + 1, found_).split_all();
  }

  void redirect() {
    // "2>" is no word before it.
    if (in_word_ && word_.raw.find_first_not_of("0123456789") == std::string::npos) {
      in_word_ = false;
    }
    end_word();
    if (text_.substr(at_).starts_with("<(") || text_.substr(at_).starts_with(">(")) {
      at_ += 1;  // its commands follow as a list in brackets
      return;
    }
    const std::size_t end = std::min(text_.find_first_not_of("<>&|-", at_), text_.size());
    const std::string_view sign = text_.substr(at_, end - at_);
    at_ = end;
    if (sign == "<<" || sign == "<<-") {
      next_ = Next::document;
    } else if (sign.find('>') != std::string_view::npos) {
      next_ = Next::output;
    } else {
      next_ = Next::input;
    }
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  // What stands between a line with `<<END` and the line END is no command.
  void skip_documents() {
    for (const std::string& mark : documents_) {
      while (at_ < text_.size()) {
        const std::size_t end = std::min(text_.find('\n', at_), text_.size());
        const bool is_end = trim(text_.substr(at_, end - at_)) == mark;
        advance(end + 1);
        if (is_end) break;
      }
    }
    documents_.clear();
  }

  void end_word() {
    if (!in_word_) return;
    in_word_ = false;
    switch (std::exchange(next_, Next::word)) {
      case Next::document: documents_.push_back(word_.value); return;
      case Next::output: command_.outputs.push_back(word_.value); return;
      case Next::input: return;
      case Next::word: break;
    }
    if (command_.words.empty()) {
      if (command_.assignments.empty() && is_one_of(k_before_commands, word_.raw)) {
        return;
      }
      const auto equals = word_.value.find('=');
      if (equals != std::string::npos && is_variable_name(word_.raw.substr(0, equals))) {
        command_.assignments.push_back(
            {word_.value.substr(0, equals), word_.value.substr(equals + 1), word_.line});
        if (command_.line == 0) command_.line = word_.line;
        return;
      }
    }
    if (command_.line == 0) command_.line = word_.line;
    command_.words.push_back(std::move(word_));
  }

  void end_command() {
    end_word();
    next_ = Next::word;
    ShellCommand command = std::exchange(command_, {});
    if (command.words.empty() && command.assignments.empty()) return;
    if (!command.words.empty() && is_one_of(k_no_commands, command.words[0].raw)) {
      return;
    }
    found_.push_back(std::move(command));
  }

  enum class Next : std::uint8_t { word, output, input, document };

  std::string_view text_;
  Pieces pieces_;
  std::uint32_t line_;
  bool counts_lines_;
  std::size_t depth_;
  std::vector<ShellCommand>& found_;
  std::size_t at_ = 0;
  bool in_word_ = false;
  Next next_ = Next::word;
  ShellWord word_;
  ShellCommand command_;
  std::vector<std::string> documents_;
};

}  // namespace

std::vector<ShellCommand> shell_commands(std::string_view text, std::uint32_t first_line,
                                         bool counts_lines) {
  std::vector<ShellCommand> found;
  Splitter(text, first_line, counts_lines, 0, found).split_all();
  return found;
}

std::string_view expanded_name(std::string_view raw) {
  if (raw.size() > 2 && raw.front() == '"' && raw.back() == '"') {
    raw = raw.substr(1, raw.size() - 2);
  }
  if (!raw.starts_with('$')) return {};
  raw.remove_prefix(1);
  if (raw.starts_with('{') && raw.ends_with('}')) raw = raw.substr(1, raw.size() - 2);
  return is_variable_name(raw) ? raw : std::string_view();
}

}  // namespace sluice::insight
