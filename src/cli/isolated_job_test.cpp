#include "cli/isolated_job.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {
namespace {

struct Place {
  sys::TempDirectory directory = *sys::TempDirectory::create("isolated");
  agent::AgentConfig config() const {
    agent::AgentConfig config;
    config.cache_directory = directory.path() / "cache";
    config.runtime_directory = directory.path() / "run";
    config.local_tier = directory.path() / "go-build";
    config.domain = "trusted";
    return config;
  }
};

}  // namespace

TEST_CASE("isolated job: what is inside of it finds it, and has all for itself") {
  const Place at;
  const auto job = IsolatedJob::create(at.config());
  REQUIRE(job);
  sys::Environment env;
  env.set("PATH", "/usr/bin");
  env.set("GOTMPDIR", "/dev/shm");
  CHECK_FALSE(IsolatedJob::around(env));
  job->apply(env);
  CHECK(env.get("TMPDIR") == (job->directory() / "tmp").native());
  CHECK(env.get("PATH") == (job->directory() / "bin").native() + ":/usr/bin");
  CHECK_FALSE(env.get("GOTMPDIR"));
  const auto inside = IsolatedJob::around(env);
  REQUIRE(inside);
  CHECK(inside->shared_tier() == at.config().local_tier);
  agent::AgentConfig config = at.config();
  inside->apply(config);
  CHECK(config.local_tier == job->directory() / "go-build");
  CHECK(config.shared_tier == at.config().local_tier);
  CHECK(config.key() != at.config().key());
  CHECK(config.runtime_directory == at.config().runtime_directory / ("job-" + job->id()));
  // Another trust domain has nothing of this one.
  agent::AgentConfig other = at.config();
  other.domain = "fork";
  inside->apply(other);
  CHECK(other.shared_tier.empty());
  CHECK(other.local_tier == job->directory() / "domains" / "fork" / "go-build");
}

TEST_CASE("isolated job: what one left that has ended is swept, what runs is not") {
  const Place at;
  const auto running = IsolatedJob::create(at.config());
  REQUIRE(running);
  sys::Path ended;
  {
    const auto job = IsolatedJob::create(at.config());
    REQUIRE(job);
    ended = job->directory();
  }
  IsolatedJob::sweep(at.config().cache_directory);
  CHECK(*sys::stat_file(running->directory()));
  CHECK_FALSE(*sys::stat_file(ended));
  running->remove(at.config());
  CHECK_FALSE(*sys::stat_file(running->directory()));
  IsolatedJob::sweep(at.directory.path() / "nowhere");
}

TEST_CASE("isolated job: a variable that names no job is none") {
  const Place at;
  sys::Environment env;
  for (const char* value : {"", "relative", "/nonexistent"}) {
    env.set(k_isolated_variable, value);
    CHECK_FALSE(IsolatedJob::around(env));
  }
  const sys::Path directory = at.directory.path() / "other";
  REQUIRE(sys::make_directories(directory));
  REQUIRE(sys::write_file_atomic(directory / "shared", bytes_of("something\nelse\n")));
  env.set(k_isolated_variable, directory.native());
  CHECK_FALSE(IsolatedJob::around(env));
}

}  // namespace sluice::cli
