#include "insight/numbers_data.hpp"

#include "insight/wording.hpp"

#include <utility>

namespace sluice::insight {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr double k_us_per_s = 1e6;

double seconds(std::uint64_t span_us) { return static_cast<double>(span_us) / k_us_per_s; }

Json rate_json(const std::optional<double>& rate) { return rate ? Json(*rate) : Json(); }

JsonObject tally_json(const Tally& tally) {
  return {{"lookups", tally.lookups()}, {"hits", tally.hits()},
          {"local", tally.local},       {"remote", tally.remote},
          {"reused", tally.reused},     {"missed", tally.missed},
          {"bytes", tally.bytes},       {"hit_rate", rate_json(tally.hit_rate())}};
}

JsonObject job_json(const journal::JobRow& job) {
  return {{"id", job.id},
          {"uid", job.uid},
          {"ci", job.ci},
          {"run", job.run},
          {"name", job.name},
          {"repository", job.repository},
          {"commit", job.commit},
          {"branch", job.branch},
          {"pull_request", job.pull_request},
          {"trust_domain", job.domain},
          {"host", job.host},
          {"began_us", job.first_us}};
}

JsonObject steps_json(const Numbers& numbers, bool saved) {
  JsonObject object{{"seconds", seconds(saved ? numbers.saved_us() : [&numbers] {
                       std::uint64_t sum = 0;
                       for (const Steps& steps : numbers.steps) sum += steps.spent_us;
                       return sum;
                     }())}};
  for (const Steps& steps : numbers.steps) {
    JsonObject one{{"seconds", seconds(saved ? steps.saved_us : steps.spent_us)},
                   {"counted", saved ? steps.given_counted : steps.done_counted},
                   {"of", saved ? steps.given : steps.done}};
    if (saved && steps.name == "compile") {
      one.emplace_back("made_elsewhere_seconds", seconds(steps.foreign_us));
    }
    object.emplace_back(std::string(steps.name), std::move(one));
  }
  object.emplace_back("note", k_sum_note);
  return object;
}

Json packages_json(const Numbers& numbers) {
  JsonArray list;
  for (const PackageTally& one : numbers.packages) {
    list.emplace_back(JsonObject{{"package", one.package},
                                 {"given", one.given},
                                 {"compiled", one.compiled},
                                 {"saved_seconds", seconds(one.saved_us)},
                                 {"spent_seconds", seconds(one.spent_us)}});
  }
  return list;
}

Json last_json(const History& last) {
  JsonArray jobs;
  for (const JobSummary& one : last.jobs) {
    jobs.emplace_back(
        JsonObject{{"id", one.job.id},
                   {"uid", one.job.uid},
                   {"name", one.job.name},
                   {"branch", one.job.branch},
                   {"began_us", one.job.first_us},
                   {"lookups", one.lookups},
                   {"hits", one.hits},
                   {"hit_rate", rate_json(one.hit_rate())},
                   {"wall_seconds", one.wall_us ? Json(seconds(*one.wall_us)) : Json()}});
  }
  return JsonObject{{"hit_rate_median", last.hit_rate ? Json(last.hit_rate->value) : Json()},
                    {"jobs", std::move(jobs)}};
}

std::string_view direction_name(journal::Direction direction) {
  return direction == journal::Direction::down ? "down" : "up";
}

void add_misses(JsonObject& object, const Numbers& numbers) {
  JsonObject reasons;
  std::uint64_t total = 0;
  for (const ReasonCount& one : numbers.reasons()) {
    reasons.emplace_back(one.reason, one.count);
    total += one.count;
  }
  object.emplace_back("invalidations_total", total);
  object.emplace_back("invalidations_by_reason", std::move(reasons));
  JsonArray causes;
  for (const MissCause& cause : numbers.causes) {
    causes.emplace_back(
        JsonObject{{"reason", cause.reason}, {"kind", cause.kind}, {"count", cause.count}});
  }
  object.emplace_back("misses", std::move(causes));
  JsonArray inputs;
  for (const ReasonCount& one : numbers.test_inputs) {
    inputs.emplace_back(JsonObject{{"input", one.reason}, {"tests", one.count}});
  }
  object.emplace_back("test_inputs_changed", std::move(inputs));
  JsonArray faults;
  for (const journal::FaultRow& fault : numbers.faults) {
    faults.emplace_back(
        JsonObject{{"reason", fault.reason}, {"first", fault.message}, {"count", fault.count}});
  }
  object.emplace_back("faults", std::move(faults));
}

using Labels = std::vector<std::pair<std::string, std::string>>;

Family counter(std::string name, std::string help) {
  return {std::move(name), Family::Type::counter, std::move(help), {}};
}
Family gauge(std::string name, std::string help) {
  return {std::move(name), Family::Type::gauge, std::move(help), {}};
}
void add(Family& family, Labels labels, double value) {
  family.samples.push_back({"", std::move(labels), value});
}
void add(Family& family, Labels labels, std::uint64_t value) {
  add(family, std::move(labels), static_cast<double>(value));
}

void add_lookups(std::vector<Family>& families, const Numbers& numbers) {
  Family lookups = counter("sluice_lookups_total", "Lookups of the job by kind and answer.");
  Family bytes = counter("sluice_given_bytes_total", "Bytes of the results that go was given.");
  for (const auto& [kind, tally] : numbers.kinds) {
    add(lookups, {{"kind", kind}, {"answer", "local"}}, tally.local);
    add(lookups, {{"kind", kind}, {"answer", "remote"}}, tally.remote);
    add(lookups, {{"kind", kind}, {"answer", "reused"}}, tally.reused);
    add(lookups, {{"kind", kind}, {"answer", "missed"}}, tally.missed);
    add(bytes, {{"kind", kind}}, tally.bytes);
  }
  Family scopes = counter("sluice_scope_hits_total", "Hits of the job by scope of the index.");
  for (const auto& [scope, tally] : numbers.scopes) add(scopes, {{"scope", scope}}, tally.hits());
  Family rate = gauge("sluice_hit_ratio", "Share of the job's lookups that were answered.");
  if (const auto share = numbers.all.hit_rate()) add(rate, {}, *share);
  for (Family* family : {&lookups, &bytes, &scopes, &rate}) families.push_back(std::move(*family));
  std::vector<double> bounds;
  for (const std::uint64_t bound : k_wait_bounds_us) bounds.push_back(seconds(bound));
  families.push_back(histogram(
      "sluice_lookup_wait_seconds", "Waits of the lookups that waited for an answer.", bounds,
      {numbers.waits.begin(), numbers.waits.end()}, seconds(numbers.all.wait_us)));
}

void add_steps(std::vector<Family>& families, const Numbers& numbers) {
  Family saved = gauge("sluice_saved_seconds",
                       "Recorded durations of steps that were given, summed: no wall time.");
  Family spent = gauge("sluice_spent_seconds", "Recorded durations of steps that were done.");
  Family sample =
      gauge("sluice_steps", "Steps of the job, by whether a duration is recorded and counted.");
  for (const Steps& steps : numbers.steps) {
    const std::string name(steps.name);
    add(saved, {{"step", name}}, seconds(steps.saved_us));
    add(spent, {{"step", name}}, seconds(steps.spent_us));
    const auto count = [&](const char* how, std::uint64_t counted, std::uint64_t all) {
      add(sample, {{"step", name}, {"how", how}, {"counted", "yes"}}, counted);
      add(sample, {{"step", name}, {"how", how}, {"counted", "no"}}, all - counted);
    };
    count("given", steps.given_counted, steps.given);
    count("done", steps.done_counted, steps.done);
  }
  for (Family* family : {&saved, &spent, &sample}) families.push_back(std::move(*family));
}

}  // namespace

