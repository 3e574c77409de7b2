#include "cli/fsck.hpp"

#include "base/strings.hpp"
#include "base/units.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/store_care.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr std::size_t k_shown_max = 100;  // findings, for people

}  // namespace

std::string fsck_text(std::string_view domain, const store::FsckReport& report) {
  std::string text = fmt::format("{}: {} objects, {}, {} heads: ", domain, report.objects,
                                 format_size(report.bytes), report.heads);
  if (report.wrong() == 0) {
    text += "all right";
  } else {
    text += fmt::format("{} wrong", report.wrong());
  }
  if (report.etags > 0) text += fmt::format("; {} ETags compared", report.etags);
  if (report.newer > 0) text += fmt::format("; {} of a later version not judged", report.newer);
  text += "\n";
  std::size_t shown = 0;
  for (const store::FsckFinding& finding : report.findings) {
    if (shown++ == k_shown_max) {
      text += fmt::format("  and {} more (--json has them)\n", report.wrong() - k_shown_max);
      break;
    }
    text += fmt::format("  {}: {}: {}", store::name_of(finding.problem), finding.key,
                        printable(finding.what, 400));
    if (!finding.done.empty()) text += "; " + finding.done;
    text += "\n";
  }
  return text;
}

Json fsck_json(std::string_view domain, const store::FsckReport& report) {
  JsonArray findings;
  for (const store::FsckFinding& finding : report.findings) {
    findings.emplace_back(JsonObject{{"problem", std::string(store::name_of(finding.problem))},
                                     {"key", finding.key},
                                     {"what", finding.what},
                                     {"done", finding.done}});
  }
  return JsonObject{{"domain", std::string(domain)}, {"objects", report.objects},
                    {"bytes", report.bytes},         {"heads", report.heads},
                    {"newer", report.newer},         {"etags_compared", report.etags},
                    {"wrong", report.wrong()},       {"findings", std::move(findings)}};
}

int run_fsck(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  const bool as_json = invocation.has("json");
  const bool repair = invocation.has("repair");
  const auto care = care_for_store(invocation, env, "fsck", repair);
  if (!care) return report(care.error());
  JsonArray domains;
  int code = 0;
  if (!as_json) print(care->name + "\n");
  for (const std::string& domain : care->domains) {
    Result<store::FsckReport> checked;
    {
      ProgressLine line(!as_json);
      const auto progress = [&](std::uint64_t done, std::uint64_t total) {
        line.show([&] {
          return fmt::format("{}: {} of {}", domain, format_size(done), format_size(total));
        });
      };
      checked = store::check_domain_objects(*care->objects, domain,
                                            {.repair = repair, .progress = progress});
    }
    if (!checked) {
      code = report(checked.error());
      if (as_json) {
        domains.emplace_back(JsonObject{{"domain", domain}, {"error", checked.error().message}});
      }
      continue;
    }
    if (checked->wrong() > 0) code = k_exit_failure;
    if (as_json) {
      domains.push_back(fsck_json(domain, *checked));
    } else {
      print(fsck_text(domain, *checked));
    }
  }
  if (as_json) {
    print(
        Json(JsonObject{{"store", care->name}, {"repair", repair}, {"domains", std::move(domains)}})
            .dump() +
        "\n");
  }
  return code;
}

}  // namespace sluice::cli
