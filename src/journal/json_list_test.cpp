#include "journal/json_list.hpp"

#include <doctest/doctest.h>

namespace sluice::journal {

TEST_CASE("json list: texts come back, what is no list is empty") {
  const std::vector<std::string> list = {"a", "", "with \"quotes\" and\nlines"};
  CHECK(list_of(list_text(list)) == list);
  CHECK(list_text({}) == "[]");
  CHECK(list_of("{}").empty());
  CHECK(list_of("no JSON").empty());
  CHECK(list_of("[1, \"a\"]") == std::vector<std::string>{"a"});
}

}  // namespace sluice::journal
