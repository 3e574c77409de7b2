#include "journal/ingest.hpp"

#include "codec/zstd.hpp"
#include "journal/database.hpp"
#include "journal/json_list.hpp"

#include <algorithm>
#include <string>

namespace sluice::journal {
namespace {

bool is_miss(const Tested& tested) {
  return tested.answer == Answer::missed || tested.answer == Answer::refused;
}

// What two reports of one package come to. go asks for a result twice, by the inputs of the link
// and by the binary: a hit ends it, and what has run has missed both.
Tested both(const Tested& known, const Tested& told) {
  if (told.ran != 0) {
    Tested ran = told;
    if (is_miss(known)) {
      ran.answer = known.answer;
      ran.cause = known.cause;
      ran.names = known.names;
    }
    return ran;
  }
  if (known.ran != 0) return known;
  if (!is_miss(told)) return told;
  if (!is_miss(known)) return known;
  // go has looked after all: by then nothing was too new.
  const bool has_looked = known.cause == TestCause::too_new && told.cause != TestCause::too_new;
  return has_looked || told.cause == TestCause::inputs ? told : known;
}

class Inserter {
 public:
  Inserter(Connection& connection, const std::vector<Event>& events)
      : connection_(connection), archives_(events) {}

  Result<void> begin(const CommandBegan& command, Micros at_us) {
    // At a desk every command is a job.
    const std::string job = command.ci.empty() ? command.id : command.ci + "/" + command.job_id;
    TRY_ASSIGN(
        Statement insert_job,
        connection_.prepare("INSERT INTO job (uid, ci, run, name, repository, commit_id, branch, "
                            "pull_request, domain, host, checkout, first_us, last_us) "
                            "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?12) ON CONFLICT (uid) "
                            "DO UPDATE SET first_us = min(first_us, ?12), "
                            "last_us = max(last_us, ?12)"));
    TRY(insert_job
            .with(std::string_view(job), std::string_view(command.ci),
                  std::string_view(command.run), std::string_view(command.job_name),
                  std::string_view(command.repository), std::string_view(command.commit),
                  std::string_view(command.branch), std::string_view(command.pull_request),
                  std::string_view(command.domain), std::string_view(command.host),
                  std::string_view(command.checkout), at_us)
            .run());
    TRY_ASSIGN(Statement find, connection_.prepare("SELECT id FROM job WHERE uid = ?"));
    TRY(find.with(std::string_view(job)).step());
    job_ = find.number(0);
    TRY_ASSIGN(
        Statement insert,
        connection_.prepare("INSERT INTO command (uid, job, at_us, words, directory, go_version, "
                            "sluice_version, goflags, counters, local_tier) "
                            "VALUES (?,?,?,?,?,?,?,?,'{}',?) "
                            "ON CONFLICT (uid) DO UPDATE SET job = excluded.job RETURNING id"));
    TRY(insert
            .with(std::string_view(command.id), job_, at_us,
                  std::string_view(list_text(command.words)), std::string_view(command.directory),
                  std::string_view(command.go_version), std::string_view(command.sluice_version),
                  std::string_view(command.goflags), std::string_view(command.local_tier))
            .step());
    command_ = insert.number(0);
    TRY(insert.step());
    return count_rows();
  }

  // A command whose spool was read before it had said all.
  Result<bool> go_on(std::string_view command) {
    TRY_ASSIGN(Statement find, connection_.prepare("SELECT id, job FROM command WHERE uid = ?"));
    TRY_ASSIGN(const bool is_known, find.with(command).step());
    if (!is_known) return false;
    command_ = find.number(0);
    job_ = find.number(1);
    TRY(count_rows());
    return true;
  }

  bool has_begun() const { return command_ != 0; }

  Result<void> add(Micros at_us, const CommandBegan& command) {
    return has_begun() ? Result<void>() : begin(command, at_us);
  }

  Result<void> add(Micros at_us, const CommandEnded& end) {
    TRY_ASSIGN(Statement update,
               connection_.prepare("UPDATE command SET duration_us = ?, exit_status = ?, "
                                   "signal = ?, counters = ? WHERE id = ?"));
    TRY(update
            .with(end.duration_us, end.exit_status, end.signal, std::string_view(end.counters),
                  command_)
            .run());
    TRY_ASSIGN(Statement last,
               connection_.prepare("UPDATE job SET last_us = max(last_us, ?) WHERE id = ?"));
    return last.with(at_us, job_).run();
  }

