#include "cli/trace.hpp"

#include "base/strings.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "gotool/toolchain.hpp"
#include "insight/trace_events.hpp"
#include "sys/file.hpp"
#include "sys/piped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace sluice::cli {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using insight::Duration;
using insight::ReasonOverlap;
using insight::TraceReport;

constexpr std::string_view k_default_region = "cache.Invalidate";
constexpr int k_go_minor_min = 24;  // that knows -d=parsed
constexpr std::size_t k_rows_max = 30;
constexpr std::size_t k_reason_width_max = 24;

// As insight::GcKind counts them.
constexpr insight::PerGcKind<std::string_view> k_columns = {"GC mark", "stopped", "assist",
                                                            "sweep"};
constexpr insight::PerGcKind<std::string_view> k_members = {"mark", "stop_the_world", "mark_assist",
                                                            "sweep"};

using Member = std::int64_t Duration::*;

std::string ms_text(std::int64_t span_ns) {
  return fmt::format("{:.3f}", static_cast<double>(span_ns) / 1e6);
}

std::string share_text(std::int64_t part_ns, std::int64_t whole_ns) {
  if (whole_ns == 0) return "-";
  return fmt::format("{:.1f}%", 100 * static_cast<double>(part_ns) / static_cast<double>(whole_ns));
}

std::string reason_text(const ReasonOverlap& row) {
  return row.reason ? printable(*row.reason, k_reason_width_max) : "(none)";
}

// The rows that are shown, and one of any reason where there are several.
struct Row {
  std::string name;
  const ReasonOverlap* overlap = nullptr;
};

std::vector<Row> rows_of(const TraceReport& report) {
  std::vector<Row> rows;
  for (const ReasonOverlap& one :
       std::span(report.reasons).first(std::min(report.reasons.size(), k_rows_max))) {
    rows.push_back({reason_text(one), &one});
  }
  if (report.reasons.size() > 1) rows.push_back({"any reason", &report.all});
  return rows;
}

// The first column is as wide as its widest name.
std::size_t width_of(const std::vector<Row>& rows) {
  std::size_t width = std::string_view("reason").size();
  for (const auto& row : rows) width = std::max(width, row.name.size());
  return width;
}

std::string columns_head() {
  std::string line;
  for (const auto column : k_columns) line += fmt::format("{:>16}", column);
  return line + "\n";
}

// Each reason's time, and what of it was during each kind.
std::string regions_table(const std::vector<Row>& rows, Member member) {
  const std::size_t width = width_of(rows);
  std::string text = fmt::format("  {:<{}}{:>9}{:>12}", "reason", width, "regions", "time");
  text += columns_head();
  for (const auto& [name, overlap] : rows) {
    const std::int64_t time_ns = overlap->time.*member;
    text += fmt::format("  {:<{}}{:>9}{:>12}", name, width, overlap->regions, ms_text(time_ns));
    for (const Duration& during : overlap->during) {
      text +=
          fmt::format("{:>9}{:>7}", ms_text(during.*member), share_text(during.*member, time_ns));
    }
    text += '\n';
  }
  return text;
}

// The collection's time, and what of it was during the regions of each reason.
std::string collection_table(const std::vector<Row>& rows, const TraceReport& report) {
  const std::size_t width = width_of(rows) + 21;  // as wide as the other table's
  std::string text = fmt::format("  {:<{}}", "", width) + columns_head();
  text += fmt::format("  {:<{}}", "in the whole trace", width);
  for (const auto& total : report.gc) text += fmt::format("{:>16}", ms_text(total.time.wall_ns));
  text += fmt::format("\n  {:<{}}", "how many", width);
  for (const auto& total : report.gc) text += fmt::format("{:>16}", total.ranges);
  text += '\n';
  for (const auto& [name, overlap] : rows) {
    text += fmt::format("  {:<{}}", "during " + name, width);
    for (std::size_t k = 0; k < insight::k_gc_kinds; ++k) {
      const std::int64_t part_ns = overlap->during[k].wall_ns;
      text += fmt::format("{:>9}{:>7}", ms_text(part_ns),
                          share_text(part_ns, report.gc[k].time.wall_ns));
    }
    text += '\n';
  }
  return text;
}

bool ran_at_once(const TraceReport& report) {
  return report.all.time.sum_ns != report.all.time.wall_ns;
}

