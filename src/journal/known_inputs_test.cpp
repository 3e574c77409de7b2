#include "journal/known_inputs.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::journal {
namespace {

PackageInputs inputs(const std::string& package, char id, Micros at_us) {
  return {package, std::string(20, id), "go1.27.4", "compile\nfile a.go x\n", 7, at_us};
}

}  // namespace

TEST_CASE("known inputs: they come back as they were") {
  KnownInputs known{"test 12 abc", {}};
  known.add({inputs("b", 'A', 1), inputs("a", 'B', -5), inputs("a", 'C', 9)});
  const auto again = KnownInputs::decode(known.encode());
  REQUIRE(again);
  CHECK(again->source == known.source);
  CHECK(again->list == known.list);
  CHECK(known.list.front() == inputs("a", 'C', 9));
}

TEST_CASE("known inputs: the newest of each package, each once") {
  KnownInputs known;
  known.add({inputs("p", 'A', 1), inputs("p", 'B', 2), inputs("p", 'C', 3), inputs("q", 'A', 0)});
  known.add({inputs("p", 'A', 10), inputs("p", 'D', 4)});
  REQUIRE(known.list.size() == 4);
  CHECK(known.list[0] == inputs("p", 'A', 10));
  CHECK(known.list[1].build_id.front() == 'D');
  CHECK(known.list[2].build_id.front() == 'C');
  CHECK(known.list[3].package == "q");
}

TEST_CASE("known inputs: bounds hold by leaving out the oldest") {
  KnownInputs known;
  std::vector<PackageInputs> many;
  for (int i = 0; i < 40; ++i) {
    many.push_back(inputs(fmt::format("p{}", i), 'A', i));
    many.back().text.assign(1U << 20U, 'x');
  }
  known.add(many);
  CHECK(known.list.size() < 33);
  CHECK(known.encode().size() <= k_known_bytes_max);
  CHECK(std::ranges::none_of(known.list, [](const auto& one) { return one.at_us == 0; }));
}

TEST_CASE("known inputs: what is none is refused, wherever it is damaged") {
  KnownInputs known{"s", {}};
  known.add({inputs("p", 'A', 1)});
  const Bytes bytes = known.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(KnownInputs::decode(ByteView(bytes).first(size)));
  }
  Bytes later = bytes;
  later.at(23) = std::byte{'2'};
  CHECK(KnownInputs::decode(later).error().code == Code::unsupported);
}

}  // namespace sluice::journal
