// What TLS connections of this process share: one context with the roots it trusts.
//
// Made at the first use, never in a process that speaks plain HTTP only. Any thread. The roots are
// `roots` (a file or a hashed directory; SLUICE_CA) where given, else SSL_CERT_FILE and
// SSL_CERT_DIR, else where distributions keep them: a hashed directory before a bundle, which
// costs 20 ms to read. Errors: Code::invalid for roots that cannot be read, Code::not_found when
// the machine has none.
#pragma once

#include "base/result.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

struct ssl_ctx_st;

namespace sluice::net {

// Where roots were found; one of the two is set.
struct RootStore {
  sys::Path file;
  sys::Path directory;
};

Result<RootStore> find_roots(const sys::Path& given, const sys::Environment& env,
                             const sys::Path& root = "/");

class TlsContext {
 public:
  TlsContext(sys::Path roots, const sys::Environment& env);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // OpenSSL's SSL_CTX, owned here.
  Result<ssl_ctx_st*> get();

 private:
  Result<ssl_ctx_st*> make() const;

  sys::Path given_;
  sys::Environment env_;  // SSL_CERT_FILE and SSL_CERT_DIR only
  std::mutex mutex_;
  ssl_ctx_st* context_ = nullptr;
};

// The oldest error of this thread in OpenSSL's queue, in words; the queue is empty afterwards.
std::string tls_problem();

}  // namespace sluice::net
