#include "gotool/tool_memo.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

// A tool that counts how often it is asked.
struct FakeTool {
  FakeTool() {
    REQUIRE(sys::make_directories(path.parent_path()));
    write("v1");
  }
  void write(const std::string& words) {
    const std::string script =
        "#!/bin/sh\necho x >> " + (root.path() / "asked").native() + "\necho " + words + "\n";
    REQUIRE(sys::write_file_atomic(path, bytes_of(script), 0755));
  }
  std::uint64_t asked() const {
    const auto info = sys::stat_file(root.path() / "asked");
    return info && *info ? (*info)->size / 2 : 0;
  }
  sys::TempDirectory root = *sys::TempDirectory::create("sluice-memo-");
  sys::Path path = root.path() / "go/pkg/tool/linux_amd64/link";
};

}  // namespace

TEST_CASE("tools of a GOROOT are told by their place") {
  CHECK(is_go_tool("/usr/local/go/pkg/tool/linux_amd64/compile"));
  CHECK_FALSE(is_go_tool("/usr/bin/gcc"));
  CHECK_FALSE(is_go_tool("pkg/tool/linux_amd64/compile"));
  CHECK_FALSE(is_go_tool("gcc"));
}

TEST_CASE("a tool is asked once, and again when it or the platform changes") {
  FakeTool tool;
  sys::Environment env;
  env.set("GOOS", "linux");
  ToolMemo memo(tool.root.path() / "memo", env);
  CHECK(memo.facts(tool.path, false)->said == "v1\n");
  CHECK(memo.facts(tool.path, false)->said == "v1\n");
  CHECK(tool.asked() == 1);
  const auto facts = memo.facts(tool.path, true);
  REQUIRE(facts);
  CHECK(facts->digest == *digest_of_file(tool.path));
  CHECK(memo.facts(tool.path, true)->digest == facts->digest);
  CHECK(tool.asked() == 1);
  tool.write("v2");
  CHECK(memo.facts(tool.path, true)->said == "v2\n");
  CHECK(memo.facts(tool.path, true)->digest != facts->digest);
  CHECK(tool.asked() == 2);
  env.set("GOEXPERIMENT", "arenas");
  CHECK(memo.facts(tool.path, false)->said == "v2\n");
  CHECK(tool.asked() == 3);
}

TEST_CASE("a memo that is damaged or cannot be written does no harm") {
  FakeTool tool;
  sys::Environment env;
  ToolMemo nowhere("/proc/none", env);
  CHECK(nowhere.facts(tool.path, false)->said == "v1\n");
  CHECK(nowhere.facts(tool.path, false)->said == "v1\n");
  CHECK(tool.asked() == 2);
  const sys::Path directory = tool.root.path() / "memo";
  ToolMemo memo(directory, env);
  CHECK(memo.facts(tool.path, false)->said == "v1\n");
  REQUIRE(sys::list_directory(directory, [&](std::string_view name) {
    return sys::write_file_atomic(directory / name, bytes_of("{\"version\":1,\"said\":\"lie\"}"));
  }));
  CHECK(memo.facts(tool.path, false)->said == "v1\n");
}

TEST_CASE("a tool that fails is not remembered") {
  FakeTool tool;
  tool.write("v1; exit 3");
  sys::Environment env;
  ToolMemo memo(tool.root.path() / "memo", env);
  CHECK_FALSE(memo.facts(tool.path, false));
  CHECK_FALSE(memo.facts(tool.root.path() / "absent", false));
}

}  // namespace sluice::gotool
