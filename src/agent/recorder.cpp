#include "agent/recorder.hpp"

#include "codec/json.hpp"
#include "journal/spool.hpp"
#include "sys/process_identity.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <utility>

namespace sluice::agent {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

journal::CommandBegan facts_of_job(const AgentConfig& config) {
  journal::CommandBegan facts;
  facts.ci = config.ci;
  facts.job_id = config.job_id;
  facts.run = config.job_run;
  facts.job_name = config.job_name;
  facts.repository = config.repository;
  facts.commit = config.commit;
  facts.branch = config.branch;
  facts.pull_request = config.pull_request;
  facts.domain = config.domain;
  facts.host = host_name();
  facts.checkout = config.checkout.native();
  facts.go_version = config.go_version;
  facts.sluice_version = config.producer;
  facts.local_tier = config.local_tier.native();
  return facts;
}

Recorder::Recorder(const AgentConfig& config)
    : journal_(config.journal_directory),
      of_job_(facts_of_job(config)),
      id_(journal_.empty() ? "" : config.command_id) {}

void Recorder::begin_bare(std::vector<std::string> go_words, const sys::Path& directory,
                          std::string goflags) {
  if (journal_.empty()) return;
  const std::lock_guard lock(mutex_);
  began_us_ = journal::now_us();
  if (id_.empty()) id_ = fmt::format("{:x}-{:x}", ::getpid(), began_us_);
  journal::CommandBegan began = of_job_;
  began.id = id_;
  began.directory = directory.native();
  began.words = std::move(go_words);
  began.goflags = std::move(goflags);
  began.process = sys::process_identity();
  events_.push_back({began_us_, std::move(began)});
  flush_locked();
}

void Recorder::end_bare(const Counters& counters) {
  if (began_us_ == 0) return;
  journal::CommandEnded ended;
  const journal::Micros now_us = journal::now_us();
  ended.duration_us = static_cast<std::uint64_t>(std::max<journal::Micros>(0, now_us - began_us_));
  ended.exit_status = journal::k_exit_unknown;
  ended.counters = codec::Json(counters.to_json()).dump();
  add(std::move(ended));
  flush();
}

void Recorder::lookup(const ActionId& action, journal::Answer answer, std::uint64_t size,
                      std::uint64_t wait_us) {
  if (id_.empty()) return;
  const std::lock_guard lock(mutex_);
  lookups_.list.push_back({action, answer, size, wait_us});
  if (lookups_.list.size() >= k_recorded_max) flush_locked();
}

void Recorder::stored(const ActionId& action, store::Kind kind, std::uint64_t size) {
  if (id_.empty()) return;
  const std::lock_guard lock(mutex_);
  results_.list.push_back({action, static_cast<std::uint8_t>(kind), size, journal::now_us()});
  if (results_.list.size() >= k_recorded_max) flush_locked();
}

void Recorder::add(journal::Body body) {
  if (id_.empty()) return;
  const std::lock_guard lock(mutex_);
  events_.push_back({journal::now_us(), std::move(body)});
}

void Recorder::flush() {
  if (id_.empty()) return;
  const std::lock_guard lock(mutex_);
  flush_locked();
}

void Recorder::flush_locked() {
  const journal::Micros now_us = journal::now_us();
  std::vector<journal::Event> events;
  // What ends a spool stands last.
  if (!lookups_.list.empty()) events.push_back({now_us, std::exchange(lookups_, {})});
  if (!results_.list.empty()) events.push_back({now_us, std::exchange(results_, {})});
  for (journal::Event& event : events_) events.push_back(std::move(event));
  events_.clear();
  // Where it cannot be written, the journal does not know.
  if (!events.empty()) (void)journal::append(journal_, id_, events);
}

}  // namespace sluice::agent
