#include "runner/package_command.hpp"

#include <chrono>
#include <string>

namespace sluice::runner {
namespace {

std::chrono::milliseconds ceil_ms(std::chrono::nanoseconds span) {
  return std::chrono::ceil<std::chrono::milliseconds>(span);
}

}  // namespace

TestCommand package_command(const gotool::TestPackage& package, const sys::Path& program,
                            const PackageFiles& files, const PackageGo& go) {
  TestCommand command;
  command.program = program;
  command.arguments = {program.native()};
  if (go.words.keeps_results && !package.root.empty()) {
    command.arguments.push_back("-test.testlogfile=" + files.log().native());
  }
  command.arguments.emplace_back("-test.paniconexit0");
  command.environment = go.env;
  for (const auto& [name, value] : go.words.env) command.environment.set(name, value);
  if (go.is_covered) {
    command.arguments.push_back("-test.gocoverdir=" + files.counters().native());
    command.environment.set("GOCOVERDIR", files.counters().native());
  }
  for (const std::string& argument : go.words.arguments) {
    command.arguments.push_back(argument.starts_with("-test.coverprofile=")
                                    ? "-test.coverprofile=" + files.profile().native()
                                    : argument);
  }
  const std::string path = go.env.get_or("PATH", "");
  const std::string bin = (go.goroot / "bin").native();
  command.environment.set("PATH", path.empty() ? bin : bin + ":" + path);
  command.environment.set("PWD", package.directory);
  command.directory = package.directory;
  command.quit_after = ceil_ms(go.limits.quit_after);
  command.wait_delay = ceil_ms(go.limits.wait_delay);
  return command;
}

}  // namespace sluice::runner
