#include "store/secrets.hpp"

#include <doctest/doctest.h>

#include <algorithm>

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
  env.set("SLUICE_SIGNING_KEY", "K");
  env.set("PATH", "/bin");
  const sys::Environment bare = without_secrets(env);
  CHECK(bare.as_list() == std::vector<std::string>{"PATH=/bin"});
  // And gets them all the same, by another way.
  sys::Environment again = bare;
  add_secrets(again, pack_secrets(env));
  CHECK(again.as_list() == env.as_list());
  CHECK(pack_secrets(bare).empty());
  add_secrets(again, bytes_of("PATH=/evil"));  // no secret
  CHECK(again.get("PATH") == "/bin");
}

TEST_CASE("commands get what is not of the store in use") {
  using Names = std::vector<std::string_view>;
  const auto has = [](const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const Names s3 = secret_names_of(*parse_store_url("s3://b"), false);
  CHECK(has(s3, "AWS_SECRET_ACCESS_KEY"));
  CHECK_FALSE(has(s3, "SLUICE_TOKEN"));
  CHECK(has(secret_names_of(*parse_store_url("https://h/p"), false), "SLUICE_TOKEN"));
  CHECK_FALSE(has(secret_names_of(*parse_store_url("file:///d"), false), "AWS_SECRET_ACCESS_KEY"));
  const Names kept = secret_names_of(*parse_store_url("s3://b"), true);
  CHECK_FALSE(has(kept, "AWS_SECRET_ACCESS_KEY"));
  CHECK(has(kept, "SLUICE_SIGNING_KEY"));
  CHECK(has(kept, "SLUICE_SIGNING_KEY_FILE"));
}

TEST_CASE("the proof of a key is made of it and shows nothing of it") {
  const SigningKey one = *SigningKey::from_seed(Bytes(32, std::byte{1}));
  const SigningKey two = *SigningKey::from_seed(Bytes(32, std::byte{2}));
  CHECK(signer_proof(one).size() == 16);
  CHECK(signer_proof(one) != signer_proof(two));
}

}  // namespace
}  // namespace sluice::store
