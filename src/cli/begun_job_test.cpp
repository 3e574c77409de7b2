#include "cli/begun_job.hpp"

#include "sys/file.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

agent::AgentConfig config_in(const sys::Path& runtime) {
  agent::AgentConfig config;
  config.runtime_directory = runtime;
  config.cache_directory = "/cache";
  config.local_tier = "/tier";
  config.domain = "trusted";
  config.job_id = "github/1/1/build/r";
  return config;
}

agent::Job job_named(std::string id) {
  agent::Job job;
  job.system = agent::CiSystem::github;
  job.id = std::move(id);
  return job;
}

TEST_CASE("what begin leaves, end and the go commands find") {
  const auto directory = *sys::TempDirectory::create("sluice-begun-");
  BegunJob job;
  job.config = config_in(directory.path() / "run");
  job.began_ns = 12;
  job.restore = true;
  job.restored = 34;
  job.modules = agent::ModulesAsked{"/src", "-mod=mod", "off"};
  CHECK_FALSE(begun_job(job.config));
  const auto session = leave_begun_job(job);
  REQUIRE(session);
  sys::Environment env;
  env.set("SLUICE_SESSION", *session);
  const auto config = agent::AgentConfig::of_environment(env);
  REQUIRE(config);
  CHECK(config->encode() == job.config.encode());

  const auto again = begun_job(job.config);
  REQUIRE(again);
  CHECK(encode(*again) == encode(job));
  BegunJob other = job;
  other.config.module_root = "/src/tools";
  other.began_ns = 5;
  REQUIRE(leave_begun_job(other));
  const agent::Job of = job_named(job.config.job_id);
  const auto jobs = begun_jobs(job.config.runtime_directory, of);
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].began_ns == 5);
  CHECK(begun_jobs(job.config.runtime_directory, job_named("another")).empty());

  forget_begun_job(job);
  CHECK_FALSE(begun_job(job.config));
  CHECK_FALSE(agent::AgentConfig::of_environment(env));
  CHECK(begun_jobs(job.config.runtime_directory, of).size() == 1);
}

TEST_CASE("of jobs that only their beginning names the last one is ended") {
  const auto directory = *sys::TempDirectory::create("sluice-begun-");
  agent::Job day = job_named("ci/2026-11-28/box//src");
  day.system = agent::CiSystem::other;
  for (const UnixNanos began_ns : {30, 10, 20}) {
    agent::Job of = day;
    agent::begin_anew(of, began_ns);
    BegunJob job;
    job.config = config_in(directory.path());
    job.config.job_id = of.id;
    job.began_ns = began_ns;
    REQUIRE(leave_begun_job(job));
  }
  const auto jobs = begun_jobs(directory.path(), day);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs.front().began_ns == 30);
}

TEST_CASE("what is damaged, or of another version, was not begun") {
  CHECK_FALSE(decode_begun_job(""));
  CHECK_FALSE(decode_begun_job("{\"version\":2}"));
  CHECK_FALSE(decode_begun_job("{\"version\":1,\"session\":\"{}\"}"));
  CHECK(begun_jobs("/nonexistent", job_named("x")).empty());
}

}  // namespace
}  // namespace sluice::cli
