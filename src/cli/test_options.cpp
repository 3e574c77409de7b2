#include "cli/test_options.hpp"

#include "base/strings.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "runner/retries.hpp"
#include "runner/shards.hpp"
#include "runner/strategy_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace sluice::cli {
namespace {

constexpr std::size_t k_slowest_max = 1000;

// Of an option; nothing where it is not given.
Result<std::optional<std::size_t>> count_of(const Invocation& invocation, std::string_view name,
                                            std::size_t most) {
  if (!invocation.has(name)) return std::nullopt;
  const std::string text = invocation.option_or(name, "");
  const auto number = parse_int<std::size_t>(text);
  if (number && *number <= most) return number;
  return fail(Code::invalid,
              fmt::format("--{}: \"{}\" is no number up to {}", name, printable(text, 80), most));
}

// What somebody wants to see again, else another each time.
Result<std::uint64_t> seed_of(const sys::Environment& env) {
  const std::string text = env.get_or("SLUICE_SEED", "");
  if (text.empty()) return std::random_device()();
  if (const auto seed = parse_int<std::uint64_t>(text)) return *seed;
  return fail(Code::invalid, fmt::format("SLUICE_SEED: \"{}\" is no number", printable(text, 80)));
}

bool is_a_directory(const sys::Path& path) {
  const auto info = sys::stat_file(path);
  return info && *info && (*info)->is_directory();
}

// A file to be written.
Result<sys::Path> file_of(const Invocation& invocation, std::string_view name) {
  if (!invocation.has(name)) return sys::Path();
  sys::Path file = (current_directory() / invocation.option_or(name, "")).lexically_normal();
  const sys::Path parent = file.parent_path();
  if (!is_a_directory(parent)) {
    return fail(Code::invalid, fmt::format("--{}: {} is no directory", name, parent.native()));
  }
  if (is_a_directory(file)) {
    return fail(Code::invalid, fmt::format("--{}: {} is a directory", name, file.native()));
  }
  return file;
}

// "2/5" or "plan/5".
Result<std::optional<runner::ShardChoice>> shard_of(const Invocation& invocation) {
  constexpr std::string_view k_plan = "plan";
  if (!invocation.has("shard")) {
    if (!invocation.has("plan")) return std::nullopt;
    return fail(Code::invalid, "--plan: goes with --shard");
  }
  const std::string text = invocation.option_or("shard", "");
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string first = text.substr(0, slash);
  const auto number =
      first == k_plan ? std::optional<std::size_t>(0) : parse_int<std::size_t>(first);
  const auto count = parse_int<std::size_t>(text.substr(std::min(slash + 1, text.size())));
  const bool is_right = number && count && *count >= 1 && *count <= runner::k_shards_max &&
                        *number <= *count && (*number > 0 || first == k_plan);
  if (!is_right) {
    return fail(Code::invalid, fmt::format("--shard: \"{}\" is none of 1/5, 2/5, ... or plan/5",
                                           printable(text, 80)));
  }
  runner::ShardChoice choice{*number, *count, {}};
  TRY_ASSIGN(choice.file, file_of(invocation, "plan"));
  if (choice.only_plans() && choice.file.empty()) {
    return fail(Code::invalid, "--shard: plan/N needs a --plan FILE to write");
  }
  return choice;
}

}  // namespace

Result<TestOptions> test_options_of(const Invocation& invocation, const sys::Environment& env) {
  TestOptions options;
  options.parallel = invocation.option_or("parallel", options.parallel);
  options.explains = invocation.has("explain-schedule");
  TRY_ASSIGN(options.junit, file_of(invocation, "junit"));
  TRY_ASSIGN(const auto slowest, count_of(invocation, "slowest", k_slowest_max));
  options.slowest = slowest.value_or(0);
  TRY_ASSIGN(options.retries, count_of(invocation, "retries", runner::k_retries_max));
  for (const std::string_view name : {"class", "filter"}) {
    if (invocation.has(name) && invocation.option_or(name, "").empty()) {
      return fail(Code::invalid, fmt::format("--{} is empty", name));
    }
  }
  options.classes = invocation.option_or("class", "");
  options.filter = invocation.option_or("filter", "");
  options.only_failed = invocation.has("rerun-failed");
  TRY_ASSIGN(options.shard, shard_of(invocation));
  if (auto strategy = runner::strategy_of(options.parallel, 1); !strategy) {
    return std::unexpected(std::move(strategy).error().in("--parallel"));
  }
  TRY_ASSIGN(options.seed, seed_of(env));
  return options;
}

std::string TestOptions::encode() const {
  return codec::Json(codec::JsonObject{{"parallel", parallel},
                                       {"explains", explains},
                                       {"junit", junit.native()},
                                       {"slowest", static_cast<std::uint64_t>(slowest)},
                                       {"retries", retries ? fmt::format("{}", *retries) : ""},
                                       {"classes", classes},
                                       {"filter", filter},
                                       {"only_failed", only_failed},
                                       {"shard", shard ? shard->number : 0},
                                       {"shards", shard ? shard->count : 0},
                                       {"plan", shard ? shard->file.native() : ""},
                                       {"seed", fmt::format("{}", seed)},
                                       {"quiet", is_quiet}})
      .dump();
}

TestOptions TestOptions::decode(std::string_view text) {
  TestOptions options;
  const auto json = codec::parse_json(text);
  if (!json) return options;
  options.parallel = json->text_or("parallel", "auto");
  options.explains = json->bool_or("explains", false);
  options.junit = json->text_or("junit", "");
  options.slowest = static_cast<std::size_t>(json->int_or("slowest", 0));
  options.retries = parse_int<std::size_t>(json->text_or("retries", ""));
  options.classes = json->text_or("classes", "");
  options.filter = json->text_or("filter", "");
  options.only_failed = json->bool_or("only_failed", false);
  if (const auto count = static_cast<std::size_t>(json->int_or("shards", 0)); count != 0) {
    options.shard = runner::ShardChoice{static_cast<std::size_t>(json->int_or("shard", 0)), count,
                                        json->text_or("plan", "")};
  }
  options.seed = parse_int<std::uint64_t>(json->text_or("seed", "")).value_or(0);
  options.is_quiet = json->bool_or("quiet", false);
  return options;
}

}  // namespace sluice::cli
