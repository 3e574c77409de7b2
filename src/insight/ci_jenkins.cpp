#include "insight/ci_jenkins.hpp"

#include "base/strings.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace sluice::insight {
namespace {

constexpr std::size_t k_statement_tokens_max = 256;

struct Token {
  enum class Kind : std::uint8_t { word, text, sign, line_end };
  Kind kind = Kind::sign;
  std::string text;  // of a string: what it is
  std::uint32_t line = 0;
  bool is_multi_line = false;  // in three quotes
};

bool is_word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> tokens() {
    while (at_ < text_.size()) step();
    add(Token::Kind::line_end, "");
    return std::move(tokens_);
  }

 private:
  void add(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), line_, false});
  }

  void step() {
    const std::string_view rest = text_.substr(at_);
    const char c = text_[at_];
    if (c == '\n') {
      add(Token::Kind::line_end, "");
      ++line_;
      ++at_;
    } else if (rest.starts_with("//") || rest.starts_with("#!")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (rest.starts_with("/*")) {
      const auto close = text_.find("*/", at_ + 2);
      const std::size_t end = close == std::string_view::npos ? text_.size() : close + 2;
      line_ += static_cast<std::uint32_t>(std::ranges::count(text_.substr(at_, end - at_), '\n'));
      at_ = end;
    } else if (rest.starts_with("'''") || rest.starts_with("\"\"\"")) {
      take_string(rest.substr(0, 3));
    } else if (c == '\'' || c == '"') {
      take_string(rest.substr(0, 1));
    } else if (is_word_letter(c)) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && is_word_letter(text_[at_])) ++at_;
      add(Token::Kind::word, std::string(text_.substr(begin, at_ - begin)));
    } else {
      if (c != ' ' && c != '\t' && c != '\r') add(Token::Kind::sign, std::string(1, c));
      ++at_;
    }
  }

  void take_string(std::string_view quote) {
    Token token{Token::Kind::text, "", line_, quote.size() == 3};
    at_ += quote.size();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(quote)) {
      const char c = text_[at_];
      if (c == '\n') {
        if (quote.size() == 1) break;  // never closed: no string after all
        ++line_;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        take_escape(token.text);
        continue;
      }
      token.text += c;
      ++at_;
    }
    if (text_.substr(at_).starts_with(quote)) at_ += quote.size();
    tokens_.push_back(std::move(token));
  }

  void take_escape(std::string& into) {
    const char c = text_[at_ + 1];
    at_ += 2;
    switch (c) {
      case 'n': into += '\n'; break;
      case 't': into += '\t'; break;
      case '\n':
        // A continued line, for Groovy and for a shell.
        into += "\\\n";
        ++line_;
        break;
      default: into += c;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::vector<Token> tokens_;
};

class Reader {
 public:
  Reader(std::vector<Token> tokens, std::string_view file) : tokens_(std::move(tokens)) {
    pipeline_.kind = FileKind::jenkins;
    pipeline_.file = file;
    blocks_.emplace_back();
  }

  Pipeline read() {
    while (at_ < tokens_.size()) step();
    return std::move(pipeline_);
  }

 private:
  struct Block {
    std::string name;  // the word that opened it
    std::string stage;
    std::vector<Variable> variables;
  };

  bool is_sign(std::size_t at, char c) const {
    return at < tokens_.size() && tokens_[at].kind == Token::Kind::sign && tokens_[at].text[0] == c;
  }

  void step() {
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::line_end) {
      opener_.clear();
      ++at_;
    } else if (is_sign(at_, '{')) {
      Block block{std::exchange(opener_, {}), stage(), std::exchange(pending_, {})};
      if (!stage_.empty()) block.stage = std::exchange(stage_, {});
      blocks_.push_back(std::move(block));
      ++at_;
    } else if (is_sign(at_, '}')) {
      if (blocks_.size() > 1) blocks_.pop_back();
      ++at_;
    } else if (token.kind == Token::Kind::word) {
      read_word(token);
    } else {
      ++at_;
    }
  }

  std::string stage() const { return blocks_.back().stage; }

  void read_word(const Token& token) {
    const std::string name = token.text;
    const bool is_member = at_ > 0 && is_sign(at_ - 1, '.');
    if (blocks_.back().name == "environment" && is_sign(at_ + 1, '=')) return read_setting();
    if (opener_.empty()) opener_ = name;
    ++at_;
    if (is_member && name != "image") return;
    const std::vector<Token> strings = name == "sh" || name == "stage" || name == "withEnv" ||
                                               name == "ws" || name == "customWorkspace" ||
                                               name == "image" || name == "docker"
                                           ? strings_of_statement()
                                           : std::vector<Token>{};
    if (name == "sh") {
      if (!strings.empty()) add_step(strings.front());
    } else if (name == "withEnv") {
      for (const Token& one : strings) {
        const auto equals = one.text.find('=');
        if (equals == std::string::npos) continue;
        pending_.push_back({one.text.substr(0, equals), one.text.substr(equals + 1), one.line});
        pipeline_.add_variable(pending_.back());
      }
    } else if (name == "depth") {
      read_depth();
    } else if (!strings.empty()) {
      const Said said{stage(), strings.front().text, strings.front().line};
      if (name == "stage") stage_ = said.text;
      if (name == "ws" || name == "customWorkspace") pipeline_.checkout_paths.push_back(said);
      if (name == "image" || name == "docker") pipeline_.images.push_back(said);
    }
  }

  // NAME = 'value' of an environment block, which holds for the block around it.
  void read_setting() {
    const Token& name = tokens_[at_];
    at_ += 2;
    if (at_ >= tokens_.size() || tokens_[at_].kind != Token::Kind::text) return;
    const Variable set{name.text, tokens_[at_].text, name.line};
    blocks_[blocks_.size() > 1 ? blocks_.size() - 2 : 0].variables.push_back(set);
    pipeline_.add_variable(set);
    ++at_;
  }

  // `shallow: true, depth: 1` of a checkout step.
  void read_depth() {
    if (!is_sign(at_, ':') || at_ + 1 >= tokens_.size()) return;
    const auto depth = parse_int<std::uint64_t>(tokens_[at_ + 1].text);
    if (depth) pipeline_.clones.push_back({stage(), *depth, tokens_[at_].line, true});
  }

  // The strings up to the end of the statement; one of `script:` comes first.
  std::vector<Token> strings_of_statement() const {
    std::vector<Token> strings;
    std::size_t depth = 0;
    const std::size_t end = std::min(tokens_.size(), at_ + k_statement_tokens_max);
    for (std::size_t at = at_; at < end; ++at) {
      const Token& token = tokens_[at];
      if (token.kind == Token::Kind::line_end && depth == 0) break;
      if (token.kind == Token::Kind::sign) {
        const char c = token.text[0];
        if (c == '{' || c == '}' || c == ';') break;
        if (c == '(' || c == '[') ++depth;
        if ((c == ')' || c == ']') && depth > 0 && --depth == 0) break;
      }
      if (token.kind != Token::Kind::text) continue;
      const bool is_script = at >= 2 && is_sign(at - 1, ':') && tokens_[at - 2].text == "script";
      strings.insert(is_script ? strings.begin() : strings.end(), token);
    }
    return strings;
  }

  void add_step(const Token& script) {
    Step step{stage(), {}, script.text, script.line, script.is_multi_line};
    for (const Block& block : blocks_) {
      set_variables(step.environment, block.variables);
    }
    pipeline_.add_step(std::move(step));
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::vector<Block> blocks_;
  std::string opener_;             // first word of the statement
  std::string stage_;              // named by stage('…'), for the next block
  std::vector<Variable> pending_;  // of withEnv, for the next block
  Pipeline pipeline_;
};

}  // namespace

Pipeline read_jenkins(std::string_view text, std::string_view file) {
  return Reader(Lexer(text).tokens(), file).read();
}

}  // namespace sluice::insight
