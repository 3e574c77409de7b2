#include "cli/why_scope.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "cli/journal_view.hpp"
#include "cli/output.hpp"
#include "cli/why_words.hpp"
#include "insight/lookup_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace sluice::cli {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;
using insight::JobScopes;
using insight::ScopedHit;
using insight::ScopeHits;

std::string_view answer_text(journal::Answer answer) {
  switch (answer) {
    case journal::Answer::remote: return "from the store";
    case journal::Answer::reused: return "by content";
    default: return "local";
  }
}

std::string scope_heading(const ScopeHits& scope) {
  const bool is_known = scope.scope != insight::k_scope_not_known;
  return fmt::format("\n{}: {} {}\n", is_known ? scope.scope : "this machine alone",
                     scope.hits.size(), scope.hits.size() == 1 ? "hit" : "hits");
}

// "12 package-index, 3 other": what belongs to no one package.
std::string others_text(const ScopeHits& scope) {
  std::map<std::string, std::size_t> kinds;
  for (const ScopedHit& hit : scope.hits) {
    if (hit.package.empty()) ++kinds[hit.kind];
  }
  std::vector<std::string> words;
  for (const auto& [kind, count] : kinds) words.push_back(fmt::format("{} {}", count, kind));
  return join(words, ", ");
}

Result<void> narrow(JobScopes& scopes, const std::vector<std::string>& words,
                    const std::vector<std::string>& patterns) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::vector<std::string> one = {patterns[i]};
    const bool is_there = std::ranges::any_of(scopes.scopes, [&one](const ScopeHits& scope) {
      return std::ranges::any_of(
          scope.hits, [&one](const ScopedHit& hit) { return matches(hit.package, one); });
    });
    if (!is_there) {
      return fail(Code::invalid,
                  fmt::format("why: no package {} was a hit in {}; `sluice why` has those that "
                              "were compiled",
                              printable(words[i]), name_of(scopes.job)));
    }
  }
  for (ScopeHits& scope : scopes.scopes) {
    std::erase_if(scope.hits, [&patterns](const ScopedHit& hit) {
      return !patterns.empty() && !matches(hit.package, patterns);
    });
  }
  std::erase_if(scopes.scopes, [](const ScopeHits& scope) { return scope.hits.empty(); });
  return {};
}

Result<JobScopes> scopes_of(const Invocation& invocation, const Setup& setup) {
  TRY_ASSIGN(auto database, open_journal(setup));
  TRY_ASSIGN(const auto job, chosen_job(database, setup, invocation.option_or("job", "")));
  return insight::hits_by_scope(database, job);
}

}  // namespace

std::string option_beside_scope(const Invocation& invocation) {
  if (!invocation.has("scope")) return {};
  if (invocation.has("trace")) return "--trace";
  return invocation.has("against") ? "--against" : "";
}

std::string scopes_text(const JobScopes& scopes) {
  std::string text = header_text(scopes.job, scopes.commands);
  std::size_t hits = 0;
  for (const ScopeHits& scope : scopes.scopes) hits += scope.hits.size();
  text += fmt::format("{} keys were hits, {} lookups missed\n", hits, scopes.missed);
  for (const ScopeHits& scope : scopes.scopes) {
    text += scope_heading(scope);
    for (const ScopedHit& hit : scope.hits) {
      if (hit.package.empty()) continue;
      text += fmt::format("    {}{}: {}\n", printable(hit.package), hit.is_test ? ", its test" : "",
                          answer_text(hit.answer));
    }
    const std::string others = others_text(scope);
    if (!others.empty()) text += fmt::format("    of no one package: {}\n", others);
  }
  return text;
}

Json scopes_json(const JobScopes& scopes) {
  JsonArray list;
  for (const ScopeHits& scope : scopes.scopes) {
    JsonArray hits;
    for (const ScopedHit& hit : scope.hits) {
      hits.emplace_back(JsonObject{{"action", to_hex(hit.action.view())},
                                   {"kind", hit.kind},
                                   {"package", hit.package},
                                   {"test", hit.is_test},
                                   {"answer", answer_name(hit.answer)}});
    }
    list.emplace_back(JsonObject{{"scope", scope.scope}, {"hits", std::move(hits)}});
  }
  return JsonObject{{"job", scopes.job.id},
                    {"uid", scopes.job.uid},
                    {"scopes", std::move(list)},
                    {"missed", scopes.missed}};
}

int run_why_scope(const Invocation& invocation, const Setup& setup, const sys::Environment& env) {
  auto scopes = scopes_of(invocation, setup);
  if (!scopes) return report(std::move(scopes).error().in("why"));
  const auto patterns = import_patterns(invocation.operands, env, setup.working_directory);
  if (const auto narrowed = narrow(*scopes, invocation.operands, patterns); !narrowed) {
    return report(narrowed.error());
  }
  print(invocation.has("json") ? scopes_json(*scopes).dump() + "\n" : scopes_text(*scopes));
  return 0;
}

}  // namespace sluice::cli
