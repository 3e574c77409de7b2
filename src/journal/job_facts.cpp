#include "journal/job_facts.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::journal {
namespace {

ActionId action_at(const Statement& row, int column) {
  return ActionId::from_bytes(row.blob(column)).value_or(ActionId{});
}

// The big tables have no index by action: each is read once, against the actions of one job.
constexpr std::string_view k_traces = R"(
WITH missed(action, tier) AS MATERIALIZED (
  SELECT DISTINCT l.action, m.local_tier FROM command m JOIN lookup l ON l.command = m.id
  WHERE m.job = ?1 AND l.answer = 2 AND m.local_tier <> '')
SELECT r.action, 0, r.at_us, x.tier,
  EXISTS (SELECT 1 FROM fault f WHERE f.command = m.id AND f.reason = 'local-tier')
  FROM result r CROSS JOIN missed x ON x.action = r.action
  JOIN command m ON m.id = r.command AND m.local_tier = x.tier
  JOIN job j ON j.id = m.job AND j.host = ?2 AND j.journal = ?3
UNION ALL
SELECT l.action, 1, m.at_us, x.tier,
  EXISTS (SELECT 1 FROM fault f WHERE f.command = m.id AND f.reason = 'local-tier')
  FROM lookup l CROSS JOIN missed x ON x.action = l.action
  JOIN command m ON m.id = l.command AND m.local_tier = x.tier
  JOIN job j ON j.id = m.job AND j.host = ?2 AND j.journal = ?3
  WHERE l.answer < 2
UNION ALL
SELECT r.action, 2 + r.why, c.at_us, x.tier, 0
  FROM removed r CROSS JOIN missed x ON x.action = r.action
  JOIN collection c ON c.id = r.collection AND c.local_tier = x.tier AND c.host = ?2
    AND c.journal = ?3
)";

Result<std::string> words_of(Database& database, std::int64_t job) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT words FROM command WHERE job = ? ORDER BY at_us, id LIMIT 1"));
  TRY_ASSIGN(const bool found, statement.with(job).step());
  return found ? statement.text(0) : std::string();
}

}  // namespace

Result<std::vector<LookupRow>> lookups_in(Database& database, std::int64_t job) {
  TRY_ASSIGN(
      Statement statement,
      database.connection().prepare(
          "SELECT l.action, m.id, l.answer, l.size, l.wait_us FROM command m "
          "JOIN lookup l ON l.command = m.id WHERE m.job = ? ORDER BY m.at_us, m.id, l.seq"));
  statement.with(job);
  std::vector<LookupRow> list;
  TRY(statement.each([&list](const Statement& row) {
    list.push_back({action_at(row, 0), row.number(1), static_cast<Answer>(row.number(2)),
                    row.size(3), row.size(4)});
  }));
  return list;
}

Result<std::vector<ActionId>> stored_in(Database& database, std::int64_t job) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare("SELECT r.action FROM command m JOIN result r "
                                           "ON r.command = m.id WHERE m.job = ?"));
  statement.with(job);
  std::vector<ActionId> list;
  TRY(statement.each([&list](const Statement& row) { list.push_back(action_at(row, 0)); }));
  return list;
}

Result<std::vector<IndexedRow>> indexed_in(Database& database, std::int64_t job) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT m.id, i.action, i.outcome, i.scope, i.kind FROM command m "
                 "JOIN indexed i ON i.command = m.id WHERE m.job = ?"));
  statement.with(job);
  std::vector<IndexedRow> list;
  TRY(statement.each([&list](const Statement& row) {
    list.push_back(
        {row.number(0),
         {action_at(row, 1), static_cast<Outcome>(row.number(2)),
          static_cast<std::uint8_t>(row.number(3)), static_cast<std::uint8_t>(row.number(4))}});
  }));
  return list;
}

Result<std::vector<TestGivenRow>> tests_given_in(Database& database, std::int64_t job) {
  TRY_ASSIGN(Statement statement, database.connection().prepare(
                                      "SELECT m.id, t.package, t.action, t.found FROM command m "
                                      "JOIN test_given t ON t.command = m.id WHERE m.job = ?"));
  statement.with(job);
  std::vector<TestGivenRow> list;
  TRY(statement.each([&list](const Statement& row) {
    list.push_back({row.number(0), {row.text(1), action_at(row, 2), action_at(row, 3)}});
  }));
  return list;
}

