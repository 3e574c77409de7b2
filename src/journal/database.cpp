#include "journal/database.hpp"

#include "codec/base64.hpp"
#include "codec/zstd.hpp"
#include "journal/ingest.hpp"
#include "journal/schema.hpp"
#include "journal/spool.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::journal {
namespace {

constexpr std::size_t k_build_id_size = 20;
constexpr std::int64_t k_trim_commands = 50;  // at a time, while it is too large

bool has_to_go(Code code) { return code == Code::corrupt || code == Code::unsupported; }

std::string url_form(std::string text, bool to_url) {
  for (char& c : text) {
    if (to_url) {
      c = c == '+' ? '-' : c == '/' ? '_' : c;
    } else {
      c = c == '-' ? '+' : c == '_' ? '/' : c;
    }
  }
  return text;
}

// Out of the way, over the one that was set aside before.
Result<std::string> set_aside(const sys::Path& journal, const Error& why) {
  const sys::Path file = database_file(journal);
  const sys::Path aside = file.native() + ".broken";
  std::error_code error;
  std::filesystem::rename(file, aside, error);
  if (error) return fail_errno(error.value(), "journal: " + file.native());
  // Its unfinished transaction belongs to the old one.
  TRY(sys::remove_file(file.native() + "-journal"));
  return fmt::format("{}; it is set aside as {} and a new one is begun", why.message,
                     aside.native());
}

// Images of machines and caches of CI carry journals about: from there on they are two.
Result<void> renew_copy(Connection& connection, const sys::Path& file) {
  TRY_ASSIGN(const auto info, sys::stat_file(file));
  if (!info) return {};
  const std::string inode = std::to_string(info->inode);
  TRY_ASSIGN(Statement update,
             connection.prepare("UPDATE self SET inode = ?1, id = CASE inode WHEN '' THEN id "
                                "ELSE lower(hex(randomblob(8))) END WHERE inode <> ?1"));
  return update.with(std::string_view(inode)).run();
}

// Commands merged before they had ended, of which the other journal knows more.
constexpr std::string_view k_outdated = R"(
  SELECT c.id FROM main.command c JOIN main.job j ON j.id = c.job
  JOIN other.command o ON o.uid = c.uid
  WHERE j.journal <> '' AND c.duration_us IS NULL AND (o.duration_us IS NOT NULL OR
    (SELECT count(*) FROM other.lookup WHERE command = o.id) >
    (SELECT count(*) FROM main.lookup WHERE command = c.id)))";

// What belongs to commands of `main` that are not in ours, with our numbers.
constexpr const char* k_merge = R"(
CREATE TEMP TABLE journals AS
  SELECT '' AS theirs, CASE t.id WHEN s.id THEN '' ELSE t.id END AS ours
  FROM other.self t, main.self s
  UNION SELECT id, '' FROM main.self;
CREATE TEMP TABLE fresh AS SELECT c.id AS theirs, c.uid FROM other.command c
  WHERE c.uid NOT IN (SELECT uid FROM main.command);
INSERT INTO main.job (uid, ci, run, name, repository, commit_id, branch, pull_request, domain,
    host, checkout, first_us, last_us, journal)
  SELECT o.uid, o.ci, o.run, o.name, o.repository, o.commit_id, o.branch, o.pull_request, o.domain,
    o.host, o.checkout, o.first_us, o.last_us, coalesce(j.ours, o.journal)
  FROM other.job o LEFT JOIN journals j ON j.theirs = o.journal
  WHERE id IN (SELECT job FROM other.command WHERE id IN (SELECT theirs FROM fresh))
  ON CONFLICT (uid) DO UPDATE SET first_us = min(first_us, excluded.first_us),
    last_us = max(last_us, excluded.last_us);
INSERT INTO main.command (uid, job, at_us, duration_us, words, goflags, directory, go_version,
    sluice_version, exit_status, signal, counters, local_tier)
  SELECT c.uid, j.id, c.at_us, c.duration_us, c.words, c.goflags, c.directory, c.go_version,
    c.sluice_version, c.exit_status, c.signal, c.counters, c.local_tier
  FROM other.command c JOIN other.job t ON t.id = c.job JOIN main.job j ON j.uid = t.uid
  WHERE c.id IN (SELECT theirs FROM fresh);
CREATE TEMP TABLE number AS SELECT f.theirs, c.id AS ours FROM fresh f
  JOIN main.command c ON c.uid = f.uid;
