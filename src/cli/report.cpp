#include "cli/report.hpp"

#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "insight/history.hpp"
#include "insight/numbers.hpp"
#include "insight/numbers_markdown.hpp"
#include "insight/why_numbers.hpp"
#include "sys/process.hpp"

namespace sluice::cli {

namespace {

constexpr std::uint32_t k_file_mode = 0644;  // the runner that collects it may be another user

}  // namespace

Result<std::string> report_text(const Setup& setup, std::string_view selector) {
  TRY_ASSIGN(auto database, open_journal(setup));
  TRY_ASSIGN(const auto job, chosen_job(database, setup, selector));
  TRY_ASSIGN(const auto explained, insight::explained_numbers(database, job));
  const auto& [numbers, explanation] = explained;
  TRY_ASSIGN(const auto before, insight::history_of(database, job));
  return insight::report_markdown(numbers, explanation, before);
}

Result<void> add_report(const std::string& file, std::string_view text) {
  const sys::Path path = current_directory() / file;
  TRY_ASSIGN(const auto directory, sys::stat_file(path.parent_path()));
  if (!directory || !directory->is_directory()) {
    return fail(Code::invalid, "report: no directory " + path.parent_path().native());
  }
  TRY_ASSIGN(const auto there, sys::stat_file(path));
  if (there && there->is_directory()) {
    return fail(Code::invalid, "report: " + path.native() + " is a directory");
  }
  const std::string whole = (there && there->size > 0 ? "\n" : "") + std::string(text);
  return sys::append_to_file(path, bytes_of(whole), k_file_mode);
}

std::string report_file(const Invocation& invocation, const sys::Environment& env) {
  return invocation.option_or("file", env.get_or("GITHUB_STEP_SUMMARY", ""));
}

int run_report(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  if (invocation.has("file") && invocation.option_or("file", "").empty()) {
    return report(Error{Code::invalid, "report: --file: the name of a file is missing"});
  }
  const auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  auto text = report_text(*setup, invocation.option_or("job", ""));
  if (!text) return report(std::move(text).error().in("report"));
  const std::string file = report_file(invocation, env);
  if (file.empty()) {
    print(*text);
    return 0;
  }
  const auto added = add_report(file, *text);
  return added ? 0 : report(added.error());
}

}  // namespace sluice::cli