Json numbers_json(const Numbers& numbers, const History& last) {
  JsonObject kinds;
  for (const auto& [name, tally] : numbers.kinds) kinds.emplace_back(name, tally_json(tally));
  JsonObject scopes;
  for (const auto& [name, tally] : numbers.scopes) {
    scopes.emplace_back(name, JsonObject{{"hits", tally.hits()}, {"bytes", tally.bytes}});
  }
  JsonObject transfers;
  for (const journal::TransferTotal& total : numbers.transfers) {
    transfers.emplace_back(
        std::string(direction_name(total.direction)),
        JsonObject{{"blobs", total.blobs}, {"bytes", total.bytes}, {"requests", total.requests}});
  }
  JsonArray excluded;
  for (std::string& line : exclusions(numbers)) excluded.emplace_back(std::move(line));
  JsonObject object{{"job", job_json(numbers.job)},
                    {"commands", numbers.commands},
                    {"commands_failed", numbers.commands_failed},
                    {"commands_without_end", numbers.commands_open},
                    {"wall_seconds", seconds(numbers.wall_us)}};
  for (auto& field : tally_json(numbers.all)) object.push_back(std::move(field));
  object.emplace_back("lookups_not_in_journal", numbers.lookups_unseen);
  object.emplace_back("waits", JsonObject{{"seconds", seconds(numbers.all.wait_us)},
                                          {"lookups", numbers.waited()}});
  object.emplace_back("by_kind", std::move(kinds));
  object.emplace_back("by_scope", std::move(scopes));
  object.emplace_back("transfers", std::move(transfers));
  object.emplace_back("time_saved", steps_json(numbers, true));
  object.emplace_back("time_spent", steps_json(numbers, false));
  object.emplace_back("excluded", std::move(excluded));
  object.emplace_back("packages", packages_json(numbers));
  add_misses(object, numbers);
  object.emplace_back("last", last_json(last));
  return object;
}

std::vector<Family> numbers_metrics(const Numbers& numbers) {
  std::vector<Family> families;
  Family info = gauge("sluice_job_info", "The job that these numbers are of.");
  const journal::JobRow& job = numbers.job;
  add(info, {{"id", job.uid}, {"name", job.name}, {"branch", job.branch}, {"commit", job.commit}},
      1.0);
  families.push_back(std::move(info));
  Family wall = gauge("sluice_job_seconds", "Time of the job's commands, of those that ended.");
  add(wall, {}, seconds(numbers.wall_us));
  families.push_back(std::move(wall));
  add_lookups(families, numbers);
  add_steps(families, numbers);
  Family moved = counter("sluice_transfer_bytes_total", "Bytes from (down) and to (up) the store.");
  Family requests = counter("sluice_transfer_requests_total", "Requests to the store.");
  for (const journal::TransferTotal& total : numbers.transfers) {
    const std::string direction(direction_name(total.direction));
    add(moved, {{"direction", direction}}, total.bytes);
    add(requests, {{"direction", direction}}, total.requests);
  }
  Family faults = counter("sluice_faults_total", "What went wrong with the cache, by reason.");
  for (const auto& fault : numbers.faults) add(faults, {{"reason", fault.reason}}, fault.count);
  Family total = counter("invalidations_total", "Misses of the job.");
  Family by_reason = gauge("invalidations_by_reason", "Misses of the job by reason.");
  std::uint64_t sum = 0;
  for (const ReasonCount& one : numbers.reasons()) {
    add(by_reason, {{"reason", one.reason}}, one.count);
    sum += one.count;
  }
  add(total, {}, sum);
  for (Family* family : {&moved, &requests, &faults, &total, &by_reason}) {
    families.push_back(std::move(*family));
  }
  return families;
}

}  // namespace sluice::insight
