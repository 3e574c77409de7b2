// JSON values, read with a bound on depth and size and written deterministically.
//
// A facade over Boost.JSON's parser, which stays inside this room: objects keep the order (and the
// repetitions) of their members, integers stay integers, doubles round-trip exactly. Values own
// what they hold: any thread. Text that is no JSON or no UTF-8 is Code::invalid with the offset in
// bytes, text past the size bound Code::exhausted.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::codec {

inline constexpr std::size_t k_json_size_max = 64U << 20U;  // bytes of text
inline constexpr std::size_t k_json_depth_max = 64;         // containers inside each other

class Json;
using JsonArray = std::vector<Json>;
using JsonObject = std::vector<std::pair<std::string, Json>>;

class Json {
 public:
  Json() = default;  // null
  // NOLINTBEGIN(google-explicit-constructor): a value is written where a Json is expected.
  Json(bool value) : value_(value) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}  // up to 2^63 - 1
  Json(int value) : value_(static_cast<std::int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<std::int64_t>(value)) {}
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(JsonArray value) : value_(std::move(value)) {}
  Json(JsonObject value) : value_(std::move(value)) {}
  // NOLINTEND(google-explicit-constructor)

  bool is_null() const { return value_.index() == 0; }
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&value_); }
  const double* as_double() const { return std::get_if<double>(&value_); }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const JsonArray* as_array() const { return std::get_if<JsonArray>(&value_); }
  const JsonObject* as_object() const { return std::get_if<JsonObject>(&value_); }

  // The member of an object, null pointer when this is no object or has none of that name.
  // Of several with one name the last, as Go reads them.
  const Json* find(std::string_view name) const;
  // Members with a fallback where absent or of another type.
  std::string text_or(std::string_view name, std::string_view fallback) const;
  std::int64_t int_or(std::string_view name, std::int64_t fallback) const;
  bool bool_or(std::string_view name, bool fallback) const;

  // Bytes that are no UTF-8 are written as U+FFFD, numbers that are not finite as null.
  std::string dump() const;         // one line
  std::string dump_pretty() const;  // two spaces of indentation, a newline at the end

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, JsonArray, JsonObject>
      value_;
};

Result<Json> parse_json(std::string_view text);
// As dump() of a string.
std::string json_quote(std::string_view text);

}  // namespace sluice::codec
