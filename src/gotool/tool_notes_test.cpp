#include "gotool/tool_notes.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

TEST_CASE("the version line of a C compiler") {
  CHECK(id_of_c_compiler("Using built-in specs.\nConfigured with: ../src/configure version 1\n"
                         "gcc version 12.2.0 (Debian 12.2.0-14) \n") ==
        "gcc version 12.2.0 (Debian 12.2.0-14) ");
  CHECK(id_of_c_compiler("Debian clang version 19.1.7\nTarget: x\n") ==
        "Debian clang version 19.1.7");
  CHECK(id_of_c_compiler("gcc version 13.0.0 20230101 (experimental)\n").empty());
  CHECK(id_of_c_compiler("version next\n").empty());
  CHECK(id_of_c_compiler("").empty());
}

TEST_CASE("cgo's note has its words and who the C compiler is") {
  const auto root = temp_directory();
  const sys::Path work = root.path() / "work";
  write_old(root.path() / "bin/mycc", "#!/bin/sh\necho asked >>" + (root.path() / "log").native() +
                                          "\necho 'mycc version 1.2' >&2\n");
  std::filesystem::permissions(root.path() / "bin/mycc", std::filesystem::perms::owner_all);
  REQUIRE(sys::make_directories(work / "b001"));
  REQUIRE(sys::make_directories(work / "b002"));
  sys::Environment env;
  env.set("PATH", (root.path() / "bin").native() + ":/bin:/usr/bin");
  env.set("CC", "mycc -m64");
  std::vector<std::string> words{"/goroot/pkg/tool/linux_amd64/cgo",
                                 "-objdir",
                                 (work / "b001/").native(),
                                 "-importpath",
                                 "m",
                                 "--",
                                 "-I",
                                 (work / "b001/").native(),
                                 "-O2",
                                 "",
                                 (root.path() / "m/a.go").native()};
  leave_tool_note(words, env, root.path() / "m");
  const auto note = read_cgo_note(work / "b001");
  REQUIRE(note);
  CHECK(note->c_id == "mycc version 1.2");
  CHECK(note->cxx_id.empty());
  CHECK(note->words == std::vector<std::string>(words.begin() + 1, words.end()));
  // Once for a go command.
  words[2] = (work / "b002/").native();
  leave_tool_note(words, env, root.path() / "m");
  CHECK(read_cgo_note(work / "b002")->c_id == "mycc version 1.2");
  CHECK(content_of(root.path() / "log") == "asked\n");
  // One that is not there or fails is not known.
  REQUIRE(sys::remove_tree(work));
  REQUIRE(sys::make_directories(work / "b002"));
  env.set("CC", "no-such-compiler");
  leave_tool_note(words, env, root.path() / "m");
  CHECK(read_cgo_note(work / "b002")->c_id.empty());
  // cgo's other calls leave none.
  REQUIRE(sys::make_directories(work / "b003"));
  leave_tool_note({"cgo", "-dynpackage", "m", "-dynimport", (work / "b003/_cgo_.o").native()}, env,
                  root.path() / "m");
  CHECK_FALSE(read_cgo_note(work / "b003"));
  leave_tool_note({}, env, {});
}

TEST_CASE("the assembler's note has the user's flags") {
  const auto work = temp_directory();
  const std::string output = (work.path() / "symabis").native();
  const auto note_of = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> words{"asm", "-p", "m", "-D", "GOOS_linux", "-D", "GOARCH_amd64"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"-gensymabis", "-o", output, "./a.s"});
    leave_tool_note(words, {}, {});
    return read_asm_note(work.path());
  };
  CHECK_FALSE(read_asm_note(work.path()));
  CHECK(note_of({"-D", "GOAMD64_v1"}) == std::vector<std::string>{});
  CHECK(note_of({"-shared", "-D=X", "-std", "-D", "GOAMD64_v1"}) ==
        std::vector<std::string>{"-shared", "-D=X"});
}
