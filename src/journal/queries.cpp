#include "journal/queries.hpp"

#include "base/strings.hpp"
#include "codec/zstd.hpp"
#include "journal/ingest.hpp"
#include "journal/json_list.hpp"

#include <fmt/format.h>

namespace sluice::journal {
namespace {

constexpr std::size_t k_named_jobs = 5;  // in a refusal

constexpr std::string_view k_job_columns =
    "id, uid, ci, run, name, repository, commit_id, branch, pull_request, domain, host, checkout, "
    "first_us, last_us, journal";
// With the job of the newest compilation, and what the linker was told of it.
constexpr std::string_view k_inputs_columns =
    "i.id, i.package, i.build_id, i.salt, i.text, i.text_size, "
    "coalesce((SELECT modinfo FROM link l WHERE l.build_id = i.build_id AND modinfo <> '' "
    "ORDER BY l.command DESC LIMIT 1), ''), ";

JobRow job_of(const Statement& row) {
  JobRow job;
  job.id = row.number(0);
  int column = 0;
  for (std::string* text :
       {&job.uid, &job.ci, &job.run, &job.name, &job.repository, &job.commit, &job.branch,
        &job.pull_request, &job.domain, &job.host, &job.checkout}) {
    *text = row.text(++column);
  }
  job.first_us = row.number(++column);
  job.last_us = row.number(++column);
  job.journal = row.text(++column);
  return job;
}

// k_inputs_columns, then at_us, cost_us, source, job.
InputsRow inputs_of(const Statement& row) {
  InputsRow inputs;
  inputs.id = row.number(0);
  inputs.package = row.text(1);
  inputs.build_id = build_id_of(row.blob(2));
  inputs.salt = row.text(3);
  const std::uint64_t size = row.size(5);
  if (size <= k_inputs_text_max) {
    // Damaged text proves nothing, and that is what the reader then says.
    if (const auto text = codec::zstd_decompress(row.blob(4), size)) inputs.text = text_of(*text);
  }
  inputs.modinfo = row.text(6);
  inputs.at_us = row.number(7);
  inputs.cost_us = row.size(8);
  inputs.source = row.text(9);
  inputs.job = row.number(10);
  return inputs;
}

// Every row of a query about one job.
template <class Row, class Read>
Result<std::vector<Row>> rows(Database& database, std::string_view sql, std::int64_t job,
                              const Read& read) {
  TRY_ASSIGN(Statement statement, database.connection().prepare(sql));
  statement.with(job);
  std::vector<Row> list;
  TRY(statement.each([&](const Statement& row) { list.push_back(read(row)); }));
  return list;
}

std::uint64_t counted(std::int64_t number) {
  return number > 0 ? static_cast<std::uint64_t>(number) : 0;
}

Ending ending_of(std::int64_t exit_status) {
  if (exit_status == k_exit_unknown) return Ending::unknown;
  return exit_status == 0 ? Ending::good : Ending::bad;
}

}  // namespace

Result<std::vector<JobRow>> recent_jobs(Database& database, std::size_t limit) {
  return rows<JobRow>(
      database,
      fmt::format("SELECT {} FROM job ORDER BY last_us DESC, id DESC LIMIT ?", k_job_columns),
      static_cast<std::int64_t>(limit), job_of);
}

Result<std::optional<JobRow>> last_job_of(Database& database, std::string_view host) {
  TRY_ASSIGN(Statement statement, database.connection().prepare(fmt::format(
                                      "SELECT {} FROM job WHERE host = ? AND journal = '' "
                                      "ORDER BY last_us DESC, id DESC LIMIT 1",
                                      k_job_columns)));
  TRY_ASSIGN(const bool found, statement.with(host).step());
  if (!found) return std::nullopt;
  return job_of(statement);
}

Result<JobRow> find_job(Database& database, std::string_view selector) {
  if (selector == "last") {
    TRY_ASSIGN(const auto jobs, recent_jobs(database, 1));
    if (jobs.empty()) return fail(Code::not_found, "the journal has no job yet");
    return jobs.front();
  }
  TRY_ASSIGN(Statement statement, database.connection().prepare(
                                      fmt::format("SELECT {} FROM job WHERE id = ?1 OR uid = ?2 OR "
                                                  "substr(uid, 1, length(?2)) = ?2 OR "
                                                  "instr('/' || uid || '/', '/' || ?2 || '/') > 0 "
                                                  "ORDER BY id = ?1 DESC, uid = ?2 DESC LIMIT 2",
                                                  k_job_columns)));
  const auto number = parse_int<std::int64_t>(selector).value_or(0);
  TRY_ASSIGN(const bool found, statement.with(number, selector).step());
  if (found) {
    JobRow job = job_of(statement);
    if (job.id == number || job.uid == selector) return job;
    TRY_ASSIGN(const bool another, statement.step());
    if (!another) return job;
    return fail(Code::invalid, fmt::format("job {}: several are called so, {} and {} among them",
                                           selector, job.uid, statement.text(1)));
  }
  // By number: what was merged last may have run long ago.
  TRY_ASSIGN(const auto jobs,
             rows<JobRow>(database,
                          fmt::format("SELECT {} FROM job ORDER BY id DESC LIMIT ?", k_job_columns),
                          static_cast<std::int64_t>(k_named_jobs), job_of));
  std::vector<std::string> names;
  for (const JobRow& job : jobs) names.push_back(fmt::format("{} ({})", job.id, job.uid));
  return fail(Code::invalid,
              fmt::format("no job {} in the journal; the last ones are {}", printable(selector),
                          names.empty() ? "none" : join(names, ", ")));
}

Ending CommandRow::ending() const {
  if (!duration_us) return Ending::unknown;
  if (signal != 0) return Ending::bad;
  return ending_of(exit_status);
}

Result<std::vector<CommandRow>> commands_of(Database& database, std::int64_t job) {
  return rows<CommandRow>(
      database,
      "SELECT id, at_us, duration_us, words, directory, go_version, exit_status, signal, counters, "
      "goflags, local_tier FROM command WHERE job = ? ORDER BY at_us, id",
      job, [](const Statement& row) {
        CommandRow command;
        command.id = row.number(0);
        command.at_us = row.number(1);
        if (!row.is_null(2)) command.duration_us = row.size(2);
        command.words = list_of(row.text(3));
        command.directory = row.text(4);
        command.go_version = row.text(5);
        command.exit_status = row.number(6);
        command.signal = row.number(7);
        command.counters = row.text(8);
        command.goflags = row.text(9);
        command.local_tier = row.text(10);
        return command;
      });
}

namespace {

// `whose`: "m.job" or "m.id".
Result<std::vector<InputsRow>> compiled_of(Database& database, std::string_view whose,
                                           std::int64_t id) {
  return rows<InputsRow>(
      database,
      fmt::format("SELECT {} min(c.at_us), max(c.cost_us), '', m.job FROM command m "
                  "JOIN compile c ON c.command = m.id JOIN inputs i ON i.id = c.inputs "
                  "WHERE {} = ? GROUP BY i.id ORDER BY 8, 1",
                  k_inputs_columns, whose),
      id, inputs_of);
}

Result<std::vector<PackageHit>> package_hits_of(Database& database, std::string_view whose,
                                                std::int64_t id) {
  return rows<PackageHit>(
      database,
      // Of one build ID a merged journal may say any package: it counts once, under the name that
      // was compiled here, else that was known first.
      fmt::format(
          "SELECT i.package, i.build_id, h.answer, i.cost_us, "
          "EXISTS (SELECT 1 FROM compile c WHERE c.inputs = i.id) FROM "
          "(SELECT substr(l.action, 1, 15) AS build_id, max(l.answer) AS answer FROM command m "
          "JOIN lookup l ON l.command = m.id WHERE {} = ? AND l.answer < 2 GROUP BY 1) h "
          "JOIN inputs i ON i.id = (SELECT o.id FROM inputs o WHERE o.build_id = h.build_id "
          "ORDER BY NOT EXISTS (SELECT 1 FROM compile c JOIN command m ON m.id = c.command "
          "JOIN job j ON j.id = m.job WHERE c.inputs = o.id AND j.journal = ''), o.id LIMIT 1) "
          "ORDER BY i.package",
          whose),
      id, [](const Statement& row) {
        return PackageHit{row.text(0), build_id_of(row.blob(1)), static_cast<Answer>(row.number(2)),
                          row.size(3), row.number(4) != 0};
      });
}

}  // namespace

Result<std::vector<InputsRow>> compiled_in(Database& database, std::int64_t job) {
  return compiled_of(database, "m.job", job);
}
Result<std::vector<InputsRow>> compiled_by(Database& database, std::int64_t command) {
  return compiled_of(database, "m.id", command);
}

Result<std::vector<PackageHit>> package_hits_in(Database& database, std::int64_t job) {
  return package_hits_of(database, "m.job", job);
}
Result<std::vector<PackageHit>> package_hits_by(Database& database, std::int64_t command) {
  return package_hits_of(database, "m.id", command);
}

Result<std::vector<TestRow>> tests_in(Database& database, std::int64_t job) {
  return rows<TestRow>(
      database,
      "SELECT t.package, t.answer, t.cause, t.test_us, t.names, t.ran FROM command m "
      "JOIN test t ON t.command = m.id WHERE m.job = ? ORDER BY t.package, m.at_us",
      job, [](const Statement& row) {
        return TestRow{row.text(0),
                       static_cast<Answer>(row.number(1)),
                       static_cast<TestCause>(row.number(2)),
                       row.size(3),
                       list_of(row.text(4)),
                       row.number(5) != 0};
      });
}

Result<std::vector<TestRunRow>> test_runs(Database& database, std::size_t limit) {
  return rows<TestRunRow>(
      database,
      "SELECT r.package, r.words, r.wall_us, r.cpu_us, r.memory FROM test_run r "
      "JOIN command c ON c.id = r.command WHERE r.test = '' AND r.outcome <> 2 "
      "AND r.wall_us > 0 "
      "ORDER BY c.at_us DESC, r.seq DESC LIMIT ?",
      static_cast<std::int64_t>(limit), [](const Statement& row) {
        return TestRunRow{row.text(0), row.text(1), row.size(2), row.size(3), row.size(4)};
      });
}

Result<std::vector<TestOutcomeRow>> test_outcomes(Database& database, std::size_t limit) {
  return rows<TestOutcomeRow>(database,
                              "SELECT r.command, r.package, r.test, r.words, r.outcome <> 0, "
                              "CASE r.outcome WHEN 2 THEN 0 ELSE r.wall_us END FROM test_run r "
                              "JOIN command c ON c.id = r.command "
                              "ORDER BY c.at_us DESC, r.command DESC, r.seq LIMIT ?",
                              static_cast<std::int64_t>(limit), [](const Statement& row) {
                                return TestOutcomeRow{row.number(0),      row.text(1),
                                                      row.text(2),        row.text(3),
                                                      row.number(4) != 0, row.size(5)};
                              });
}

Result<std::vector<LinkRow>> links_in(Database& database, std::int64_t job) {
  return rows<LinkRow>(
      database,
      "SELECT l.package, l.build_id, l.answer, CASE l.answer WHEN 2 THEN l.link_us "
      "ELSE coalesce((SELECT max(k.link_us) FROM link k "
      "WHERE k.build_id = l.build_id AND k.answer = 2), 0) END FROM command m "
      "JOIN link l ON l.command = m.id WHERE m.job = ? ORDER BY l.package",
      job, [](const Statement& row) {
        return LinkRow{row.text(0), build_id_of(row.blob(1)), static_cast<Answer>(row.number(2)),
                       row.size(3)};
      });
}

Result<std::vector<AnswerTotal>> answers_in(Database& database, std::int64_t job) {
  return rows<AnswerTotal>(
      database,
      "SELECT l.answer, count(*), sum(l.size), sum(l.wait_us) FROM command m "
      "JOIN lookup l ON l.command = m.id WHERE m.job = ? GROUP BY l.answer ORDER BY l.answer",
      job, [](const Statement& row) {
        return AnswerTotal{static_cast<Answer>(row.number(0)), row.size(1), counted(row.number(2)),
                           counted(row.number(3))};
      });
}

Result<std::vector<FaultRow>> faults_in(Database& database, std::int64_t job) {
  return rows<FaultRow>(
      database,
      "SELECT f.reason, min(f.message), sum(f.count) FROM command m "
      "JOIN fault f ON f.command = m.id WHERE m.job = ? GROUP BY f.reason ORDER BY f.reason",
      job, [](const Statement& row) {
        return FaultRow{row.text(0), row.text(1), counted(row.number(2))};
      });
}

Result<bool> has_earlier(Database& database, Micros before_us) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT EXISTS (SELECT 1 FROM job WHERE first_us < ?1) "
                 "OR EXISTS (SELECT 1 FROM inputs WHERE source <> '' AND at_us < ?1)"));
  TRY(statement.with(before_us).step());
  return statement.number(0) != 0;
}

