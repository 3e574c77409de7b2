#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace sluice {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::not_found: return "not-found";
    case Code::conflict: return "conflict";
    case Code::corrupt: return "corrupt";
    case Code::unsupported: return "unsupported";
    case Code::denied: return "denied";
    case Code::untrusted: return "untrusted";
    case Code::exhausted: return "exhausted";
    case Code::timeout: return "timeout";
    case Code::cancelled: return "cancelled";
    case Code::unavailable: return "unavailable";
    case Code::io: return "io";
  }
  return "io";
}

Error Error::in(std::string_view context) && {
  return Error{code, std::string(context) + ": " + message};
}

namespace {

Code code_of_errno(int errno_value) {
  switch (errno_value) {
    case ENOENT: return Code::not_found;
    case ENOTDIR: return Code::not_found;
    case EEXIST: return Code::conflict;
    case EACCES: return Code::denied;
    case EPERM: return Code::denied;
    case EROFS: return Code::denied;
    case ENOSPC: return Code::exhausted;
    case EDQUOT: return Code::exhausted;
    case EMFILE: return Code::exhausted;
    case ENFILE: return Code::exhausted;
    case ENOMEM: return Code::exhausted;
    case ETIMEDOUT: return Code::timeout;
    case ECANCELED: return Code::cancelled;
    case ECONNREFUSED: return Code::unavailable;
    case ECONNRESET: return Code::unavailable;
    case EPIPE: return Code::unavailable;
    default: return Code::io;
  }
}

}  // namespace

std::unexpected<Error> fail_errno(int errno_value, std::string_view what) {
  char buffer[128] = {};
  const char* text = strerror_r(errno_value, buffer, sizeof buffer);  // GNU form: returns the text
  return fail(code_of_errno(errno_value), std::string(what) + ": " + text);
}

}  // namespace sluice
