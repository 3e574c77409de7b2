// Why each test started when it did: what it waited for, what was expected of it and what ran
// beside it. For `--explain-schedule` and for the journal.
//
// Told by the run what the planner decides; a value, no clock, one thread.
#pragma once

#include "journal/event.hpp"
#include "runner/planner.hpp"
#include "runner/task.hpp"

#include <string>
#include <unordered_map>

namespace sluice::runner {

class ScheduleLog {
 public:
  // It may start from now on.
  void came(TaskNumber number, const Task& task, double now_s);
  // After each decision; what it starts and evicts is asked for after that.
  void decided(const Decision& decision) {
    last_ = decision;
    note_wait();
  }
  journal::Scheduled started(TaskNumber number, double now_s) const;
  journal::Scheduled evicted(TaskNumber number, double now_s) const;

 private:
  struct Waiting {
    Task task;
    double since_s = 0;
    Limit limit = Limit::none;  // of the planner, when it was the first that waited
  };
  void note_wait();
  journal::Scheduled about(TaskNumber number, journal::Schedule what, double now_s) const;

  Decision last_;
  std::unordered_map<TaskNumber, Waiting> waiting_;
};

// One line for people.
std::string words_of(const journal::Scheduled& scheduled);

}  // namespace sluice::runner