Result<std::optional<LastTest>> last_test_of(Database& database, std::string_view package,
                                             std::int64_t other_than_job, Micros before_us) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT m.words, m.goflags, m.go_version, coalesce(m.exit_status, ?4), "
                 "coalesce(t.ran = 1 OR t.answer IN (0, 1, 3), 0), "
                 "coalesce(t.ran = 0 AND t.answer IN (0, 1, 3), 0) FROM command m "
                 "LEFT JOIN test t ON t.command = m.id AND t.package = ?1 "
                 "WHERE m.job <> ?2 AND m.at_us < ?3 AND (t.package IS NOT NULL OR EXISTS "
                 "(SELECT 1 FROM link l WHERE l.command = m.id AND l.package = ?1 || '.test')) "
                 "ORDER BY m.at_us DESC LIMIT 1"));
  statement.with(package, other_than_job, before_us, k_exit_unknown);
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) return std::nullopt;
  return LastTest{list_of(statement.text(0)), statement.text(1),
                  statement.text(2),          ending_of(statement.number(3)),
                  statement.number(4) != 0,   statement.number(5) != 0};
}

Result<std::optional<LastLink>> last_link_of(Database& database, std::string_view package,
                                             std::int64_t other_than_job, Micros before_us) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT m.job, l.build_id FROM link l JOIN command m ON m.id = l.command "
                 "WHERE l.package = ?1 AND m.job <> ?2 AND m.at_us < ?3 "
                 "ORDER BY m.at_us DESC, m.id DESC LIMIT 1"));
  TRY_ASSIGN(const bool found, statement.with(package, other_than_job, before_us).step());
  if (!found) return std::nullopt;
  return LastLink{statement.number(0), build_id_of(statement.blob(1))};
}

