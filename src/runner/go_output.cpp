#include "runner/go_output.hpp"

#include "codec/json.hpp"

#include <utility>

namespace sluice::runner {

void GoOutput::write(std::string_view piece) {
  pending_ += piece;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = pending_.find('\n', begin);
    if (end == std::string::npos) break;
    line(std::string_view(pending_).substr(begin, end + 1 - begin));
    begin = end + 1;
  }
  pending_.erase(0, begin);
}

void GoOutput::end() {
  const std::string rest = std::exchange(pending_, {});
  if (!rest.empty()) line(rest);
  // Packages that go was not finished with.
  for (const auto& [package, text] : events_) heard_.show(text);
  events_.clear();
}

void GoOutput::line(std::string_view text) {
  if (is_json_)
    event_line(text);
  else
    text_line(text);
}

void GoOutput::text_line(std::string_view text) {
  constexpr std::string_view k_passed = "ok  \t";
  constexpr std::string_view k_failed = "FAIL\t";
  if (text == "FAIL\n") return;  // of all, said at the end
  if (text.starts_with(k_passed)) {
    const std::string_view rest = text.substr(k_passed.size());
    return heard_.passed(std::string(rest.substr(0, rest.find('\t'))), text);
  }
  if (text.starts_with(k_failed)) {
    const std::string_view rest = text.substr(k_failed.size());
    heard_.refused(std::string(rest.substr(0, rest.find_first_of(" \t\n"))));
  }
  heard_.show(text);
}

void GoOutput::event_line(std::string_view text) {
  const auto event = codec::parse_json(text);
  const std::string package = event ? event->text_or("Package", "") : "";
  if (package.empty()) return heard_.show(text);  // of a build
  const std::string action = event->text_or("Action", "");
  std::string& held = events_[package];
  held += text;
  const bool is_last = action == "pass" || action == "fail" || action == "skip";
  if (!is_last || event->find("Test") != nullptr) return;
  const std::string all = std::exchange(held, {});
  events_.erase(package);
  if (action == "pass") return heard_.passed(package, all);
  if (action == "fail") heard_.refused(package);
  heard_.show(all);
}

}  // namespace sluice::runner
