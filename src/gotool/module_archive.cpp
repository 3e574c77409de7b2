#include "gotool/module_archive.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"
#include "codec/wire.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_sum_bytes_max = 256;  // of a .ziphash
constexpr std::string_view k_magic = "sluice module 1";
constexpr std::size_t k_name_bytes_max = 4096;
constexpr std::size_t k_element_bytes_max = 255;
constexpr std::size_t k_text_bytes_max = 255;  // of the module's path and version
constexpr std::size_t k_piece_bytes = std::size_t{256} << 10U;

bool is_element(std::string_view element) {
  return !element.empty() && element.size() <= k_element_bytes_max && element != "." &&
         element != ".." && std::ranges::none_of(element, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\';
         });
}

bool is_name(std::string_view name) {
  return name.size() <= k_name_bytes_max && std::ranges::all_of(split(name, '/'), is_element);
}

// Ascending names, none the directory of another, none told from another by case alone.
Result<void> check_files(const std::vector<ArchivedFile>& files) {
  std::unordered_set<std::string> names;        // in lower case
  std::unordered_set<std::string> directories;  // likewise
  std::uint64_t bytes = 0;
  const std::string* before = nullptr;
  for (const ArchivedFile& file : files) {
    if (!is_name(file.name)) return fail(Code::corrupt, "a file name that go would refuse");
    if (before && *before >= file.name) return fail(Code::corrupt, "files out of order");
    before = &file.name;
    if (file.size > k_module_tree_bytes_max) return fail(Code::corrupt, "a file too large");
    bytes += file.size;
    std::string lower = to_lower(file.name);
    for (auto slash = lower.find('/'); slash != std::string::npos;
         slash = lower.find('/', slash + 1)) {
      directories.insert(lower.substr(0, slash));
    }
    if (!names.insert(std::move(lower)).second) {
      return fail(Code::corrupt, "two files whose names differ in case only");
    }
  }
  if (bytes > k_module_tree_bytes_max) return fail(Code::corrupt, "a tree too large");
  for (const std::string& directory : directories) {
    if (names.contains(directory)) return fail(Code::corrupt, "a file in the place of a directory");
  }
  return {};
}

bool is_info_of(std::string_view info, const ModuleVersion& module) {
  if (info.empty()) return true;
  const auto json = codec::parse_json(info);
  return json && json->text_or("Version", "") == module.version;
}

std::string text_or_nothing(const sys::Path& file, std::uint64_t size_max) {
  const auto bytes = sys::read_file(file, size_max);
  return bytes && *bytes ? std::string(text_of(**bytes)) : std::string();
}

// All files below the tree, as go hashes them; Code::corrupt for what no module has.
Result<std::vector<ArchivedFile>> list_tree(const sys::Path& tree) {
  namespace fs = std::filesystem;
  std::vector<ArchivedFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(tree, error), end; !error && at != end;
       at.increment(error)) {
    const fs::directory_entry& entry = *at;
    if (entry.is_symlink(error)) return fail(Code::corrupt, "a symbolic link in its tree");
    if (entry.is_directory(error)) continue;
    if (!entry.is_regular_file(error)) return fail(Code::corrupt, "no regular file in its tree");
    if (files.size() == k_module_files_max) return fail(Code::corrupt, "too many files");
    files.push_back({entry.path().lexically_relative(tree).native(), entry.file_size(error)});
  }
  if (error) return fail(Code::io, fmt::format("read its tree: {}", error.message()));
  std::ranges::sort(files, {}, &ArchivedFile::name);
  return files;
}

// Hands on exactly the size that the header says.
Result<void> send_file(const sys::Path& path, std::uint64_t size, Bytes& piece, Sha256& hash,
                       const codec::ByteSink& sink) {
  TRY_ASSIGN(const sys::Fd file, sys::open_read(path));
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(file.get(), piece));
    if (count > size) return fail(Code::corrupt, "a file of its tree grew");
    if (count == 0) break;
    size -= count;
    const ByteView bytes = ByteView(piece).first(count);
    hash.update(bytes);
    TRY(sink(bytes));
  }
  if (size != 0) return fail(Code::corrupt, "a file of its tree shrank");
  return {};
}

