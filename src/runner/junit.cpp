#include "runner/junit.hpp"

#include "base/utf8.hpp"
#include "codec/xml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace sluice::runner {
namespace {

// XML has no control characters but three, no halves of pairs and no U+FFFE and U+FFFF.
std::string xml_text(std::string_view text) {
  constexpr std::string_view k_replacement = "\xef\xbf\xbd";
  std::string kept;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    const bool is_control = length == 1 && static_cast<unsigned char>(character[0]) < ' ' &&
                            character != "\t" && character != "\n" && character != "\r";
    const bool is_no_character = character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
    kept += length == 0 || is_control || is_no_character ? k_replacement : character;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return codec::xml_escape(kept);
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;

  void add(const Counts& more) {
    tests += more.tests;
    failures += more.failures;
    errors += more.errors;
    skipped += more.skipped;
  }
  std::string attributes() const {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", tests, failures,
                       errors, skipped);
  }
};

// Nothing is known of one that waited for others when all ended.
bool is_skipped(const TestRecord& test) {
  return test.outcome == TestOutcome::skipped || test.outcome == TestOutcome::waiting;
}

Counts counts_of(const JunitSuite& suite) {
  Counts counts;
  counts.tests = suite.tests.size();
  for (const TestRecord& test : suite.tests) {
    if (test.has_failed()) ++counts.failures;
    if (is_skipped(test)) ++counts.skipped;
  }
  if (!suite.error.empty()) {
    ++counts.tests;
    ++counts.errors;
  }
  return counts;
}

// The first line of what it said, for lists of failures.
std::string_view first_line(std::string_view said) {
  while (!said.empty() && (said.front() == ' ' || said.front() == '\n')) said.remove_prefix(1);
  return said.substr(0, said.find('\n'));
}

std::string testcase_of(const JunitSuite& suite, const TestRecord& test) {
  std::string text = fmt::format(R"(    <testcase classname="{}" name="{}" time="{:.3f}")",
                                 xml_text(suite.package), xml_text(test.name), test.elapsed_s);
  if (test.outcome == TestOutcome::passed && test.earlier.empty()) return text + "/>\n";
  text += ">\n";
  const bool has_passed = test.outcome == TestOutcome::passed;
  for (const std::string& earlier : test.earlier) {
    text += fmt::format("      <{0} message=\"{1}\">{2}</{0}>\n",
                        has_passed ? "flakyFailure" : "rerunFailure", xml_text(first_line(earlier)),
                        xml_text(earlier));
  }
  if (has_passed) return text + "    </testcase>\n";
  const std::string_view message = test.outcome == TestOutcome::waiting ? "the package ended before"
                                   : test.outcome == TestOutcome::unfinished
                                       ? "did not end"
                                       : first_line(test.said);
  const bool has_not_run = is_skipped(test);
  text += fmt::format("      <{} message=\"{}\"", has_not_run ? "skipped" : "failure",
                      xml_text(message.empty() && !has_not_run ? "failed" : message));
  text += has_not_run ? "/>\n" : fmt::format(">{}</failure>\n", xml_text(test.said));
  return text + "    </testcase>\n";
}

}  // namespace

std::string junit_text(const std::vector<JunitSuite>& suites, double elapsed_s,
                       std::string_view go_version) {
  Counts all;
  std::string body;
  for (const JunitSuite& suite : suites) {
    const Counts counts = counts_of(suite);
    all.add(counts);
    body += fmt::format("  <testsuite name=\"{}\" {} time=\"{:.3f}\" timestamp=\"{}\">\n",
                        xml_text(suite.package), counts.attributes(), suite.elapsed_s, suite.time);
    body +=
        fmt::format("    <properties><property name=\"go.version\" value=\"{}\"/></properties>\n",
                    xml_text(go_version));
    for (const TestRecord& test : suite.tests) body += testcase_of(suite, test);
    if (!suite.error.empty()) {
      body += fmt::format(
          "    <testcase classname=\"{0}\" name=\"[{1}]\" time=\"0.000\">\n"
          "      <error message=\"{1}\">{2}</error>\n    </testcase>\n",
          xml_text(suite.package), xml_text(suite.error), xml_text(suite.said));
    } else if (!suite.said.empty()) {
      body += fmt::format("    <system-out>{}</system-out>\n", xml_text(suite.said));
    }
    body += "  </testsuite>\n";
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"sluice test\" {} "
             "time=\"{:.3f}\">\n",
             all.attributes(), elapsed_s) +
         body + "</testsuites>\n";
}

}  // namespace sluice::runner