Result<std::unordered_map<ActionId, std::uint8_t>> kinds_in(Database& database, std::int64_t job) {
  std::unordered_map<ActionId, std::uint8_t> kinds;
  TRY_ASSIGN(
      Statement stored,
      database.connection().prepare(
          "WITH asked(action) AS MATERIALIZED (SELECT DISTINCT l.action FROM command m "
          "JOIN lookup l ON l.command = m.id WHERE m.job = ?) "
          "SELECT r.action, r.kind FROM result r CROSS JOIN asked a ON a.action = r.action"));
  stored.with(job);
  TRY(stored.each([&kinds](const Statement& row) {
    std::uint8_t& kind = kinds[action_at(row, 0)];
    kind = std::max(kind, static_cast<std::uint8_t>(row.number(1)));
  }));
  TRY_ASSIGN(Statement compiled,
             database.connection().prepare(
                 "SELECT DISTINCT l.action FROM command m JOIN lookup l ON l.command = m.id "
                 "JOIN inputs i ON i.build_id = substr(l.action, 1, 15) WHERE m.job = ?"));
  compiled.with(job);
  TRY(compiled.each(
      [&kinds](const Statement& row) { kinds.try_emplace(action_at(row, 0), k_kind_archive); }));
  return kinds;
}

Result<std::vector<Trace>> traces_of_missed(Database& database, const JobRow& job) {
  TRY_ASSIGN(Statement statement, database.connection().prepare(k_traces));
  statement.with(job.id, std::string_view(job.host), std::string_view(job.journal));
  std::vector<Trace> list;
  TRY(statement.each([&list](const Statement& row) {
    list.push_back({action_at(row, 0), static_cast<Trace::What>(row.number(1)), row.number(2),
                    row.text(3), row.number(4) != 0});
  }));
  return list;
}

Result<std::vector<TransferTotal>> transfers_in(Database& database, std::int64_t job) {
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 "SELECT t.direction, sum(t.blobs), sum(t.bytes), sum(t.requests) FROM command m "
                 "JOIN transfer t ON t.command = m.id WHERE m.job = ? GROUP BY t.direction "
                 "ORDER BY t.direction"));
  statement.with(job);
  std::vector<TransferTotal> list;
  TRY(statement.each([&list](const Statement& row) {
    list.push_back({static_cast<Direction>(row.number(0)), row.size(1), row.size(2), row.size(3)});
  }));
  return list;
}

Result<JobsLike> jobs_like(Database& database, const JobRow& job, std::size_t limit) {
  const bool at_a_desk = job.ci.empty();
  const std::string_view same_words =
      "AND checkout = ?7 AND (SELECT words FROM command m WHERE m.job = job.id "
      "ORDER BY m.at_us, m.id LIMIT 1) = ?8 ";
  TRY_ASSIGN(const std::string words, words_of(database, job.id));
  TRY_ASSIGN(Statement statement,
             database.connection().prepare(
                 fmt::format("SELECT uid FROM job WHERE ci = ?1 AND name = ?2 AND repository = ?3 "
                             "AND (?5 = 0 OR branch = ?4) AND last_us <= ?6 AND id <> ?9 {}"
                             "ORDER BY last_us DESC, id DESC LIMIT ?10",
                             at_a_desk ? same_words : "AND ?7 = ?7 AND ?8 = ?8 ")));
  JobsLike like;
  for (const bool same_branch : {true, false}) {
    statement.with(std::string_view(job.ci), std::string_view(job.name),
                   std::string_view(job.repository), std::string_view(job.branch),
                   static_cast<int>(same_branch), job.first_us, std::string_view(job.checkout),
                   std::string_view(words), job.id, limit);
    std::vector<std::string> uids;
    TRY(statement.each([&uids](const Statement& row) { uids.push_back(row.text(0)); }));
    for (const std::string& uid : uids) {
      TRY_ASSIGN(JobRow found, find_job(database, uid));
      like.jobs.push_back(std::move(found));
    }
    like.same_branch = same_branch;
    if (!like.jobs.empty()) break;
  }
  return like;
}

}  // namespace sluice::journal
