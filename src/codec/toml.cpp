#include "codec/toml.hpp"

#include "base/strings.hpp"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace sluice::codec {
namespace {

constexpr std::size_t k_message_size_max = 160;

// Entries of one file while they are gathered; a node's place orders them as they were written.
class Gatherer {
 public:
  explicit Gatherer(std::string_view source) : source_(source) {}

  Result<void> gather(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + spell(key.str());
      if (const toml::table* inner = node.as_table()) {
        TRY(gather(*inner, name + "."));
        continue;
      }
      TRY_ASSIGN(TomlEntry entry, entry_of(name, node, key.source().begin));
      found_.push_back({key.source().begin, std::move(entry)});
    }
    return {};
  }

  std::vector<TomlEntry> take() {
    std::sort(found_.begin(), found_.end(), [](const Found& left, const Found& right) {
      return std::tie(left.place.line, left.place.column, left.entry.key) <
             std::tie(right.place.line, right.place.column, right.entry.key);
    });
    std::vector<TomlEntry> entries;
    entries.reserve(found_.size());
    for (Found& found : found_) entries.push_back(std::move(found.entry));
    return entries;
  }

 private:
  struct Found {
    toml::source_position place;
    TomlEntry entry;
  };

  // A key with a dot or a blank of its own keeps its quotes: "a.b" is not the member b of a table
  // a.
  static std::string spell(std::string_view key) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-';
    });
    return bare ? std::string(key) : '"' + std::string(key) + '"';
  }

  Result<TomlEntry> entry_of(const std::string& name, const toml::node& node,
                             toml::source_position place) const {
    TomlEntry entry{.key = name, .value = false, .line = place.line};
    if (const auto* flag = node.as_boolean()) {
      entry.value = flag->get();
    } else if (const auto* number = node.as_integer()) {
      entry.value = number->get();
    } else if (const auto* real = node.as_floating_point()) {
      entry.value = real->get();
    } else if (const auto* text = node.as_string()) {
      entry.value = text->get();
    } else if (const auto* array = node.as_array()) {
      std::vector<std::string> words;
      for (const toml::node& item : *array) {
        const auto* word = item.as_string();
        if (word == nullptr) return refuse(entry, "a list may hold strings only");
        words.push_back(word->get());
      }
      entry.value = std::move(words);
    } else {
      return refuse(entry, "dates and times have no meaning here");
    }
    return entry;
  }

  std::unexpected<Error> refuse(const TomlEntry& entry, std::string_view why) const {
    return fail(Code::invalid,
                fmt::format("{}:{}: {}: {}", source_, entry.line, printable(entry.key), why));
  }

  std::string_view source_;
  std::vector<Found> found_;
};

}  // namespace

Result<std::vector<TomlEntry>> parse_toml(std::string_view text, std::string_view source) {
  if (text.size() > k_toml_size_max) {
    return fail(Code::invalid,
                fmt::format("{}: {} bytes, more than {}", source, text.size(), k_toml_size_max));
  }
  try {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      return fail(Code::invalid, fmt::format("{}:{}: {}", source, error.source().begin.line,
                                             printable(error.description(), k_message_size_max)));
    }
    Gatherer gatherer(source);
    TRY(gatherer.gather(parsed.table(), ""));
    return gatherer.take();
  } catch (const std::exception& exception) {
    return fail(Code::invalid, fmt::format("{}: {}", source, exception.what()));
  }
}

}  // namespace sluice::codec
