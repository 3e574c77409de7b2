// A real MinIO for the tests of this room, on a free loopback port and a directory of its own.
//
// For tests only; the binary is what tools/bootstrap.py installs (or SLUICE_TEST_MINIO names).
// start() is nothing where there is none: the test says that it is skipped. Stopped and removed
// with the object.
#pragma once

#include "net/http_client.hpp"
#include "net/sigv4.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace sluice::store::testing {

class Minio {
 public:
  // `engines` is the directory that bootstrap.py fills.
  static std::unique_ptr<Minio> start(const sys::Path& engines) {
    const sys::Environment mine = sys::Environment::of_process();
    const sys::Path binary = mine.get_or("SLUICE_TEST_MINIO", (engines / "minio").string());
    const auto info = sys::stat_file(binary);
    if (!info || !*info) return nullptr;
    auto minio = std::unique_ptr<Minio>(new Minio(binary));  // house: allow new (private)
    for (int i = 0; i < 400; ++i) {
      if (minio->is_ready()) return minio;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return minio;
  }
  ~Minio() {
    if (!child_) return;
    child_->send_signal(SIGKILL);
    (void)child_->wait();
  }
  Minio(const Minio&) = delete;
  Minio& operator=(const Minio&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // What a client of it has in its environment.
  sys::Environment environment() const {
    sys::Environment env;
    env.set("HOME", directory_.path().string());
    env.set("AWS_ENDPOINT_URL", url());
    env.set("AWS_ACCESS_KEY_ID", "engine");
    env.set("AWS_SECRET_ACCESS_KEY", "engine-secret");
    env.set("AWS_EC2_METADATA_DISABLED", "true");
    return env;
  }
  void make_bucket(const std::string& name) {
    int status = 0;
    for (int i = 0; i < 100 && status != 200; ++i) {  // 503 while it is still starting
      status = ask("PUT", "/" + name);
      if (status != 200) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    REQUIRE(status == 200);
  }

  // Uploads in parts that were begun and neither completed nor aborted.
  std::size_t unfinished_uploads() const {
    const sys::Path parts = directory_.path() / "data" / ".minio.sys" / "multipart";
    REQUIRE(std::filesystem::is_directory(parts));
    std::size_t count = 0;
    std::error_code ended;
    std::filesystem::recursive_directory_iterator at(parts, ended);
    for (; !ended && at != std::filesystem::recursive_directory_iterator(); at.increment(ended)) {
      if (at->path().filename() == "xl.meta") ++count;
    }
    REQUIRE_FALSE(ended);
    return count;
  }

 private:
  explicit Minio(const sys::Path& binary)
      : directory_(std::move(*sys::TempDirectory::create("sluice-minio-"))), http_({}, {}) {
    port_ = free_port();
    sys::SpawnOptions options;
    options.program = binary;
    options.arguments = {"minio",
                         "server",
                         "--quiet",
                         "--address",
                         "127.0.0.1:" + std::to_string(port_),
                         (directory_.path() / "data").string()};
    options.environment.set("HOME", directory_.path().string());
    options.environment.set("MINIO_ROOT_USER", "engine");
    options.environment.set("MINIO_ROOT_PASSWORD", "engine-secret");
    options.environment.set("MINIO_BROWSER", "off");
    options.environment.set("MINIO_UPDATE", "off");
    auto log = sys::AtomicFile::create(directory_.path() / "log");
    REQUIRE(log.has_value());
    options.stdout_fd = options.stderr_fd = log->fd();
    auto child = sys::spawn(options);
    REQUIRE_MESSAGE(child.has_value(), (child ? "" : child.error().message));
    child_ = std::move(*child);
  }

  static std::uint16_t free_port() {
    const sys::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
    socklen_t size = sizeof any;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&any), &size) == 0);
    return ntohs(any.sin_port);
  }

  int ask(const std::string& method, const std::string& path) {
    net::Request request;
    request.method = method;
    request.url = *net::parse_url(url() + path);
    const net::ToSign to_sign{method,
                              path,
                              {},
                              {{"host", request.url.authority()}},
                              std::string(net::k_unsigned_payload)};
    request.headers =
        net::sign(to_sign, {"engine", "engine-secret", ""}, {"us-east-1", "s3", unix_now_ns()});
    const auto response = http_.send(request, Deadline::after(std::chrono::seconds(5)));
    return response ? response->head.status : 0;
  }
  bool is_ready() { return ask("GET", "/minio/health/ready") == 200; }

  sys::TempDirectory directory_;
  net::HttpClient http_;
  std::uint16_t port_ = 0;
  std::optional<sys::Child> child_;
};

}  // namespace sluice::store::testing
