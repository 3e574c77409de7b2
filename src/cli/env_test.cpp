#include "cli/env.hpp"

#include "cli/script_check.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

std::string text_for(std::string_view value, std::string_view shell) {
  const auto text = variables_text({{"GOCACHEPROG", std::string(value)}}, shell);
  return text ? *text : text.error().message;
}

}  // namespace

TEST_CASE("lines for each kind of reader") {
  CHECK(text_for("/opt/sluice cacheprog", "sh") == "export GOCACHEPROG='/opt/sluice cacheprog'\n");
  CHECK(text_for("/opt/sluice cacheprog", "fish") ==
        "set -gx GOCACHEPROG '/opt/sluice cacheprog'\n");
  CHECK(text_for("/opt/sluice cacheprog", "github") == "GOCACHEPROG=/opt/sluice cacheprog\n");
  CHECK(text_for("/opt/sluice cacheprog", "dotenv") == "GOCACHEPROG=\"/opt/sluice cacheprog\"\n");
}

TEST_CASE("quotes, dollars and backslashes reach the shell's variable unchanged") {
  const std::string value = "a 'b' \"c\" $d \\e `f`";
  const auto sh = check_script("sh", {}, text_for(value, "sh") + "printf %s \"$GOCACHEPROG\"\n");
  REQUIRE(sh);
  CHECK(sh->output == value);
  const auto fish =
      check_script("fish", {}, text_for(value, "fish") + "printf %s \"$GOCACHEPROG\"\n");
  if (fish) {
    CHECK(fish->output == value);
  } else {
    MESSAGE("skipped: fish is not installed");
  }
  CHECK(text_for("a\"$b`\\", "dotenv") == "GOCACHEPROG=\"a\\\"\\$b\\`\\\\\"\n");
}

TEST_CASE("a line break has no form in a file of lines") {
  CHECK(text_for("a\nb", "sh") == "export GOCACHEPROG='a\nb'\n");
  CHECK(text_for("a\nb", "github") ==
        "env: GOCACHEPROG has a line break, which --shell github cannot hold");
}

}  // namespace sluice::cli
