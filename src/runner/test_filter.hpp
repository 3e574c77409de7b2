// What `--filter` says: which tests are chosen, as a short expression.
//
//   class(integration) & !(test(TestSlow*) | package(example.com/m/db/...))
//
// Predicates take a name or a pattern: class(NAME), test(GLOB), package(IMPORT-PATH-PATTERN),
// tag(TAG). `!` binds before `&`, that before `|`; `and`, `or`, `not` are the same. Values; pure:
// any thread.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

inline constexpr std::size_t k_filter_bytes_max = 4096;
inline constexpr std::size_t k_filter_depth_max = 32;

struct TestFacts {
  std::string_view import_path;
  std::string_view test;
  std::string_view class_name;
  const std::vector<std::string>& tags;
};

class TestFilter {
 public:
  // Code::invalid: what is wrong and where. `has_class` says whether there is a class.
  static Result<TestFilter> parse(std::string_view text,
                                  const std::function<bool(std::string_view)>& has_class);

  // Chooses everything.
  TestFilter() = default;
  bool chooses() const { return !nodes_.empty(); }
  bool matches(const TestFacts& facts) const;

  enum class Kind { either, both, no, of_class, of_test, of_package, of_tag };
  struct Node {
    Kind kind = Kind::no;
    std::size_t left = 0;  // places of others, which come before
    std::size_t right = 0;
    std::string word;
  };

 private:
  explicit TestFilter(std::vector<Node> nodes) : nodes_(std::move(nodes)) {}
  bool matches(std::size_t at, const TestFacts& facts) const;

  std::vector<Node> nodes_;  // the last is the whole
};

}  // namespace sluice::runner
