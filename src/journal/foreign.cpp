#include "journal/foreign.hpp"

#include "base/strings.hpp"
#include "journal/database.hpp"
#include "journal/schema.hpp"
#include "journal/sqlite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice::journal {
namespace {

constexpr std::string_view k_none = "it is no journal of sluice";

std::unexpected<Error> refuse(const sys::Path& file, std::string_view what) {
  return fail(Code::invalid, fmt::format("{}: {}", printable(file.native()), what));
}

Result<sys::Path> file_at(const sys::Path& named) {
  sys::Path file = named;
  auto info = sys::stat_file(file);
  if (info && *info && (*info)->is_directory()) {
    file = database_file(named);
    info = sys::stat_file(file);
  }
  if (!info) return refuse(file, "it cannot be read");
  if (!*info) return refuse(file, "there is no such file");
  if (!(*info)->is_regular()) return refuse(file, "it is no regular file");
  if ((*info)->size == 0) return refuse(file, k_none);
  if ((*info)->size > k_foreign_bytes_max) return refuse(file, "it is larger than any journal");
  return file;
}

// What a column may hold: sums of it stay below 2^63, and nothing is of a size that nobody meant.
std::string bounds_of(const std::string& column, std::string_view type) {
  constexpr std::int64_t k_time_max = std::int64_t{1} << 53U;    // microseconds: the year 2255
  constexpr std::int64_t k_number_max = std::int64_t{1} << 38U;  // 256 GiB, three days
  constexpr std::string_view k_times[] = {"at_us", "first_us", "last_us"};
  constexpr std::string_view k_enums[] = {"answer",  "kind",  "cause", "direction",
                                          "outcome", "scope", "why",   "ran"};
  if (type == "TEXT") return fmt::format("typeof({}) = 'text'", column);
  if (type == "BLOB") {
    std::string bounds = fmt::format("typeof({}) = 'blob'", column);
    if (column == "action" || column == "found" || column == "blob")
      bounds += fmt::format(" AND length({}) = 32", column);
    if (column == "build_id") bounds += fmt::format(" AND length({}) = 15", column);
    return bounds;
  }
  std::int64_t last = k_number_max;
  if (std::ranges::find(k_times, column) != std::end(k_times)) last = k_time_max;
  if (std::ranges::find(k_enums, column) != std::end(k_enums)) last = 255;
  // A signal or what Windows calls a status is negative.
  const std::int64_t first = column == "exit_status" ? -last : 0;
  return fmt::format("{0} IS NULL OR (typeof({0}) = 'integer' AND {0} BETWEEN {1} AND {2})", column,
                     first, last);
}

Result<std::vector<std::string>> names(Connection& connection, std::string_view sql) {
  TRY_ASSIGN(Statement statement, connection.prepare(sql));
  std::vector<std::string> list;
  TRY(statement.each([&list](const Statement& row) { list.push_back(row.text(0)); }));
  return list;
}

// Of a database with our tables. SQLite keeps any value in any column.
Result<void> check_values(Connection& connection) {
  TRY_ASSIGN(const auto tables,
             names(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'"));
  for (const std::string& table : tables) {
    TRY_ASSIGN(Statement columns, connection.prepare(fmt::format("PRAGMA table_info({})", table)));
    std::string all = "1";
    TRY(columns.each([&all](const Statement& row) {
      all += fmt::format(" AND ({})", bounds_of(row.text(1), row.text(2)));
    }));
    TRY_ASSIGN(const auto others,
               connection.number(
                   fmt::format("SELECT EXISTS (SELECT 1 FROM {} WHERE NOT ({}))", table, all)));
    if (others != 0) {
      return fail(Code::corrupt,
                  fmt::format("it is no journal of sluice: a value of table {} is none", table));
    }
  }
  return {};
}

// All of it can be read, and what is asked of it later are tables: a view could be anything.
Result<std::int64_t> look_through(Connection& connection) {
  TRY_ASSIGN(const auto version, connection.number("PRAGMA user_version"));
  if (version < 1) return fail(Code::corrupt, std::string(k_none));
  if (version > k_schema_version) {
    return fail(Code::unsupported, fmt::format("it is of version {}, and this sluice knows {}: "
                                               "update sluice",
                                               version, k_schema_version));
  }
  TRY_ASSIGN(const bool is_ours, has_our_tables(connection));
  if (!is_ours) return fail(Code::corrupt, std::string(k_none));
  TRY_ASSIGN(const auto found, names(connection, "PRAGMA quick_check(1)"));
  if (found != std::vector<std::string>{"ok"}) return fail(Code::corrupt, "it is damaged");
  TRY(check_values(connection));
  TRY(migrate(connection));
  TRY_ASSIGN(const auto is_whole,
             connection.number("SELECT (SELECT count(*) FROM self) = 1 AND "
                               "(SELECT length(id) FROM self) > 0 AND "
                               "NOT EXISTS (SELECT 1 FROM command WHERE job NOT IN "
                               "(SELECT id FROM job))"));
  if (is_whole == 0) return fail(Code::corrupt, std::string(k_none));
  return connection.number("SELECT count(*) FROM command");
}

}  // namespace

sys::Path ForeignJournal::database() const { return database_file(directory_.path()); }

Result<ForeignJournal> ForeignJournal::take(const sys::Path& named) {
  TRY_ASSIGN(const sys::Path file, file_at(named));
  TRY_ASSIGN(auto directory, sys::TempDirectory::create("sluice-journal"));
  const sys::Path copy = database_file(directory.path());
  std::error_code error;
  std::filesystem::copy_file(file, copy, error);
  if (error) {
    return fail_errno(error.value(), fmt::format("copy {} to {}", printable(file.native()),
                                                 directory.path().native()));
  }
  std::filesystem::permissions(
      copy, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  TRY_ASSIGN(Connection connection, Connection::open(copy, true));
  const auto commands = look_through(connection);
  if (!commands) {
    const bool is_damage =
        commands.error().code == Code::corrupt && commands.error().message.find("it is") != 0;
    return refuse(file,
                  is_damage ? "it is damaged, or no journal of sluice" : commands.error().message);
  }
  return ForeignJournal(std::move(directory), *commands);
}

}  // namespace sluice::journal
