#include "cli/completion.hpp"

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "cli/script_check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::cli {

namespace {

void check_syntax(const std::string& shell, const std::string& script) {
  const auto checked = check_script(shell, {"-n"}, script);
  if (!checked) {
    MESSAGE("skipped: " << shell << " is not installed");
    return;
  }
  CHECK(checked->success);
  CHECK(checked->output == "");
}

// What bash would offer for these words, the last one being typed.
std::string offered(const std::string& words) {
  const std::string script = bash_completion() +
                             "_command_offset() { echo -n \"rest: ${COMP_WORDS[*]:$1}\"; }\n"
                             "COMP_WORDS=(" +
                             words +
                             ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                             "_sluice\necho -n \"${COMPREPLY[*]}\"\n";
  const auto checked = check_script("bash", {}, script);
  return checked ? checked->output : "no bash";
}

}  // namespace

TEST_CASE("every script is correct for its shell") {
  check_syntax("bash", bash_completion());
  check_syntax("zsh", zsh_completion());
  check_syntax("fish", fish_completion());
}

TEST_CASE("every script knows every command and flag") {
  for (const auto& script : {bash_completion(), zsh_completion(), fish_completion()}) {
    for (const auto& command : command_specs()) {
      CHECK(script.find(command.name) != std::string::npos);
      for (const auto& option : command.options)
        CHECK(script.find(option.name) != std::string::npos);
    }
    for (const auto& spec : setting_specs()) CHECK(script.find(spec.name) != std::string::npos);
  }
}

TEST_CASE("what bash offers") {
  if (offered("sluice ag") == "no bash") {
    MESSAGE("skipped: bash is not installed");
    return;
  }
  CHECK(offered("sluice ag") == "agent");
  CHECK(offered("sluice --drain ''") == "auto wait detach");
  CHECK(offered("sluice --drain = w") == "wait");
  CHECK(offered("sluice agent st") == "status stop");
  CHECK(offered("sluice env --shell d") == "dotenv");
  CHECK(offered("sluice help g") == "go gc");
  CHECK(offered("sluice go --st") == "--store --store-patience");
  CHECK(offered("sluice gc --max-size ''") == "");
  CHECK(offered("sluice trace --reg") == "--region");
  CHECK(offered("sluice trace ''") == "");  // bash itself offers files then
}

TEST_CASE("what fish offers, also after a setting with a separate value") {
  const auto offers = [](const std::string& line, const std::string& word) {
    const auto checked = check_script("fish", {"--no-config"},
                                      fish_completion() +
                                          "complete -c sluicetool -f -a 'alpha beta'\n"
                                          "function sluicetool; end\ncomplete -C '" +
                                          line + "'\n");
    if (!checked) return std::string("no fish");
    for (const std::string_view offer : split(checked->output, '\n')) {
      if (offer.substr(0, offer.find('\t')) == word) return word;
    }
    return "nothing like it: " + checked->output;
  };
  if (offers("sluice ag", "agent") == "no fish") {
    MESSAGE("skipped: fish is not installed");
    return;
  }
  CHECK(offers("sluice ag", "agent") == "agent");
  CHECK(offers("sluice --store file:///x ag", "agent") == "agent");
  CHECK(offers("sluice run -- sluicet", "sluicetool") == "sluicetool");
  CHECK(offers("sluice run -- sluicetool al", "alpha") == "alpha");
  CHECK(offers("sluice run --store file:///x -- sluicet", "sluicetool") == "sluicetool");
  CHECK(offers("sluice run --store file:///x -- sluicetool al", "alpha") == "alpha");
  CHECK(offers("sluice --drain wait run --store=file:///x sluicetool be", "beta") == "beta");
  CHECK(offers("sluice run --store file:///x --dr", "--drain") == "--drain");
}

TEST_CASE("the words of go and of a command are completed by their own completion") {
  if (offered("sluice ag") == "no bash") {
    MESSAGE("skipped: bash is not installed");
    return;
  }
  CHECK(offered("sluice go bu") == "rest: go bu");
  CHECK(offered("sluice --store file:///x go --quiet build -") == "rest: go build -");
  CHECK(offered("sluice run -- make -") == "rest: make -");
  CHECK(offered("sluice run make t") == "rest: make t");
}

}  // namespace sluice::cli