Result<void> archive(const ModulePlaces& places, const SummedModule& summed,
                     const codec::ByteSink& sink) {
  const auto& [module, sums] = summed;
  ModuleHeader header{.module = module,
                      .info = text_or_nothing(places.info, k_module_info_bytes_max),
                      .go_mod = text_or_nothing(places.mod, k_module_go_mod_bytes_max),
                      .files = {}};
  if (!is_info_of(header.info, module)) header.info.clear();
  if (sums.go_mod.empty() || go_mod_sum(bytes_of(header.go_mod)) != sums.go_mod) {
    header.go_mod.clear();
  }
  if (!summed.is_tree()) {
    if (header.go_mod.empty()) return fail(Code::corrupt, "its go.mod is not what go.sum says");
    return sink(encode_module_header(header));
  }
  TRY_ASSIGN(header.files, list_tree(places.tree));
  TRY(check_files(header.files));
  TRY(sink(encode_module_header(header)));
  TreeSum sum(module);
  Sha256 hash;
  Bytes piece(k_piece_bytes);
  for (const ArchivedFile& file : header.files) {
    TRY(send_file(places.tree / file.name, file.size, piece, hash, sink));
    sum.add(file.name, hash.finish());
  }
  if (sum.finish() != sums.tree) return fail(Code::corrupt, "its files are not what go.sum says");
  return {};
}

ActionId action_of(const ModuleVersion& module, bool is_tree, std::string_view sum) {
  const std::string_view what = is_tree ? "" : "/go.mod";
  return sha256_as<ActionId>(
      bytes_of(fmt::format("{}\n{}{}\n{}\n", k_magic, module.text(), what, sum)));
}

}  // namespace

ActionId module_action(const SummedModule& module) {
  const std::string_view sum = module.is_tree() ? module.sums.tree : module.sums.go_mod;
  return action_of(module.module, module.is_tree(), sum);
}

ActionId unsummed_module_action(const ModuleVersion& module, bool is_tree) {
  return action_of(module, is_tree, "");
}

Bytes encode_module_header(const ModuleHeader& header) {
  codec::WireWriter out;
  out.u32(0);
  out.text(k_magic);
  out.text(header.module.path);
  out.text(header.module.version);
  out.text(header.info);
  out.text(header.go_mod);
  out.varint(header.files.size());
  for (const ArchivedFile& file : header.files) {
    out.text(file.name);
    out.varint(file.size);
  }
  out.put_u32_at(0, static_cast<std::uint32_t>(out.size() - sizeof(std::uint32_t)));
  return out.take();
}

Result<ModuleHeader> decode_module_header(ByteView bytes) {
  codec::WireReader in(bytes);
  if (in.text(k_magic.size()) != k_magic) return fail(Code::unsupported, "no module archive");
  ModuleHeader header;
  header.module.path = in.text(k_text_bytes_max);
  header.module.version = in.text(k_text_bytes_max);
  header.info = in.text(k_module_info_bytes_max);
  header.go_mod = in.text(k_module_go_mod_bytes_max);
  const std::size_t count = in.count(2);
  if (count > k_module_files_max) return fail(Code::corrupt, "too many files");
  header.files.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string name = in.text(k_name_bytes_max);
    header.files.push_back({std::move(name), in.varint()});
  }
  TRY(in.finish("its header"));
  if (!is_plain(header.module)) return fail(Code::corrupt, "no module and version");
  if (!is_info_of(header.info, header.module))
    return fail(Code::corrupt, "info of another version");
  TRY(check_files(header.files));
  return header;
}

bool is_module_there(const sys::Path& module_cache, const SummedModule& module) {
  const ModulePlaces places = module_places(module_cache, module.module);
  const auto is_there = [](const sys::Path& path) {
    const auto info = sys::stat_file(path);
    return info && *info;
  };
  if (!module.is_tree()) return is_there(places.mod);
  return is_there(places.tree) && is_there(places.zip_hash) && !is_there(places.partial);
}

std::optional<SummedModule> module_in_cache(const sys::Path& module_cache,
                                            const ModuleVersion& module, bool is_tree) {
  const ModulePlaces places = module_places(module_cache, module);
  const std::string go_mod = text_or_nothing(places.mod, k_module_go_mod_bytes_max);
  SummedModule found{module, {}};
  if (!go_mod.empty()) found.sums.go_mod = go_mod_sum(bytes_of(go_mod));
  if (is_tree) found.sums.tree = trim(text_or_nothing(places.zip_hash, k_sum_bytes_max));
  const std::string& sum = is_tree ? found.sums.tree : found.sums.go_mod;
  if (sum.empty() || !is_module_there(module_cache, found)) return std::nullopt;
  return found;
}

Result<void> archive_module(const sys::Path& module_cache, const SummedModule& module,
                            const codec::ByteSink& sink) {
  const auto said = [&](Error error) {
    return std::unexpected(std::move(error).in(fmt::format("module {}", module.module.text())));
  };
  if (!is_plain(module.module) || !is_module_there(module_cache, module)) {
    return said({Code::not_found, "not whole in the module cache"});
  }
  auto done = archive(module_places(module_cache, module.module), module, sink);
  if (!done) return said(std::move(done).error());
  return {};
}

}  // namespace sluice::gotool