std::string notes_of(const TraceSource& source, const TraceReport& report) {
  std::string text;
  if (report.reasons.size() > k_rows_max) {
    text += fmt::format("{} more of the reasons are in --json and in \"any reason\".\n",
                        report.reasons.size() - k_rows_max);
  }
  constexpr std::string_view k_counts = "regions: {}, ranges of the collector: {}.\n";
  if (report.regions_open + report.ranges_open > 0) {
    text += "Still open at the end of the trace, and counted up to there: ";
    text += fmt::format(k_counts, report.regions_open, report.ranges_open);
  }
  if (report.regions_before + report.ranges_before > 0) {
    text += "Begun before the trace, and counted from its start: ";
    text += fmt::format(k_counts, report.regions_before, report.ranges_before);
  }
  if (report.regions_incomplete > 0) {
    text += fmt::format("Of those regions {} had more assists and sweeps than are kept.\n",
                        report.regions_incomplete);
  }
  if (report.all.regions > 0) return text;
  text += fmt::format("No region is named {}; ", printable(source.region));
  if (report.other_regions.empty()) return text + "the trace has no regions at all.\n";
  std::vector<std::string> names;
  for (const auto& name : report.other_regions) names.push_back(printable(name, 40));
  return text + fmt::format("--region NAME asks for another. There are: {}\n", join(names, ", "));
}

Json json_of(const Duration& duration) {
  return JsonObject{{"sum_ns", duration.sum_ns}, {"wall_ns", duration.wall_ns}};
}

Json json_of(const ReasonOverlap& overlap) {
  JsonObject object;
  object.emplace_back("reason", overlap.reason ? Json(*overlap.reason) : Json());
  object.emplace_back("regions", overlap.regions);
  object.emplace_back("time", json_of(overlap.time));
  for (std::size_t k = 0; k < insight::k_gc_kinds; ++k) {
    object.emplace_back(k_members[k], json_of(overlap.during[k]));
  }
  return object;
}

// The user named the file: what is wrong with it is wrong input.
Error input_error(const std::string& file, const Error& error) {
  return {Code::invalid, fmt::format("trace: {}: {}", file, error.message)};
}

Result<int> version_of_file(const std::string& file) {
  const auto wrong = [&file](const Error& error) {
    return std::unexpected(input_error(file, error));
  };
  const auto info = sys::stat_file(file);
  if (!info) return std::unexpected(Error{Code::invalid, "trace: " + info.error().message});
  if (!*info) return wrong({Code::invalid, "there is no such file"});
  if (!(*info)->is_regular()) return wrong({Code::invalid, "it is no regular file"});
  const auto opened = sys::open_read(file);
  if (!opened) return std::unexpected(Error{Code::invalid, "trace: " + opened.error().message});
  std::array<std::byte, insight::k_trace_header_size> header{};
  const auto count = sys::read_at(opened->get(), header, 0);
  if (!count) return wrong(count.error());
  const auto version = insight::trace_version_of(text_of(ByteView(header).first(*count)));
  if (!version) return wrong(version.error());
  return *version;
}

std::string name_of_go(const TraceSource& source) {
  return source.go_version.empty() ? "go" : source.go_version;
}

Error too_old(const TraceSource& source) {
  return {
      Code::unsupported,
      fmt::format("trace: {} cannot print a trace, Go 1.{} and newer can; put a newer go first "
                  "in PATH, or set GOTOOLCHAIN=go1.{}.0",
                  name_of_go(source), k_go_minor_min, std::max(source.version, k_go_minor_min))};
}

struct Outcome {
  TraceReport report;
  int ending_signal = 0;
};

Result<Outcome> read_trace(const TraceSource& source, const sys::Path& go,
                           const sys::Environment& env) {
  sys::SpawnOptions options;
  options.program = go;
  // A name that begins with '-' would be a flag.
  const std::string file = source.file.starts_with('-') ? "./" + source.file : source.file;
  options.arguments = {"go", "tool", "trace", "-d=parsed", file};
  options.environment = without_store_url(env);

  insight::TraceOverlap overlap(source.region);
  insight::TraceEventReader reader(
      [&overlap](const insight::TraceEvent& event) { return overlap.take(event); });
  const auto context = [&source](Error error) {
    return std::unexpected(std::move(error).in(
        fmt::format("trace: what '{} tool trace' prints of {}", name_of_go(source), source.file)));
  };
  bool is_read = true;
  auto piped = sys::run_piped(options, [&](std::string_view text) -> Result<void> {
    auto fed = reader.feed(text);
    is_read = fed.has_value();
    return fed;
  });
  if (!piped && !is_read) return context(std::move(piped).error());
  if (!piped) return std::unexpected(std::move(piped).error().in("trace"));
  Outcome outcome;
  outcome.ending_signal = piped->ending_signal;
  if (outcome.ending_signal != 0) return outcome;
  if (!piped->status.success()) {
    return std::unexpected(trace_tool_error(source, piped->status, piped->errors));
  }
  if (auto finished = reader.finish(); !finished) return context(std::move(finished).error());
  auto report = overlap.finish();
  if (!report) return std::unexpected(input_error(source.file, report.error()));
  outcome.report = std::move(*report);
  return outcome;
}

}  // namespace

