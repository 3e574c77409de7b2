#include "cli/doctor.hpp"

#include "agent/job.hpp"
#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "insight/checkout_files.hpp"
#include "insight/live_advice.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using insight::Finding;
using insight::Severity;
using store::Checkup;

constexpr auto k_examination_max = std::chrono::seconds(60);
// What a signature may be off on AWS and MinIO before they refuse it.
constexpr double k_clock_off_max_s = 900;
// Whole seconds in the store's answer, and the way there.
constexpr double k_clock_noise_s = 2;

constexpr std::size_t k_text_max = 500;  // of a path, a sentence, a line to paste
constexpr std::size_t k_columns = 100;

// Labels of a finding's lines stand before column 9.
std::string labelled(std::string_view label, std::string_view text) {
  constexpr std::size_t k_indent = 9;
  std::string lines = wrapped(text, k_columns, k_indent);
  lines.replace(4, label.size(), label);
  return lines;
}

std::string places_text(const std::vector<std::string>& places) {
  constexpr std::size_t k_places_max = 8;
  std::vector<std::string> shown;
  for (const std::string& place : places) {
    if (shown.size() == k_places_max) {
      shown.push_back(fmt::format("and {} more", places.size() - k_places_max));
      break;
    }
    shown.push_back(printable(place, k_text_max));
  }
  return join(shown, ", ");
}

std::string in_colour(Severity severity) {
  const std::string_view name = insight::name_of(severity);
  switch (severity) {
    case Severity::miss: return fmt::format("\x1b[31m{}\x1b[0m", name);
    case Severity::may_miss: return fmt::format("\x1b[33m{}\x1b[0m", name);
    case Severity::note: break;
  }
  return std::string(name);
}

double ms_of(std::chrono::microseconds span) { return static_cast<double>(span.count()) / 1000; }

std::string rate_text(const std::optional<double>& bytes_per_second) {
  if (!bytes_per_second) return "unknown";
  return format_size(static_cast<std::uint64_t>(*bytes_per_second)) + "/s";
}

std::string condition_text(const std::optional<bool>& honoured) {
  if (!honoured) return "unknown";
  return *honoured ? "honoured" : "not honoured: of two writers at once one may lose its update";
}

std::string clock_text(double ahead_s, bool signs) {
  const double off = std::abs(ahead_s);
  if (off <= k_clock_noise_s) return "the same as the store's, to a second or two";
  return fmt::format(
      "{:.0f} s {} the store's{}", off, ahead_s > 0 ? "ahead of" : "behind",
      signs && off > k_clock_off_max_s ? ": requests are signed by the store's" : "");
}

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
Json json_of(const std::optional<bool>& value) { return value ? Json(*value) : Json(); }

}  // namespace

std::string checkup_text(std::string_view store, std::string_view domain, const Checkup& found) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  line("store", store);
  line("domain", domain);
  for (const Checkup::Ability& ability : found.abilities) {
    std::string value = ability.asked ? "yes" : "not tried";
    if (ability.problem) {
      value = fmt::format("no{}: {}", ability.needed ? "" : " (a job does without)",
                          printable(ability.problem->message, 500));
    }
    line(ability.name, value);
  }
  if (found.latency.count() > 0) {
    line("latency", fmt::format("{:.1f} ms; the first answer took {:.1f} ms, with its connection",
                                ms_of(found.latency), ms_of(found.first_answer)));
  }
  if (found.up_bytes_per_second || found.down_bytes_per_second) {
    line("rate", fmt::format("{} down on {} connections, {} up on one",
                             rate_text(found.down_bytes_per_second), store::k_checkup_streams,
                             rate_text(found.up_bytes_per_second)));
    line("if-absent", condition_text(found.if_absent));
    line("if-match", condition_text(found.if_match));
  }
  if (found.clock_ahead_s)
    line("clock", clock_text(*found.clock_ahead_s, store.starts_with("s3://")));
  return text;
}

Json checkup_json(std::string_view store, std::string_view domain, const Checkup& found) {
  JsonObject abilities;
  for (const Checkup::Ability& ability : found.abilities) {
    JsonObject one{{"needed", ability.needed}};
    one.emplace_back("ok", ability.asked ? Json(!ability.problem.has_value()) : Json());
    if (ability.problem) one.emplace_back("problem", ability.problem->message);
    abilities.emplace_back(ability.name, std::move(one));
  }
  return JsonObject{
      {"store", std::string(store)},
      {"domain", std::string(domain)},
      {"usable", found.is_usable()},
      {"abilities", std::move(abilities)},
      {"first_answer_ms", ms_of(found.first_answer)},
      {"latency_ms", ms_of(found.latency)},
      {"down_bytes_per_second", json_of(found.down_bytes_per_second)},
      {"up_bytes_per_second", json_of(found.up_bytes_per_second)},
      {"if_absent", json_of(found.if_absent)},
      {"if_match", json_of(found.if_match)},
      {"clock_ahead_s", json_of(found.clock_ahead_s)},
  };
}

Json findings_json(const std::vector<Finding>& findings) {
  JsonArray all;
  for (const Finding& finding : findings) {
    JsonArray also;
    for (const std::string& place : finding.also) also.emplace_back(place);
    all.emplace_back(JsonObject{
        {"id", finding.id},
        {"severity", std::string(insight::name_of(finding.severity))},
        {"file", finding.file},
        {"line", finding.line},
        {"subject", finding.subject},
        {"where", finding.where()},
        {"also", std::move(also)},
        {"what", finding.what},
        {"why", std::string(finding.why())},
        {"fix", finding.fix},
    });
  }
  return all;
}

