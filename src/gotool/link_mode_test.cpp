#include "gotool/link_mode.hpp"

#include "sys/environment.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::gotool {
namespace {

const std::string k_go = "go object linux amd64 go1.26.8 X:none\n!\n";
const std::string k_elf =
    "\x7f"
    "ELF and more";

struct Box {
  sys::TempDirectory root = *sys::TempDirectory::create("sluice-link-mode-");
  sys::Path write(const std::string& bytes) const {
    const sys::Path path = root.path() / "file";
    REQUIRE(sys::write_file_atomic(path, bytes_of(bytes)));
    return path;
  }
};

std::string member(const std::string& name, const std::string& body) {
  return fmt::format("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{}{}", name, 0, 0, 0, 644, body.size(),
                     body, body.size() % 2 == 1 ? "\n" : "");
}

std::string archive(const std::string& members) {
  return "!<arch>\n" + member("__.PKGDEF", "go object x") + member("_go_.o", k_go) + members;
}

std::string refusal(const std::string& bytes, std::string_view package, bool allow = true) {
  const Box box;
  const auto checked = check_archive(box.write(bytes), package, allow);
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("archives that Go's linker takes alone") {
  CHECK(refusal(archive(""), "fmt").empty());
  CHECK(refusal(archive(member("asm_amd64.o", k_go)), "fmt", false).empty());
  CHECK(refusal(archive(member("notes", "anything")), "fmt", false).empty());
  CHECK(refusal(archive(member("_x001.o", k_elf)), "net").empty());
}

TEST_CASE("archives that bring a C linker in, or may") {
  CHECK_FALSE(refusal(archive(member("_x001.o", k_elf)), "example.org/c").empty());
  CHECK_FALSE(refusal(archive(member("rsrc.syso", k_elf)), "main").empty());
  CHECK_FALSE(refusal(archive(member("_x001.o", k_elf)), "net", false).empty());
  CHECK_FALSE(refusal(archive(member("preferlinkext", "")), "net").empty());
  CHECK_FALSE(refusal(archive(member("dynimportfail", "")), "net").empty());
  CHECK_FALSE(refusal(archive(member("a_name_too_long_", k_elf)), "fmt").empty());
}

TEST_CASE("what is no archive is not understood") {
  CHECK_FALSE(refusal("", "fmt").empty());
  CHECK_FALSE(refusal("go object", "fmt").empty());
  CHECK_FALSE(refusal(archive("half a header"), "fmt").empty());
  CHECK_FALSE(refusal(archive(std::string(60, 'x')), "fmt").empty());
  CHECK_FALSE(check_archive("/nonexistent/x.a", "fmt", true));
}

TEST_CASE("a program that a C linker made has its comment") {
  // This test program was linked by a C linker.
  CHECK_FALSE(check_program(*sys::own_executable()));
  const Box box;
  CHECK(check_program(box.write("MZ no ELF")));
  CHECK(check_program(box.write("")));
  CHECK_FALSE(
      check_program(box.write("\x7f"
                              "ELF\x02\x01" +
                              std::string(80, '\0'))));
}

}  // namespace sluice::gotool
