// The one way a function reports failure: Result<T> carries a value or an Error.
//
// An Error says what was attempted, on what, and what went wrong; callers prepend context on the
// way up (`put blob 3f56…: folder /srv/ci: no space left`). A miss is not an error: functions that
// look something up return Result<std::optional<T>>. Values only, no shared state: any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

// What a caller may decide on. Closed and small on purpose; everything else is in the message.
enum class Code {
  invalid,      // input of the user is wrong: exit 2, nothing changed
  not_found,    // a thing that must exist does not
  conflict,     // a condition (if absent, if match) did not hold
  corrupt,      // bytes are not what they claim to be
  unsupported,  // a version or a kind that this program does not know
  denied,       // no right to do it
  untrusted,    // nobody who is believed has signed it
  exhausted,    // a named limit was reached: disk, memory, count
  timeout,      // the deadline passed
  cancelled,    // the caller gave up
  unavailable,  // the other side is not there
  io,           // any other failure of the operating system
};

std::string_view name_of(Code code);

struct [[nodiscard]] Error {
  Code code = Code::io;
  std::string message;

  // The same error with `context` in front: "context: message".
  Error in(std::string_view context) &&;
};

template <class T>
using Result = std::expected<T, Error>;

// Builds the unexpected side: `return fail(Code::corrupt, "pack: no magic");`
inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

// Error of the last system call: code from errno, message "what: strerror".
std::unexpected<Error> fail_errno(int errno_value, std::string_view what);

}  // namespace sluice

#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)

#define SLUICE_TRY_(tmp, expr)                                         \
  do {                                                                 \
    if (auto tmp = (expr); !tmp) {                                     \
      return std::unexpected<::sluice::Error>(std::move(tmp).error()); \
    }                                                                  \
  } while (false)

// TRY(expr): returns the error of `expr` from the enclosing function, else discards the value.
#define TRY(expr) SLUICE_TRY_(SLUICE_CONCAT(try_result_, __COUNTER__), expr)

#define SLUICE_TRY_ASSIGN_(tmp, target, expr)                        \
  auto tmp = (expr);                                                 \
  if (!tmp) {                                                        \
    return std::unexpected<::sluice::Error>(std::move(tmp).error()); \
  }                                                                  \
  target = std::move(*tmp)

// TRY_ASSIGN(auto x, expr): assigns the value or returns the error.
#define TRY_ASSIGN(target, expr) \
  SLUICE_TRY_ASSIGN_(SLUICE_CONCAT(try_assign_, __COUNTER__), target, expr)
