#include "store/folder.hpp"

#include "store/conformance.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

namespace sluice::store {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(30)); }

std::vector<std::string> names_in(const sys::Path& directory) {
  std::vector<std::string> names;
  const auto listed = sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
    names.emplace_back(name);
    return {};
  });
  CHECK(listed.has_value());
  return names;
}

struct Place {
  Place() : directory(*sys::TempDirectory::create("sluice-folder-")) {}
  sys::Path root() const { return directory.path() / "store"; }
  std::unique_ptr<Objects> open() const { return open_folder(root()); }
  sys::TempDirectory directory;
};

TEST_CASE("a folder keeps every promise of a store") {
  const Place place;
  check_conformance([&] { return place.open(); });
  // No half-written file stays behind, whatever was refused on the way.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place.root())) {
    if (entry.path().parent_path().filename() == "tmp") FAIL(entry.path().native());
  }
}

TEST_CASE("a folder that is not there is an empty store and is not made by reading") {
  const Place place;
  const auto objects = place.open();
  const auto object = objects->get("a/b", 10, soon());
  REQUIRE(object.has_value());
  CHECK_FALSE(object->has_value());
  const auto page = objects->list("", "", 10, soon());
  REQUIRE(page.has_value());
  CHECK(page->keys.empty());
  CHECK_FALSE(std::filesystem::exists(place.root()));
}

TEST_CASE("keys are files, and what is no key is not listed") {
  const Place place;
  const auto objects = place.open();
  REQUIRE(objects->put("a/b", Body(bytes_of("x")), PutCondition::always(), soon()).has_value());
  CHECK(text_of(**sys::read_file(place.root() / "a" / "b", 10)) == "x");
  REQUIRE(sys::write_file_atomic(place.root() / "a" / "README.TXT", bytes_of("x")).has_value());
  REQUIRE(sys::write_file_atomic(place.root() / ".nfs0001", bytes_of("x")).has_value());
  const auto page = objects->list("", "", 10, soon());
  REQUIRE(page.has_value());
  CHECK(page->keys == std::vector<std::string>{"a/b"});
  const auto directory = objects->get("a", 10, soon());
  REQUIRE(directory.has_value());
  CHECK_FALSE(directory->has_value());
  const auto over = objects->put("a", Body(bytes_of("x")), PutCondition::absent(), soon());
  REQUIRE_FALSE(over.has_value());
  CHECK(over.error().message.find("a directory stands in its place") != std::string::npos);
}

TEST_CASE("modes follow the umask") {
  const Place place;
  const mode_t before = ::umask(027);
  const auto stored = place.open()->put("a/b", Body(bytes_of("x")), PutCondition::always(), soon());
  ::umask(before);
  REQUIRE(stored.has_value());
  CHECK(((*sys::stat_file(place.root() / "a" / "b"))->mode & 0777U) == 0640U);
  CHECK(((*sys::stat_file(place.root() / "a"))->mode & 0777U) == 0750U);
}

TEST_CASE("what dead writers left is swept after a day") {
  const Place place;
  const sys::Path temp = place.root() / "a" / ".sluice" / "tmp";
  REQUIRE(sys::make_directories(temp).has_value());
  REQUIRE(sys::write_file_atomic(temp / ".sluice-tmp-old", bytes_of("x")).has_value());
  REQUIRE(sys::write_file_atomic(temp / ".sluice-tmp-new", bytes_of("x")).has_value());
  constexpr std::int64_t k_hour_ns = std::int64_t{3600} * 1'000'000'000;
  REQUIRE(sys::touch(temp / ".sluice-tmp-old", unix_now_ns() - 25 * k_hour_ns).has_value());
  REQUIRE(sys::touch(temp / ".sluice-tmp-new", unix_now_ns() - 23 * k_hour_ns).has_value());
  REQUIRE(sys::write_file_atomic(temp / "notes", bytes_of("x")).has_value());
  REQUIRE(sys::touch(temp / "notes", unix_now_ns() - 25 * k_hour_ns).has_value());
  REQUIRE(place.open()->put("a/b", Body(bytes_of("x")), PutCondition::always(), soon()));
  std::vector<std::string> left = names_in(temp);
  std::ranges::sort(left);
  CHECK(left == std::vector<std::string>{".sluice-tmp-new", "notes"});  // the last is nobody's
}

