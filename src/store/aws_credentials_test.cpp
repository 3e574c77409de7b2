#include "store/aws_credentials.hpp"

#include "net/testing.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>

namespace sluice::store {
namespace {

using net::testing::answer;
using net::testing::Asked;
using net::testing::Server;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

struct Chain {
  Chain() : home(std::move(*sys::TempDirectory::create("sluice-aws-"))), http({}, {}) {
    env.set("HOME", home.path().string());
    env.set("AWS_EC2_METADATA_DISABLED", "true");
  }
  AwsCredentials& credentials() {
    if (!made) made.emplace(env, *AwsProfile::of(env), http);
    return *made;
  }
  std::string key() {
    const auto keys = credentials().get(soon());
    return keys ? keys->access_key + "/" + keys->session_token : "(" + keys.error().message + ")";
  }
  sys::TempDirectory home;
  sys::Environment env;
  net::HttpClient http;
  std::optional<AwsCredentials> made;
};

std::string iso_in(int seconds) {
  const std::string date = net::amz_date(unix_now_ns() + seconds * 1'000'000'000LL);
  return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T" +
         date.substr(9, 2) + ":" + date.substr(11, 2) + ":" + date.substr(13, 2) + "Z";
}

std::string json(const std::string& key, int seconds) {
  return R"({"AccessKeyId":")" + key + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
         iso_in(seconds) + R"("})";
}

