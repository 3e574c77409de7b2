#include "runner/test_filter.hpp"

#include "base/glob.hpp"
#include "base/strings.hpp"
#include "runner/test_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace sluice::runner {
namespace {

using Kind = TestFilter::Kind;
using Node = TestFilter::Node;

constexpr auto k_predicates =
    std::to_array<std::pair<std::string_view, Kind>>({{"class", Kind::of_class},
                                                      {"test", Kind::of_test},
                                                      {"package", Kind::of_package},
                                                      {"tag", Kind::of_tag}});

class Parser {
 public:
  Parser(std::string_view text, const std::function<bool(std::string_view)>& has_class)
      : text_(text), has_class_(has_class) {}

  Result<std::vector<Node>> parse() {
    TRY_ASSIGN(const std::size_t whole, either(0));
    (void)whole;  // it is the last
    skip_blanks();
    if (at_ != text_.size()) return wrong("\"&\", \"|\" or the end");
    return std::move(nodes_);
  }

 private:
  std::unexpected<Error> wrong(std::string_view wanted) const {
    const std::string found =
        at_ < text_.size() ? "\"" + printable(text_.substr(at_), 40) + "\"" : "its end";
    return fail(Code::invalid,
                fmt::format("at character {} there should be {}, not {}", at_ + 1, wanted, found));
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  std::string_view word_here() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end])) != 0) ++end;
    return text_.substr(at_, end - at_);
  }

  bool take(char sign, std::string_view word) {
    const std::string_view here = word_here();
    if (at_ < text_.size() && text_[at_] == sign) {
      ++at_;
      return true;
    }
    if (here.empty() || here != word) return false;
    at_ += word.size();
    return true;
  }

  std::size_t add(Node node) {
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
  }

  Result<std::size_t> either(std::size_t depth) {
    TRY_ASSIGN(std::size_t left, both(depth));
    while (take('|', "or")) {
      TRY_ASSIGN(const std::size_t right, both(depth));
      left = add({Kind::either, left, right, ""});
    }
    return left;
  }

  Result<std::size_t> both(std::size_t depth) {
    TRY_ASSIGN(std::size_t left, one(depth));
    while (take('&', "and")) {
      TRY_ASSIGN(const std::size_t right, one(depth));
      left = add({Kind::both, left, right, ""});
    }
    return left;
  }

  Result<std::size_t> one(std::size_t depth) {
    if (depth > k_filter_depth_max) return fail(Code::invalid, "too many parentheses");
    if (take('!', "not")) {
      TRY_ASSIGN(const std::size_t inner, one(depth + 1));
      return add({Kind::no, inner, 0, ""});
    }
    if (take('(', "")) {
      TRY_ASSIGN(const std::size_t inner, either(depth + 1));
      if (!take(')', "")) return wrong("\")\"");
      return inner;
    }
    return predicate();
  }

  Result<std::size_t> predicate() {
    constexpr std::string_view k_known = "class(...), test(...), package(...) or tag(...)";
    const std::string_view name = word_here();
    const auto* known =
        std::ranges::find(k_predicates, name, &std::pair<std::string_view, Kind>::first);
    const std::size_t open = at_ + name.size();
    if (known == k_predicates.end() || open >= text_.size() || text_[open] != '(') {
      return wrong(k_known);
    }
    const std::size_t close = text_.find(')', open);
    const std::string_view word =
        trim(text_.substr(open + 1, close == std::string_view::npos ? 0 : close - open - 1));
    if (word.empty()) return wrong(fmt::format("{}(...) with a word and its \")\"", name));
    if (word.find_first_of("\"'`") != std::string_view::npos) {
      return fail(Code::invalid, fmt::format("{}({}): without quotes", name, printable(word, 80)));
    }
    if (known->second == Kind::of_package && (word.starts_with('.') || word.starts_with('/'))) {
      return fail(Code::invalid,
                  fmt::format("package({}): an import path, no directory", printable(word, 80)));
    }
    if (known->second == Kind::of_class && !has_class_(word)) {
      return fail(Code::invalid, fmt::format("there is no class \"{}\"", printable(word, 80)));
    }
    at_ = close + 1;
    return add({known->second, 0, 0, std::string(word)});
  }

  const std::string_view text_;
  const std::function<bool(std::string_view)>& has_class_;
  std::size_t at_ = 0;
  std::vector<Node> nodes_;
};

}  // namespace

Result<TestFilter> TestFilter::parse(std::string_view text,
                                     const std::function<bool(std::string_view)>& has_class) {
  if (text.size() > k_filter_bytes_max) return fail(Code::invalid, "longer than 4096 characters");
  TRY_ASSIGN(auto nodes, Parser(text, has_class).parse());
  return TestFilter(std::move(nodes));
}

bool TestFilter::matches(const TestFacts& facts) const {
  return nodes_.empty() || matches(nodes_.size() - 1, facts);
}

bool TestFilter::matches(std::size_t at, const TestFacts& facts) const {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Kind::either: return matches(node.left, facts) || matches(node.right, facts);
    case Kind::both: return matches(node.left, facts) && matches(node.right, facts);
    case Kind::no: return !matches(node.left, facts);
    case Kind::of_class: return facts.class_name == node.word;
    case Kind::of_test: return matches_glob(facts.test, node.word);
    case Kind::of_package: return matches_package(facts.import_path, node.word);
    case Kind::of_tag: return std::ranges::find(facts.tags, node.word) != facts.tags.end();
  }
  return false;
}

}  // namespace sluice::runner
