#include "store/entry_coding.hpp"

#include "base/subkey.hpp"
#include "store/layout.hpp"
#include "store/manifest.hpp"
#include "store/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sluice::store {

namespace {

using Where = Location::Where;

enum Flag : std::uint8_t {
  k_received = 1,
  k_subkey = 2,
  k_empty = 4,
  k_next_blob = 8,
  k_named = 16,
};
constexpr std::uint8_t k_flags_known = 31;

// place byte of a blob: where in bits 0 and 1, the encoding in bit 2.
constexpr std::uint8_t k_place_where = 3;
constexpr std::uint8_t k_place_zstd = 4;
constexpr std::uint8_t k_place_known = 7;

// The numbers of things in the order of their first appearance.
template <class T>
class Table {
 public:
  std::size_t number_of(const T& value) {
    const auto [at, added] = numbers_.try_emplace(value, values_.size());
    if (added) values_.push_back(value);
    return at->second;
  }
  const std::vector<T>& values() const { return values_; }

 private:
  std::unordered_map<T, std::size_t> numbers_;
  std::vector<T> values_;
};

struct Parent {
  std::size_t record = 0;
  std::size_t descriptor = 0;  // in k_subkey_descriptions
};

// For every record that is a subkey of another one of the list: which one, and of what name. A
// parent is never a subkey itself, so that a reader resolves all in one pass.
std::vector<std::optional<Parent>> find_parents(std::span<const Entry* const> entries) {
  std::unordered_map<ActionId, Parent> derived;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ActionId& action = entries[i]->record.action;
    if (derived.contains(action)) continue;
    for (std::size_t d = 0; d < k_subkey_descriptions.size(); ++d) {
      derived.try_emplace(subkey(action, k_subkey_descriptions[d]), Parent{i, d});
    }
  }
  std::vector<std::optional<Parent>> parents(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto found = derived.find(entries[i]->record.action);
    if (found == derived.end()) continue;
    if (derived.contains(entries[found->second.record]->record.action)) continue;
    parents[i] = found->second;
  }
  return parents;
}

// ---- encoding

struct PackPlace {
  PackId id;
  std::string domain;
  bool operator==(const PackPlace&) const = default;
};
struct PackPlaceHash {
  std::size_t operator()(const PackPlace& place) const {
    return std::hash<PackId>{}(place.id) ^ std::hash<std::string>{}(place.domain);
  }
};

class Encoder {
 public:
  explicit Encoder(std::span<const Entry* const> entries)
      : entries_(entries), parents_(find_parents(entries)) {}

  Result<void> encode(codec::WireWriter& writer) {
    for (std::size_t i = 0; i < entries_.size(); ++i) TRY(add(i));
    write_tables(writer);
    writer.varint(entries_.size());
    writer.raw(flags_);
    writer.raw(kinds_);
    writer.raw(actions_);
    writer.blob(numbers_.bytes());
    if (domains_.values().size() > k_entry_domains_max) {
      return fail(Code::invalid, "too many trust domains");
    }
    return {};
  }

 private:
  Result<void> add(std::size_t i) {
    const Record& record = entries_[i]->record;
    TRY(check_entry(*entries_[i]));
    unsigned flags = 0;
    if (record.origin == Origin::received) flags |= k_received;
    if (!record.name.empty()) flags |= k_named;
    if (const auto& parent = parents_[i]) {
      flags |= k_subkey;
      numbers_.zigzag(static_cast<std::int64_t>(i) - static_cast<std::int64_t>(parent->record));
      numbers_.varint(
          descriptors_.number_of(std::string(k_subkey_descriptions[parent->descriptor])));
    } else {
      append(actions_, record.action.view());
    }
    if (record.size == 0) {
      flags |= k_empty;
    } else {
      TRY_ASSIGN(const std::size_t blob, add_blob(*entries_[i]));
      if (blob == next_blob_) {
        flags |= k_next_blob;
        ++next_blob_;
      } else {
        numbers_.varint(blob);
      }
    }
    // Unsigned, so that no difference overflows; it wraps back when added up again.
    numbers_.zigzag(static_cast<std::int64_t>(static_cast<std::uint64_t>(record.time_ns) -
                                              static_cast<std::uint64_t>(last_time_ns_)));
    last_time_ns_ = record.time_ns;
    if (!record.name.empty()) numbers_.text(record.name);
    flags_.push_back(static_cast<std::byte>(flags));
    kinds_.push_back(static_cast<std::byte>(record.kind));
    return {};
  }