TEST_CASE("times") {
  CHECK(parse_iso_time("1970-01-01T00:00:10Z") == std::optional<UnixNanos>(10'000'000'000));
  CHECK(parse_iso_time("2026-11-24T14:50:05.123Z") ==
        std::optional<UnixNanos>(1'795'531'805'000'000'000));
  CHECK(parse_iso_time("9999-12-31T23:59:59Z").value_or(0) > 7'200'000'000'000'000'000);
  CHECK_FALSE(parse_iso_time("").has_value());
  CHECK_FALSE(parse_iso_time("2026-11-24 14:50:05").has_value());
}

TEST_CASE("the environment comes first, then the profile; without any it is said what to set") {
  Chain none;
  CHECK(none.key().find("AWS_ACCESS_KEY_ID") != std::string::npos);
  CHECK(none.credentials().get(soon()).error().code == Code::denied);
  Chain both;
  REQUIRE(sys::make_directories(both.home.path() / ".aws").has_value());
  REQUIRE(sys::write_file_atomic(
              both.home.path() / ".aws/credentials",
              bytes_of("[default]\naws_access_key_id = P\naws_secret_access_key = S\n"))
              .has_value());
  Chain profile;
  profile.env.set("AWS_SHARED_CREDENTIALS_FILE", (both.home.path() / ".aws/credentials").string());
  CHECK(profile.key() == "P/");
  both.env.set("AWS_ACCESS_KEY_ID", "E");
  both.env.set("AWS_SECRET_ACCESS_KEY", "S");
  both.env.set("AWS_SESSION_TOKEN", "T");
  CHECK(both.key() == "E/T");
  CHECK_FALSE(both.credentials().renew(*both.credentials().get(soon())));
}

TEST_CASE("the container's endpoint, with its token, renewed before the end") {
  std::atomic<int> asked = 0;
  const Server server([&](const Asked& one) {
    if (one.headers.count("authorization") == 0 || one.headers.at("authorization") != "secret") {
      return answer(403);
    }
    const int count = ++asked;
    return answer(200, json("C" + std::to_string(count), count == 1 ? 10 : 3600));
  });
  Chain chain;
  chain.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/x");
  chain.env.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret");
  CHECK(chain.key() == "C1/t");
  CHECK(chain.key() == "C2/t");  // ten seconds were too few
  CHECK(chain.key() == "C2/t");
  CHECK(chain.credentials().renew(*chain.credentials().get(soon())));
  CHECK(chain.key() == "C3/t");
  Chain far;
  far.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/x");
  CHECK(far.key().find("plain http") != std::string::npos);
  Chain looks_near;
  looks_near.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.example.com/x");
  CHECK(looks_near.key().find("plain http") != std::string::npos);
}

TEST_CASE("the metadata service, version 2") {
  const Server server([&](const Asked& one) {
    if (one.method == "PUT") return answer(200, "session");
    if (one.headers.at("x-aws-ec2-metadata-token") != "session") return answer(401);
    if (one.target.ends_with("/security-credentials/")) return answer(200, "role\n");
    return one.target.ends_with("/role") ? answer(200, json("I", 3600)) : answer(404);
  });
  Chain chain;
  chain.env.set("AWS_EC2_METADATA_DISABLED", "");
  chain.env.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url());
  CHECK(chain.key() == "I/t");
}

TEST_CASE("a web identity is traded at STS") {
  const Server server([&](const Asked& one) {
    if (one.body.find("WebIdentityToken=to%2Fken") == std::string::npos) return answer(400);
    return answer(
        200,
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
        "<AccessKeyId>W</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
        "</SessionToken><Expiration>" +
            iso_in(3600) +
            "</Expiration></Credentials></AssumeRoleWithWebIdentityResult>"
            "</AssumeRoleWithWebIdentityResponse>");
  });
  Chain chain;
  const sys::Path token = chain.home.path() / "token";
  REQUIRE(sys::write_file_atomic(token, bytes_of("to/ken\n")).has_value());
  chain.env.set("AWS_WEB_IDENTITY_TOKEN_FILE", token.string());
  chain.env.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/ci");
  chain.env.set("AWS_ENDPOINT_URL_STS", server.url());
  CHECK(chain.key() == "W/t");
  CHECK(server.asked().front().body.find("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fci") !=
        std::string::npos);
}

TEST_CASE("a service that is out of order for a moment is asked again soon") {
  std::atomic<int> asked = 0;
  const Server server(
      [&](const Asked&) { return ++asked == 1 ? answer(503) : answer(200, json("C", 3600)); });
  Chain chain;
  chain.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/x");
  CHECK(chain.key() == "(AWS container credentials: it answered 503)");
  CHECK(chain.key() == "(AWS container credentials: it answered 503)");
  CHECK(asked == 1);
  std::this_thread::sleep_for(k_credentials_retry_soon + std::chrono::milliseconds(50));
  CHECK(chain.key() == "C/t");
}

TEST_CASE("nobody waits for another one's question beyond the own deadline") {
  std::atomic<bool> held = true;
  const Server server([&](const Asked&) {
    const Deadline deadline = soon();
    while (held && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return answer(200, json("C", 3600));
  });
  Chain chain;
  chain.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/x");
  AwsCredentials& credentials = chain.credentials();
  std::thread first([&] { CHECK(credentials.get(soon()).has_value()); });
  const Deadline deadline = soon();
  while (server.connections() == 0 && !deadline.passed()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto late = credentials.get(Deadline::after(std::chrono::milliseconds(50)));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Code::timeout);
  held = false;
  first.join();
}

TEST_CASE("what the environment says of credentials and cannot be understood is refused") {
  const auto refused = [](std::string_view name, std::string_view value) {
    sys::Environment env;
    env.set(name, value);
    const auto checked = AwsCredentials::check(env);
    return checked ? std::string() : checked.error().message;
  };
  CHECK(refused("AWS_ACCESS_KEY_ID", "A").find("AWS_SECRET_ACCESS_KEY is not") !=
        std::string::npos);
  CHECK(refused("AWS_SECRET_ACCESS_KEY", "S").find("AWS_ACCESS_KEY_ID is not") !=
        std::string::npos);
  for (const char* name : {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
                           "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL_STS"}) {
    CHECK(refused(name, "htp:/x").starts_with(name));
    CHECK(refused(name, "http://127.0.0.1:1").empty());
  }
}

TEST_CASE("a failure says where and what, and is not asked for again at once") {
  std::atomic<int> asked = 0;
  const Server server([&](const Asked&) {
    ++asked;
    return answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>");
  });
  Chain chain;
  chain.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url() + "/x");
  CHECK(chain.key() == "(AWS container credentials: it answered 403: AccessDenied)");
  CHECK(chain.key() == "(AWS container credentials: it answered 403: AccessDenied)");
  CHECK(asked == 1);
}

}  // namespace
}  // namespace sluice::store
