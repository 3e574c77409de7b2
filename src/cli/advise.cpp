#include "cli/advise.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "codec/json.hpp"
#include "runner/load_meter.hpp"
#include "sys/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <thread>

namespace sluice::cli {

namespace {

constexpr auto k_look = std::chrono::seconds(1);  // at the processors
constexpr double k_cores_max = 10'000;

std::unexpected<Error> refuse(std::string_view name, std::string_view text,
                              std::string_view wanted) {
  return fail(Code::invalid,
              fmt::format("--{}: \"{}\" is not {}", name, printable(text, 80), wanted));
}

// Calls `take` with the value of an option that is given.
template <class Value, class Read>
Result<void> take(const Invocation& invocation, std::string_view name, std::string_view wanted,
                  Value& into, const Read& read) {
  if (!invocation.has(name)) return {};
  const std::string text = invocation.option_or(name, "");
  const auto value = read(text);
  if (!value) return refuse(name, text, wanted);
  into = *value;
  return {};
}

std::optional<std::size_t> count_of(const std::string& text) {
  const auto count = parse_int<std::size_t>(text);
  return count && *count >= 1 && *count <= runner::k_advised_max ? count : std::nullopt;
}

std::optional<double> cores_of(const std::string& text) {
  double cores = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cores);
  const bool is_right =
      error == std::errc() && end == text.data() + text.size() && cores > 0 && cores <= k_cores_max;
  return is_right ? std::optional(cores) : std::nullopt;
}

std::optional<double> share_of(const std::string& text) {
  const auto share = parse_percent(text);
  return share && *share >= 0 && *share <= 1 ? share : std::nullopt;
}

// Busy processors now; nothing where the kernel does not say.
std::optional<double> measured_share() {
  const auto before = sys::processor_times();
  // house: allow sleep (a share is of a time; k_look is that)
  std::this_thread::sleep_for(k_look);
  const auto after = sys::processor_times();
  if (!before || !after || after->all <= before->all) return std::nullopt;
  return static_cast<double>(after->busy + after->stolen - before->busy - before->stolen) /
         static_cast<double>(after->all - before->all);
}

std::optional<std::uint64_t> measured_memory(const sys::Cgroups& cgroups) {
  std::optional<std::uint64_t> found;
  if (const auto memory = sys::machine_memory()) found = memory->available;
  if (const auto group = cgroups.memory()) {
    const std::uint64_t left = group->limit - std::min(group->limit, group->used);
    found = std::min(found.value_or(left), left);
  }
  return found;
}

Result<runner::Situation> situation_of(const Invocation& invocation) {
  const sys::Cgroups cgroups;
  const runner::Capacity capacity = runner::machine_capacity(cgroups);
  runner::Situation situation;
  situation.cores = capacity.cores;
  situation.memory = capacity.memory;
  situation.task = {1, 0, 0};
  constexpr std::string_view k_count = "a number from 1 to 10000";
  constexpr std::string_view k_cores = "a number of processors, such as 1.5";
  constexpr std::string_view k_size = "a size, such as 2GiB";
  TRY(take(invocation, "cores", k_cores, situation.cores, cores_of));
  situation.now = static_cast<std::size_t>(std::max(1.0, std::ceil(situation.cores)));
  TRY(take(invocation, "now", k_count, situation.now, count_of));
  TRY(take(invocation, "slots", k_count, situation.slots, count_of));
  const auto size_of = [](const std::string& text) { return parse_size(text); };
  TRY(take(invocation, "memory", k_size, situation.memory, size_of));
  TRY(take(invocation, "task-cores", k_cores, situation.task.cores, cores_of));
  TRY(take(invocation, "task-memory", k_size, situation.task.memory, size_of));
  TRY(take(invocation, "free-memory", k_size, situation.free_memory, size_of));
  TRY(take(invocation, "cpu", "a share from 0% to 100%", situation.cpu_share, share_of));
  if (situation.memory != 0 && situation.free_memory.value_or(0) > situation.memory) {
    return fail(Code::invalid, "--free-memory: is more than there is; --memory says how much");
  }
  if (!invocation.has("free-memory")) situation.free_memory = measured_memory(cgroups);
  if (!invocation.has("cpu")) situation.cpu_share = measured_share();
  return situation;
}

std::string word_of(runner::Limit limit) {
  return limit == runner::Limit::none ? "slots" : std::string(name_of(limit));
}

}  // namespace

std::string advice_text(const runner::Advice& advice, const runner::Situation& situation,
                        std::string_view how) {
  std::string line =
      fmt::format("{} at once ({} now), by {}; one more is kept by {}; {:.1f} cores",
                  advice.parallelism, situation.now, how, word_of(advice.limit), situation.cores);
  if (situation.cpu_share) line += fmt::format(", {:.0f} % in use", *situation.cpu_share * 100);
  if (situation.free_memory) line += fmt::format(", {} free", format_size(*situation.free_memory));
  return line + "\n";
}

std::string advice_json(const runner::Advice& advice, const runner::Situation& situation,
                        std::string_view how) {
  using codec::Json;
  using codec::JsonObject;
  JsonObject inputs = {{"cores", situation.cores}, {"memory_bytes", situation.memory}};
  if (situation.cpu_share) inputs.emplace_back("cpu_share", *situation.cpu_share);
  if (situation.free_memory) inputs.emplace_back("free_memory_bytes", *situation.free_memory);
  if (situation.slots != 0) {
    inputs.emplace_back("slots", static_cast<std::uint64_t>(situation.slots));
  }
  inputs.emplace_back(
      "task", JsonObject{{"cores", situation.task.cores}, {"memory_bytes", situation.task.memory}});
  return Json(JsonObject{{"strategy", how},
                         {"now", static_cast<std::uint64_t>(situation.now)},
                         {"parallelism", static_cast<std::uint64_t>(advice.parallelism)},
                         {"limited_by", word_of(advice.limit)},
                         {"inputs", std::move(inputs)}})
             .dump() +
         "\n";
}

int run_advise(const Invocation& invocation) {
  const std::string how = invocation.option_or("parallel", "auto");
  const auto document = [&]() -> Result<std::string> {
    if (auto known = runner::advise(how, {}); !known) {  // before anything is measured
      return std::unexpected(std::move(known).error().in("--parallel"));
    }
    TRY_ASSIGN(const auto situation, situation_of(invocation));
    TRY_ASSIGN(const auto advice, runner::advise(how, situation));
    return invocation.has("json") ? advice_json(advice, situation, how)
                                  : advice_text(advice, situation, how);
  };
  return print_or_report("advise", document());
}

}  // namespace sluice::cli