std::string trace_text(const TraceSource& source, const TraceReport& report) {
  std::string text = fmt::format("{}: a go 1.{} trace of {} ms with {} regions of {}\n",
                                 source.file, source.version, ms_text(report.duration_ns),
                                 report.all.regions, printable(source.region));
  const auto rows = rows_of(report);
  if (!rows.empty()) {
    text += "\nTime of the regions, and what of it was during the collection; in ms, summed\n";
    text += regions_table(rows, &Duration::sum_ns);
  }
  if (ran_at_once(report)) {
    text += "\nThe same by the clock: what ran at once is counted once\n";
    text += regions_table(rows, &Duration::wall_ns);
  }
  text += "\nTime of the collection, and what of it was during the regions; in ms, by the clock\n";
  text += collection_table(rows, report);
  const std::string notes = notes_of(source, report);
  return notes.empty() ? text : text + "\n" + notes;
}

std::string trace_json(const TraceSource& source, const TraceReport& report) {
  JsonArray reasons;
  for (const auto& one : report.reasons) reasons.push_back(json_of(one));
  JsonObject all{{"regions", report.all.regions}, {"time", json_of(report.all.time)}};
  JsonObject collection;
  for (std::size_t k = 0; k < insight::k_gc_kinds; ++k) {
    all.emplace_back(k_members[k], json_of(report.all.during[k]));
    const auto& total = report.gc[k];
    collection.emplace_back(k_members[k], JsonObject{{"ranges", total.ranges},
                                                     {"sum_ns", total.time.sum_ns},
                                                     {"wall_ns", total.time.wall_ns}});
  }
  JsonArray others;
  for (const auto& name : report.other_regions) others.emplace_back(name);
  return Json(JsonObject{
                  {"file", source.file},
                  {"trace_version", fmt::format("go 1.{}", source.version)},
                  {"region", source.region},
                  {"duration_ns", report.duration_ns},
                  {"reasons", std::move(reasons)},
                  {"all", std::move(all)},
                  {"collection", std::move(collection)},
                  {"regions_before", report.regions_before},
                  {"ranges_before", report.ranges_before},
                  {"regions_incomplete", report.regions_incomplete},
                  {"regions_open", report.regions_open},
                  {"ranges_open", report.ranges_open},
                  {"other_regions", std::move(others)},
              })
             .dump() +
         "\n";
}

Error trace_tool_error(const TraceSource& source, sys::ExitStatus status, std::string_view errors) {
  const std::string go = name_of_go(source);
  std::string_view line;
  for (const std::string_view one : split(errors, '\n')) {
    if (trim(one).empty() || one.starts_with("go: downloading ")) continue;
    line = trim(one);
    break;
  }
  // What a go from before 1.24 says whose version nobody knew.
  if (line.find("value \"parsed\" for") != std::string_view::npos) return too_old(source);
  if (line.starts_with("unknown or unsupported trace version")) {
    return {Code::unsupported,
            fmt::format("trace: {}: {} does not read a \"go 1.{} trace\"; put a newer go first in "
                        "PATH, or set GOTOOLCHAIN=go1.{}.0",
                        source.file, go, source.version, source.version)};
  }
  // The tool ends with 1 and its one message; everything else is go, or a tool that crashed.
  const bool is_of_go = line.starts_with("go: ") || line.starts_with("go tool");
  if (status.signal != 0 || status.code != 1 || is_of_go || line.empty()) {
    const std::string how = status.signal != 0
                                ? fmt::format("was ended by signal {}", status.signal)
                                : fmt::format("ended with {}", status.code);
    return {Code::unavailable,
            fmt::format("trace: '{} tool trace' {}{}{}", go, how, line.empty() ? "" : ": ", line)};
  }
  while (line.ends_with(':')) line.remove_suffix(1);
  return {Code::invalid,
          fmt::format("trace: {}: it is cut off or damaged ({}); record it again and "
                      "let the program call trace.Stop before it ends",
                      source.file, line)};
}

int run_trace(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  TraceSource source;
  source.file = invocation.operand;
  source.region = invocation.option_or("region", k_default_region);
  if (source.region.empty()) return report({Code::invalid, "trace: --region: the name is empty"});
  const auto version = version_of_file(source.file);
  if (!version) return report(version.error());
  source.version = *version;
  auto go = gotool::detect_go(env, current_directory());
  if (!go) return report(std::move(go).error().in("trace"));
  source.go_version = go->version;
  if (go->minor != 0 && go->minor < k_go_minor_min) return report(too_old(source));
  const auto outcome = read_trace(source, go->path, env);
  if (!outcome) return report(outcome.error());
  if (outcome->ending_signal != 0) sys::die_by_signal(outcome->ending_signal);
  print(invocation.has("json") ? trace_json(source, outcome->report)
                               : trace_text(source, outcome->report));
  return 0;
}

}  // namespace sluice::cli
