#include "cli/begun_job.hpp"

#include "codec/json.hpp"
#include "sys/file.hpp"

#include <algorithm>

namespace sluice::cli {
namespace {

using agent::AgentConfig;
using codec::Json;
using codec::JsonObject;

constexpr int k_version = 1;
constexpr std::uint64_t k_file_bytes_max = 128U << 10U;
constexpr std::string_view k_ending = ".begun";

std::optional<BegunJob> read_begun_job(const sys::Path& file) {
  const auto bytes = sys::read_file(file, k_file_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  auto job = decode_begun_job(text_of(**bytes));
  if (!job) return std::nullopt;
  return std::move(*job);
}

}  // namespace

std::string encode(const BegunJob& job) {
  JsonObject object{{"version", k_version},
                    {"began_ns", job.began_ns},
                    {"restore", job.restore},
                    {"restored", job.restored},
                    {"session", job.config.encode()}};
  if (job.modules) {
    object.emplace_back("modules", JsonObject{{"working_directory", job.modules->working_directory},
                                              {"goflags", job.modules->goflags},
                                              {"gowork", job.modules->gowork}});
  }
  return Json(std::move(object)).dump();
}

Result<BegunJob> decode_begun_job(std::string_view text) {
  TRY_ASSIGN(const Json json, codec::parse_json(text));
  if (json.int_or("version", 0) != k_version) {
    return fail(Code::unsupported, "the job was begun by another version of sluice");
  }
  BegunJob job;
  TRY_ASSIGN(job.config, AgentConfig::decode(json.text_or("session", "")));
  job.began_ns = json.int_or("began_ns", 0);
  job.restore = json.bool_or("restore", false);
  job.restored = static_cast<std::uint64_t>(std::max<std::int64_t>(0, json.int_or("restored", 0)));
  if (const Json* modules = json.find("modules"); modules != nullptr) {
    job.modules.emplace();
    job.modules->working_directory = modules->text_or("working_directory", "");
    job.modules->goflags = modules->text_or("goflags", "");
    job.modules->gowork = modules->text_or("gowork", "");
  }
  return job;
}

Result<std::string> leave_begun_job(const BegunJob& job) {
  TRY(sys::make_private_directory(job.config.runtime_directory));
  const sys::Path session = job.config.job_session_path();
  TRY(sys::write_file_atomic(session, bytes_of(job.config.encode()), 0600));
  TRY(sys::write_file_atomic(job.config.begun_path(), bytes_of(encode(job)), 0600));
  return "@" + session.native();
}

std::optional<BegunJob> begun_job(const AgentConfig& config) {
  return read_begun_job(config.begun_path());
}

std::vector<BegunJob> begun_jobs(const sys::Path& runtime_directory, const agent::Job& of) {
  std::vector<BegunJob> jobs;
  // A directory that cannot be listed has none.
  (void)sys::list_directory(runtime_directory, [&](std::string_view name) -> Result<void> {
    if (!name.ends_with(k_ending)) return {};
    auto job = read_begun_job(runtime_directory / name);
    if (job && agent::is_of_job(of, job->config.job_id)) jobs.push_back(std::move(*job));
    return {};
  });
  std::ranges::sort(jobs, {}, &BegunJob::began_ns);
  if (jobs.empty()) return jobs;
  const std::string last = jobs.back().config.job_id;
  std::erase_if(jobs, [&last](const BegunJob& job) { return job.config.job_id != last; });
  return jobs;
}

void forget_begun_job(const BegunJob& job) {
  // The sweep of a later agent removes what stays.
  (void)sys::remove_file(job.config.job_session_path());
  (void)sys::remove_file(job.config.begun_path());
  // What its agents and sessions told those that came after them.
  (void)sys::remove_file(job.config.given_up_path());
  (void)sys::remove_file(job.config.tests_distrusted_path());
}

}  // namespace sluice::cli
