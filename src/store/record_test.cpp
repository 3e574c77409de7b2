#include "store/record.hpp"

#include "store/pack.hpp"
#include "store/testing.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

namespace sluice::store {
namespace {

Entry sample() {
  Entry entry{testing::record_of(testing::action_of(1), testing::body_of(1, 1000)), {}};
  entry.location.where = Location::Where::pack;
  entry.location.offset = k_pack_header_size;
  entry.location.stored_size = 700;
  entry.location.encoding = Encoding::zstd;
  entry.location.domain = "trusted";
  return entry;
}

bool passes(const std::function<void(Entry&)>& change) {
  Entry entry = sample();
  change(entry);
  return check_entry(entry).has_value();
}

TEST_CASE("what go's own cache holds") {
  for (const Kind kind : {Kind::other, Kind::archive, Kind::test_output, Kind::executable}) {
    CHECK(is_of_gos_cache(kind));
  }
  for (const Kind kind : {Kind::link, Kind::inputs, Kind::module})
    CHECK_FALSE(is_of_gos_cache(kind));
}

TEST_CASE("what may be fetched without further thought") {
  CHECK(passes([](Entry&) {}));
  CHECK(passes([](Entry& entry) {
    entry.location.encoding = Encoding::raw;
    entry.location.stored_size = entry.record.size;
  }));
  CHECK(passes([](Entry& entry) {
    entry.record.kind = Kind::executable;
    entry.record.name = "stringer";
  }));
  CHECK(passes([](Entry& entry) {
    entry.location.where = Location::Where::alone;
    entry.location.offset = 0;
  }));
  CHECK(passes([](Entry& entry) {
    entry.record.size = 0;
    entry.record.output = k_empty_blob;
    entry.location = {};
  }));
}

TEST_CASE("what may not") {
  const std::function<void(Entry&)> changes[] = {
      [](Entry& entry) { entry.record.size = k_blob_size_max + 1; },
      [](Entry& entry) { entry.record.size = 0; },
      [](Entry& entry) { entry.record.output = k_empty_blob; },
      [](Entry& entry) { entry.record.kind = Kind::executable; },
      [](Entry& entry) { entry.record.name = ".."; },
      [](Entry& entry) { entry.record.name = "a/b"; },
      [](Entry& entry) { entry.record.name = "a\nb"; },
      [](Entry& entry) { entry.record.name = std::string(k_record_name_size_max + 1, 'x'); },
      [](Entry& entry) { entry.location.where = Location::Where::nowhere; },
      [](Entry& entry) { entry.location.domain = "../trusted"; },
      [](Entry& entry) { entry.location.domain.clear(); },
      [](Entry& entry) { entry.location.offset = k_pack_header_size - 1; },
      [](Entry& entry) { entry.location.offset = k_pack_size_max; },
      [](Entry& entry) { entry.location.offset = ~std::uint64_t{0}; },
      [](Entry& entry) { entry.location.stored_size = 0; },
      [](Entry& entry) { entry.location.stored_size = 1'000'000; },
      [](Entry& entry) { entry.location.encoding = Encoding::raw; },
      [](Entry& entry) { entry.location.where = Location::Where::alone; },
  };
  for (const auto& change : changes) CHECK_FALSE(passes(change));
}

}  // namespace
}  // namespace sluice::store
