#include "gotool/module_archive.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

ModuleHeader header_of(std::vector<ArchivedFile> files) {
  return {.module = {"example.com/m", "v1.0.0"},
          .info = R"({"Version":"v1.0.0"})",
          .go_mod = "module example.com/m\n",
          .files = std::move(files)};
}

Result<ModuleHeader> decoded(const ModuleHeader& header) {
  const Bytes bytes = encode_module_header(header);
  return decode_module_header(ByteView(bytes).subspan(4));
}

}  // namespace

TEST_CASE("a module's header comes back as it was") {
  const auto header = header_of({{"a/b.txt", 2}, {"a/c", 0}, {"go.mod", 29}, {"\xc3\xa4.go", 1}});
  const auto again = decoded(header);
  REQUIRE(again);
  CHECK(*again == header);
  CHECK(decoded(header_of({})));
}

TEST_CASE("names that leave the module's directory, or each other's way, are refused") {
  const std::vector<std::vector<ArchivedFile>> refused = {
      {{"", 1}},
      {{"/etc/passwd", 1}},
      {{"../x", 1}},
      {{"a/../../x", 1}},
      {{"a/./x", 1}},
      {{"a//x", 1}},
      {{"a/", 1}},
      {{"a\\b", 1}},
      {{"a\nb", 1}},
      {{std::string("a\0b", 3), 1}},
      {{std::string(300, 'a'), 1}},
      {{"b", 1}, {"a", 1}},
      {{"a", 1}, {"a", 1}},
      {{"README", 1}, {"readme", 1}},
      {{"a", 1}, {"a/b", 1}},
      {{"A", 1}, {"a/b", 1}},
      {{"a", k_module_tree_bytes_max}, {"b", 1}},
      {{"a", UINT64_MAX}, {"b", 2}},
  };
  for (const auto& files : refused) {
    const auto result = decoded(header_of(files));
    REQUIRE_MESSAGE(!result, files.front().name);
    CHECK(result.error().code == Code::corrupt);
  }
}

TEST_CASE("a header that is none is refused") {
  auto header = header_of({{"a", 1}});
  header.info = R"({"Version":"v1.0.1"})";
  CHECK_FALSE(decoded(header));
  header = header_of({{"a", 1}});
  header.module.path = "../m";
  CHECK_FALSE(decoded(header));
  const Bytes bytes = encode_module_header(header_of({{"a", 1}}));
  for (std::size_t size = 4; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_module_header(ByteView(bytes).subspan(4, size - 4)));
  }
  CHECK(decode_module_header(bytes_of("\x0fsluice module 2")).error().code == Code::unsupported);
}

TEST_CASE("what is not whole in the cache, or was changed there, has no archive") {
  const auto directory = temp_directory();
  const sys::Path cache = directory.path();
  const ModuleVersion module{"example.com/m", "v1.0.0"};
  const ModulePlaces places = module_places(cache, module);
  write_old(places.tree / "m.go", "package m\n");
  TreeSum sum(module);
  sum.add("m.go", sha256(bytes_of("package m\n")));
  const SummedModule summed{module, {sum.finish(), ""}};
  const codec::ByteSink nowhere = [](ByteView) { return Result<void>(); };

  CHECK(archive_module(cache, summed, nowhere).error().code == Code::not_found);
  write_old(places.zip_hash, summed.sums.tree);
  CHECK(is_module_there(cache, summed));
  const auto found = module_in_cache(cache, module, true);
  REQUIRE(found);
  CHECK(found->sums.tree == summed.sums.tree);
  CHECK_FALSE(module_in_cache(cache, {"example.com/none", "v1.0.0"}, true));
  CHECK(archive_module(cache, summed, nowhere));
  write_old(places.partial, "");
  CHECK_FALSE(is_module_there(cache, summed));
  CHECK_FALSE(archive_module(cache, summed, nowhere));
  REQUIRE(sys::remove_file(places.partial));

  SUBCASE("another content") { write_old(places.tree / "m.go", "package n\n"); }
  SUBCASE("one more file") { write_old(places.tree / "n.go", "package m\n"); }
  SUBCASE("a link") { REQUIRE(sys::ensure_symlink(places.tree / "l.go", "m.go")); }
  const auto result = archive_module(cache, summed, nowhere);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::corrupt);
  CHECK(result.error().message.starts_with("module example.com/m@v1.0.0: "));
}

TEST_CASE("a go.mod alone has another name than the tree") {
  const ModuleVersion module{"example.com/m", "v1.0.0"};
  const std::string sum = "h1:E99JrYj3+soagSEQ4Kd3e89ZxiTH52SeiygWBqLx0ro=";
  CHECK(module_action({module, {sum, sum}}) != module_action({module, {"", sum}}));
  CHECK(module_action({module, {sum, sum}}) == module_action({module, {sum, ""}}));
}
