#include "codec/json.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

using namespace sluice;
using namespace sluice::codec;

namespace {

// Values of every kind, at most `depth` containers deep.
rc::Gen<Json> any_json(int depth);

rc::Gen<std::string> ascii() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
}

rc::Gen<Json> any_scalar() {
  return rc::gen::oneOf(
      rc::gen::just(Json()), rc::gen::map<bool>([](bool v) { return Json(v); }),
      rc::gen::map<std::int64_t>([](std::int64_t v) { return Json(v); }),
      rc::gen::map<double>([](double v) { return Json(std::isfinite(v) ? v : 0.5); }),
      rc::gen::map(ascii(), [](std::string v) { return Json(std::move(v)); }));
}

rc::Gen<Json> any_json(int depth) {
  if (depth == 0) return any_scalar();
  return rc::gen::oneOf(
      any_scalar(),
      rc::gen::map(rc::gen::container<JsonArray>(any_json(depth - 1)),
                   [](JsonArray v) { return Json(std::move(v)); }),
      rc::gen::map(rc::gen::container<JsonObject>(rc::gen::pair(ascii(), any_json(depth - 1))),
                   [](JsonObject v) { return Json(std::move(v)); }));
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_json(text);
  if (parsed) return "accepted: " + parsed->dump();
  CHECK(parsed.error().code == Code::invalid);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("every kind of value is read") {
  const auto json = parse_json(
      R"( {"n":null,"t":true,"i":-42,"d":1.5,"s":"a\u00e9\n","a":[1,[],{}],"o":{"x":"y"}} )");
  REQUIRE(json);
  CHECK(json->find("n")->is_null());
  CHECK(*json->find("t")->as_bool());
  CHECK(*json->find("i")->as_int() == -42);
  CHECK(*json->find("d")->as_double() == 1.5);
  CHECK(*json->find("s")->as_string() == "aé\n");
  CHECK(json->find("a")->as_array()->size() == 3);
  CHECK(json->find("o")->text_or("x", "") == "y");
  CHECK(json->find("absent") == nullptr);
  CHECK(json->as_object()->front().first == "n");
  CHECK(json->as_object()->back().first == "o");
}

TEST_CASE("members have fallbacks where absent or of another type") {
  const Json json = parse_json(R"({"s":"x","i":3,"b":true})").value();
  CHECK(json.text_or("s", "f") == "x");
  CHECK(json.text_or("i", "f") == "f");
  CHECK(json.int_or("i", 9) == 3);
  CHECK(json.int_or("s", 9) == 9);
  CHECK(json.bool_or("b", false));
  CHECK(json.bool_or("none", true));
  CHECK(Json(3).find("x") == nullptr);
}

TEST_CASE("numbers keep their kind and their value") {
  CHECK(*parse_json("9223372036854775807")->as_int() == std::numeric_limits<std::int64_t>::max());
  CHECK(*parse_json("-9223372036854775808")->as_int() == std::numeric_limits<std::int64_t>::min());
  CHECK(*parse_json("9223372036854775808")->as_double() == 9223372036854775808.0);
  CHECK(*parse_json("1.0")->as_double() == 1.0);
  CHECK(*parse_json("1e3")->as_double() == 1000.0);
  CHECK(*parse_json("0.1")->as_double() == 0.1);
  CHECK(*parse_json("1234567890.123456789")->as_double() == 1234567890.123456789);
  CHECK(Json(1.0).dump() == "1.0");
  CHECK(Json(std::numeric_limits<double>::infinity()).dump() == "null");
  CHECK(Json(std::numeric_limits<double>::quiet_NaN()).dump() == "null");
}

TEST_CASE("of members with one name the last counts") {
  CHECK(parse_json(R"({"a":1,"a":2})")->int_or("a", 0) == 2);
}

TEST_CASE("what was written is read back equal") {
  CHECK(rc::check([] {
    // Sizes multiply with depth: a hundred members on each of three levels would take minutes.
    const Json json = *rc::gen::resize(6, any_json(3));
    const auto line = parse_json(json.dump());
    const auto pretty = parse_json(json.dump_pretty());
    RC_ASSERT(line.has_value());
    RC_ASSERT(pretty.has_value());
    RC_ASSERT(line->dump() == json.dump());
    RC_ASSERT(pretty->dump() == json.dump());
  }));
  CHECK(rc::check([](double value) {
    RC_PRE(std::isfinite(value));
    const auto back = parse_json(Json(value).dump());
    RC_ASSERT((back.has_value() && back->as_double() != nullptr));
    RC_ASSERT(*back->as_double() == value);
  }));
}

TEST_CASE("strings of any bytes become a literal that can be read") {
  CHECK(rc::check([](const std::string& text) {
    const auto back = parse_json(json_quote(text));
    RC_ASSERT((back.has_value() && back->as_string() != nullptr));
  }));
  CHECK(json_quote("a\"\\\n\t\r\x01/é€😀") == "\"a\\\"\\\\\\n\\t\\r\\u0001/é€😀\"");
  CHECK(json_quote("\x7f") == "\"\x7f\"");
  constexpr std::string_view k_replaced = "\"\xef\xbf\xbd\"";
  for (const std::string_view bad : {"\xff", "\x80", "\xc3", "\xc0", "\xf8"}) {
    CHECK(json_quote(bad) == k_replaced);
  }
  CHECK(json_quote("\xed\xa0\x80") == "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a surrogate
  CHECK(json_quote("\xc3(") == "\"\xef\xbf\xbd(\"");
}

TEST_CASE("layouts") {
  const Json json = JsonObject{{"a", JsonArray{1, "b"}}, {"e", JsonObject{}}, {"l", JsonArray{}}};
  CHECK(json.dump() == R"({"a":[1,"b"],"e":{},"l":[]})");
  CHECK(json.dump_pretty() ==
        "{\n  \"a\": [\n    1,\n    \"b\"\n  ],\n  \"e\": {},\n  \"l\": []\n}\n");
}

TEST_CASE("what is no JSON is refused with its place") {
  CHECK(error_of("") == "json: byte 0: incomplete JSON");
  CHECK(error_of("{\"a\":1,}").starts_with("json: byte 7: "));
  CHECK(error_of("[1] x") == "json: byte 4: text behind the value");
  for (const char* bad :
       {" ", "{", "[1", "\"abc", "tru", "nul", "01", "1.", "-", "+1", "'a'", "[1,]", "{a:1}", "NaN",
        "// c\n1", "\"\\x\"", "\"\\ud800\"", "\"\n\"", "[1]]"}) {
    CAPTURE(bad);
    CHECK(error_of(bad).starts_with("json: byte "));
  }
  for (const char* bad : {"\"\xff\"", "\"\xc3(\"", "\"\xed\xa0\x80\"",
                          "\xef\xbb\xbf"
                          "1"}) {
    CHECK(error_of(bad).starts_with("json: byte "));
  }
}

TEST_CASE("depth and size are bounded") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_json(nested(k_json_depth_max)));
  CHECK_FALSE(parse_json(nested(k_json_depth_max + 1)));
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
  const auto large = parse_json(std::string(k_json_size_max + 1, ' '));
  REQUIRE_FALSE(large);
  CHECK(large.error().code == Code::exhausted);
}
