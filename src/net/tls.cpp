#include "net/tls.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

namespace sluice::net {

namespace {

constexpr std::array k_directories = {"etc/ssl/certs", "etc/pki/tls/certs", "etc/openssl/certs"};
constexpr std::array k_bundles = {"etc/ssl/certs/ca-certificates.crt",
                                  "etc/pki/tls/certs/ca-bundle.crt",
                                  "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                  "etc/ssl/ca-bundle.pem",
                                  "etc/ssl/cert.pem",
                                  "usr/local/share/certs/ca-root-nss.crt"};

// As `openssl rehash` names a link: eight hex digits, a dot, a number.
bool is_hash_name(std::string_view name) {
  if (name.size() < 10 || name[8] != '.') return false;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::all_of(name.begin(), name.begin() + 8, is_hex) &&
         parse_int<unsigned>(name.substr(9)).has_value();
}

bool is_hashed(const sys::Path& directory) {
  bool found = false;
  const auto listed =
      sys::list_directory(directory, [&found](std::string_view name) -> Result<void> {
        found = found || is_hash_name(name);
        if (found) return fail(Code::cancelled, "");  // enough seen
        return {};
      });
  return found && (listed || listed.error().code == Code::cancelled);
}

Result<RootStore> as_given(const sys::Path& path, std::string_view name) {
  const auto info = sys::stat_file(path);
  if (!info) return std::unexpected(Error(info.error()).in(name));
  if (!*info) return fail(Code::invalid, fmt::format("{}: {} is not there", name, path.string()));
  if ((*info)->is_directory()) return RootStore{{}, path};
  return RootStore{path, {}};
}

}  // namespace

std::string tls_problem() {
  const unsigned long first = ::ERR_get_error();
  ::ERR_clear_error();
  const char* reason = first == 0 ? nullptr : ::ERR_reason_error_string(first);
  return reason == nullptr ? "unknown TLS error" : reason;
}

Result<RootStore> find_roots(const sys::Path& given, const sys::Environment& env,
                             const sys::Path& root) {
  if (!given.empty()) return as_given(given, "SLUICE_CA");
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (!env.has(name)) continue;
    if (auto said = as_given(env.get_or(name, ""), name)) return said;
  }
  for (const char* directory : k_directories) {
    if (is_hashed(root / directory)) return RootStore{{}, root / directory};
  }
  for (const char* bundle : k_bundles) {
    const auto info = sys::stat_file(root / bundle);
    if (info && *info) return RootStore{root / bundle, {}};
  }
  return fail(Code::not_found,
              "no root certificates on this machine: install ca-certificates, or name a file of "
              "them in SLUICE_CA");
}

TlsContext::TlsContext(sys::Path roots, const sys::Environment& env) : given_(std::move(roots)) {
  for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR"}) {
    if (env.has(name)) env_.set(name, env.get_or(name, ""));
  }
}

TlsContext::~TlsContext() { ::SSL_CTX_free(context_); }

Result<ssl_ctx_st*> TlsContext::get() {
  const std::lock_guard lock(mutex_);
  if (context_ != nullptr) return context_;
  TRY_ASSIGN(context_, make());
  return context_;
}

Result<ssl_ctx_st*> TlsContext::make() const {
  TRY_ASSIGN(const RootStore roots, find_roots(given_, env_));
  // A file of the machine's OpenSSL may ask for engines and providers that are not in this binary.
  ::OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context(::SSL_CTX_new(::TLS_client_method()),
                                                              &::SSL_CTX_free);
  if (!context) return fail(Code::io, "TLS: " + tls_problem());
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
  // A server that just closes is told by the message's own length.
  ::SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  const char* file = roots.file.empty() ? nullptr : roots.file.c_str();
  const char* directory = roots.directory.empty() ? nullptr : roots.directory.c_str();
  if (::SSL_CTX_load_verify_locations(context.get(), file, directory) != 1) {
    const sys::Path& where = file != nullptr ? roots.file : roots.directory;
    return fail(Code::invalid,
                fmt::format("root certificates in {}: {}", where.string(), tls_problem()));
  }
  return context.release();
}

}  // namespace sluice::net