INSERT OR IGNORE INTO main.inputs (package, build_id, salt, text, text_size, cost_us, at_us, source)
  SELECT package, build_id, salt, text, text_size, cost_us, at_us, source FROM other.inputs;
INSERT INTO main.lookup SELECT n.ours, t.seq, t.action, t.answer, t.size, t.wait_us
  FROM other.lookup t JOIN number n ON n.theirs = t.command;
INSERT INTO main.result SELECT n.ours, t.seq, t.action, t.kind, t.size, t.at_us
  FROM other.result t JOIN number n ON n.theirs = t.command;
INSERT INTO main.compile SELECT n.ours, i.id, t.at_us, t.cost_us
  FROM other.compile t JOIN number n ON n.theirs = t.command
  JOIN other.inputs o ON o.id = t.inputs
  JOIN main.inputs i ON i.package = o.package AND i.build_id = o.build_id;
INSERT INTO main.link SELECT n.ours, t.package, t.build_id, t.answer, t.link_us, t.modinfo
  FROM other.link t JOIN number n ON n.theirs = t.command;
INSERT INTO main.test SELECT n.ours, t.package, t.answer, t.cause, t.test_us, t.names, t.ran
  FROM other.test t JOIN number n ON n.theirs = t.command;
INSERT INTO main.transfer SELECT n.ours, t.direction, t.blobs, t.bytes, t.requests
  FROM other.transfer t JOIN number n ON n.theirs = t.command;
INSERT INTO main.fault SELECT n.ours, t.reason, t.message, t.at_us, t.count
  FROM other.fault t JOIN number n ON n.theirs = t.command;
INSERT INTO main.indexed SELECT n.ours, t.action, t.outcome, t.scope, t.kind
  FROM other.indexed t JOIN number n ON n.theirs = t.command;
INSERT INTO main.test_given SELECT n.ours, t.package, t.action, t.found
  FROM other.test_given t JOIN number n ON n.theirs = t.command;
INSERT INTO main.test_run SELECT n.ours, t.seq, t.package, t.test, t.words, t.outcome, t.wall_us,
    t.cpu_us, t.wait_us, t.memory
  FROM other.test_run t JOIN number n ON n.theirs = t.command;
INSERT INTO main.test_schedule SELECT n.ours, t.seq, t.what, t.after_us, t.package, t.waited_us,
    t.held_by, t.is_known, t.expected_us, t.expected_millicores, t.expected_memory, t.running,
    t.millicores, t.memory, t.state
  FROM other.test_schedule t JOIN number n ON n.theirs = t.command;
INSERT OR IGNORE INTO main.collection (host, local_tier, at_us, journal)
  SELECT o.host, o.local_tier, o.at_us, coalesce(j.ours, o.journal)
  FROM other.collection o LEFT JOIN journals j ON j.theirs = o.journal;
INSERT OR IGNORE INTO main.removed SELECT c.id, t.action, t.why
  FROM other.removed t JOIN other.collection o ON o.id = t.collection
  JOIN main.collection c ON c.host = o.host AND c.local_tier = o.local_tier
    AND c.at_us = o.at_us;
)";

// Tables whose rows belong to one command.
constexpr std::string_view k_command_tables[] = {
    "lookup", "result",  "compile",    "link",     "test",         "transfer",
    "fault",  "indexed", "test_given", "test_run", "test_schedule"};

}  // namespace

sys::Path database_file(const sys::Path& journal) { return journal / "journal.db"; }

std::optional<Bytes> build_key(std::string_view build_id) {
  if (build_id.size() != k_build_id_size) return std::nullopt;
  return codec::base64_decode(url_form(std::string(build_id), false));
}

std::string build_id_of(ByteView key) {
  if (key.size() != k_build_key_bytes) return {};
  return url_form(codec::base64_encode(key), true);
}

std::string build_id_of(const ActionId& action) {
  return build_id_of(action.view().first(k_build_key_bytes));
}