  Result<void> add(Micros, const Lookups& lookups) {
    TRY_ASSIGN(Statement insert, connection_.prepare("INSERT INTO lookup VALUES (?,?,?,?,?,?)"));
    for (const Lookup& one : lookups.list) {
      TRY(insert
              .with(command_, ++lookups_, one.action.view(), static_cast<int>(one.answer), one.size,
                    one.wait_us)
              .run());
    }
    return {};
  }

  Result<void> add(Micros, const Results& results) {
    TRY_ASSIGN(Statement insert, connection_.prepare("INSERT INTO result VALUES (?,?,?,?,?,?)"));
    for (const Stored& one : results.list) {
      TRY(insert.with(command_, ++results_, one.action.view(), one.kind, one.size, one.at_us)
              .run());
    }
    return {};
  }

  Result<void> add(Micros at_us, const Compiled& compiled) {
    const auto key = build_key(compiled.build_id);
    if (!key || compiled.text.size() > k_inputs_text_max) return {};
    const std::uint64_t cost_us = archives_.cost_us(compiled.build_id, at_us);
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT INTO inputs (package, build_id, salt, text, text_size, "
                                   "cost_us, at_us, source) VALUES (?1,?2,?3,?4,?5,?6,?7,'') "
                                   "ON CONFLICT (package, build_id) DO UPDATE SET at_us = ?7, "
                                   "cost_us = max(cost_us, ?6) RETURNING id"));
    const Bytes frame = codec::zstd_compress(bytes_of(compiled.text));
    TRY(insert
            .with(std::string_view(compiled.package), ByteView(*key),
                  std::string_view(compiled.salt), ByteView(frame), compiled.text.size(), cost_us,
                  at_us)
            .step());
    const std::int64_t inputs = insert.number(0);
    TRY(insert.step());
    TRY_ASSIGN(Statement compile,
               connection_.prepare("INSERT OR REPLACE INTO compile VALUES (?,?,?,?)"));
    return compile.with(command_, inputs, at_us, cost_us).run();
  }

  Result<void> add(Micros, const Linked& linked) {
    const auto key = build_key(linked.build_id);
    if (!key) return {};
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT OR REPLACE INTO link VALUES (?,?,?,?,?,?)"));
    return insert
        .with(command_, std::string_view(linked.package), ByteView(*key),
              static_cast<int>(linked.answer), linked.link_us, std::string_view(linked.modinfo))
        .run();
  }

  Result<void> add(Micros, const Tested& tested) {
    TRY_ASSIGN(Statement find, connection_.prepare("SELECT answer, cause, test_us, names, ran "
                                                   "FROM test WHERE command = ? AND package = ?"));
    TRY_ASSIGN(const bool is_known, find.with(command_, std::string_view(tested.package)).step());
    Tested row = tested;
    if (is_known) {
      Tested known;
      known.package = tested.package;
      known.answer = static_cast<Answer>(find.number(0));
      known.cause = static_cast<TestCause>(find.number(1));
      known.test_us = find.size(2);
      known.names = list_of(find.text(3));
      known.ran = static_cast<std::uint8_t>(find.number(4));
      row = both(known, tested);
    }
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT OR REPLACE INTO test VALUES (?,?,?,?,?,?,?)"));
    return insert
        .with(command_, std::string_view(row.package), static_cast<int>(row.answer),
              static_cast<int>(row.cause), row.test_us, std::string_view(list_text(row.names)),
              row.ran)
        .run();
  }

