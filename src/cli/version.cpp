#include "cli/version.hpp"

#include "agent/messages.hpp"
#include "cli/output.hpp"
#include "codec/json.hpp"

#include <fmt/format.h>

#ifndef SLUICE_VERSION
#error "SLUICE_VERSION is defined by cmake/Version.cmake"
#endif

namespace sluice::cli {

namespace {

constexpr int k_store_format = 1;  // docs/formats/remote.md: the "v1" in every key
constexpr std::string_view k_version = SLUICE_VERSION;
constexpr std::string_view k_go_min = "1.24";
constexpr std::string_view k_go_max_tested = "1.27";

// "0.1.0+gabc1234" -> "abc1234"; empty where the version is a tag's or a tarball's.
std::string_view commit_text() {
  const auto at = k_version.find("+g");
  if (at == std::string_view::npos) return {};
  return k_version.substr(at + 2);
}

}  // namespace

std::string_view version_text() { return k_version; }

std::string producer_text() { return fmt::format("sluice {}", k_version); }

std::string version_report() {
  return fmt::format(
      "sluice {}\nGo: {} to {}; older ones with --mode restore\nFormats: store {}, agent socket "
      "{}\n",
      k_version, k_go_min, k_go_max_tested, k_store_format, agent::k_protocol_version);
}

std::string version_json() {
  return codec::Json(
             codec::JsonObject{
                 {"version", k_version},
                 {"commit", commit_text()},
                 {"go",
                  codec::JsonObject{{"cacheprog_from", k_go_min}, {"tested_to", k_go_max_tested}}},
                 {"formats", codec::JsonObject{{"store", k_store_format},
                                               {"agent_socket", agent::k_protocol_version}}},
             })
             .dump() +
         "\n";
}

int run_version(const Invocation& invocation) {
  print(invocation.has("json") ? version_json() : version_report());
  return 0;
}

}  // namespace sluice::cli
