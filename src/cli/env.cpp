#include "cli/env.hpp"

#include "base/shell_quote.hpp"
#include "base/strings.hpp"
#include "cli/launch.hpp"
#include "cli/output.hpp"
#include "cli/setup.hpp"
#include "codec/json.hpp"
#include "gotool/toolchain.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

namespace sluice::cli {

namespace {

std::string with_escapes(std::string_view text, std::string_view escaped) {
  std::string out;
  for (const char c : text) {
    if (escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string line_of(std::string_view name, std::string_view value, std::string_view shell) {
  if (shell == "fish") return fmt::format("set -gx {} '{}'\n", name, with_escapes(value, "\\'"));
  if (shell == "github") return fmt::format("{}={}\n", name, value);
  if (shell == "dotenv") return fmt::format("{}=\"{}\"\n", name, with_escapes(value, "\\\"$`"));
  return fmt::format("export {}={}\n", name, shell_quoted(value));
}

// `go env WORDS`, with go's own words on this terminal.
int run_go_env(const Setup& setup, const sys::Environment& env, std::vector<std::string> words) {
  sys::SpawnOptions options;
  options.program = setup.go.path;
  options.arguments = {"go", "env"};
  options.arguments.insert(options.arguments.end(), words.begin(), words.end());
  options.environment = env;
  auto child = sys::spawn(options);
  if (!child) return report(child.error());
  const auto status = child->wait();
  if (!status) return report(status.error());
  return status->success() ? 0 : k_exit_failure;
}

int print_change(const Invocation& invocation, std::string_view value, bool changed,
                 std::string_view line) {
  if (invocation.has("json")) {
    print(codec::Json(codec::JsonObject{{"GOCACHEPROG", value}, {"changed", changed}}).dump() +
          "\n");
  } else {
    say(line);
  }
  return 0;
}

bool store_is_in_gocache(const Setup& setup) {
  return setup.settings.source_of(SettingId::store).kind == Source::Kind::gocache;
}

int write_setting(const Invocation& invocation, const Setup& setup, const sys::Environment& env) {
  Flags flags = invocation.flags;
  // The next GOCACHE is a directory: a store that is said there only would be forgotten.
  if (store_is_in_gocache(setup)) flags.set(SettingId::store, setup.settings.store_url);
  const std::string wanted = cacheprog_words(flags, setup.executable);
  const std::string written = gotool::go_env_written(env, "GOCACHEPROG").value_or("");
  if (!written.empty() && !is_own_cacheprog(written, setup.executable)) {
    return report(
        Error{Code::conflict, fmt::format("env: 'go env -w' has GOCACHEPROG={} already; it "
                                          "was left alone",
                                          printable(written))});
  }
  if (written == wanted) {
    return print_change(invocation, wanted, false, "GOCACHEPROG is written already");
  }
  const int code = run_go_env(setup, env, {"-w", "GOCACHEPROG=" + wanted});
  if (code != 0) return code;
  return print_change(invocation, wanted, true,
                      "every go of this user now uses sluice; "
                      "'sluice env --unwrite' takes it back");
}

int unwrite_setting(const Invocation& invocation, const Setup& setup, const sys::Environment& env) {
  const std::string written = gotool::go_env_written(env, "GOCACHEPROG").value_or("");
  if (written.empty()) return print_change(invocation, "", false, "GOCACHEPROG is not written");
  if (!is_own_cacheprog(written, setup.executable)) {
    return print_change(
        invocation, written, false,
        fmt::format("GOCACHEPROG={} is not of sluice; it was left alone", printable(written)));
  }
  const int code = run_go_env(setup, env, {"-u", "GOCACHEPROG"});
  if (code != 0) return code;
  return print_change(invocation, "", true, "GOCACHEPROG is not written any more");
}

}  // namespace

Result<std::string> variables_text(const Variables& variables, std::string_view shell) {
  std::string out;
  for (const auto& [name, value] : variables) {
    const bool one_line_only = shell == "github" || shell == "dotenv";
    if (one_line_only && value.find('\n') != std::string::npos) {
      return fail(
          Code::invalid,
          fmt::format("env: {} has a line break, which --shell {} cannot hold", name, shell));
    }
    out += line_of(name, value, shell);
  }
  return out;
}

int run_env(const Invocation& invocation, const sys::Environment& env) {
  const bool write = invocation.has("write");
  const bool unwrite = invocation.has("unwrite");
  if (write && unwrite) {
    return report(Error{Code::invalid, "env: --write and --unwrite exclude each other"});
  }
  if ((write || unwrite) && invocation.has("shell")) {
    return report(Error{Code::invalid, "env: --shell does not go with --write and --unwrite"});
  }
  auto setup = set_up(invocation.flags, env, current_directory(), OffSwitch::passed_over);
  if (!setup) return report(setup.error());
  if (write || unwrite) {
    if (!setup->go_error.empty()) return report(Error{Code::not_found, setup->go_error});
    return write ? write_setting(invocation, *setup, env)
                 : unwrite_setting(invocation, *setup, env);
  }
  if (const auto other = foreign_cacheprog(*setup, env)) {
    say(fmt::format("env: these variables put sluice in the place of GOCACHEPROG=\"{}\"",
                    printable(*other, 120)));
  }
  const std::string words = cacheprog_words(invocation.flags, setup->executable);
  Variables variables = {
      {"GOCACHEPROG", words},
      {"GOLANGCI_LINT_CACHEPROG", words},
      {"GOCACHE", setup->config.local_tier.string()},
  };
  // GOCACHE named the store and names the local tier from now on.
  if (store_is_in_gocache(*setup)) {
    variables.emplace_back(spec_of(SettingId::store).variable, setup->settings.store_url);
  }
  if (invocation.has("json")) {
    codec::JsonObject object;
    for (const auto& [name, value] : variables) object.emplace_back(name, value);
    print(codec::Json(std::move(object)).dump() + "\n");
    return 0;
  }
  const auto text = variables_text(variables, invocation.option_or("shell", "sh"));
  if (!text) return report(text.error());
  print(*text);
  return 0;
}

}  // namespace sluice::cli
