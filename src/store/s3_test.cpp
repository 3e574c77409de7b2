#include "store/s3.hpp"

#include "net/testing.hpp"
#include "store/conformance.hpp"
#include "store/minio_for_test.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <thread>

namespace sluice::store {
namespace {

using net::testing::answer;
using net::testing::Asked;
using net::testing::Server;
using testing::Minio;
using testing::soon;

std::unique_ptr<Objects> open(std::string_view url, const sys::Environment& env) {
  auto objects = open_objects(*parse_store_url(url), env);
  REQUIRE_MESSAGE(objects.has_value(), (objects ? "" : objects.error().message));
  return std::move(*objects);
}

std::string message_of(Objects& objects, Code code) {
  const auto got = objects.get("t/v1/x", 100, soon());
  if (got) return "(no error)";
  CHECK(got.error().code == code);
  CHECK(got.error().message.find("engine-secret") == std::string::npos);
  return got.error().message;
}

sys::Environment environment_of(const Server& server) {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("AWS_ENDPOINT_URL", server.url());
  env.set("AWS_ACCESS_KEY_ID", "engine");
  env.set("AWS_SECRET_ACCESS_KEY", "engine-secret");
  env.set("AWS_EC2_METADATA_DISABLED", "true");
  return env;
}

TEST_CASE("S3 keeps every promise of a store, against a real MinIO") {
  const auto minio = Minio::start(SLUICE_ENGINES);
  if (!minio) {
    MESSAGE("skipped: no MinIO (tools/bootstrap.py test installs it)");
    return;
  }
  minio->make_bucket("conformance");
  const sys::Environment env = minio->environment();
  check_conformance([&] { return open("s3://conformance/a/prefix", env); });

  SUBCASE("errors say what to do") {
    auto wrong = env;
    wrong.set("AWS_SECRET_ACCESS_KEY", "other");
    CHECK(message_of(*open("s3://conformance", wrong), Code::denied).find("secret key") !=
          std::string::npos);
    wrong.set("AWS_ACCESS_KEY_ID", "nobody");
    CHECK(message_of(*open("s3://conformance", wrong), Code::denied).find("access key") !=
          std::string::npos);
    CHECK(message_of(*open("s3://no-such-bucket", env), Code::not_found)
              .find("there is no bucket \"no-such-bucket\"") != std::string::npos);
  }
}

TEST_CASE("an object in parts keeps the same promises, and leaves no parts behind") {
  const auto minio = Minio::start(SLUICE_ENGINES);
  if (!minio) {
    MESSAGE("skipped: no MinIO (tools/bootstrap.py test installs it)");
    return;
  }
  minio->make_bucket("parts");
  const auto objects = open("s3://parts", minio->environment());
  const auto directory = sys::TempDirectory::create("sluice-parts-");
  REQUIRE(directory.has_value());
  constexpr std::uint64_t k_size = k_s3_multipart_min + 5;
  const auto large = [&](std::string_view first, std::uint64_t size) {
    const sys::Path path = directory->path() / first;
    REQUIRE(sys::write_file_atomic(path, bytes_of(first)));
    std::filesystem::resize_file(path, size);
    auto file = sys::open_read(path);
    REQUIRE(file.has_value());
    return std::move(*file);
  };
  const auto put = [&](const sys::Fd& file, const PutCondition& condition) {
    return objects->put("t/x", Body::of_file(file.get(), 0, k_size), condition, soon());
  };
  const sys::Fd one = large("one", k_size);
  const sys::Fd two = large("two", k_size);

  // Whoever of two comes first, and nobody else.
  std::optional<Result<PutResult>> here, there;
  std::thread other([&] { there = put(two, PutCondition::absent()); });
  here = put(one, PutCondition::absent());
  other.join();
  REQUIRE_MESSAGE(here->has_value(), (*here ? "" : here->error().message));
  REQUIRE_MESSAGE(there->has_value(), (*there ? "" : there->error().message));
  CHECK((*here)->stored != (*there)->stored);
  const std::string etag = ((*here)->stored ? *here : *there)->etag;
  const auto is_stored = [](const Result<PutResult>& result) {
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
    return result->stored;
  };
  CHECK_FALSE(is_stored(put(one, PutCondition::absent())));
  CHECK_FALSE(is_stored(put(one, PutCondition::match("\"0123456789abcdef0123456789abcdef-5\""))));
  const auto info = objects->head("t/x", soon());
  REQUIRE((info && *info));
  CHECK((*info)->etag == etag);
  CHECK(is_stored(put(two, PutCondition::match(etag))));
  CHECK(minio->unfinished_uploads() == 0);

  // A file that is shorter than it was is not stored, nor is any part of it.
  const sys::Fd shorter = large("shorter", k_size - k_s3_part_size);
  const auto stored = put(shorter, PutCondition::always());
  REQUIRE_FALSE(stored.has_value());
  CHECK(stored.error().code == Code::io);
  CHECK(minio->unfinished_uploads() == 0);
  std::string got;
  const auto add = [&got](ByteView bytes) -> Result<void> {
    got += text_of(bytes);
    return {};
  };
  const auto found = objects->get_range("t/x", 0, 3, add, soon());
  REQUIRE((found && *found));
  CHECK(got == "two");
}

TEST_CASE("a session that ends in the middle is replaced, once for each request") {
  std::atomic<int> handed_out = 0;
  const Server container([&](const Asked&) {
    return answer(200, R"({"AccessKeyId":"K)" + std::to_string(++handed_out) +
                           R"(","SecretAccessKey":"s","Token":"t","Expiration":)"
                           R"("2100-01-01T00:00:00Z"})");
  });
  std::string valid = "Credential=K2/";
  const Server server([&](const Asked& asked) {
    const bool is_valid = asked.headers.at("authorization").find(valid) != std::string::npos;
    return is_valid ? answer(200, "whole", "ETag: \"x\"\r\n")
                    : answer(400, "<Error><Code>ExpiredToken</Code></Error>");
  });
  sys::Environment env = environment_of(server);
  env.unset("AWS_ACCESS_KEY_ID");
  env.unset("AWS_SECRET_ACCESS_KEY");
  env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url() + "/x");
  const auto objects = open("s3://bucket", env);
  const auto got = objects->get("t/v1/x", 100, soon());
  REQUIRE_MESSAGE(got.has_value(), (got ? "" : got.error().message));
  CHECK(text_of((*got)->bytes) == "whole");
  CHECK(handed_out == 2);
  // Where the new one is no better it is said, and nobody goes round in circles.
  valid = "nobody";
  CHECK(message_of(*objects, Code::denied).find("the session token has expired") !=
        std::string::npos);
  CHECK(handed_out == 3);
}

