// What the agent's index knew of the results that each command asked for, until the command ends:
// then it is told to the journal (docs/formats/journal.md, event 11).
//
// Any thread. Nothing waits here for more than a push into a vector; what is more than
// k_indexed_max is not remembered, and what cannot be written is lost.
#pragma once

#include "journal/event.hpp"
#include "store/record.hpp"
#include "store/scope.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

inline constexpr std::size_t k_indexed_max = 200'000;  // of all commands together: 7 MB

class IndexedBook {
 public:
  // With an empty journal nothing is remembered.
  explicit IndexedBook(sys::Path journal) : journal_(std::move(journal)) {}

  // A session with no command id is passed over: its spool has a name that only it knows.
  void given(std::string_view command_id, const store::Record& record, store::ScopeKind scope);
  // `code` says why it was not brought.
  void failed(std::string_view command_id, const store::Record& record, store::ScopeKind scope,
              Code code);
  void no_index(std::string_view command_id, const ActionId& action);
  // Only for an index that was asked of the store in this job.
  void absent(std::string_view command_id, const ActionId& action);
  // Appends what is known of this command to its spool, and forgets it.
  void write(const std::string& command_id);

 private:
  void add(std::string_view command_id, journal::IndexedOne one);

  const sys::Path journal_;
  std::mutex mutex_;
  std::size_t count_ = 0;
  std::map<std::string, std::vector<journal::IndexedOne>, std::less<>> commands_;
};

}  // namespace sluice::agent
