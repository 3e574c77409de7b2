#include "insight/nearest_inputs.hpp"

#include "gotool/action_text.hpp"
#include "insight/diary_for_test.hpp"

#include <doctest/doctest.h>

namespace sluice::insight {
namespace {

journal::InputsRow row_of(const std::string& text, const std::string& modinfo = "") {
  journal::InputsRow row;
  row.package = "p";
  row.salt = testing::k_salt;
  row.text = text;
  row.modinfo = modinfo;
  row.build_id = testing::build_id_of(text_of(row));
  return row;
}

}  // namespace

TEST_CASE("nearest inputs: the same flags before the same files") {
  const std::string now = testing::text_of("p", {"a.go=2"}, {});
  const std::string near = testing::text_of("p", {"a.go=1"}, {});
  const std::vector<journal::InputsRow> rows = {
      row_of(testing::text_of("p", {"a.go=2"}, {}, "trimpath\n")), row_of(near),
      row_of(testing::text_of("p", {"a.go=0"}, {}))};
  const auto nearest = nearest_inputs(rows, now);
  REQUIRE(nearest);
  CHECK(nearest->row == &rows[1]);
  CHECK(nearest->is_proven);
  REQUIRE(nearest->changes.size() == 1);
  CHECK(nearest->changes[0].name == "a.go");
  CHECK_FALSE(nearest_inputs({}, now));
}

TEST_CASE("nearest inputs: a file that was changed and put back is no change") {
  const std::string now = testing::text_of("p", {"a.go=1"}, {"m/b=B2"});
  const std::vector<journal::InputsRow> rows = {
      row_of(testing::text_of("p", {"a.go=2"}, {"m/b=B1"})),
      row_of(testing::text_of("p", {"a.go=1", "tagged.go=1"}, {"m/b=B1"})),
      row_of(testing::text_of("p", {"a.go=1"}, {"m/b=B1", "m/c=C1"})),
      row_of(testing::text_of("p", {"a.go=1"}, {"m/b=B1"})),
      row_of(testing::text_of("p", {"a.go=1"}, {"m/b=B0"}))};
  const auto nearest = nearest_inputs(rows, now);
  REQUIRE(nearest);
  CHECK(nearest->row == &rows[3]);
}

TEST_CASE("nearest inputs: a renamed file is one change, and the newest of equal ones is taken") {
  const std::string now = testing::text_of("p", {"a.go=1", "new.go=2"}, {});
  const std::vector<journal::InputsRow> rows = {
      row_of(testing::text_of("p", {"a.go=1", "old.go=2"}, {})),
      row_of(testing::text_of("p", {"a.go=1"}, {}))};
  const auto nearest = nearest_inputs(rows, now);
  REQUIRE(nearest);
  CHECK(nearest->row == &rows[0]);
}

TEST_CASE("nearest inputs: a program that was never linked is compared without its information") {
  const std::string bare = testing::text_of("p", {"a.go=1"}, {});
  const std::string now =
      gotool::with_modinfo(testing::text_of("p", {"a.go=2"}, {}), "path\tp\nbuild\t-x=y\n");
  journal::InputsRow unknown = row_of(bare);
  unknown.build_id = "nothing";
  const std::vector<journal::InputsRow> rows = {unknown};
  auto nearest = nearest_inputs(rows, now);
  REQUIRE(nearest);
  CHECK_FALSE(nearest->is_proven);
  REQUIRE(nearest->changes.size() == 1);
  CHECK(nearest->changes[0].kind == gotool::InputKind::file);

  // What is wholly known comes first, even where more of it differs.
  const std::vector<journal::InputsRow> both = {unknown, row_of(bare, "path\tp\nbuild\t-x=z\n")};
  nearest = nearest_inputs(both, now);
  REQUIRE(nearest);
  CHECK(nearest->row == &both[1]);
  CHECK(nearest->is_proven);
  CHECK(nearest->changes.size() == 2);
}

TEST_CASE("nearest inputs: a program that only its tests have compiled so far is one change") {
  const std::string bare = testing::text_of("p", {"a.go=1"}, {});
  const std::string program = gotool::with_modinfo(bare, "path\tp\nbuild\t-x=y\nbuild\t-z=1\n");
  const std::vector<journal::InputsRow> of_test = {row_of(bare)};
  auto nearest = nearest_inputs(of_test, program);
  REQUIRE(nearest);
  CHECK(nearest->is_proven);
  REQUIRE(nearest->changes.size() == 1);
  CHECK(nearest->changes[0].name == k_program);
  CHECK_FALSE(nearest->changes[0].before);
  const std::vector<journal::InputsRow> built = {
      row_of(bare, "path\tp\nbuild\t-x=y\nbuild\t-z=1\n")};
  nearest = nearest_inputs(built, bare);
  REQUIRE(nearest);
  REQUIRE(nearest->changes.size() == 1);
  CHECK_FALSE(nearest->changes[0].after);
}

}  // namespace sluice::insight
