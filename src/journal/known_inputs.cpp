#include "journal/known_inputs.hpp"

#include "codec/wire.hpp"
#include "journal/database.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sluice::journal {
namespace {

constexpr std::string_view k_magic = "sluice package inputs ";
constexpr std::string_view k_version = "1";
constexpr std::size_t k_name_max = 16U << 10U;
constexpr std::size_t k_key_bytes = 15;
constexpr std::size_t k_entry_bytes_min = 1 + k_key_bytes + 4;
constexpr std::size_t k_entry_overhead = 64;  // more than what stands beside the texts

}  // namespace

ArchiveTimes::ArchiveTimes(const std::vector<Event>& events) {
  for (const Event& event : events) {
    const auto* results = std::get_if<Results>(&event.body);
    if (results == nullptr) continue;
    for (const Stored& one : results->list) {
      if (one.kind == k_kind_archive) stored_us_[build_id_of(one.action)] = one.at_us;
    }
  }
}

std::uint64_t ArchiveTimes::cost_us(const std::string& build_id, Micros began_us) const {
  const auto at = stored_us_.find(build_id);
  if (at == stored_us_.end()) return 0;
  return static_cast<std::uint64_t>(std::max<Micros>(0, at->second - began_us));
}

void KnownInputs::add(const std::vector<PackageInputs>& more) {
  std::vector<PackageInputs> all = more;
  all.insert(all.end(), std::make_move_iterator(list.begin()), std::make_move_iterator(list.end()));
  // Of the same inputs the first counts: what is added is newer.
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(all, [&seen](const PackageInputs& one) {
    return !seen.emplace(one.package, one.build_id).second;
  });
  std::ranges::stable_sort(all, std::greater{}, &PackageInputs::at_us);
  std::map<std::string, std::size_t> counts;
  std::size_t bytes = 0;
  list.clear();
  for (PackageInputs& one : all) {
    if (counts[one.package] == k_known_each_max) continue;
    bytes += one.package.size() + one.salt.size() + one.text.size() + k_entry_overhead;
    if (bytes > k_known_bytes_max || list.size() == k_known_packages_max) break;
    ++counts[one.package];
    list.push_back(std::move(one));
  }
  std::ranges::sort(list, {}, [](const PackageInputs& one) {
    return std::pair(std::string_view(one.package), -one.at_us);
  });
}

Bytes KnownInputs::encode() const {
  codec::WireWriter out;
  out.text(std::string(k_magic) + std::string(k_version));
  out.text(source);
  out.varint(list.size());
  for (const PackageInputs& one : list) {
    out.text(one.package);
    Bytes key = build_key(one.build_id).value_or(Bytes{});
    key.resize(k_key_bytes);
    out.raw(key);
    out.text(one.salt);
    out.varint(one.cost_us);
    out.zigzag(one.at_us);
    out.text(one.text);
  }
  return out.take();
}

Result<KnownInputs> KnownInputs::decode(ByteView bytes) {
  codec::WireReader in(bytes);
  const std::string magic = in.text(k_name_max);
  if (!magic.starts_with(k_magic)) return fail(Code::corrupt, "package inputs: no magic");
  if (magic.substr(k_magic.size()) != k_version) {
    return fail(Code::unsupported, "package inputs: of another version");
  }
  KnownInputs known;
  known.source = in.text(k_name_max);
  const std::size_t count = in.count(k_entry_bytes_min);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    PackageInputs one;
    one.package = in.text(k_name_max);
    one.build_id = build_id_of(in.raw(k_key_bytes));
    one.salt = in.text(k_name_max);
    one.cost_us = in.varint();
    one.at_us = in.zigzag();
    one.text = in.text(k_frame_bytes_max);
    known.list.push_back(std::move(one));
  }
  TRY(in.finish("package inputs"));
  return known;
}

}  // namespace sluice::journal