TEST_CASE("a 404 without a word is a missing key only of what is known to be S3") {
  const Server server([](const Asked& asked) {
    return asked.method == "PUT" ? answer(200, "", "ETag: \"x\"\r\n") : answer(404);
  });
  const auto objects = open("s3://bucket", environment_of(server));
  CHECK(message_of(*objects, Code::denied).find("no S3 server") != std::string::npos);
  REQUIRE(objects->put("t/x", Body(bytes_of("one")), PutCondition::always(), soon()));
  const auto got = objects->get("t/v1/x", 100, soon());
  REQUIRE_MESSAGE(got.has_value(), (got ? "" : got.error().message));
  CHECK_FALSE(got->has_value());
}

// A clock that a test sets.
std::atomic<UnixNanos> clock_ahead_ns = 0;
UnixNanos wrong_clock() { return unix_now_ns() + clock_ahead_ns; }

TEST_CASE("a clock that is wrong, and one that jumps, cost one request each") {
  const auto minio = Minio::start(SLUICE_ENGINES);
  if (!minio) {
    MESSAGE("skipped: no MinIO (tools/bootstrap.py test installs it)");
    return;
  }
  minio->make_bucket("clock");
  constexpr UnixNanos k_hour_ns = 3'600'000'000'000;
  clock_ahead_ns = -5 * k_hour_ns;
  const auto objects = open_s3(*parse_store_url("s3://clock"), minio->environment(), wrong_clock);
  REQUIRE(objects.has_value());
  const auto put = [&](std::string_view text) {
    const auto stored =
        (*objects)->put("t/x", Body(bytes_of(text)), PutCondition::always(), soon());
    REQUIRE_MESSAGE(stored.has_value(), (stored ? "" : stored.error().message));
  };
  put("behind");
  clock_ahead_ns = UnixNanos{24} * 365 * k_hour_ns;
  // A HEAD is refused without a word of why.
  const auto info = (*objects)->head("t/x", soon());
  REQUIRE_MESSAGE(info.has_value(), (info ? "" : info.error().message));
  CHECK((*info)->size == 6);
  clock_ahead_ns = 0;
  put("right again");
  const auto got = (*objects)->get("t/x", 100, soon());
  REQUIRE((got && *got));
  CHECK(text_of((*got)->bytes) == "right again");
}

