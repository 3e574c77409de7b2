// What go's tools, run through sluice, have to say to the journal: of a compilation its inputs, of
// a link the program and its build information.
//
// Called in the process that then becomes the tool, so each is one small write, and whatever cannot
// be found out is not said. Main thread of a toolexec. With no journal nothing is read or written.
#pragma once

#include "agent/config.hpp"
#include "gotool/modules.hpp"
#include "journal/event.hpp"
#include "sys/environment.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

// Before a compiler, cgo or an assembler is started; other tools are none of its business. `words`
// begin with the tool.
void record_tool(const AgentConfig& config, const std::vector<std::string>& words,
                 const sys::Environment& env);

// Before the link of a test's program: what lies in the directory of its package.
void record_entries(const AgentConfig& config, const sys::Environment& env);
// The same by whoever is about to run the test, for the session that `go` started.
void record_entries(const AgentConfig& config, pid_t go, const std::string& import_path,
                    const gotool::PackagePlace& place);
// Where that stands, for the session of the same go: a command may start several, and each links a
// test's program once.
sys::Path entries_directory(const AgentConfig& config);
sys::Path entries_file(const sys::Path& directory, pid_t go, std::string_view import_path);

// After a link. `arguments` are those of the linker, without it.
void record_link(const AgentConfig& config, const std::vector<std::string>& arguments,
                 const sys::Environment& env, journal::Answer answer,
                 std::chrono::microseconds took);

}  // namespace sluice::agent