  Result<void> add(Micros, const Transferred& moved) {
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT INTO transfer VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE "
                                   "SET blobs = blobs + excluded.blobs, bytes = bytes + "
                                   "excluded.bytes, requests = requests + excluded.requests"));
    return insert
        .with(command_, static_cast<int>(moved.direction), moved.blobs, moved.bytes, moved.requests)
        .run();
  }

  Result<void> add(Micros at_us, const Fault& fault) {
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT INTO fault VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET "
                                   "count = count + excluded.count"));
    return insert
        .with(command_, std::string_view(fault.reason), std::string_view(fault.message), at_us,
              fault.count)
        .run();
  }

  Result<void> add(Micros, const TestGiven& given) {
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT OR REPLACE INTO test_given VALUES (?,?,?,?)"));
    return insert
        .with(command_, std::string_view(given.package), given.action.view(), given.found.view())
        .run();
  }

  Result<void> add(Micros, const TestRan& ran) {
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT INTO test_run VALUES (?,?,?,?,?,?,?,?,?,?)"));
    return insert
        .with(command_, ++test_runs_, std::string_view(ran.package), std::string_view(ran.test),
              std::string_view(ran.words), static_cast<int>(ran.end), ran.wall_us, ran.cpu_us,
              ran.wait_us, ran.memory)
        .run();
  }

  Result<void> add(Micros, const Scheduled& scheduled) {
    TRY_ASSIGN(
        Statement insert,
        connection_.prepare("INSERT INTO test_schedule VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    return insert
        .with(command_, ++schedules_, static_cast<int>(scheduled.what), scheduled.after_us,
              std::string_view(scheduled.package), scheduled.waited_us,
              std::string_view(scheduled.held_by), scheduled.is_known, scheduled.expected_us,
              scheduled.expected_millicores, scheduled.expected_memory, scheduled.running,
              scheduled.millicores, scheduled.memory, std::string_view(scheduled.state))
        .run();
  }

  Result<void> add(Micros, const Indexed& indexed) {
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT OR REPLACE INTO indexed VALUES (?,?,?,?,?)"));
    for (const IndexedOne& one : indexed.list) {
      TRY(insert
              .with(command_, one.action.view(), static_cast<int>(one.outcome), one.scope, one.kind)
              .run());
    }
    return {};
  }

  Result<void> add(Micros at_us, const Removed& removed) {
    TRY_ASSIGN(Statement batch,
               connection_.prepare("INSERT INTO collection (host, local_tier, at_us) VALUES (?,?,?)"
                                   " ON CONFLICT DO UPDATE SET at_us = excluded.at_us "
                                   "RETURNING id"));
    TRY(batch.with(std::string_view(removed.host), std::string_view(removed.local_tier), at_us)
            .step());
    const std::int64_t collection = batch.number(0);
    TRY(batch.step());
    TRY_ASSIGN(Statement insert,
               connection_.prepare("INSERT OR REPLACE INTO removed VALUES (?,?,?)"));
    for (const RemovedOne& one : removed.list) {
      TRY(insert.with(collection, one.action.view(), static_cast<int>(one.why)).run());
    }
    return {};
  }

 private:
  Result<void> count_rows() {
    TRY_ASSIGN(lookups_, next_row("lookup"));
    TRY_ASSIGN(results_, next_row("result"));
    TRY_ASSIGN(test_runs_, next_row("test_run"));
    TRY_ASSIGN(schedules_, next_row("test_schedule"));
    return {};
  }

  Result<std::int64_t> next_row(std::string_view table) {
    TRY_ASSIGN(Statement last,
               connection_.prepare(std::string("SELECT coalesce(max(seq), 0) FROM ") +
                                   std::string(table) + " WHERE command = ?"));
    TRY(last.with(command_).step());
    return last.number(0);
  }

  Connection& connection_;
  ArchiveTimes archives_;
  std::int64_t job_ = 0;
  std::int64_t command_ = 0;
  std::int64_t lookups_ = 0;
  std::int64_t results_ = 0;
  std::int64_t test_runs_ = 0;
  std::int64_t schedules_ = 0;
};

}  // namespace

Result<void> insert_events(Connection& connection, std::string_view spool,
                           const std::vector<Event>& events) {
  Inserter inserter(connection, events);
  for (const Event& event : events) {
    const bool is_of_a_command = !std::holds_alternative<Removed>(event.body);
    if (!inserter.has_begun() && is_of_a_command &&
        !std::holds_alternative<CommandBegan>(event.body)) {
      TRY_ASSIGN(const bool is_known, inserter.go_on(spool));
      CommandBegan unsaid;
      unsaid.id = spool;
      if (!is_known) TRY(inserter.begin(unsaid, event.at_us));
    }
    TRY(std::visit([&](const auto& body) { return inserter.add(event.at_us, body); }, event.body));
  }
  return {};
}

}  // namespace sluice::journal
