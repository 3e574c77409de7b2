// Which job this is: read from the CI system's variables, else from the checkout itself.
//
// CI variables are claims: they choose scopes and names, never rights. The one thing they may do to
// trust is lower it: a job of a fork's pull request gets the `fork` domain. Pure functions of an
// Environment (and, for scopes, of git's answers): any thread.
//
// Variables as documented by GitHub Actions, GitLab CI, Jenkins (with the branch-source plug-in)
// and Buildkite; docs/guide/scopes.md has the table.
#pragma once

#include "base/deadline.hpp"
#include "store/scope.hpp"
#include "sys/environment.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

enum class CiSystem { none, github, gitlab, jenkins, buildkite, other };
std::string_view name_of(CiSystem system);

struct Job {
  CiSystem system = CiSystem::none;
  std::string id;          // the same for every step of one job, another for every job
  std::string run;         // shared by all jobs of one workflow run, pipeline or build
  std::string name;        // what the job is called from run to run
  std::string repository;  // "github.com/owner/name"; empty when the variables do not say
  std::string commit;
  std::vector<std::string> parents;
  std::string branch;       // of the change itself
  std::string base_branch;  // a pull request's target
  std::string default_branch;
  std::string pull_request;  // its number; empty when this is none
  bool is_fork = false;      // the change comes from a repository that the team does not own
};

// From the environment alone: no process, no network; reads GitHub's event file where there is one.
Job job_of(const sys::Environment& env, const sys::Path& checkout);

// Of a CI system that we do not know, the id names a checkout and a day. One that begins now has an
// id of its own, which begins as that one does; another system's is left as it is.
void begin_anew(Job& job, UnixNanos now_ns);
bool names_only_a_day(const Job& job);
// Whether `id` is that of the job, or of one of its day that was begun.
bool is_of_job(const Job& job, std::string_view id);

// The checkout a command runs in: the nearest directory upwards with go.work, .git or go.mod, in
// that order of preference; else `working_directory`.
sys::Path checkout_root(const sys::Path& working_directory);
// The nearest directory upwards with a go.mod; empty when there is none.
sys::Path module_root(const sys::Path& working_directory);

// Fills what the variables did not say from git (at most a few short processes). Leaves fields
// empty where git does not know either.
void complete_from_git(Job& job, const sys::Path& checkout, const sys::Environment& env,
                       Deadline deadline);

struct Scopes {
  std::vector<store::Scope> read;  // best first
  std::vector<store::Scope> write;
};
// `go_version` and the bytes of go.mod and go.sum make the two key tiers; absent files leave
// theirs out.
Scopes scopes_of(const Job& job, std::string_view go_version, const std::optional<Bytes>& go_mod,
                 const std::optional<Bytes>& go_sum);

// "git@host:o/r.git", "https://user:secret@host/o/r" -> "host/o/r": no credentials, no suffix.
std::string normalized_repository(std::string_view url);

}  // namespace sluice::agent