TEST_CASE("what is slow or broken for a moment is tried again") {
  std::atomic<int> count = 0;
  const Server server([&](const Asked&) {
    switch (++count) {
      case 1: return answer(503, "<Error><Code>SlowDown</Code></Error>");
      case 2: return std::string();
      case 3:
        return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\ncut");
      default: return answer(200, "whole", "ETag: \"x\"\r\n");
    }
  });
  const auto objects = open("s3://bucket", environment_of(server));
  const auto got = objects->get("t/x", 100, soon());
  REQUIRE_MESSAGE(got.has_value(), (got ? "" : got.error().message));
  REQUIRE(got->has_value());
  CHECK(text_of((*got)->bytes) == "whole");
}

TEST_CASE("what stays broken is an error that counts the tries, within the deadline") {
  const Server server(
      [](const Asked&) { return answer(503, "<Error><Code>SlowDown</Code></Error>"); });
  const auto objects = open("s3://bucket", environment_of(server));
  const std::string said = message_of(*objects, Code::unavailable);
  CHECK(said.find("s3 bucket bucket: get t/v1/x: 503 SlowDown") == 0);
  CHECK(server.asked().size() == 5);
}

TEST_CASE("a range that is cut goes on where it broke off, of the same object") {
  const std::string whole = "0123456789";
  std::atomic<int> count = 0;
  Server server([&](const Asked& asked) {
    if (++count == 1) {
      return std::string("HTTP/1.1 206 P\r\nETag: \"x\"\r\nContent-Length: 6\r\n\r\n234");
    }
    CHECK(asked.headers.at("range") == "bytes=5-7");
    CHECK(asked.headers.at("if-match") == "\"x\"");
    return answer(206, "567", "ETag: \"x\"\r\n");
  });
  // The server above keeps the connection open after its half answer: hang up for it.
  std::string got;
  const auto objects = open("s3://bucket", environment_of(server));
  std::thread cutter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    server.hang_up();
  });
  const auto found = objects->get_range(
      "t/x", 2, 6,
      [&](ByteView piece) -> Result<void> {
        got += text_of(piece);
        return {};
      },
      soon());
  cutter.join();
  REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().message));
  CHECK(got == "234567");
}

TEST_CASE("a server that ignores conditions is found out, and they are asked by hand") {
  std::map<std::string, std::string> objects_there;
  std::mutex mutex;
  const Server server([&](const Asked& asked) {
    const std::lock_guard lock(mutex);
    const auto found = objects_there.find(asked.target);
    if (asked.method == "PUT") {
      objects_there[asked.target] = asked.body;
      return answer(200, "", "ETag: \"" + std::to_string(asked.body.size()) + "\"\r\n");
    }
    if (found == objects_there.end()) return answer(404);
    return answer(200, "", "ETag: \"" + std::to_string(found->second.size()) + "\"\r\n");
  });
  const auto objects = open("s3://bucket", environment_of(server));
  CHECK(objects->capabilities().if_absent);
  const auto first = objects->put("t/x", Body(bytes_of("one")), PutCondition::absent(), soon());
  REQUIRE(first.has_value());
  CHECK(first->stored);
  CHECK_FALSE(objects->capabilities().if_absent);
  CHECK_FALSE(objects->capabilities().if_match);
  CHECK_FALSE(objects->put("t/x", Body(bytes_of("two")), PutCondition::absent(), soon())->stored);
  CHECK_FALSE(
      objects->put("t/x", Body(bytes_of("two")), PutCondition::match("\"9\""), soon())->stored);
  CHECK(objects_there.at("/bucket/t/x") == "one");
  CHECK(objects_there.contains("/bucket/t/v1/probe/conditions"));
}

TEST_CASE("settings that cannot be understood are refused when the store is opened") {
  sys::Environment env;
  env.set("HOME", "/nonexistent");
  env.set("AWS_ENDPOINT_URL", "nonsense");
  const auto objects = open_objects(*parse_store_url("s3://b"), env);
  REQUIRE_FALSE(objects.has_value());
  CHECK(objects.error().code == Code::invalid);
}

}  // namespace
}  // namespace sluice::store
