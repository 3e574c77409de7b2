// What one traced go command hashed, as far as it is about packages and tests.
//
// A TracedActions is told every hash and subkey that go printed (gotool/hash_trace.hpp) and keeps
// those that explain something; one thread. Values of variables, which go prints with all else, are
// not kept: of a variable only whether it was set. Source of the texts:
// cmd/go/internal/work/exec.go (buildActionID, linkActionID, vet) and cmd/go/internal/test/test.go,
// Go 1.24 to 1.27.
#pragma once

#include "base/digest.hpp"
#include "gotool/hash_trace.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::insight {

inline constexpr std::size_t k_traced_steps_max = 500'000;
inline constexpr std::size_t k_traced_text_bytes_max = std::size_t{256} << 20U;

struct TracedStep {
  enum class What : std::uint8_t { build, vet, link };
  What what = What::build;
  std::string package;  // as go prints it: without " [p.test]"
  ActionId key;
  bool is_proven = false;
  std::string text;  // of a build that is proven: what was hashed; empty past the bound
};

// One of a test's inputs: "env HOME", "stat /x", "open /x", "chdir /x".
struct TracedInput {
  std::string op;
  std::string name;
  std::optional<bool> is_set;  // of a variable
};

struct TracedTest {
  std::string package;
  ActionId test_id;        // of the program and its arguments
  ActionId key;            // of the result, as the same command would have it without the trace
  bool is_proven = false;  // test_id, inputs and the key that go made of both
  std::vector<TracedInput> inputs;
};

class TracedActions {
 public:
  // `godebug`: what the command has without the trace; nothing: it is not set.
  explicit TracedActions(std::optional<std::string> godebug) : godebug_(std::move(godebug)) {}

  void add(gotool::TracedHash hash);
  void add(const gotool::TracedSubkey& subkey);

  const std::vector<TracedStep>& steps() const { return steps_; }
  // Of the packages whose log go had: the last of each, in the order of go's work.
  std::vector<TracedTest> tests() const;
  // Packages whose results go looked for, and had no log of an earlier run.
  std::vector<std::string> tests_without_log() const;
  bool is_cut() const { return is_cut_; }  // a bound was reached

 private:
  struct TestId {
    std::string binary;  // the short action or content of the test binary
    bool is_proven = false;
  };
  struct TestInputs {
    std::string salt;
    std::string text;
    bool is_proven = false;
  };
  struct Asked {
    ActionId test_id;
    ActionId inputs;
    bool is_proven = false;
  };

  bool add_step(gotool::TracedHash& hash);
  std::string package_of(const ActionId& test_id) const;
  TracedTest test_of(const Asked& asked, const TestInputs& inputs) const;
  std::vector<TracedInput> inputs_in(std::string_view text) const;

  std::optional<std::string> godebug_;
  std::vector<TracedStep> steps_;
  std::size_t text_bytes_ = 0;
  bool is_cut_ = false;
  std::unordered_map<std::string, std::string> binaries_;  // short link action -> package
  std::vector<ActionId> test_order_;
  std::unordered_map<ActionId, TestId> test_ids_;
  std::unordered_map<ActionId, TestInputs> inputs_;
  std::vector<Asked> asked_;
  std::unordered_map<std::string, bool> variables_;  // hex of the hash -> whether it is set
};

}  // namespace sluice::insight
