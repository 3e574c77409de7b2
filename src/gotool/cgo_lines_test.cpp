#include "gotool/cgo_lines.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

const BuildTags k_tags{"linux", "amd64", true, 27, {}, false};

CgoNote note_of(std::vector<std::string> words) {
  return {"gcc version 12", "g++ version 12", "", std::move(words)};
}

}  // namespace

TEST_CASE("the lines of a C compiler, from the words of cgo") {
  sys::Environment env;
  env.set("CC", "gcc -m64");
  const CgoNote note =
      note_of({"-objdir", "/w/b001/", "-importpath", "m", R"(-ldflags="-lm" "-L/a b")", "--",
               "-I/inc", "-I", "/w/b001/", "-fsanitize=memory", "-O2", "-DX=1", "/m/a.go"});
  CompileCommand command;
  command.gc_flags = {"-msan"};
  const TextPieces pieces = cgo_pieces(command, {}, note, "cgo version go1.27.4", k_tags, env);
  CHECK(likeliest_text(pieces) ==
        "cgo \"cgo version go1.27.4\"\n"
        "CC=[\"gcc\" \"-m64\"] [\"-I/inc\"] [\"-O2\" \"-DX=1\"] "
        "[\"-lm\" \"-L/a b\"]\n"
        "CC ID=\"gcc version 12\"\n");
  // -I/inc, -lm and the rest may have come from pkg-config.
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[1].size() == 6);
  CHECK(pieces[1].back() == "CC=[\"gcc\" \"-m64\"] [] [\"-O2\" \"-DX=1\"] []\n");
}

TEST_CASE("C++ where there are files of it") {
  PackageFiles files;
  files.has_cxx = Taken::yes;
  files.directory = "/m";
  files.cgo_texts = {"package m\n\n// #cgo CXXFLAGS: -std=c++17 -I${SRCDIR}/inc\nimport \"C\"\n"};
  const std::string text = likeliest_text(
      cgo_pieces({}, files, note_of({"-objdir", "/w/b001/", "--", "-I", "/w/b001/", "-O2"}),
                 "cgo version go1.27.4", k_tags, {}));
  CHECK(
      text.ends_with("CC ID=\"gcc version 12\"\n"
                     "CXX=[\"g++\"] [\"-O2\" \"-g\" \"-std=c++17\" \"-I/m/inc\"]\n"
                     "CXX ID=\"g++ version 12\"\n"));
}

TEST_CASE("#cgo lines") {
  const auto words = [](std::string_view text) {
    return cgo_directive_words(text, "CXXFLAGS", "/m", k_tags);
  };
  using Words = std::vector<std::string>;
  CHECK(words("// #cgo CXXFLAGS: -O1 '-DA=b c'\n") == Words{"-O1", "-DA=b c"});
  CHECK(words("/*\n#cgo linux,amd64 windows CXXFLAGS: -O1\n#cgo darwin CXXFLAGS: -O3\n*/\n") ==
        Words{"-O1"});
  CHECK(words("#cgo CFLAGS: -O1\n#cgoCXXFLAGS: -O2\n#cgo CXXFLAGS -O3\n").empty());
}