  Result<std::size_t> add_blob(const Entry& entry) {
    const auto [at, added] = blob_numbers_.try_emplace(entry.record.output, blob_count_);
    if (!added) {
      if (blob_sizes_[at->second] == entry.record.size) return at->second;
      return fail(Code::invalid,
                  fmt::format("record {}: blob {} has two sizes", entry.record.action.short_hex(),
                              entry.record.output.short_hex()));
    }
    const Location& location = entry.location;
    append(blob_ids_, entry.record.output.view());
    blob_sizes_.push_back(entry.record.size);
    const bool zstd = location.encoding == Encoding::zstd;
    places_.u8(static_cast<std::uint8_t>(static_cast<unsigned>(location.where) |
                                         (zstd ? k_place_zstd : 0U)));
    places_.varint(entry.record.size);
    const std::size_t domain = domains_.number_of(location.domain);
    if (location.where == Where::pack) {
      add_range(location, domain);
    } else {
      places_.varint(domain);
    }
    places_.varint(location.stored_size);
    return blob_count_++;
  }

  void add_range(const Location& location, std::size_t domain) {
    const auto [at, added] =
        pack_numbers_.try_emplace(PackPlace{location.pack, location.domain}, pack_ends_.size());
    const std::size_t pack = at->second;
    if (added) {
      append(pack_ids_, location.pack.view());
      pack_domains_.push_back(domain);
      pack_ends_.push_back(k_pack_header_size);
    }
    places_.varint(pack);
    places_.zigzag(static_cast<std::int64_t>(location.offset) -
                   static_cast<std::int64_t>(pack_ends_[pack]));
    pack_ends_[pack] = location.offset + location.stored_size;
  }

  void write_tables(codec::WireWriter& writer) const {
    writer.varint(domains_.values().size());
    for (const std::string& domain : domains_.values()) writer.text(domain);
    writer.varint(descriptors_.values().size());
    for (const std::string& descriptor : descriptors_.values()) writer.text(descriptor);
    writer.varint(pack_ends_.size());
    writer.raw(pack_ids_);
    for (const std::size_t domain : pack_domains_) writer.varint(domain);
    writer.varint(blob_count_);
    writer.raw(blob_ids_);
    writer.blob(places_.bytes());
  }

  std::span<const Entry* const> entries_;
  std::vector<std::optional<Parent>> parents_;
  Table<std::string> domains_;
  Table<std::string> descriptors_;
  std::unordered_map<PackPlace, std::size_t, PackPlaceHash> pack_numbers_;
  Bytes pack_ids_;
  std::vector<std::size_t> pack_domains_;
  std::vector<std::uint64_t> pack_ends_;  // where the last blob added in each pack ends
  std::unordered_map<BlobId, std::size_t> blob_numbers_;
  std::size_t blob_count_ = 0;
  Bytes blob_ids_;
  std::vector<std::uint64_t> blob_sizes_;
  codec::WireWriter places_;
  std::size_t next_blob_ = 0;
  UnixNanos last_time_ns_ = 0;
  Bytes flags_;
  Bytes kinds_;
  Bytes actions_;
  codec::WireWriter numbers_;
};

// ---- decoding

struct Pack {
  PackId id;
  std::size_t domain = 0;
  std::uint64_t end = k_pack_header_size;
};

struct Blob {
  BlobId id;
  std::uint64_t size = 0;
  Location location;
};

std::unexpected<Error> corrupt(std::string_view why) {
  return fail(Code::corrupt, std::string(why));
}

