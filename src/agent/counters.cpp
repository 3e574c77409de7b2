#include "agent/counters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::agent {
namespace {

struct Field {
  std::string_view name;
  std::uint64_t Counters::* member;
};

constexpr std::array<Field, 26> k_fields = {{
    {"lookups", &Counters::lookups},
    {"hits_local", &Counters::hits_local},
    {"hits_remote", &Counters::hits_remote},
    {"misses", &Counters::misses},
    {"puts", &Counters::puts},
    {"put_bytes", &Counters::put_bytes},
    {"wait_us", &Counters::wait_us},
    {"bytes_down", &Counters::bytes_down},
    {"bytes_up", &Counters::bytes_up},
    {"blobs_up", &Counters::blobs_up},
    {"requests_read", &Counters::requests_read},
    {"requests_write", &Counters::requests_write},
    {"prefetched", &Counters::prefetched},
    {"not_published", &Counters::not_published},
    {"index_entries_skipped", &Counters::index_entries_skipped},
    {"links", &Counters::links},
    {"link_hits_local", &Counters::link_hits_local},
    {"link_hits_remote", &Counters::link_hits_remote},
    {"link_misses", &Counters::link_misses},
    {"link_uncached", &Counters::link_uncached},
    {"tests_reused", &Counters::tests_reused},
    {"tests_refused", &Counters::tests_refused},
    {"verify_tests_checked", &Counters::verify_tests_checked},
    {"verify_tests_failed", &Counters::verify_tests_failed},
    {"verify_checked", &Counters::verify_checked},
    {"verify_mismatched", &Counters::verify_mismatched},
}};

}  // namespace

void count_fault(Faults& faults, std::string_view reason, std::string_view message) {
  auto at = faults.find(reason);
  if (at == faults.end()) {
    const bool full = faults.size() >= k_fault_reasons_max;
    at = faults.try_emplace(full ? "other" : std::string(reason)).first;
  }
  if (at->second.count++ == 0) at->second.first = message;
}

void add_faults(Faults& to, const Faults& more) {
  for (const auto& [reason, fault] : more) {
    Fault& into = to[reason];
    if (into.count == 0) into.first = fault.first;
    into.count += fault.count;
  }
}

std::vector<std::string> describe_faults(const Faults& faults) {
  std::vector<std::string> lines;
  for (const auto& [reason, fault] : faults) {
    std::string line = fmt::format("{}: {}", reason, fault.first);
    if (fault.count > 1) line += fmt::format(" ({} times)", fault.count);
    lines.push_back(std::move(line));
  }
  return lines;
}

void Counters::add(const Counters& more) {
  for (const Field& field : k_fields) this->*field.member += more.*field.member;
  add_faults(faults, more.faults);
}

void Counters::subtract_transfers(const Counters& before) {
  for (auto member : {&Counters::bytes_down, &Counters::bytes_up, &Counters::blobs_up,
                      &Counters::requests_read, &Counters::requests_write, &Counters::prefetched,
                      &Counters::not_published, &Counters::index_entries_skipped}) {
    this->*member -= std::min(this->*member, before.*member);
  }
}

codec::JsonObject Counters::to_json() const {
  codec::JsonObject object;
  for (const Field& field : k_fields) object.emplace_back(field.name, this->*field.member);
  codec::JsonObject reasons;
  codec::JsonObject messages;
  for (const auto& [reason, fault] : faults) {
    reasons.emplace_back(reason, fault.count);
    messages.emplace_back(reason, fault.first);
  }
  object.emplace_back("faults", std::move(reasons));
  object.emplace_back("fault_messages", std::move(messages));
  return object;
}

Counters Counters::from_json(const codec::Json& json) {
  Counters counters;
  for (const Field& field : k_fields) {
    const std::int64_t value = json.int_or(field.name, 0);
    if (value > 0) counters.*field.member = static_cast<std::uint64_t>(value);
  }
  const codec::Json* reasons = json.find("faults");
  const codec::Json* messages = json.find("fault_messages");
  if (reasons == nullptr || reasons->as_object() == nullptr) return counters;
  for (const auto& [reason, count] : *reasons->as_object()) {
    if (counters.faults.size() >= k_fault_reasons_max) break;
    const std::int64_t* times = count.as_int();
    if (times == nullptr || *times <= 0) continue;
    Fault& fault = counters.faults[reason];
    fault.count = static_cast<std::uint64_t>(*times);
    fault.first = messages == nullptr ? std::string() : messages->text_or(reason, "");
  }
  return counters;
}

}  // namespace sluice::agent
