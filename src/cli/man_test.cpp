#include "cli/man.hpp"

#include "cli/script_check.hpp"

#include <doctest/doctest.h>

namespace sluice::cli {

namespace {

void check_page(const std::string& page) {
  CHECK(page.starts_with(".TH sluice"));
  CHECK(page.find(".SH NAME\n") != std::string::npos);
  CHECK(page.find(".SH SYNOPSIS\n") != std::string::npos);
  CHECK(page.ends_with("\n"));
  const auto checked = check_script("groff", {"-man", "-ww", "-z", "-Tutf8"}, page);
  if (!checked) {
    MESSAGE("skipped: groff is not installed");
    return;
  }
  CHECK(checked->success);
  CHECK(checked->output == "");
}

}  // namespace

TEST_CASE("the page of sluice is correct roff") { check_page(man_overview("0.1.0")); }

TEST_CASE("the page of every command is correct roff") {
  for (const auto& command : command_specs()) check_page(man_page(command, "0.1.0+gabc"));
}

TEST_CASE("hyphens, quotes and backslashes survive as they are typed") {
  const std::string page = man_page(spec_of(CommandId::go), "0.1.0");
  CHECK(page.find("\\-\\-drain\\-timeout TIME") != std::string::npos);
  CHECK(page.find("--") == std::string::npos);
  CHECK(page.find("127 where") != std::string::npos);
  CHECK(man_overview("0.1.0").find(".B \\-\\-version\n") != std::string::npos);
  CHECK(page.find("\\(aqgo run\\(aq") != std::string::npos);
}

}  // namespace sluice::cli
