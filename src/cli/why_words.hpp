// The words that all forms of `sluice why` have in common: jobs, causes, packages.
//
// Pure functions but directory_path, which reads go.mod and go.work: any thread.
#pragma once

#include "codec/json.hpp"
#include "insight/why.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

std::string name_of(const journal::JobRow& job);  // "job 12"
// "job 11, 2026-11-26 17:32"; empty where there is none
std::string against_text(const std::optional<insight::Against>& against);
std::string causes_text(const std::vector<insight::Cause>& causes);
std::string_view proof_text(bool is_proven);  // " (not proven)"
// "a, b and 3 more", from this one on
std::string some_of(const std::vector<std::string>& names, std::size_t from);
std::string way_text(const std::vector<std::string>& through);  // "b <- a"
// Lines for what holds as well.
std::string also_text(const std::vector<insight::Upstream>& also, std::size_t more);
// "job 12: go test ./... (go1.26.8, 2026-11-26 17:40, 4.21 s)"
std::string header_text(const journal::JobRow& job,
                        const std::vector<journal::CommandRow>& commands);

std::string_view answer_name(journal::Answer answer);  // in JSON: "local"
codec::Json json_of(const std::vector<insight::Cause>& causes);
codec::Json json_of(const std::vector<insight::Upstream>& also);
codec::Json json_of(const std::vector<std::string>& names);
codec::Json json_of(const std::optional<insight::Against>& against);

// Where "./" is, as an import path; empty outside of every main module.
std::string directory_path(const sys::Environment& env, const sys::Path& directory);
// "./x/...", "example.org/m/..." as import paths, "./" being `directory_path`. A pattern that
// leaves the module stays as it is and matches nothing.
std::string import_pattern(std::string_view word, std::string_view directory_path);
// The same of all words of a command.
std::vector<std::string> import_patterns(const std::vector<std::string>& words,
                                         const sys::Environment& env, const sys::Path& directory);
// Whether a package as go names it ("p [p.test]") is meant by one of these.
bool matches(std::string_view package, const std::vector<std::string>& patterns);

}  // namespace sluice::cli