std::string findings_text(const std::vector<Finding>& findings, bool coloured) {
  std::string text;
  std::set<std::string_view> explained;  // each reason once
  for (const Finding& finding : findings) {
    const std::string_view name = insight::name_of(finding.severity);
    text += fmt::format("\n{}: {}: {} [{}]\n", printable(finding.where(), k_text_max),
                        coloured ? in_colour(finding.severity) : std::string(name),
                        printable(finding.what, k_text_max), finding.id);
    if (explained.insert(finding.id).second) text += labelled("why", finding.why());
    if (finding.also.size() > 1) text += labelled("see", places_text(finding.also));
    // Never broken: it is there to be pasted.
    text += fmt::format("    fix  {}\n", printable(finding.fix, k_text_max));
  }
  return text;
}

std::string count_text(const std::vector<Finding>& findings) {
  const auto count = [&findings](Severity severity) {
    return std::ranges::count(findings, severity, &Finding::severity);
  };
  return fmt::format("{} miss, {} may miss, {} {}", count(Severity::miss),
                     count(Severity::may_miss), count(Severity::note),
                     count(Severity::note) == 1 ? "note" : "notes");
}

namespace {

// What one run examines: all of it, or what its words say.
struct Parts {
  bool files = true;
  bool environment = true;
  bool store = true;
  bool is_chosen = false;

  explicit Parts(const Invocation& invocation)
      : is_chosen(invocation.has("files") || invocation.has("environment") ||
                  invocation.has("store")) {
    if (!is_chosen) return;
    files = invocation.has("files");
    environment = invocation.has("environment");
    store = invocation.has("store");
  }
};

struct Examination {
  insight::ExaminedFiles files;
  std::vector<Finding> environment;

  std::vector<Finding> all() const {
    std::vector<Finding> both = files.findings;
    both.insert(both.end(), environment.begin(), environment.end());
    return both;
  }
};

Examination examine(const Setup& setup, const sys::Environment& env, const Parts& parts) {
  const sys::Path checkout = agent::checkout_root(setup.working_directory);
  const auto module = insight::find_module(env, setup.working_directory, checkout);
  Examination examination;
  if (parts.files) {
    examination.files = insight::examine_files(checkout, setup.working_directory, module);
  }
  if (parts.environment) {
    examination.environment =
        insight::advise_on_environment(insight::gather_facts(env, setup.go, checkout, module));
  }
  return examination;
}

std::string examination_text(const Setup& setup, const Examination& examination, const Parts& parts,
                             bool coloured) {
  std::string text;
  if (parts.files) {
    text += fmt::format("{:<12}{} examined: {}\n", "files", examination.files.files.size(),
                        count_text(examination.files.findings));
  }
  if (parts.environment) {
    const std::string go = setup.go.version.empty() ? "no go" : setup.go.version;
    text += fmt::format("{:<12}{}: {}\n", "environment", go, count_text(examination.environment));
  }
  text += findings_text(examination.all(), coloured);
  if (!text.empty() && parts.store) text += "\n";
  return text;
}

JsonArray files_json(const std::vector<std::string>& files) {
  JsonArray all;
  for (const std::string& file : files) all.emplace_back(file);
  return all;
}

// The store that this job would use; nothing where it uses none and nobody asked for it.
Result<std::unique_ptr<store::Objects>> store_of(const Setup& setup, const sys::Environment& env,
                                                 const Parts& parts) {
  if (!parts.store) return nullptr;
  if (setup.config.store_url.empty()) {
    if (!parts.is_chosen) return nullptr;
    return fail(Code::invalid, "doctor: no store: SLUICE_NO_REMOTE or sluice.toml says so");
  }
  TRY_ASSIGN(const auto url, store::parse_store_url(setup.config.store_url));
  return store::open_objects(url, env);
}

Result<sys::Path> directory_of(const Invocation& invocation) {
  if (invocation.operand.empty()) return current_directory();
  const sys::Path directory = (current_directory() / invocation.operand).lexically_normal();
  const auto info = sys::stat_file(directory);
  if (info && *info && (*info)->is_directory()) return directory;
  return fail(Code::invalid,
              fmt::format("doctor: {}: no directory", printable(invocation.operand)));
}

}  // namespace

int run_doctor(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const Parts parts(invocation);
  const auto directory = directory_of(invocation);
  if (!directory) return report(directory.error());
  const auto setup = set_up(invocation.flags, env, *directory, OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  const auto objects = store_of(*setup, env, parts);
  if (!objects) return report(objects.error());
  const bool as_json = invocation.has("json");
  const Examination examination = examine(*setup, env, parts);
  if (!as_json) {
    print(examination_text(*setup, examination, parts, use_colour(STDOUT_FILENO, env)));
  }
  JsonObject json;
  bool is_in_order = !insight::has_misses(examination.all());
  if (*objects) {
    const agent::AgentConfig& config = setup->config;
    const Checkup found = store::examine(**objects, config.domain, config.read_only,
                                         Deadline::after(k_examination_max));
    const std::string name = (*objects)->describe();
    is_in_order = is_in_order && found.is_usable();
    if (as_json) {
      json = *checkup_json(name, config.domain, found).as_object();
    } else {
      print(checkup_text(name, config.domain, found));
    }
  } else if (parts.store && !as_json) {
    print(fmt::format("{:<12}none: SLUICE_NO_REMOTE or sluice.toml says so\n", "store"));
  }
  if (as_json) {
    json.emplace_back("files", files_json(examination.files.files));
    json.emplace_back("findings", findings_json(examination.all()));
    print(Json(std::move(json)).dump() + "\n");
  }
  return is_in_order ? 0 : k_exit_failure;
}

}  // namespace sluice::cli
