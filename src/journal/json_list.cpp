#include "journal/json_list.hpp"

#include "codec/json.hpp"

namespace sluice::journal {

std::string list_text(const std::vector<std::string>& list) {
  return codec::Json(codec::JsonArray(list.begin(), list.end())).dump();
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> list;
  const auto json = codec::parse_json(text);
  if (!json || json->as_array() == nullptr) return list;
  for (const codec::Json& item : *json->as_array()) {
    if (item.as_string() != nullptr) list.push_back(*item.as_string());
  }
  return list;
}

}  // namespace sluice::journal
