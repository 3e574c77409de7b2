// One thing that makes a pipeline miss its cache: what, where, why, and the line that mends it.
//
// Values; any thread; no errors. The rules are a fixed table: every finding has the id of one of
// them, and docs/guide/doctor.md explains each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::insight {

enum class Severity : std::uint8_t {
  miss,      // it misses, whenever this runs
  may_miss,  // it misses under a condition that the finding names
  note,      // nothing is lost by it with sluice; good to know
};

std::string_view name_of(Severity severity);  // "miss", "may-miss", "note"

struct Rule {
  std::string_view id;   // stable, kebab-case
  std::string_view why;  // why it misses; one sentence or two
};

std::span<const Rule> rules();

struct Finding {
  std::string id;
  Severity severity = Severity::note;
  std::string file;        // relative to the checkout; empty: the environment
  std::uint32_t line = 0;  // 0: the file as a whole
  std::string subject;     // in the environment a variable or a path; in a file what differs
  std::string what;
  std::string fix;                // one line to paste
  std::vector<std::string> also;  // other places, "file:line"

  std::string where() const;  // "ci.yml:7", or the subject
  std::string_view why() const;
};

// In the order of files and lines, the environment last; each id at most once a place and subject.
void put_in_order(std::vector<Finding>& findings);

// Whether one of them is more than a note.
bool has_misses(const std::vector<Finding>& findings);

}  // namespace sluice::insight
