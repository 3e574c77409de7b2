#include "insight/traced_actions.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "base/subkey.hpp"
#include "gotool/action_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace sluice::insight {
namespace {

using What = TracedStep::What;

constexpr std::string_view k_test_suffix = ".test";
constexpr std::string_view k_inputs = "inputs:";
constexpr std::string_view k_unset = std::string_view("\0", 1);

struct StepName {
  std::string_view prefix;
  What what;
};
constexpr auto k_step_names =
    std::to_array<StepName>({{"build ", What::build}, {"vet ", What::vet}, {"link ", What::link}});

// "test binary ID args […] execcmd […]"
std::string binary_in(std::string_view text) {
  constexpr std::string_view k_mark = "test binary ";
  if (!text.starts_with(k_mark)) return {};
  text.remove_prefix(k_mark.size());
  return std::string(text.substr(0, text.find(' ')));
}

// The hash of a variable, as hashGetenv makes it.
std::string hash_of(std::string_view salt, const std::optional<std::string>& value) {
  Sha256 hash;
  hash.update(bytes_of(salt));
  if (!value) {
    hash.update(bytes_of(k_unset));
  } else {
    hash.update(bytes_of("\x01"));
    hash.update(bytes_of(*value));
  }
  return to_hex(hash.finish());
}

}  // namespace

void TracedActions::add(gotool::TracedHash hash) {
  if (add_step(hash)) return;
  if (hash.name == "getenv") {
    if (hash.is_proven && variables_.size() < k_traced_steps_max) {
      variables_[hash.sum.hex()] = hash.text != k_unset;
    }
  } else if (hash.name == "testResult") {
    if (test_ids_.size() == k_traced_steps_max) return void(is_cut_ = true);
    const bool is_new =
        test_ids_.insert_or_assign(hash.sum, TestId{binary_in(hash.text), hash.is_proven}).second;
    if (is_new) test_order_.push_back(hash.sum);
  } else if (hash.name == "testInputs") {
    if (text_bytes_ + hash.text.size() > k_traced_text_bytes_max) return void(is_cut_ = true);
    text_bytes_ += hash.text.size();
    inputs_[hash.sum] = TestInputs{std::move(hash.salt), std::move(hash.text), hash.is_proven};
  }
}

bool TracedActions::add_step(gotool::TracedHash& hash) {
  const auto named = std::ranges::find_if(
      k_step_names, [&hash](const StepName& name) { return hash.name.starts_with(name.prefix); });
  if (named == k_step_names.end()) return false;
  if (steps_.size() == k_traced_steps_max) {
    is_cut_ = true;
    return true;
  }
  TracedStep step;
  step.what = named->what;
  step.package = hash.name.substr(named->prefix.size());
  step.key = hash.sum;
  step.is_proven = hash.is_proven;
  if (step.what == What::build && step.is_proven) {
    if (text_bytes_ + hash.text.size() <= k_traced_text_bytes_max) {
      text_bytes_ += hash.text.size();
      step.text = std::move(hash.text);
    } else {
      is_cut_ = true;
    }
  }
  if (step.what == What::link && step.package.ends_with(k_test_suffix)) {
    binaries_[gotool::short_hash(hash.sum.bytes)] =
        step.package.substr(0, step.package.size() - k_test_suffix.size());
  }
  // go hashes some packages more than once.
  const auto same = [&step](const TracedStep& other) {
    return other.key == step.key && other.what == step.what;
  };
  constexpr std::ptrdiff_t k_near = 8;
  const auto from = steps_.end() - std::min<std::ptrdiff_t>(k_near, std::ssize(steps_));
  if (std::none_of(from, steps_.end(), same)) steps_.push_back(std::move(step));
  return true;
}

void TracedActions::add(const gotool::TracedSubkey& subkey) {
  if (!subkey.description.starts_with(k_inputs)) return;
  const auto inputs =
      ActionId::from_hex(std::string_view(subkey.description).substr(k_inputs.size()));
  if (!inputs) return;  // that of a coverage profile is longer
  if (asked_.size() == k_traced_steps_max) return void(is_cut_ = true);
  asked_.push_back({subkey.parent, *inputs, subkey.is_proven});
}

std::string TracedActions::package_of(const ActionId& test_id) const {
  const auto id = test_ids_.find(test_id);
  if (id == test_ids_.end()) return {};
  const auto binary = binaries_.find(id->second.binary);
  return binary == binaries_.end() ? std::string() : binary->second;
}

std::vector<TracedInput> TracedActions::inputs_in(std::string_view text) const {
  std::vector<TracedInput> inputs;
  std::set<std::pair<std::string, std::string>> seen;
  bool is_first = true;
  for (const std::string_view line : split(text, '\n')) {
    // GODEBUG, which go adds to every test.
    if (std::exchange(is_first, false) || line.empty()) continue;
    const auto name_at = line.find(' ');
    const auto hash_at = line.rfind(' ');
    if (name_at == std::string_view::npos || hash_at <= name_at) continue;
    TracedInput input;
    input.op = line.substr(0, name_at);
    input.name = line.substr(name_at + 1, hash_at - name_at - 1);
    if (input.op == "env") {
      const auto at = variables_.find(std::string(line.substr(hash_at + 1)));
      if (at != variables_.end()) input.is_set = at->second;
    }
    // A test may ask a hundred times for one variable.
    if (seen.emplace(input.op, input.name).second) inputs.push_back(std::move(input));
  }
  return inputs;
}

TracedTest TracedActions::test_of(const Asked& asked, const TestInputs& inputs) const {
  TracedTest test;
  test.package = package_of(asked.test_id);
  test.test_id = asked.test_id;
  const auto id = test_ids_.find(asked.test_id);
  test.is_proven =
      asked.is_proven && inputs.is_proven && id != test_ids_.end() && id->second.is_proven;
  test.inputs = inputs_in(inputs.text);
  const auto behind = inputs.text.find('\n');
  const std::string_view rest = behind == std::string::npos
                                    ? std::string_view()
                                    : std::string_view(inputs.text).substr(behind);
  Sha256 hash;
  hash.update(bytes_of(inputs.salt));
  hash.update(bytes_of(fmt::format("env GODEBUG {}", hash_of(inputs.salt, godebug_))));
  hash.update(bytes_of(rest));
  test.key = subkey(asked.test_id, std::string(k_inputs) + to_hex(hash.finish()));
  return test;
}

std::vector<TracedTest> TracedActions::tests() const {
  std::vector<TracedTest> tests;
  std::set<std::string> seen;
  for (const Asked& asked : asked_) {
    const auto inputs = inputs_.find(asked.inputs);
    if (inputs == inputs_.end()) continue;
    TracedTest test = test_of(asked, inputs->second);
    // The same result is asked for under the content of the binary, too, which names no package.
    if (test.package.empty() || !seen.insert(test.package).second) continue;
    tests.push_back(std::move(test));
  }
  return tests;
}

std::vector<std::string> TracedActions::tests_without_log() const {
  std::set<std::string> with_log;
  for (const Asked& asked : asked_) with_log.insert(package_of(asked.test_id));
  std::vector<std::string> packages;
  for (const ActionId& test_id : test_order_) {
    std::string package = package_of(test_id);
    if (package.empty() || with_log.contains(package)) continue;
    packages.push_back(std::move(package));
  }
  return packages;
}

}  // namespace sluice::insight
