#include "gotool/module_zip.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace sluice::gotool {

// What go makes of it: tests/integration/test_module_proxy.py.
TEST_CASE("module zip: every file below path@version, of the size that was told") {
  const ModuleVersion module{"example.com/m", "v1.0.0"};
  const ModuleHeader header{module, "", "module example.com/m\n", {{"a/b.go", 9}, {"empty", 0}}};
  Bytes archive = encode_module_header(header);
  const ByteView content = bytes_of("package b");
  archive.insert(archive.end(), content.begin(), content.end());
  std::optional<std::uint64_t> size;
  Bytes zip;
  ModuleZip turned(
      module,
      [&size](std::uint64_t told) -> Result<void> {
        size = told;
        return {};
      },
      [&](ByteView bytes) -> Result<void> {
        REQUIRE(size);
        zip.insert(zip.end(), bytes.begin(), bytes.end());
        return {};
      });
  REQUIRE(turned.write(ByteView(archive).first(20)));
  REQUIRE(turned.write(ByteView(archive).subspan(20)));
  REQUIRE(turned.finish());
  CHECK(zip.size() == size);
  CHECK(text_of(zip).find("example.com/m@v1.0.0/a/b.gopackage b") != std::string_view::npos);
  CHECK(text_of(zip).find("example.com/m@v1.0.0/empty") != std::string_view::npos);
}

TEST_CASE("module zip: half an archive is no zip") {
  const ModuleVersion module{"example.com/m", "v1.0.0"};
  ModuleZip turned(
      module, [](std::uint64_t) -> Result<void> { return {}; },
      [](ByteView) -> Result<void> { return {}; });
  REQUIRE(turned.write(encode_module_header({module, "", "", {{"a", 1}}})));
  CHECK(turned.finish().error().code == Code::corrupt);
}

}  // namespace sluice::gotool
