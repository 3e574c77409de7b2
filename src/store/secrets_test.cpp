#include "store/secrets.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

TEST_CASE("other credentials are another identity, and none shows a secret") {
  const StoreUrl s3 = *parse_store_url("s3://bucket");
  sys::Environment env;
  env.set("AWS_ACCESS_KEY_ID", "A");
  env.set("AWS_SECRET_ACCESS_KEY", "geheim");
  const std::string one = credential_identity(s3, env);
  CHECK(one.size() == 16);
  CHECK(one == credential_identity(s3, env));
  CHECK(one.find("geheim") == std::string::npos);
  env.set("AWS_SECRET_ACCESS_KEY", "anders");
  CHECK(credential_identity(s3, env) != one);
  env.set("SOMETHING", "else");
  const std::string two = credential_identity(s3, env);
  env.set("SOMETHING", "other");
  CHECK(credential_identity(s3, env) == two);
  CHECK(credential_identity(*parse_store_url("file:///srv"), env).empty());
}

TEST_CASE("what the agent starts gets no keys") {
  sys::Environment env;
  env.set("AWS_ACCESS_KEY_ID", "A");
  env.set("AWS_SECRET_ACCESS_KEY", "S");
  env.set("AWS_SESSION_TOKEN", "T");
  env.set("SLUICE_TOKEN", "T");
  env.set("PATH", "/bin");
  const sys::Environment bare = without_secrets(env);
  CHECK(bare.as_list() == std::vector<std::string>{"PATH=/bin"});
}

}  // namespace
}  // namespace sluice::store
