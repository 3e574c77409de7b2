#include "agent/test_tools.hpp"

#include "agent/test_door.hpp"
#include "base/digest.hpp"
#include "codec/json.hpp"
#include "sys/fd.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace sluice::agent {
namespace {

constexpr std::string_view k_program_ending = ".test";
constexpr std::string_view k_package_variable = "TOOLEXEC_IMPORTPATH";
constexpr auto k_answer_wait = std::chrono::seconds(30);  // a result may come from far away
constexpr std::uint64_t k_vet_config_bytes_max = 64U << 20U;
constexpr int k_exit_failure = 1;

Deadline answer_deadline() { return Deadline::after(k_answer_wait); }

int say_and_fail(const Error& error) {
  (void)sys::write_all(STDERR_FILENO, bytes_of("sluice: toolexec: " + error.message + "\n"));
  return k_exit_failure;
}

// The tool as a child, since something follows. Ends this process as the tool ended.
int run_tool(const std::vector<std::string>& words, const sys::Environment& env) {
  sys::SpawnOptions options;
  options.program = words.front();
  options.arguments = words;
  options.environment = env;
  auto child = sys::spawn(options);
  if (!child) return say_and_fail(child.error());
  const auto status = child->wait();
  if (!status) return say_and_fail(status.error());
  if (status->signal != 0) sys::die_by_signal(status->signal);
  return status->code;
}

struct TestLink {
  std::string package;
  std::string action;  // the first part of -buildid
  sys::Path output;
};

std::optional<TestLink> test_link_of(const std::vector<std::string>& words,
                                     const sys::Environment& env) {
  constexpr std::string_view k_build_id = "-buildid=";
  TestLink link;
  link.package = env.get_or(k_package_variable, "");
  if (!link.package.ends_with(k_program_ending)) return std::nullopt;
  link.package.resize(link.package.size() - k_program_ending.size());
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-o" && i + 1 < words.size()) link.output = words[i + 1];
    if (!word.starts_with(k_build_id)) continue;
    link.action = word.substr(k_build_id.size());
    link.action.resize(std::min(link.action.size(), link.action.find('/')));
  }
  if (link.output.empty() || link.action.empty()) return std::nullopt;
  return link;
}

Result<void> leave_placeholder(const sys::Path& output) {
  constexpr std::string_view k_words = "The program of this test is where sluice runs it.\n";
  return sys::write_file_atomic(output, bytes_of(k_words), 0755);
}

Result<void> move_program(const sys::Path& from, const sys::Path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error == std::errc::cross_device_link) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing, error);
  }
  if (error) return fail(Code::unavailable, "move " + from.native() + ": " + error.message());
  return {};
}

Result<void> hand_over(const AgentConfig& config, const TestLink& link) {
  constexpr std::size_t k_digits = 16;
  const sys::Path directory =
      config.test_programs / to_hex(sha256(bytes_of(link.package))).substr(0, k_digits);
  const sys::Path program = directory / link.output.filename();
  TRY(sys::make_directories(directory, 0700));
  TRY(move_program(link.output, program));
  TRY(leave_placeholder(link.output));
  return tell_linked(config.test_door, link.package, link.action, program, answer_deadline());
}

}  // namespace

std::optional<int> link_for_run(const AgentConfig& config, const std::vector<std::string>& words,
                                const sys::Environment& env,
                                const std::function<std::optional<int>()>& link) {
  const auto test = test_link_of(words, env);
  if (!test) return link();
  const bool is_known =
      ask_whether_known(config.test_door, test->package, test->action, answer_deadline());
  if (is_known && leave_placeholder(test->output)) return 0;
  const auto linked = link();
  const int status = linked ? *linked : run_tool(words, env);
  if (status != 0) return status;
  const auto handed = hand_over(config, *test);
  return handed ? 0 : say_and_fail(handed.error());
}

std::optional<int> vet_for_run(const AgentConfig& config, const std::vector<std::string>& words,
                               const sys::Environment& env) {
  const auto text = sys::read_file(words.back(), k_vet_config_bytes_max);
  if (!text || !*text) return std::nullopt;
  const auto asked = codec::parse_json(text_of(**text));
  // For the facts alone that vet wants of what a package imports.
  if (!asked || asked->bool_or("VetxOnly", true)) return std::nullopt;
  const int status = run_tool(words, env);
  const auto told = tell_vetted(config.test_door, env.get_or(k_package_variable, ""), status == 0,
                                answer_deadline());
  if (!told) sys::log_debug("toolexec: {}", told.error().message);
  return status;
}

}  // namespace sluice::agent
