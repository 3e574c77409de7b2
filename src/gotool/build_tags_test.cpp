#include "gotool/build_tags.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sluice::gotool;

namespace {

BuildTags linux_tags() { return {"linux", "amd64", true, 26, {"race"}}; }

}  // namespace

TEST_CASE("tags of a platform, a release and the words") {
  const BuildTags tags = linux_tags();
  for (const char* tag : {"linux", "amd64", "gc", "cgo", "unix", "go1.1", "go1.26", "race"}) {
    CAPTURE(tag);
    CHECK(tag_holds(tag, tags) == Taken::yes);
  }
  for (const char* tag : {"windows", "arm64", "gccgo", "go1.27", "msan", "darwin"}) {
    CAPTURE(tag);
    CHECK(tag_holds(tag, tags) == Taken::no);
  }
  CHECK(tag_holds("mytag", tags) == Taken::maybe);
  CHECK(tag_holds("linux", {"android", "arm64", false, 26, {}}) == Taken::yes);
  CHECK(tag_holds("darwin", {"ios", "arm64", false, 26, {}}) == Taken::yes);
  CHECK(tag_holds("unix", {"windows", "amd64", false, 26, {}}) == Taken::no);
  CHECK(tag_holds("cgo", {"linux", "amd64", false, 26, {}}) == Taken::no);
}

TEST_CASE("//go:build lines") {
  const BuildTags tags = linux_tags();
  CHECK(build_line_holds("linux && amd64", tags) == Taken::yes);
  CHECK(build_line_holds("linux && !amd64", tags) == Taken::no);
  CHECK(build_line_holds("(arm64 || amd64) && !purego", tags) == Taken::maybe);
  CHECK(build_line_holds("arm64 && !purego", tags) == Taken::no);
  CHECK(build_line_holds("linux||purego", tags) == Taken::yes);
  CHECK(build_line_holds("!(windows||darwin)", tags) == Taken::yes);
  CHECK(build_line_holds("linux &&", tags) == Taken::maybe);
  CHECK(build_line_holds("linux amd64", tags) == Taken::maybe);
  CHECK(build_line_holds(std::string(10'000, '!') + "linux", tags) == Taken::maybe);
}

TEST_CASE("names say the platform") {
  const BuildTags tags = linux_tags();
  for (const char* name : {"a.s", "linux.s", "a_linux.s", "a_amd64.s", "a_linux_amd64.h", "a_b.c",
                           "a_linux_test.s", "x_linux.gen.s"}) {
    CAPTURE(name);
    CHECK(name_is_taken(name, tags));
  }
  for (const char* name :
       {"a_windows.s", "a_arm64.s", "a_linux_arm64.s", "a_windows_amd64.s", "_a.s", ".a.s", ""}) {
    CAPTURE(name);
    CHECK_FALSE(name_is_taken(name, tags));
  }
}

TEST_CASE("the comments at the beginning of a text") {
  const BuildTags tags = linux_tags();
  CHECK(text_is_taken("", tags) == Taken::yes);
  CHECK(text_is_taken("#include <x.h>\n", tags) == Taken::yes);
  CHECK(text_is_taken("// about\n\n//go:build arm64\n\nTEXT\n", tags) == Taken::no);
  CHECK(text_is_taken("/* about\n//go:build arm64\n*/\n\n//go:build amd64\n", tags) == Taken::yes);
  CHECK(text_is_taken("/* about */\n//go:build arm64\n", tags) == Taken::no);
  CHECK(text_is_taken("#include <x.h>\n//go:build arm64\n", tags) == Taken::yes);
  CHECK(text_is_taken("// +build arm64 ppc64\n\nTEXT\n", tags) == Taken::no);
  CHECK(text_is_taken("// +build arm64 linux,amd64\n// +build !windows\n\nTEXT\n", tags) ==
        Taken::yes);
  CHECK(text_is_taken("// +build arm64\nTEXT\n", tags) == Taken::yes);  // no blank line behind it
  TagNames unknown;
  CHECK(text_is_taken("//go:build !purego && linux\n\nTEXT\n", tags, &unknown) == Taken::maybe);
  CHECK(text_is_taken("// +build a,!b linux\n\nTEXT\n", tags, &unknown) == Taken::yes);
  CHECK(unknown == TagNames{"a", "b", "purego"});
  BuildTags complete = tags;
  complete.is_complete = true;
  CHECK(text_is_taken("//go:build !purego\n\nTEXT\n", complete) == Taken::yes);
  CHECK(text_is_taken("//go:build valgrind\n\nTEXT\n", complete) == Taken::no);
}