TEST_CASE("no link leads out of it") {
  Place place;
  const sys::Path outside = place.directory.path() / "outside";
  REQUIRE(sys::make_directories(outside / "aa"));
  REQUIRE(sys::make_directories(place.root() / "d" / "v1"));
  const std::string name(64, 'a');
  for (const sys::Path& file : {outside / "precious", outside / "aa" / name}) {
    REQUIRE(sys::write_file_atomic(file, bytes_of("x")));
    REQUIRE(sys::touch(file, unix_now_ns() - 3 * k_folder_leftover_age_ns));
  }
  const auto objects = place.open();
  const std::string key = "d/v1/packs/aa/" + name;
  for (const char* way : {"d/v1/packs", "d/.sluice", "d/v1/one"}) {
    INFO(way);
    const sys::Path target =
        std::string_view(way).ends_with("one") ? outside / "precious" : outside;
    std::filesystem::create_symlink(target, place.root() / way);
    const auto page = objects->list("d/", "", 100, soon());
    REQUIRE(page);
    CHECK(page->keys.empty());
    (void)objects->remove(key, soon());
    (void)objects->remove("d/v1/one", soon());
    const auto read = objects->get(key, 100, soon());
    CHECK((!read || !*read));
    CHECK(!objects->put(key, Body(bytes_of("new")), PutCondition::always(), soon()) ==
          (std::string_view(way) != "d/v1/one"));
    CHECK(names_in(outside).size() == 2);
    CHECK(names_in(outside / "aa").size() == 1);
    std::filesystem::remove(place.root() / way);
  }
}

TEST_CASE("a writer of one domain touches nothing outside it") {
  const Place place;
  const auto objects = place.open();
  REQUIRE(objects->put("fork/x", Body(bytes_of("x")), PutCondition::always(), soon()).has_value());
  const auto stored = objects->put("fork/x", Body(bytes_of("y")), PutCondition::absent(), soon());
  CHECK_FALSE(stored->stored);
  REQUIRE(objects->remove("fork/x", soon()).has_value());
  CHECK(names_in(place.root()) == std::vector<std::string>{"fork"});
}

TEST_CASE("a put into a place that cannot be written says where") {
  const Place place;
  REQUIRE(sys::write_file_atomic(place.root(), bytes_of("a file")).has_value());
  const auto stored = place.open()->put("a/b", Body(bytes_of("x")), PutCondition::always(), soon());
  REQUIRE_FALSE(stored.has_value());
  CHECK(stored.error().message.find(place.root().native()) != std::string::npos);
}

TEST_CASE("counters under if-match lose no step") {
  const Place place;
  constexpr int k_steps = 20;
  constexpr int k_threads = 4;
  REQUIRE(place.open()->put("n", Body(bytes_of("0")), PutCondition::always(), soon()).has_value());
  std::vector<std::thread> threads;
  for (int i = 0; i < k_threads; ++i) {
    threads.emplace_back([&] {
      const auto objects = place.open();
      for (int done = 0; done < k_steps;) {
        const auto object = objects->get("n", 100, soon());
        if (!object || !*object) continue;
        const std::string next =
            std::to_string(std::stoi(std::string(text_of((*object)->bytes))) + 1);
        const auto put =
            objects->put("n", Body(bytes_of(next)), PutCondition::match((*object)->etag), soon());
        if (put && put->stored) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto object = place.open()->get("n", 100, soon());
  CHECK(text_of((**object).bytes) == std::to_string(k_steps * k_threads));
}

}  // namespace
}  // namespace sluice::store
