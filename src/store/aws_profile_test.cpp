#include "store/aws_profile.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

struct Home {
  Home() : directory(std::move(*sys::TempDirectory::create("sluice-aws-"))) {
    env.set("HOME", directory.path().string());
  }
  void write(const char* name, std::string_view text) {
    REQUIRE(sys::make_directories(directory.path() / ".aws").has_value());
    REQUIRE(sys::write_file_atomic(directory.path() / ".aws" / name, bytes_of(text)).has_value());
  }
  S3Config config(std::string_view url = "s3://bucket/p") const {
    const auto profile = AwsProfile::of(env);
    REQUIRE(profile.has_value());
    const auto made = s3_config(*parse_store_url(url), *profile, env);
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    return *made;
  }
  std::string problem() const {
    const auto profile = AwsProfile::of(env);
    if (!profile) return profile.error().message;
    const auto made = s3_config(*parse_store_url("s3://bucket/p"), *profile, env);
    return made ? "" : made.error().message;
  }
  sys::TempDirectory directory;
  sys::Environment env;
};

TEST_CASE("AWS itself: the region's host, the bucket before it") {
  Home home;
  home.env.set("AWS_REGION", "eu-west-1");
  CHECK(home.config().endpoint.origin() == "https://bucket.s3.eu-west-1.amazonaws.com");
  CHECK(home.config().prefix == "p/");
  CHECK_FALSE(home.config().path_style);
  CHECK(home.config("s3://a.b").endpoint.origin() == "https://s3.eu-west-1.amazonaws.com");
  CHECK(home.config("s3://a.b").path_style);
  home.env.set("AWS_S3_FORCE_PATH_STYLE", "true");
  CHECK(home.config().path_style);
}

TEST_CASE("an endpoint of one's own is asked in path style unless told otherwise") {
  Home home;
  home.env.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/base/");
  CHECK(home.config().endpoint.origin() == "http://127.0.0.1:9000");
  CHECK(home.config().endpoint.path == "/base");
  CHECK(home.config().path_style);
  CHECK(home.config().region == k_aws_region_default);
  home.env.set("AWS_ENDPOINT_URL_S3", "https://minio.example");
  home.env.set("AWS_S3_FORCE_PATH_STYLE", "false");
  CHECK(home.config().endpoint.origin() == "https://bucket.minio.example");
}

TEST_CASE("files: the profile's section, the credentials before the config") {
  Home home;
  home.write("config",
             "[default]\nregion = us-west-2\n[profile ci]\nregion = eu-central-1\n"
             "endpoint_url = http://h:1\ns3 =\n  addressing_style = virtual\n");
  home.write("credentials", "[ci]\naws_access_key_id = A\naws_secret_access_key = S\n");
  CHECK(home.config().region == "us-west-2");
  home.env.set("AWS_PROFILE", "ci");
  CHECK(home.config().region == "eu-central-1");
  CHECK(home.config().endpoint.origin() == "http://bucket.h:1");
  CHECK(AwsProfile::of(home.env)->get("aws_access_key_id") == "A");
  CHECK(AwsProfile::of(home.env)->get("nothing").empty());
}

TEST_CASE("what is wrong is refused by name, without its value") {
  Home home;
  home.env.set("AWS_ENDPOINT_URL", "http://u:secret@h/");
  CHECK(home.problem().find("AWS_ENDPOINT_URL") == 0);
  CHECK(home.problem().find("secret") == std::string::npos);
  home.env.set("AWS_ENDPOINT_URL", "h:9000");
  CHECK(home.problem().find("AWS_ENDPOINT_URL") == 0);
  home.env.unset("AWS_ENDPOINT_URL");
  home.env.set("AWS_REGION", "eu west");
  CHECK(home.problem().find("AWS_REGION") == 0);
  home.env.unset("AWS_REGION");
  home.env.set("AWS_S3_FORCE_PATH_STYLE", "maybe");
  CHECK(home.problem().find("AWS_S3_FORCE_PATH_STYLE") == 0);
  home.env.unset("AWS_S3_FORCE_PATH_STYLE");
  home.env.set("AWS_PROFILE", "none");
  CHECK(home.problem().find("AWS_PROFILE") == 0);
  home.env.unset("AWS_PROFILE");
  home.write("config", "[default]\nsecretline\n");
  CHECK(home.problem().find("config:2:") != std::string::npos);
}

}  // namespace
}  // namespace sluice::store