Result<std::vector<InputsRow>> earlier_inputs(Database& database, std::string_view package,
                                              Micros before_us, std::size_t limit) {
  // Compiled before that time, or told by the store.
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(fmt::format(
                 "SELECT {} coalesce((SELECT max(c.at_us) FROM compile c WHERE c.inputs = i.id "
                 "AND c.at_us < ?2), i.at_us) AS at, i.cost_us, i.source, "
                 "coalesce((SELECT m.job FROM compile c JOIN command m ON m.id = c.command "
                 "WHERE c.inputs = i.id AND c.at_us < ?2 ORDER BY c.at_us DESC LIMIT 1), 0) "
                 "AS made FROM inputs i WHERE i.package = ?1 "
                 "AND (made <> 0 OR i.source <> '' OR i.at_us < ?2) ORDER BY at DESC LIMIT ?3",
                 k_inputs_columns)));
  statement.with(package, before_us, static_cast<std::int64_t>(limit));
  std::vector<InputsRow> list;
  TRY(statement.each([&list](const Statement& row) { list.push_back(inputs_of(row)); }));
  return list;
}

namespace {

Result<std::optional<InputsRow>> first_inputs(Statement& statement) {
  TRY_ASSIGN(const bool found, statement.step());
  if (!found) return std::nullopt;
  return inputs_of(statement);
}

}  // namespace

