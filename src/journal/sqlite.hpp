// The little of SQLite that the journal needs: a connection, statements, one error type.
//
// For this room only. A Connection and its statements belong to one thread at a time. Errors carry
// SQLite's own words; a file that is damaged or no database is Code::corrupt, one that somebody
// else holds Code::unavailable, a full disk Code::exhausted.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sys/file.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::journal {

inline constexpr auto k_busy_wait = std::chrono::milliseconds(2000);

class Statement {
 public:
  // Binds parameters from the first on, and starts over.
  template <class... Values>
  Statement& with(const Values&... values) {
    reset();
    int at = 0;
    (bind(++at, values), ...);
    return *this;
  }
  Result<bool> step();  // whether there is a row
  Result<void> run();   // for those that give none
  // Calls `read` with this statement at every row.
  template <class Read>
  Result<void> each(const Read& read) {
    for (;;) {
      TRY_ASSIGN(const bool more, step());
      if (!more) return {};
      read(*this);
    }
  }

  std::int64_t number(int column) const;
  std::uint64_t size(int column) const { return static_cast<std::uint64_t>(number(column)); }
  std::string text(int column) const;
  ByteView blob(int column) const;  // valid until the next step
  bool is_null(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void reset();
  void bind(int at, std::string_view value);
  void bind(int at, ByteView value);
  void bind(int at, std::int64_t value);
  void bind(int at, std::nullptr_t);
  template <std::integral T>
  void bind(int at, T value) {
    bind(at, static_cast<std::int64_t>(value));
  }

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Connection {
 public:
  static Result<Connection> open(const sys::Path& file, bool writable);
  Result<void> execute(const char* sql);  // one statement or several
  Result<Statement> prepare(std::string_view sql);
  std::int64_t last_row() const;
  // Of a statement that gives one number.
  Result<std::int64_t> number(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace sluice::journal