Result<Database> Database::open_file(const sys::Path& journal) {
  TRY_ASSIGN(Connection connection, Connection::open(database_file(journal), true));
  // It can always be begun anew: no waiting for the disk.
  TRY(connection.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = TRUNCATE"));
  TRY(migrate(connection));
  TRY(renew_copy(connection, database_file(journal)));
  return Database(std::move(connection), journal);
}

Result<Database> Database::open_to_write(const sys::Path& journal, Deadline deadline) {
  TRY(sys::make_private_directory(journal));
  TRY_ASSIGN(auto lock, sys::FileLock::acquire(journal / "journal.lock", deadline));
  auto opened = open_file(journal);
  std::string note;
  if (!opened && has_to_go(opened.error().code)) {
    TRY_ASSIGN(note, set_aside(journal, opened.error()));
    opened = open_file(journal);
  }
  if (!opened) return opened;
  opened->lock_.emplace(std::move(lock));
  opened->note_ = std::move(note);
  return opened;
}

Result<std::optional<Database>> Database::open_to_read(const sys::Path& journal) {
  TRY_ASSIGN(const auto info, sys::stat_file(database_file(journal)));
  if (!info) return std::nullopt;
  TRY_ASSIGN(Connection connection, Connection::open(database_file(journal), false));
  TRY(check_version(connection));
  return Database(std::move(connection), journal);
}

// What was appended after a killed command's spool had been read.
Result<bool> Database::is_rest_of_a_command(const sys::Path& file, std::string_view name,
                                            const std::vector<Event>& events) {
  const bool begins = std::ranges::any_of(
      events, [](const Event& event) { return std::holds_alternative<CommandBegan>(event.body); });
  TRY_ASSIGN(const auto info, sys::stat_file(file, false));
  if (begins || !info || unix_now_ns() - info->mtime_ns <= k_spool_orphan_silent_ns) return false;
  TRY_ASSIGN(Statement find, connection_.prepare("SELECT 1 FROM command WHERE uid = ?"));
  return find.with(name).step();
}

Result<bool> Database::read_spool(const sys::Path& file, std::string_view name) {
  const auto bytes = sys::read_file(file, 2 * k_spool_bytes_max);
  if (!bytes) return fail(Code::io, bytes.error().message);
  if (!*bytes) return false;
  const auto events = decode(**bytes);
  if (!is_ended({file, std::string(name)}, events)) {
    TRY_ASSIGN(const bool is_rest, is_rest_of_a_command(file, name, events));
    if (!is_rest) return false;
  }
  TRY_ASSIGN(auto transaction, Transaction::begin(connection_));
  TRY_ASSIGN(Statement once, connection_.prepare("INSERT OR IGNORE INTO spool VALUES (?) "
                                                 "RETURNING name"));
  TRY_ASSIGN(const bool is_new, once.with(name).step());
  if (is_new) {
    TRY(once.step());
    TRY(insert_events(connection_, name, events));
  }
  TRY(transaction.commit());
  TRY(sys::remove_file(file));
  TRY_ASSIGN(Statement forget, connection_.prepare("DELETE FROM spool WHERE name = ?"));
  TRY(forget.with(name).run());
  return is_new;
}

Result<std::size_t> Database::read_spools() {
  std::size_t count = 0;
  for (const Spool& spool : spools(journal_)) {
    const auto moved = read_spool(spool.file, spool.id);
    if (!moved && moved.error().code == Code::io) {
      TRY(sys::remove_file(spool.file));  // it would stand in the way for ever
      continue;
    }
    TRY(moved);
    if (*moved) ++count;
  }
  return count;
}

Result<bool> Database::has_added(const BlobId& blob) {
  TRY_ASSIGN(Statement find, connection_.prepare("SELECT 1 FROM told WHERE blob = ?"));
  return find.with(blob.view()).step();
}

Result<void> Database::add_known(const KnownInputs& known, const BlobId& blob) {
  TRY_ASSIGN(auto transaction, Transaction::begin(connection_));
  TRY_ASSIGN(Statement insert,
             connection_.prepare("INSERT INTO inputs (package, build_id, salt, text, text_size, "
                                 "cost_us, at_us, source) VALUES (?1,?2,?3,?4,?5,?6,?7,?8) "
                                 "ON CONFLICT (package, build_id) DO UPDATE SET "
                                 "cost_us = max(cost_us, ?6)"));
  for (const PackageInputs& one : known.list) {
    const auto key = build_key(one.build_id);
    if (!key) continue;
    const Bytes frame = codec::zstd_compress(bytes_of(one.text));
    TRY(insert
            .with(std::string_view(one.package), ByteView(*key), std::string_view(one.salt),
                  ByteView(frame), one.text.size(), one.cost_us, one.at_us,
                  std::string_view(known.source))
            .run());
  }
  TRY_ASSIGN(Statement remember, connection_.prepare("INSERT OR IGNORE INTO told VALUES (?, ?)"));
  TRY(remember.with(blob.view(), now_us()).run());
  return transaction.commit();
}

Result<void> Database::trim(std::int64_t now_us, std::uint64_t bytes_max) {
  const auto remove = [this](std::string_view which) -> Result<void> {
    TRY_ASSIGN(auto transaction, Transaction::begin(connection_));
    for (const std::string_view table : k_command_tables) {
      TRY(connection_.execute(
          fmt::format("DELETE FROM {} WHERE command IN ({})", table, which).c_str()));
    }
    TRY(connection_.execute(fmt::format("DELETE FROM command WHERE id IN ({})", which).c_str()));
    TRY(connection_.execute("DELETE FROM job WHERE id NOT IN (SELECT job FROM command)"));
    return transaction.commit();
  };
  const std::int64_t oldest_us = now_us - k_journal_age_max_us;
  TRY(remove(fmt::format("SELECT id FROM command WHERE at_us < {}", oldest_us)));
  TRY(connection_.execute(
      fmt::format("DELETE FROM inputs WHERE at_us < {} AND id NOT IN (SELECT inputs FROM compile)",
                  oldest_us)
          .c_str()));
  TRY(connection_.execute(fmt::format("DELETE FROM told WHERE at_us < {}", oldest_us).c_str()));
  const auto forget_removed = [this](std::string_view before) -> Result<void> {
    return connection_.execute(
        fmt::format("DELETE FROM collection WHERE at_us < {}; DELETE FROM removed "
                    "WHERE collection NOT IN (SELECT id FROM collection)",
                    before)
            .c_str());
  };
  TRY(forget_removed(fmt::format("{}", oldest_us)));
  TRY_ASSIGN(const auto page_bytes, connection_.number("PRAGMA page_size"));
  for (;;) {
    TRY_ASSIGN(const auto pages, connection_.number("PRAGMA page_count"));
    TRY_ASSIGN(const auto unused, connection_.number("PRAGMA freelist_count"));
    if (static_cast<std::uint64_t>((pages - unused) * page_bytes) <= bytes_max) break;
    TRY_ASSIGN(const auto commands, connection_.number("SELECT count(*) FROM command"));
    if (commands <= 1) break;
    TRY(remove(fmt::format("SELECT id FROM command ORDER BY at_us, id LIMIT {}",
                           std::min(k_trim_commands, commands - 1))));
    TRY(
        connection_.execute("DELETE FROM inputs WHERE id NOT IN (SELECT inputs FROM compile) AND "
                            "at_us < (SELECT min(at_us) FROM command)"));
    TRY(forget_removed("(SELECT min(at_us) FROM command)"));
  }
  return connection_.execute("PRAGMA incremental_vacuum");
}

Result<std::size_t> Database::merge(const sys::Path& other) {
  {
    TRY_ASSIGN(Connection theirs, Connection::open(other, false));
    if (const auto usable = check_version(theirs); !usable) {
      return std::unexpected(Error{usable.error()}.in(other.native()));
    }
  }
  TRY_ASSIGN(Statement attach, connection_.prepare("ATTACH ? AS other"));
  TRY(attach.with(std::string_view(other.native())).run());
  const auto merged = [this]() -> Result<std::size_t> {
    TRY_ASSIGN(auto transaction, Transaction::begin(connection_));
    TRY(connection_.execute(fmt::format("CREATE TEMP TABLE outdated AS {}", k_outdated).c_str()));
    for (const std::string_view table : k_command_tables) {
      TRY(connection_.execute(
          fmt::format("DELETE FROM main.{} WHERE command IN outdated", table).c_str()));
    }
    TRY(connection_.execute("DELETE FROM main.command WHERE id IN outdated; DROP TABLE outdated"));
    TRY(connection_.execute(k_merge));
    TRY_ASSIGN(const auto count, connection_.number("SELECT count(*) FROM number"));
    TRY(connection_.execute("DROP TABLE journals; DROP TABLE fresh; DROP TABLE number"));
    TRY(transaction.commit());
    return static_cast<std::size_t>(count);
  }();
  TRY(connection_.execute("DETACH other"));
  return merged;
}

Result<std::optional<Database>> open_current(const sys::Path& journal, Deadline deadline,
                                             std::string& note) {
  const bool is_new = !spools(journal).empty();
  auto found = Database::open_to_read(journal);
  const bool is_broken = !found && (has_to_go(found.error().code));
  const bool is_old = !found && found.error().code == Code::not_found;
  if (!is_new && !is_broken && !is_old) return found;
  auto writer = Database::open_to_write(journal, deadline);
  if (!writer) {
    if (found) return found;  // without what is on its way
    return std::unexpected(std::move(writer).error());
  }
  note = writer->note();
  TRY(writer->read_spools());
  return std::optional<Database>(std::move(*writer));
}

}  // namespace sluice::journal