Result<std::optional<InputsRow>> inputs_with(Database& database, std::string_view package,
                                             std::string_view build_id) {
  const auto key = build_key(build_id);
  if (!key) return std::nullopt;
  TRY_ASSIGN(Statement statement, database.connection().prepare(fmt::format(
                                      "SELECT {} i.at_us, i.cost_us, i.source, 0 FROM inputs i "
                                      "WHERE i.package = ?1 AND i.build_id = ?2",
                                      k_inputs_columns)));
  return first_inputs(statement.with(package, ByteView(*key)));
}

Result<std::optional<InputsRow>> inputs_of_build(Database& database, ByteView build_key) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(fmt::format(
                 "SELECT {} i.at_us, i.cost_us, i.source, 0 FROM inputs i WHERE i.build_id = ?1 "
                 "ORDER BY NOT EXISTS (SELECT 1 FROM compile c WHERE c.inputs = i.id), i.id "
                 "LIMIT 1",
                 k_inputs_columns)));
  return first_inputs(statement.with(build_key));
}

Result<std::optional<InputsRow>> same_inputs_before(Database& database, const InputsRow& inputs,
                                                    std::int64_t job) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(fmt::format(
                 "SELECT {} coalesce((SELECT max(c.at_us) FROM compile c JOIN command m "
                 "ON m.id = c.command WHERE c.inputs = i.id AND m.job <> ?2 AND c.at_us < ?3), 0) "
                 "AS at, i.cost_us, i.source, coalesce((SELECT m.job FROM compile c JOIN command m "
                 "ON m.id = c.command WHERE c.inputs = i.id AND m.job <> ?2 AND c.at_us < ?3 "
                 "ORDER BY c.at_us DESC LIMIT 1), 0) AS made "
                 // What the store told may be of this very job, where its journal was merged.
                 "FROM inputs i WHERE i.id = ?1 AND (made <> 0 OR (i.source <> '' AND NOT EXISTS "
                 "(SELECT 1 FROM job WHERE id = ?2 AND journal <> '')))",
                 k_inputs_columns)));
  return first_inputs(statement.with(inputs.id, job, inputs.at_us));
}

Result<bool> has_stored(Database& database, std::string_view build_id, std::int64_t but_in_job) {
  const auto key = build_key(build_id);
  if (!key) return false;
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT EXISTS (SELECT 1 FROM result r JOIN command m ON m.id = r.command "
                 "WHERE substr(r.action, 1, length(?1)) = ?1 AND m.job <> ?2)"));
  TRY(statement.with(ByteView(*key), but_in_job).step());
  return statement.number(0) != 0;
}

Result<std::map<std::string, std::vector<InputsRow>>> inputs_in(Database& database,
                                                                std::int64_t job) {
  std::map<std::string, std::vector<InputsRow>> by_package;
  TRY_ASSIGN(auto compiled, compiled_in(database, job));
  for (InputsRow& row : compiled) {
    std::string package = row.package;
    by_package[std::move(package)].push_back(std::move(row));
  }
  TRY_ASSIGN(const auto hits, package_hits_in(database, job));
  for (const PackageHit& hit : hits) {
    TRY_ASSIGN(auto inputs, inputs_with(database, hit.package, hit.build_id));
    if (inputs) by_package[hit.package].push_back(std::move(*inputs));
  }
  return by_package;
}

}  // namespace sluice::journal
