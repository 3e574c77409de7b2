#include "store/snapshot_tree.hpp"

#include "base/strings.hpp"
#include "codec/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace sluice::store {

namespace {

constexpr std::string_view k_magic = "sluice snapshot 1";
constexpr std::uint32_t k_mode_bits = 07777;
constexpr std::size_t k_chunk_bytes_min = k_digest_size + 3;
constexpr std::size_t k_entry_bytes_min = 4;

bool is_element(std::string_view element) {
  return !element.empty() && element.size() <= k_snapshot_element_max && element != "." &&
         element != ".." && element.find('\0') == std::string_view::npos;
}

bool is_name(std::string_view name) {
  return name.size() <= k_snapshot_path_max && std::ranges::all_of(split(name, '/'), is_element);
}

Result<void> check_chunks(const SnapshotTree& tree) {
  for (const SnapshotBundle& bundle : tree.bundles) {
    if (bundle.size == 0 || bundle.size > k_snapshot_bundle_max) {
      return fail(Code::invalid, "a bundle of no possible size");
    }
  }
  for (const SnapshotChunk& chunk : tree.chunks) {
    if (chunk.bundle >= tree.bundles.size()) return fail(Code::invalid, "a chunk of no bundle");
    const std::uint64_t size = tree.bundles[chunk.bundle].size;
    if (chunk.size == 0 || chunk.size > size || chunk.offset > size - chunk.size) {
      return fail(Code::invalid, "a chunk beyond its bundle");
    }
  }
  return {};
}

Result<void> check_file(const SnapshotTree& tree, const SnapshotEntry& entry,
                        std::size_t& extents) {
  if (entry.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(Code::invalid, "a file of no possible size");
  }
  extents += entry.extents.size();
  if (extents > k_snapshot_items_max) return fail(Code::invalid, "too many extents");
  std::uint64_t end = 0;
  for (const SnapshotExtent& extent : entry.extents) {
    if (extent.chunk >= tree.chunks.size()) return fail(Code::invalid, "an extent of no chunk");
    const std::uint64_t size = tree.chunks[extent.chunk].size;
    if (extent.offset < end || size > entry.size || extent.offset > entry.size - size) {
      return fail(Code::invalid, "an extent beyond its file");
    }
    end = extent.offset + size;
  }
  return {};
}

Result<void> check_place(const SnapshotEntry& entry, bool is_first,
                         std::unordered_map<std::string_view, EntryType>& known) {
  if (is_first != entry.name.empty()) return fail(Code::invalid, "a root that is not the first");
  if (!is_first) {
    if (!is_name(entry.name)) return fail(Code::invalid, "a name that is none");
    const std::string_view name = entry.name;
    const auto slash = name.rfind('/');
    const auto parent =
        known.find(slash == std::string_view::npos ? std::string_view() : name.substr(0, slash));
    if (parent == known.end() || parent->second != EntryType::directory) {
      return fail(Code::invalid, "a name without its directory");
    }
  }
  if (!known.try_emplace(entry.name, entry.type).second) {
    return fail(Code::invalid, "two entries of one name");
  }
  return {};
}

Result<void> check_entry_of(const SnapshotTree& tree, const SnapshotRoot& root, std::size_t at,
                            std::size_t& extents) {
  const SnapshotEntry& entry = root.entries[at];
  if (entry.mode > k_mode_bits) return fail(Code::invalid, "permission bits that are none");
  switch (entry.type) {
    case EntryType::directory: return {};
    case EntryType::file: return check_file(tree, entry, extents);
    case EntryType::symlink:
      if (entry.target.empty() || entry.target.size() > k_snapshot_path_max ||
          entry.target.find('\0') != std::string::npos) {
        return fail(Code::invalid, "a link to nothing");
      }
      return {};
    case EntryType::hard_link:
      if (entry.linked >= at || root.entries[entry.linked].type != EntryType::file) {
        return fail(Code::invalid, "a hard link to no file before it");
      }
      return {};
  }
  return fail(Code::invalid, "an entry of no kind");
}

Result<void> check_tree(const SnapshotTree& tree) {
  if (tree.roots.size() > k_snapshot_roots_max || tree.bundles.size() > k_snapshot_items_max ||
      tree.chunks.size() > k_snapshot_items_max) {
    return fail(Code::invalid, "more than a snapshot may hold");
  }
  TRY(check_chunks(tree));
  std::size_t entries = 0;
  std::size_t extents = 0;
  for (const SnapshotRoot& root : tree.roots) {
    if (root.path.empty() || root.path.size() > k_snapshot_path_max) {
      return fail(Code::invalid, "a root without a path");
    }
    entries += root.entries.size();
    if (root.entries.empty()) return fail(Code::invalid, "a root without entries");
    if (entries > k_snapshot_items_max) return fail(Code::invalid, "too many entries");
    std::unordered_map<std::string_view, EntryType> known;
    known.reserve(root.entries.size());
    for (std::size_t i = 0; i < root.entries.size(); ++i) {
      TRY(check_place(root.entries[i], i == 0, known));
      TRY(check_entry_of(tree, root, i, extents));
    }
  }
  return {};
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

class TreeWriter {
 public:
  Bytes write(const SnapshotTree& tree) {
    out_.text(k_magic);
    out_.varint(tree.bundles.size());
    for (const SnapshotBundle& bundle : tree.bundles) {
      out_.raw(bundle.id.view());
      out_.varint(bundle.size);
    }
    out_.varint(tree.chunks.size());
    for (const SnapshotChunk& chunk : tree.chunks) {
      out_.raw(chunk.id.view());
      out_.varint(chunk.bundle);
      out_.varint(chunk.offset);
      out_.varint(chunk.size);
    }
    out_.varint(tree.roots.size());
    for (const SnapshotRoot& root : tree.roots) {
      out_.text(root.path);
      out_.varint(root.entries.size());
      std::string_view before;
      for (const SnapshotEntry& entry : root.entries) {
        write_entry(tree, entry, before);
        before = entry.name;
      }
    }
    return out_.take();
  }

 private:
  void write_entry(const SnapshotTree& tree, const SnapshotEntry& entry, std::string_view before) {
    const std::size_t shared = shared_prefix(before, entry.name);
    out_.varint(shared);
    out_.text(std::string_view(entry.name).substr(shared));
    out_.u8(static_cast<std::uint8_t>(entry.type));
    switch (entry.type) {
      case EntryType::symlink:
        out_.text(entry.target);
        out_.zigzag(entry.mtime_ns);
        return;
      case EntryType::hard_link: out_.varint(entry.linked); return;
      case EntryType::directory:
        out_.varint(entry.mode);
        out_.zigzag(entry.mtime_ns);
        return;
      case EntryType::file: break;
    }
    out_.varint(entry.mode);
    out_.zigzag(entry.mtime_ns);
    out_.varint(entry.size);
    out_.varint(entry.extents.size());
    std::uint64_t end = 0;
    for (const SnapshotExtent& extent : entry.extents) {
      out_.varint(extent.offset - end);
      out_.zigzag(std::int64_t{extent.chunk} - next_chunk_);
      next_chunk_ = std::int64_t{extent.chunk} + 1;
      end = extent.offset + tree.chunks[extent.chunk].size;
    }
  }

  codec::WireWriter out_;
  std::int64_t next_chunk_ = 0;
};

class TreeReader {
 public:
  explicit TreeReader(ByteView bytes) : in_(bytes) {}

  Result<SnapshotTree> read() {
    if (in_.text(k_magic.size()) != k_magic) {
      return fail(Code::unsupported, "no snapshot tree of a known version");
    }
    SnapshotTree tree;
    const std::size_t bundles = in_.count(k_digest_size + 1);
    for (std::size_t i = 0; i < bundles && in_.ok(); ++i) {
      const BlobId id = read_id();
      tree.bundles.push_back({id, in_.varint()});
    }
    const std::size_t chunks = in_.count(k_chunk_bytes_min);
    for (std::size_t i = 0; i < chunks && in_.ok(); ++i) {
      SnapshotChunk chunk;
      chunk.id = read_id();
      chunk.bundle = u32();
      chunk.offset = in_.varint();
      chunk.size = in_.varint();
      tree.chunks.push_back(chunk);
    }
    const std::size_t roots = in_.count(2);
    for (std::size_t i = 0; i < roots && in_.ok(); ++i) {
      SnapshotRoot root;
      root.path = in_.text(k_snapshot_path_max);
      const std::size_t entries = in_.count(k_entry_bytes_min);
      for (std::size_t j = 0; j < entries && in_.ok(); ++j) {
        root.entries.push_back(read_entry(tree, j == 0 ? "" : root.entries.back().name));
      }
      tree.roots.push_back(std::move(root));
    }
    TRY(in_.finish("snapshot tree"));
    if (auto checked = check_tree(tree); !checked) {
      return fail(Code::corrupt, "snapshot tree: " + checked.error().message);
    }
    return tree;
  }

 private:
  BlobId read_id() {
    const auto id = BlobId::from_bytes(in_.raw(k_digest_size));
    return id ? *id : BlobId{};
  }

  std::uint32_t u32() {
    const std::uint64_t value = in_.varint();
    if (value > std::numeric_limits<std::uint32_t>::max()) in_.fail();
    return static_cast<std::uint32_t>(value);
  }

  SnapshotEntry read_entry(const SnapshotTree& tree, const std::string& before) {
    SnapshotEntry entry;
    const std::uint64_t shared = in_.varint();
    if (shared > before.size()) in_.fail();
    const std::string rest = in_.text(k_snapshot_path_max);
    if (!in_.ok()) return entry;
    entry.name = before.substr(0, shared) + rest;
    // Written as it would be written again: never less shared than there is.
    if (shared != shared_prefix(before, entry.name)) in_.fail();
    const std::uint8_t type = in_.u8();
    if (type > static_cast<std::uint8_t>(EntryType::hard_link)) in_.fail();
    entry.type = static_cast<EntryType>(type);
    switch (entry.type) {
      case EntryType::symlink:
        entry.target = in_.text(k_snapshot_path_max);
        entry.mtime_ns = in_.zigzag();
        return entry;
      case EntryType::hard_link: entry.linked = u32(); return entry;
      case EntryType::directory:
        entry.mode = u32();
        entry.mtime_ns = in_.zigzag();
        return entry;
      case EntryType::file: break;
    }
    entry.mode = u32();
    entry.mtime_ns = in_.zigzag();
    entry.size = in_.varint();
    read_extents(tree, entry);
    return entry;
  }

  void read_extents(const SnapshotTree& tree, SnapshotEntry& entry) {
    const std::size_t count = in_.count(2);
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < count && in_.ok(); ++i) {
      const std::uint64_t gap = in_.varint();
      const std::int64_t distance = in_.zigzag();
      const auto chunks = static_cast<std::int64_t>(tree.chunks.size());
      if (distance < -next_chunk_ || distance >= chunks - next_chunk_ ||
          gap > entry.size - std::min(end, entry.size)) {
        in_.fail();
        return;
      }
      const auto chunk = static_cast<std::uint32_t>(next_chunk_ + distance);
      entry.extents.push_back({end + gap, chunk});
      next_chunk_ = std::int64_t{chunk} + 1;
      end += gap + std::min(tree.chunks[chunk].size, k_snapshot_bundle_max);
    }
  }

  codec::WireReader in_;
  std::int64_t next_chunk_ = 0;
};

}  // namespace

Result<Bytes> encode_snapshot_tree(const SnapshotTree& tree) {
  TRY(check_tree(tree));
  Bytes bytes = TreeWriter().write(tree);
  if (bytes.size() > k_snapshot_tree_max) {
    return fail(Code::invalid, "more files than a snapshot may hold");
  }
  return bytes;
}

Result<SnapshotTree> decode_snapshot_tree(ByteView bytes) { return TreeReader(bytes).read(); }

ActionId snapshot_tree_action() {
  return sha256_as<ActionId>(bytes_of(std::string_view("sluice snapshot tree 1\n")));
}

ActionId snapshot_bundle_action(const BlobId& bundle) {
  Sha256 hash;
  hash.update(bytes_of(std::string_view("sluice snapshot bundle 1\n")));
  hash.update(bundle.view());
  return hash.finish_as<ActionId>();
}

bool is_snapshot_name(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= k_snapshot_name_max && is_plain(text.front()) &&
         std::ranges::all_of(
             text, [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_snapshot_key(std::string_view text) {
  return !text.empty() && text.size() <= k_snapshot_key_max &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace sluice::store
