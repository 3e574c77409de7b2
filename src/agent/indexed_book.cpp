#include "agent/indexed_book.hpp"

#include "journal/spool.hpp"

#include <algorithm>
#include <utility>

namespace sluice::agent {
namespace {

constexpr std::size_t k_event_max = 10'000;  // 350 kB of a frame's 1 MiB

}  // namespace

void IndexedBook::add(std::string_view command_id, journal::IndexedOne one) {
  if (journal_.empty() || command_id.empty()) return;
  const std::lock_guard lock(mutex_);
  if (count_ >= k_indexed_max) return;
  auto at = commands_.find(command_id);
  if (at == commands_.end()) at = commands_.try_emplace(std::string(command_id)).first;
  at->second.push_back(one);
  ++count_;
}

void IndexedBook::given(std::string_view command_id, const store::Record& record,
                        store::ScopeKind scope) {
  add(command_id, {record.action, journal::Outcome::given, static_cast<std::uint8_t>(scope),
                   static_cast<std::uint8_t>(record.kind)});
}

void IndexedBook::failed(std::string_view command_id, const store::Record& record,
                         store::ScopeKind scope, Code code) {
  const auto outcome =
      code == Code::corrupt ? journal::Outcome::corrupt : journal::Outcome::not_brought;
  add(command_id, {record.action, outcome, static_cast<std::uint8_t>(scope),
                   static_cast<std::uint8_t>(record.kind)});
}

void IndexedBook::no_index(std::string_view command_id, const ActionId& action) {
  add(command_id, {action, journal::Outcome::no_index, 0, 0});
}

void IndexedBook::absent(std::string_view command_id, const ActionId& action) {
  add(command_id, {action, journal::Outcome::absent, 0, 0});
}

void IndexedBook::write(const std::string& command_id) {
  std::vector<journal::IndexedOne> list;
  {
    const std::lock_guard lock(mutex_);
    const auto at = commands_.find(command_id);
    if (at == commands_.end()) return;
    list = std::move(at->second);
    count_ -= list.size();
    commands_.erase(at);
  }
  const journal::Micros now_us = journal::now_us();
  std::vector<journal::Event> events;
  for (std::size_t i = 0; i < list.size(); i += k_event_max) {
    const auto first = list.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = std::min(k_event_max, list.size() - i);
    events.push_back(
        {now_us, journal::Indexed{{first, first + static_cast<std::ptrdiff_t>(count)}}});
  }
  // Where it cannot be written, the journal does not know.
  (void)journal::append(journal_, command_id, events);
}

}  // namespace sluice::agent
