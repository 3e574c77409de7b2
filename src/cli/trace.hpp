// `sluice trace`: how much of a program's regions was during garbage collection, from its trace.
//
// Owns nothing; called once, from the main thread, because it passes signals on to go. Reads the
// trace through `go tool trace -d=parsed`, line by line. The user's mistakes (no such file, no
// trace, a version that nobody here knows, a damaged trace) are Code::invalid and exit 2, whatever
// the tool fails at is exit 1. Facts: what go 1.24 to 1.27 say of such files.
#pragma once

#include "base/result.hpp"
#include "cli/parse.hpp"
#include "insight/trace_overlap.hpp"
#include "sys/environment.hpp"
#include "sys/process.hpp"

#include <string>
#include <string_view>

namespace sluice::cli {

struct TraceSource {
  std::string file;
  int version = 0;         // 26 for a "go 1.26 trace"
  std::string region;      // the name asked for
  std::string go_version;  // of the go that reads it, "go1.26.8"; empty when unknown
};

// The report for people and for programs.
std::string trace_text(const TraceSource& source, const insight::TraceReport& report);
std::string trace_json(const TraceSource& source, const insight::TraceReport& report);

// Why `go tool trace` failed, from its status (not 0) and its standard error.
Error trace_tool_error(const TraceSource& source, sys::ExitStatus status, std::string_view errors);

int run_trace(const Invocation& invocation, const sys::Environment& env);

}  // namespace sluice::cli