class Decoder {
 public:
  Decoder(codec::WireReader& reader, std::size_t records_max)
      : reader_(reader), records_max_(records_max) {}

  Result<std::vector<Entry>> decode() {
    TRY(read_texts());
    TRY(read_packs());
    TRY(read_blobs());
    TRY(read_records());
    return std::move(entries_);
  }

 private:
  Result<void> read_texts() {
    const std::size_t domains = reader_.count(1);
    if (domains > k_entry_domains_max) return corrupt("too many trust domains");
    for (std::size_t i = 0; i < domains; ++i) {
      domains_.push_back(reader_.text(k_domain_size_max));
      if (!is_domain(domains_.back())) return corrupt("a trust domain's name is none");
    }
    const std::size_t descriptors = reader_.count(1);
    if (descriptors > k_entry_descriptors_max) return corrupt("too many descriptors");
    for (std::size_t i = 0; i < descriptors; ++i) {
      descriptors_.push_back(reader_.text(k_entry_descriptor_size_max));
    }
    return finished_part();
  }

  Result<void> read_packs() {
    const std::size_t count = reader_.count(k_digest_size + 1);
    codec::WireReader ids(reader_.raw(count * k_digest_size));
    TRY(finished_part());
    packs_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      Pack pack;
      pack.id = *PackId::from_bytes(ids.raw(k_digest_size));
      const std::uint64_t domain = reader_.varint();
      if (domain >= domains_.size()) return corrupt("a pack lies in no trust domain");
      pack.domain = static_cast<std::size_t>(domain);
      packs_.push_back(pack);
    }
    return finished_part();
  }

  Result<void> read_blobs() {
    const std::size_t count = reader_.count(k_digest_size + 4);
    codec::WireReader ids(reader_.raw(count * k_digest_size));
    codec::WireReader places(reader_.blob(k_manifest_raw_size_max));
    TRY(finished_part());
    blobs_.reserve(std::min(count, records_max_));
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= records_max_) return too_many();
      Blob blob;
      blob.id = *BlobId::from_bytes(ids.raw(k_digest_size));
      TRY(read_place(places, blob));
      blobs_.push_back(std::move(blob));
    }
    return places.finish("table of blobs");
  }

  Result<void> read_place(codec::WireReader& places, Blob& blob) {
    const unsigned place = places.u8();
    blob.size = places.varint();
    Location& location = blob.location;
    location.where = static_cast<Where>(place & k_place_where);
    location.encoding = (place & k_place_zstd) != 0 ? Encoding::zstd : Encoding::raw;
    if ((place & ~unsigned{k_place_known}) != 0 ||
        (location.where != Where::pack && location.where != Where::alone)) {
      return corrupt("a blob lies in an unknown kind of place");
    }
    if (location.where == Where::alone) {
      const std::uint64_t domain = places.varint();
      if (domain >= domains_.size()) return corrupt("a blob lies in no trust domain");
      location.domain = domains_[static_cast<std::size_t>(domain)];
      location.stored_size = places.varint();
      return {};
    }
    const std::uint64_t number = places.varint();
    if (number >= packs_.size()) return corrupt("a blob lies in no pack");
    Pack& pack = packs_[static_cast<std::size_t>(number)];
    location.pack = pack.id;
    location.domain = domains_[pack.domain];
    location.offset =
        pack.end + static_cast<std::uint64_t>(places.zigzag());  // wraps: checked below
    location.stored_size = places.varint();
    if (location.offset > k_pack_size_max ||
        location.stored_size > k_pack_size_max - location.offset) {
      return corrupt("a blob's range is outside of any pack");
    }
    pack.end = location.offset + location.stored_size;
    return {};
  }

  Result<void> read_records() {
    const std::size_t count = reader_.count(3);
    if (count > records_max_) return too_many();
    const ByteView flags = reader_.raw(count);
    const ByteView kinds = reader_.raw(count);
    TRY(finished_part());
    const auto subkeys = static_cast<std::size_t>(std::ranges::count_if(
        flags, [](std::byte flag) { return (std::to_integer<unsigned>(flag) & k_subkey) != 0; }));
    codec::WireReader actions(reader_.raw((count - subkeys) * k_digest_size));
    codec::WireReader numbers(reader_.blob(k_manifest_raw_size_max));
    TRY(finished_part());
    entries_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const unsigned flag = std::to_integer<unsigned>(flags[i]);
      entries_[i].record.kind = kind_of(std::to_integer<std::uint8_t>(kinds[i]));
      TRY(read_record(i, flag, actions, numbers));
    }
    TRY(numbers.finish("table of records"));
    return resolve_subkeys(flags);
  }

  Result<void> read_record(std::size_t i, unsigned flag, codec::WireReader& actions,
                           codec::WireReader& numbers) {
    Record& record = entries_[i].record;
    if ((flag & ~unsigned{k_flags_known}) != 0) return corrupt("a record has an unknown flag");
    record.origin = (flag & k_received) != 0 ? Origin::received : Origin::made;
    if ((flag & k_subkey) != 0) {
      const std::uint64_t parent = i - static_cast<std::uint64_t>(numbers.zigzag());
      const std::uint64_t descriptor = numbers.varint();
      if (parent >= entries_.size() || descriptor >= descriptors_.size()) {
        return corrupt("a record is derived from none");
      }
      derived_.push_back({static_cast<std::size_t>(parent), static_cast<std::size_t>(descriptor)});
    } else {
      record.action = *ActionId::from_bytes(actions.raw(k_digest_size));
    }
    if ((flag & k_empty) != 0) {
      record.output = k_empty_blob;
    } else {
      const std::uint64_t number = (flag & k_next_blob) != 0 ? next_blob_++ : numbers.varint();
      if (number >= blobs_.size()) return corrupt("a record has no blob");
      const Blob& blob = blobs_[static_cast<std::size_t>(number)];
      record.output = blob.id;
      record.size = blob.size;
      entries_[i].location = blob.location;
    }
    last_time_ns_ += static_cast<std::uint64_t>(numbers.zigzag());
    record.time_ns = static_cast<UnixNanos>(last_time_ns_);
    if ((flag & k_named) != 0) record.name = numbers.text(k_record_name_size_max);
    return {};
  }

  Result<void> resolve_subkeys(ByteView flags) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if ((std::to_integer<unsigned>(flags[i]) & k_subkey) != 0) {
        const Parent& parent = derived_[next++];
        if ((std::to_integer<unsigned>(flags[parent.record]) & k_subkey) != 0) {
          return corrupt("a record is derived from a derived one");
        }
        entries_[i].record.action =
            subkey(entries_[parent.record].record.action, descriptors_[parent.descriptor]);
      }
      TRY(check_entry(entries_[i]));
    }
    return {};
  }

  static Kind kind_of(std::uint8_t number) {
    return number <= k_kind_last ? static_cast<Kind>(number) : Kind::other;
  }

  Result<void> finished_part() const {
    return reader_.ok() ? Result<void>{} : corrupt("end too early");
  }

  std::unexpected<Error> too_many() const {
    return fail(Code::exhausted, fmt::format("more than {} records", records_max_));
  }

  codec::WireReader& reader_;
  std::size_t records_max_;
  std::vector<std::string> domains_;
  std::vector<std::string> descriptors_;
  std::vector<Pack> packs_;
  std::vector<Blob> blobs_;
  std::vector<Entry> entries_;
  std::vector<Parent> derived_;
  std::uint64_t next_blob_ = 0;
  std::uint64_t last_time_ns_ = 0;
};

}  // namespace

Result<void> encode_entries(codec::WireWriter& writer, std::span<const Entry* const> entries) {
  if (entries.size() > k_manifest_records_max) {
    return fail(Code::invalid, fmt::format("{} records are more than the {} of one manifest",
                                           entries.size(), k_manifest_records_max));
  }
  return Encoder(entries).encode(writer);
}

Result<std::vector<Entry>> decode_entries(codec::WireReader& reader, std::size_t records_max) {
  return Decoder(reader, records_max).decode();
}

}  // namespace sluice::store
