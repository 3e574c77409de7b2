#include "gotool/module_unpacker.hpp"

#include "gotool/go_cache_for_test.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>

using namespace sluice;
using namespace sluice::gotool;

namespace {

const ModuleVersion k_module{"example.com/M", "v1.0.0"};
constexpr std::string_view k_go_mod = "module example.com/M\n";
constexpr std::string_view k_info = R"({"Version":"v1.0.0"})";
const Deadline k_soon = Deadline::after(std::chrono::seconds(60));

// A module in a cache, as go leaves it.
struct Made {
  sys::TempDirectory directory = temp_directory();
  SummedModule module{k_module, {}};

  explicit Made(const std::map<std::string, std::string>& files) {
    const ModulePlaces places = module_places(directory.path(), k_module);
    TreeSum sum(k_module);
    for (const auto& [name, text] : files) {
      write_old(places.tree / name, text);
      sum.add(name, sha256(bytes_of(text)));
    }
    module.sums = {sum.finish(), go_mod_sum(bytes_of(k_go_mod))};
    write_old(places.mod, k_go_mod);
    write_old(places.info, k_info);
    write_old(places.zip_hash, module.sums.tree);
  }
  Bytes archive() const {
    Bytes bytes;
    const auto done = archive_module(directory.path(), module, [&](ByteView piece) {
      bytes.insert(bytes.end(), piece.begin(), piece.end());
      return Result<void>();
    });
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    return bytes;
  }
};

Result<void> unpack(ModuleUnpacker& unpacker, ByteView bytes, std::size_t piece = 1U << 16U) {
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(piece, bytes.size()));
    TRY(unpacker.write(part));
    bytes = bytes.subspan(part.size());
  }
  return unpacker.finish();
}

std::uint32_t mode_of(const sys::Path& path) {
  const auto info = sys::stat_file(path);
  REQUIRE(info);
  REQUIRE(*info);
  return (*info)->mode & 07777U;
}

const std::map<std::string, std::string> k_files = {{"LICENSE", "free\n"},
                                                    {"a/empty", ""},
                                                    {"a/b/c.txt", std::string(100'000, 'c')},
                                                    {"go.mod", std::string(k_go_mod)},
                                                    {"z.go", "package z\n"},
                                                    {"z/last", ""}};

}  // namespace

TEST_CASE("a module comes back whole, with the modes that go gives it") {
  const Made made(k_files);
  const Bytes archive = made.archive();
  const auto directory = temp_directory();
  const sys::Path cache = directory.path() / "mod";
  for (const std::size_t piece : {std::size_t{1} << 20U, std::size_t{4097}, std::size_t{3}}) {
    ModuleUnpacker unpacker(made.module, directory.path() / std::to_string(piece));
    const auto done = unpack(unpacker, archive, piece);
    REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    const auto placed = place_module(cache, unpacker, k_soon);
    REQUIRE_MESSAGE(placed, (placed ? "" : placed.error().message));
    CHECK((*placed == Placed::now) == (piece == std::size_t{1} << 20U));
  }
  const ModulePlaces places = module_places(cache, k_module);
  for (const auto& [name, text] : k_files) {
    CHECK(content_of(places.tree / name) == text);
    CHECK((mode_of(places.tree / name) & 0222U) == 0);
  }
  CHECK((mode_of(places.tree) & 0222U) == 0);
  CHECK((mode_of(places.tree / "a/b") & 0222U) == 0);
  CHECK(content_of(places.mod) == k_go_mod);
  CHECK(content_of(places.info) == k_info);
  CHECK(content_of(places.zip_hash) == made.module.sums.tree);
  CHECK(content_of(places.partial) == "(absent)");
  CHECK(is_module_there(cache, made.module));
}

TEST_CASE("what a killed go left is replaced, files of go's own are left") {
  const Made made(k_files);
  const auto directory = temp_directory();
  const sys::Path cache = directory.path() / "mod";
  const ModulePlaces places = module_places(cache, k_module);
  write_old(places.tree / "half", "of it");
  write_old(places.partial, "");
  write_old(places.info, R"({"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"})");
  ModuleUnpacker unpacker(made.module, directory.path() / "new");
  REQUIRE(unpack(unpacker, made.archive()));
  REQUIRE(*place_module(cache, unpacker, k_soon) == Placed::now);
  CHECK(content_of(places.tree / "half") == "(absent)");
  CHECK(content_of(places.tree / "LICENSE") == "free\n");
  CHECK(content_of(places.info).contains("Time"));
}

TEST_CASE("an archive of other bytes is refused, wherever they are") {
  const Made made({{"a", "aaaa"}, {"b", "bbbb"}});
  const Bytes archive = made.archive();
  const auto directory = temp_directory();
  int number = 0;
  const auto is_refused = [&](const Bytes& bytes) {
    ModuleUnpacker unpacker(made.module, directory.path() / std::to_string(number++));
    const auto done = unpack(unpacker, bytes);
    return !done && done.error().code == Code::corrupt &&
           done.error().message.starts_with("module example.com/M@v1.0.0: ");
  };
  Bytes other = archive;
  other.push_back(std::byte{'x'});
  CHECK(is_refused(other));
  for (std::size_t size = 0; size < archive.size(); ++size) {
    CHECK(is_refused(Bytes(archive.begin(), archive.begin() + static_cast<std::ptrdiff_t>(size))));
  }
  other = archive;
  other.back() = std::byte{'c'};
  CHECK(is_refused(other));
  other = archive;
  other[3] = std::byte{0x7f};  // a header of two gigabytes
  CHECK(is_refused(other));
}

TEST_CASE("an archive of another module, or of another tree, is refused") {
  const Made made(k_files);
  const auto directory = temp_directory();
  SummedModule wanted = made.module;
  SUBCASE("another module") { wanted.module.path = "example.com/n"; }
  SUBCASE("another tree") { wanted.sums.tree = go_mod_sum(bytes_of("another")); }
  SUBCASE("another go.mod") { wanted.sums.go_mod = go_mod_sum(bytes_of("another")); }
  SUBCASE("its go.mod alone") { wanted.sums.tree.clear(); }
  ModuleUnpacker unpacker(wanted, directory.path() / "new");
  const auto done = unpack(unpacker, made.archive());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::corrupt);
}

TEST_CASE("a go.mod alone") {
  Made made(k_files);
  made.module.sums.tree.clear();
  const auto directory = temp_directory();
  const sys::Path cache = directory.path() / "mod";
  ModuleUnpacker unpacker(made.module, directory.path() / "new");
  REQUIRE(unpack(unpacker, made.archive()));
  REQUIRE(*place_module(cache, unpacker, k_soon) == Placed::now);
  const ModulePlaces places = module_places(cache, k_module);
  CHECK(content_of(places.mod) == k_go_mod);
  CHECK(content_of(places.zip_hash) == "(absent)");
  CHECK(is_module_there(cache, made.module));
}
