#include "gotool/hash_trace.hpp"

#include "base/bytes.hpp"
#include "base/strings.hpp"
#include "base/subkey.hpp"
#include "gotool/go_quote.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_hash = "HASH[";
constexpr std::string_view k_other = "HASH ";
constexpr std::string_view k_subkey = "subkey ";
constexpr std::size_t k_hex_size = 2 * k_digest_size;

std::vector<std::string> settings_without_trace(std::string_view godebug) {
  std::vector<std::string> kept;
  for (const std::string_view setting : split(godebug, ',')) {
    if (setting != k_hash_trace_setting) kept.emplace_back(setting);
  }
  return kept;
}

// "PARENT "DESCRIPTION" = KEY", behind "subkey ".
std::optional<TracedSubkey> parse_subkey(std::string_view rest) {
  constexpr std::string_view k_equals = " = ";
  if (rest.size() < k_hex_size + 1) return std::nullopt;
  const auto parent = ActionId::from_hex(rest.substr(0, k_hex_size));
  if (!parent || rest[k_hex_size] != ' ') return std::nullopt;
  rest.remove_prefix(k_hex_size + 1);
  auto description = take_quoted_go(rest);
  if (!description || !rest.starts_with(k_equals)) return std::nullopt;
  const auto key = ActionId::from_hex(rest.substr(k_equals.size()));
  if (!key) return std::nullopt;
  return TracedSubkey{*parent, std::move(*description), *key, false};
}

}  // namespace

void HashTrace::feed(std::string_view bytes) {
  counts_.bytes += bytes.size();
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) {
      if (!is_skipping_ && pending_.size() + bytes.size() <= k_hash_line_max) {
        pending_ += bytes;
      } else {
        pending_.clear();
        is_skipping_ = true;
      }
      return;
    }
    const std::string_view rest = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (std::exchange(is_skipping_, false)) {
      // Whose line that was is not known.
      for (Open& open : open_) open.is_whole = false;
    } else if (pending_.empty()) {
      take_line(rest, true);
    } else {
      std::string line = std::exchange(pending_, {});
      line += rest;
      take_line(line, true);
    }
  }
}

void HashTrace::finish() {
  if (!pending_.empty()) take_line(std::exchange(pending_, {}), false);
  is_skipping_ = false;
  counts_.unfinished += open_.size();
  open_.clear();
  open_bytes_ = 0;
}

void HashTrace::take_line(std::string_view line, bool has_newline) {
  std::string_view rest = line;
  bool is_ours = false;
  if (rest.starts_with(k_hash))
    is_ours = take_hash_line(rest.substr(k_hash.size()));
  else if (rest.starts_with(k_other))
    is_ours = take_other_line(rest.substr(k_other.size()));
  if (is_ours)
    ++counts_.lines;
  else if (handlers_.other)
    handlers_.other(has_newline ? std::string(line) + '\n' : std::string(line));
}

bool HashTrace::take_hash_line(std::string_view rest) {
  constexpr std::string_view k_sum_mark = "]: ";
  constexpr std::string_view k_text_mark = "]: \"";
  if (rest.ends_with(']')) {
    begin(rest.substr(0, rest.size() - 1));
    return true;
  }
  if (rest.ends_with('"')) {
    const auto mark = rest.find(k_text_mark);
    if (mark == std::string_view::npos) return false;
    auto bytes = unquote_go(rest.substr(mark + k_sum_mark.size()));
    if (!bytes) return false;
    add(rest.substr(0, mark), std::move(*bytes));
    return true;
  }
  if (rest.size() < k_hex_size + k_sum_mark.size()) return false;
  const auto sum = ActionId::from_hex(rest.substr(rest.size() - k_hex_size));
  const std::string_view head = rest.substr(0, rest.size() - k_hex_size);
  if (!sum || !head.ends_with(k_sum_mark)) return false;
  end(head.substr(0, head.size() - k_sum_mark.size()), *sum);
  return true;
}

bool HashTrace::take_other_line(std::string_view rest) {
  if (rest.starts_with(k_subkey)) {
    if (auto subkey_line = parse_subkey(rest.substr(k_subkey.size()))) {
      subkey_line->is_proven =
          subkey(subkey_line->parent, subkey_line->description) == subkey_line->key;
      ++counts_.subkeys;
      if (subkey_line->is_proven) ++counts_.subkeys_proven;
      if (handlers_.subkey) handlers_.subkey(std::move(*subkey_line));
      return true;
    }
  }
  if (!rest.starts_with('/') || rest.find(": ") == std::string_view::npos) return false;
  ++counts_.files;
  return true;
}

void HashTrace::begin(std::string_view name) {
  if (open_.size() == k_hash_open_max) {
    ++counts_.unfinished;
    open_bytes_ -= open_.front().text.size();
    open_.erase(open_.begin());
  }
  open_.push_back({std::string(name), {}, 0, false, true});
}

void HashTrace::add(std::string_view name, std::string bytes) {
  const auto at = std::ranges::find(open_.rbegin(), open_.rend(), name, &Open::name);
  if (at == open_.rend()) return;
  if (open_bytes_ + bytes.size() > k_hash_open_bytes_max) {
    at->is_whole = false;
    return;
  }
  open_bytes_ += bytes.size();
  at->text += bytes;
  if (!std::exchange(at->has_salt, true)) at->salt_size = bytes.size();
  std::rotate(at.base() - 1, at.base(), open_.end());
}

void HashTrace::end(std::string_view name, const ActionId& sum) {
  const auto at = std::ranges::find(open_.rbegin(), open_.rend(), name, &Open::name);
  ++counts_.hashes;
  if (at == open_.rend()) return;
  Open open = std::move(*at);
  open_.erase(at.base() - 1);
  open_bytes_ -= open.text.size();
  TracedHash hash;
  hash.sum = sum;
  hash.is_proven = open.is_whole && sha256_as<ActionId>(bytes_of(open.text)) == sum;
  if (hash.is_proven) ++counts_.hashes_proven;
  if (!handlers_.hash) return;
  hash.name = std::move(open.name);
  hash.salt = open.text.substr(0, open.salt_size);
  hash.text = open.text.substr(open.salt_size);
  handlers_.hash(std::move(hash));
}

std::string with_hash_trace(std::string_view godebug) {
  auto settings = godebug.empty() ? std::vector<std::string>{} : settings_without_trace(godebug);
  settings.emplace_back(k_hash_trace_setting);
  return join(settings, ",");
}

std::string without_hash_trace(std::string_view godebug) {
  return join(settings_without_trace(godebug), ",");
}

bool has_hash_trace(std::string_view godebug) {
  const auto settings = split(godebug, ',');
  return std::ranges::find(settings, k_hash_trace_setting) != settings.end();
}

}  // namespace sluice::gotool
