// Where paths lead: each directory and link on the way is looked at once, however many paths share
// it. What changes meanwhile is not seen.
//
// Not for several threads at once.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

namespace sluice::gotool {

// Follows absolute paths as the system does, and keeps what it meets: each directory, and each
// link, also those that links lead through.
class Ways {
 public:
  // Where this is, in the end, without links; empty where it leads nowhere.
  std::string follow(const std::string& path) { return follow(path, k_links_max); }

  const std::set<std::string>& met() const { return met_; }

 private:
  static constexpr int k_links_max = 40;  // as the system

  std::string follow(const std::string& path, int links_left);
  std::string step(const std::string& place, int links_left);

  std::set<std::string> met_;
  std::unordered_map<std::string, std::string> known_;
};

}  // namespace sluice::gotool
