#include "agent/tool_record.hpp"

#include "agent/recorder.hpp"
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "gotool/action_text.hpp"
#include "gotool/compile_inputs.hpp"
#include "gotool/entries_before.hpp"
#include "gotool/modules.hpp"
#include "gotool/tool_memo.hpp"
#include "gotool/tool_notes.hpp"
#include "sys/log.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <system_error>

namespace sluice::agent {
namespace {

constexpr std::uint64_t k_importcfg_bytes_max = 64U << 20U;
constexpr std::size_t k_name_digits = 32;

bool is_off(const AgentConfig& config) {
  return config.journal_directory.empty() || config.command_id.empty();
}

void record_compile(const AgentConfig& config, const std::vector<std::string>& words,
                    const sys::Environment& env, const sys::Path& directory) {
  const auto facts =
      gotool::ToolMemo(config.cache_directory / "tools", env).facts(words.front(), false);
  auto inputs = gotool::read_compile_inputs({words.begin() + 1, words.end()},
                                            facts ? facts->said : "", env, directory);
  if (!inputs) {
    sys::log_debug("toolexec: {}", inputs.error().message);
    return;
  }
  Recorder recorder(config);
  recorder.add(journal::Compiled{std::move(inputs->package), std::move(inputs->build_id),
                                 std::move(inputs->salt), std::move(inputs->text)});
  recorder.flush();
}

// The value of "-name=value" or "-name value"; empty when there is none.
std::string value_of(const std::vector<std::string>& arguments, std::string_view flag) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view word = arguments[i];
    if (!word.starts_with(flag)) continue;
    if (word.size() == flag.size()) return i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (word[flag.size()] == '=') return std::string(word.substr(flag.size() + 1));
  }
  return {};
}

}  // namespace

void record_tool(const AgentConfig& config, const std::vector<std::string>& words,
                 const sys::Environment& env) {
  if (is_off(config)) return;
  const std::string tool = sys::Path(words.front()).filename();
  std::error_code error;
  const sys::Path directory = std::filesystem::current_path(error);
  if (tool == "compile")
    record_compile(config, words, env, directory);
  else if (tool == "cgo" || tool == "asm")
    gotool::leave_tool_note(words, env, directory);
}

sys::Path entries_directory(const AgentConfig& config) {
  if (config.command_id.empty() || !config.tests_by_content) return {};
  return config.runtime_directory / ("entries-" + config.command_id);
}

sys::Path entries_file(const sys::Path& directory, pid_t go, std::string_view import_path) {
  const auto name = to_hex(sha256(bytes_of(import_path))).substr(0, k_name_digits);
  return directory / fmt::format("{}-{}", go, name);
}

void record_entries(const AgentConfig& config, const sys::Environment& env) {
  constexpr std::string_view k_program = ".test";
  std::string package = env.get_or("TOOLEXEC_IMPORTPATH", "");
  if (entries_directory(config).empty() || !package.ends_with(k_program)) return;
  package.resize(package.size() - k_program.size());
  std::error_code error;
  const auto modules = gotool::main_modules(env, std::filesystem::current_path(error));
  const auto found = gotool::place_of_package(package, modules, config.goroot);
  if (found) record_entries(config, ::getppid(), package, *found);
}

void record_entries(const AgentConfig& config, pid_t go, const std::string& import_path,
                    const gotool::PackagePlace& place) {
  const sys::Path directory = entries_directory(config);
  if (directory.empty()) return;
  // Without it a result is given in its place only.
  const auto entries = gotool::EntriesBefore::of_package(place.directory, place.root);
  if (!entries || !sys::make_private_directory(config.runtime_directory) ||
      !sys::make_private_directory(directory)) {
    return;
  }
  (void)sys::write_file_atomic(entries_file(directory, go, import_path), entries->encode(), 0600);
}

void record_link(const AgentConfig& config, const std::vector<std::string>& arguments,
                 const sys::Environment& env, journal::Answer answer,
                 std::chrono::microseconds took) {
  if (is_off(config)) return;
  // The link's action, the main package's action and content, the link's content.
  const std::string build_ids = value_of(arguments, "-buildid");
  const auto parts = split(build_ids, '/');
  if (parts.size() < 3) return;
  journal::Linked linked;
  linked.package = env.get_or("TOOLEXEC_IMPORTPATH", "");
  linked.build_id = parts[1];
  linked.answer = answer;
  linked.link_us = static_cast<std::uint64_t>(took.count());
  const auto text = sys::read_file(value_of(arguments, "-importcfg"), k_importcfg_bytes_max);
  if (text && *text) {
    linked.modinfo = gotool::modinfo_of_importcfg(text_of(**text)).value_or("");
  }
  Recorder recorder(config);
  recorder.add(std::move(linked));
  recorder.flush();
}

}  // namespace sluice::agent
