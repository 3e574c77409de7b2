#include "gotool/action_text.hpp"

#include "base/digest.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

constexpr std::string_view k_salt = "go1.27.4";

std::string id_of(std::string_view text) {
  return short_hash(sha256(bytes_of(std::string(k_salt) + std::string(text))));
}

}  // namespace

TEST_CASE("a text proves its own build ID and no other") {
  const std::string id = id_of("compile\n");
  CHECK(id.size() == 20);
  CHECK(proves(k_salt, "compile\n", id));
  CHECK_FALSE(proves(k_salt, "compile", id));
  CHECK_FALSE(proves("go1.27.3", "compile\n", id));
  CHECK(short_hash(k_empty_blob.bytes) == "47DEQpj8HBSa-_TImW-5");
}

TEST_CASE("a proof is found among the forms") {
  const TextPieces pieces{{"a\n"}, {"b\n", "B\n"}, {}, {"c\n", "", "C\n"}, {"d\n", "D\n"}, {"e\n"}};
  CHECK(likeliest_text(pieces) == "a\nb\nc\nd\ne\n");
  for (const char* text : {"a\nb\nc\nd\ne\n", "a\nB\nd\ne\n", "a\nB\nC\nD\ne\n"}) {
    CHECK(find_proof(k_salt, pieces, id_of(text)) == text);
  }
  CHECK_FALSE(find_proof(k_salt, pieces, id_of("a\nx\nc\nd\ne\n")));
  CHECK_FALSE(find_proof(k_salt, pieces, id_of("a\nB\nC\nD\ne\n"), 20));  // the bound of bytes
}

TEST_CASE("flags may be for every package or for one") {
  const auto forms = forms_of_line(R"(compile compile version go1.27.4 ["-race"] ["-N"])"
                                   "\n");
  CHECK(forms == std::vector<std::string>{
                     "compile compile version go1.27.4 [\"-race\"] [\"-N\"]\n",
                     "compile compile version go1.27.4 [] [\"-race\" \"-N\"]\n",
                     "compile compile version go1.27.4 [\"-race\" \"-N\"] []\n",
                 });
  CHECK(forms_of_line("compile\n") == std::vector<std::string>{"compile\n"});
  CHECK(forms_of_line("omitdebug true standard false local false prefix \"\"\n").at(1) ==
        "omitdebug true standard false local true prefix \"\"\n");
}

TEST_CASE("unsafe stands where go's order has it, or somewhere") {
  const std::vector<std::string> lines{"import fmt 1\n", "import unsafer 2\n", "import bytes 3\n"};
  CHECK(forms_of_imports(lines, false, false).front() ==
        "import fmt 1\nimport unsafer 2\nimport bytes 3\n");
  CHECK(forms_of_imports(lines, true, false).front() ==
        "import fmt 1\nimport unsafe \nimport unsafer 2\nimport bytes 3\n");
  std::string text;
  for (const std::string& line : lines) text += line;
  for (std::size_t at = 0; at <= text.size(); at = text.find('\n', at) + 1) {
    std::string with = text;
    with.insert(at, "import unsafe \n");
    CHECK(find_proof(k_salt, {{"compile\n"}, forms_of_imports(lines, false, true)},
                     id_of("compile\n" + with)) == "compile\n" + with);
    if (at == text.size()) break;
  }
  CHECK(forms_of_imports({}, true, true).front() == "import unsafe \n");
}

TEST_CASE("the build information of a program has its place") {
  const std::string text =
      "compile\ndir /d\ngoos linux goarch amd64\nimport \"m\"\ncompile compile version go1.27.4 [] "
      "[]\nGOAMD64=v1\nfile main.go H\nimport fmt 1\nimport unsafe \nimport runtime 2\n";
  const std::string with = with_modinfo(text, "path\tm\nmod\tm\t(devel)\t\n");
  CHECK(
      with.find("import \"m\"\nmodinfo \"path\\tm\\nmod\\tm\\t(devel)\\t\\n\"\ncompile compile ") !=
      std::string::npos);
  CHECK(with_modinfo(with, "path\tm\nmod\tm\t(devel)\t\n") == with);
  CHECK(with_modinfo(with, "") == text);
  // A text in pieces is the text again.
  CHECK(find_proof(k_salt, pieces_of_text(with), id_of(with)) == with);
  const std::string importcfg =
      "packagefile m=/w/b001/_pkg_.a\nmodinfo "
      R"("0w\xaf\f\x92t\b\x02A\xe1\xc1\a\xe6\xd6\x18\xe6path\tm\n)"
      R"(\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2")"
      "\n";
  CHECK(modinfo_of_importcfg(importcfg) == "path\tm\n");
  CHECK_FALSE(modinfo_of_importcfg("packagefile m=/w/b001/_pkg_.a\n"));
  CHECK_FALSE(modinfo_of_importcfg("modinfo \"short\"\n"));
  rc::check("any text in pieces is a proof of itself or none", [](const std::string& any) {
    const auto found = find_proof(k_salt, pieces_of_text(any), id_of(any), 1U << 16U);
    RC_ASSERT((!found || *found == any));
  });
}
