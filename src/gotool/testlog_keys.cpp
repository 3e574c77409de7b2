#include "gotool/testlog_keys.hpp"

#include "base/strings.hpp"
#include "base/subkey.hpp"
#include "gotool/git_head.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_stat.hpp"
#include "gotool/goproxy.hpp"
#include "gotool/same_path.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <unordered_map>
#include <utility>

namespace sluice::gotool {
namespace {

using Sha256Digest = std::array<std::byte, k_digest_size>;

constexpr std::size_t k_read_piece_min = std::size_t{4} << 10U;
constexpr std::size_t k_read_piece_max = std::size_t{256} << 10U;
constexpr UnixNanos k_settled_ns = 2'000'000'000;  // as go's own rule for files that tests read
constexpr UnixNanos k_young_ns = k_settled_ns - 100'000'000;  // whatever go's moment is

// cache.Hash of go: SHA-256 that begins with the version.
class GoHash {
 public:
  explicit GoHash(const TestWorld& world) { write(world.go_version); }
  void write(std::string_view text) { hash_.update(bytes_of(text)); }
  std::string hex() { return to_hex(hash_.finish()); }
  TestInputsId finish() { return hash_.finish_as<TestInputsId>(); }

 private:
  Sha256 hash_;
};

std::string hash_getenv(const TestWorld& world, const std::string& name) {
  GoHash hash(world);
  const auto value = world.env.get(name);
  hash.write(value ? std::string_view("\1", 1) : std::string_view("\0", 1));
  if (value) hash.write(*value);
  return hash.hex();
}

bool write_state(GoHash& hash, std::string_view op, const std::string& path, int error,
                 const struct stat& info) {
  const auto text = error == 0 ? go_stat_text(info) : go_error_text(op, path, error);
  if (text) hash.write(*text);
  return text.has_value();
}

std::optional<std::string> hash_stat(const TestWorld& world, const std::string& path,
                                     Snapshot& files) {
  GoHash hash(world);
  const Look& look = files.look(path);
  if (!write_state(hash, "stat", path, look.error, look.info)) return std::nullopt;
  if (!write_state(hash, "lstat", path, look.link_error, look.link)) return std::nullopt;
  return hash.hex();
}

std::optional<std::string> hash_open(const TestWorld& world, const std::string& path,
                                     Snapshot& files) {
  GoHash hash(world);
  const Look& look = files.look(path);
  if (!write_state(hash, "stat", path, look.error, look.info)) return std::nullopt;
  if (look.error != 0 || !S_ISDIR(look.info.st_mode)) return hash.hex();
  const Listing& listing = files.list(path);
  if (!listing.readable) hash.write(go_error_text("open", path, EACCES).value_or(""));
  for (const Listing::Entry& entry : listing.entries) {
    hash.write(fmt::format("file {} ", entry.name));
    if (!write_state(hash, "lstat", path + "/" + entry.name, entry.error, entry.info)) {
      return std::nullopt;
    }
  }
  return hash.hex();
}

std::string counted(std::string_view text) { return fmt::format("{}:{}", text.size(), text); }

// What the content of files is made into; one test's bounds.
class Describer {
 public:
  Describer(const TestWorld& world, Snapshot& files, FileDigests& digests)
      : world_(world), files_(files), digests_(digests) {}

  std::optional<std::string> line(const TestInput& input) {
    if (input.op == TestOp::getenv) return variable(input.name);
    const auto links = links_on_the_way(input);
    auto text = state(input.path, leads_outside(input, !links.empty()));
    if (!text) return std::nullopt;
    return fmt::format("{} {} {}{}\n", name_of(input.op), counted(input.name), links, *text);
  }

  std::string variable(const std::string& name) const {
    auto value = world_.env.get(name);
    if (name == "GOFLAGS" && value) value = goflags_without_toolexec(*value);
    if (name == "GOPROXY" && value) value = goproxy_without(*value);
    std::string text = fmt::format("env {} unset\n", counted(name));
    if (value) text = fmt::format("env {} {}\n", counted(name), to_hex(sha256(bytes_of(*value))));
    // The test is told another PWD than go has: the package's directory.
    if (name == "PWD") text += fmt::format("in {}\n", counted(world_.package_directory.native()));
    return text;
  }

 private:
  // The directory that the input's name is relative to; empty where it is outside of the module.
  static std::string root_of(const TestInput& input) {
    if (input.name.starts_with('/')) return "";
    if (input.name == ".") return input.path;
    if (!input.path.ends_with("/" + input.name)) return "";  // by links
    return input.path.substr(0, input.path.size() - input.name.size() - 1);
  }

  // Where they lead may be another place with the same in it, which a test can see.
  std::string links_on_the_way(const TestInput& input) {
    const std::string root = root_of(input);
    std::string text;
    if (root.empty() || input.name == ".") return text;
    for (std::size_t at = input.name.find('/'); at != std::string::npos;
         at = input.name.find('/', at + 1)) {
      const std::string part = input.name.substr(0, at);
      const auto [known, is_new] = ways_.try_emplace(fmt::format("{}/{}", root, part));
      std::error_code error;
      if (is_new && std::filesystem::is_symlink(known->first, error)) {
        known->second = link(known->first);
      }
      if (!known->second.empty()) text += fmt::format("by {} {}", counted(part), known->second);
    }
    return text;
  }

  bool leads_outside(const TestInput& input, bool by_links) {
    if (input.name.starts_with('/')) return true;
    if (!by_links && !files_.look(input.path).is_link()) return false;
    const std::string root = root_of(input);
    std::error_code error;
    const auto place = std::filesystem::weakly_canonical(input.path, error);
    return root.empty() || error ||
           !lies_within(place, std::filesystem::weakly_canonical(root, error));
  }

  // `is_outside`: of the module, where a directory with directories in it may be the whole system.
  std::optional<std::string> state(const std::string& path, bool is_outside) {
    const auto holds = [&path](const std::string& absent) { return lies_within(path, absent); };
    if (std::ranges::any_of(world_.absent, holds)) return fmt::format("err {}", ENOENT);
    const Look& look = files_.look(path);
    if (look.link_error != 0) return fmt::format("err {}", look.link_error);
    std::string text;
    if (look.is_link()) text = link(path);
    if (look.error != 0) return fmt::format("{}err {}", text, look.error);
    const auto own = S_ISDIR(look.info.st_mode) ? directory(path, look.info, is_outside)
                                                : plain(path, look.info);
    if (!own) return std::nullopt;
    return text + *own;
  }

  // All that lies below: what replaced a directory in it gave it another time.
  std::optional<std::string> directory(const std::string& path, const struct stat& info,
                                       bool is_outside) {
    const Listing& listing = files_.list(path);
    entries_ += listing.entries.size();
    if (entries_ > k_consulted_entries_max) return std::nullopt;
    std::string text = fmt::format("dir {}", mode(info.st_mode));
    if (!listing.readable) text += " unreadable";
    const auto is_absent = [&](const Listing::Entry& entry) {
      return world_.absent.contains(path + "/" + entry.name);
    };
    text += fmt::format(
        " {}", listing.entries.size() -
                   static_cast<std::size_t>(std::ranges::count_if(listing.entries, is_absent)));
    for (const Listing::Entry& entry : listing.entries) {
      if (is_absent(entry)) continue;
      if (is_outside && S_ISDIR(entry.info.st_mode)) return std::nullopt;
      const auto own = child(path + "/" + entry.name, entry);
      if (!own) return std::nullopt;
      text += fmt::format("\n{} {}", counted(entry.name), *own);
    }
    return text;
  }

  std::optional<std::string> child(const std::string& path, const Listing::Entry& entry) {
    if (entry.error != 0) return fmt::format("err {}", entry.error);
    if (S_ISLNK(entry.info.st_mode)) return link(path);
    // What git keeps there differs from clone to clone of one commit.
    if (S_ISDIR(entry.info.st_mode) && entry.name == ".git" && has_head(path)) {
      const auto head = git_head(path);
      if (!head) return std::nullopt;
      return fmt::format("dir {} at {} {}", mode(entry.info.st_mode), counted(head->ref),
                         head->commit);
    }
    if (S_ISDIR(entry.info.st_mode)) return directory(path, entry.info, false);
    return plain(path, entry.info);
  }

  static bool has_head(const std::string& git_directory) {
    const auto info = sys::stat_file(git_directory + "/HEAD");
    return info && *info;
  }

  static std::string link(const std::string& path) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    return fmt::format("link {} ", error ? "unreadable" : counted(target.native()));
  }

  std::optional<std::string> plain(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return std::nullopt;  // what one is told there is nowhere to read
    int error = 0;
    const auto digest = digests_.of(path, info, error);
    if (!digest && error != EACCES && error != EPERM) return std::nullopt;
    return fmt::format("file {} {} {}", info.st_size, mode(info.st_mode),
                       digest ? digest->hex() : "unreadable");
  }

  std::string mode(std::uint32_t st_mode) const {
    const std::uint32_t shared = st_mode & 077U;
    std::uint32_t full = 0666;
    if (S_ISDIR(st_mode) || (st_mode & S_IXUSR) != 0) full = 0777;
    const std::uint32_t own = st_mode & ~std::uint32_t{077};
    // Nothing for anybody else is what a key must have: that is never forgiven.
    if (shared != 0 && shared == (full & ~world_.umask & 077U)) return fmt::format("{:o}u", own);
    return fmt::format("{:o}+{:o}", own, shared);
  }

  const TestWorld& world_;
  Snapshot& files_;
  FileDigests& digests_;
  std::size_t entries_ = 0;
  std::unordered_map<std::string, std::string> ways_;  // inputs lie in few directories; "": no link
};

std::uint32_t part_of(const ActionId& test_id, const Sha256Digest& line) {
  Sha256 hash;
  hash.update(test_id.view());
  hash.update(line);
  const auto digest = hash.finish();
  std::uint32_t part = 0;
  for (unsigned i = 0; i < 4; ++i) part |= std::to_integer<std::uint32_t>(digest.at(i)) << (8U * i);
  return part;
}

// The same for the same value, whichever test asks: several would tell more than one.
std::uint32_t variable_part(const Sha256Digest& line) {
  Sha256 hash;
  hash.update(bytes_of("sluice variable 1\n"));
  hash.update(line);
  return std::to_integer<std::uint32_t>(hash.finish().front());
}

ActionId key_of(std::string_view what, const ActionId& test_id, ByteView more = {}) {
  Sha256 hash;
  hash.update(bytes_of(what));
  hash.update(test_id.view());
  hash.update(more);
  return hash.finish_as<ActionId>();
}

}  // namespace

std::optional<BlobId> FileDigests::of(const std::string& path, const struct stat& info,
                                      int& error) {
  const Identity identity{info.st_dev, info.st_ino, info.st_size, unix_ns(info.st_mtim),
                          unix_ns(info.st_ctim)};
  if (const auto at = known_.find(identity); at != known_.end()) return at->second;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  bytes_ += size;
  error = EFBIG;
  if (bytes_ > k_consulted_bytes_max) return std::nullopt;
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat opened{};
  if (!file || ::fstat(file.get(), &opened) != 0) {
    error = errno;
    return std::nullopt;
  }
  error = EIO;
  if (opened.st_dev != info.st_dev || opened.st_ino != info.st_ino ||
      unix_ns(opened.st_ctim) != unix_ns(info.st_ctim)) {
    return std::nullopt;
  }
  Sha256 hash;
  Bytes piece(std::clamp(static_cast<std::size_t>(size) + 1, k_read_piece_min, k_read_piece_max));
  for (std::uint64_t read = 0;;) {
    const auto count = sys::read_some(file.get(), piece);
    if (!count) return std::nullopt;
    read += *count;
    // One that grows is none to be sure of, nor one that has more in it than it says, as in /proc.
    if (read > size || (*count == 0 && read < size)) return std::nullopt;
    hash.update(ByteView(piece).first(*count));
    if (read == size && *count < piece.size()) break;  // what is read short has no more
  }
  if (::fstat(file.get(), &opened) != 0 || unix_ns(opened.st_ctim) != unix_ns(info.st_ctim)) {
    return std::nullopt;
  }
  const auto digest = hash.finish_as<BlobId>();
  // Two writes within one tick of the clock leave one time.
  if (unix_now_ns() - unix_ns(info.st_ctim) > k_settled_ns) known_[identity] = digest;
  return digest;
}

std::vector<TestInput> too_young(const std::vector<TestInput>& inputs, Snapshot& files,
                                 UnixNanos now_ns) {
  std::vector<TestInput> young;
  for (const TestInput& input : inputs) {
    if (input.op != TestOp::open) continue;
    const Look& look = files.look(input.path);
    if (look.error != 0 || !S_ISREG(look.info.st_mode)) continue;
    if (now_ns - unix_ns(look.info.st_mtim) < k_young_ns) young.push_back(input);
  }
  return young;
}

std::optional<TestInputsId> go_test_inputs_id(const std::vector<TestInput>& inputs,
                                              const TestWorld& world, Snapshot& files) {
  GoHash hash(world);
  std::unordered_map<std::string, std::string> known;  // by operation and path
  hash.write(fmt::format("env GODEBUG {}\n", hash_getenv(world, "GODEBUG")));
  for (const TestInput& input : inputs) {
    const bool is_variable = input.op == TestOp::getenv;
    const std::string words =
        fmt::format("{} {}", is_variable ? "env" : name_of(input.op), input.path);
    auto at = known.find(words);
    if (at == known.end()) {
      std::optional<std::string> value;
      if (is_variable)
        value = hash_getenv(world, input.path);
      else
        value = input.op == TestOp::open ? hash_open(world, input.path, files)
                                         : hash_stat(world, input.path, files);
      if (!value) return std::nullopt;
      at = known.emplace(words, std::move(*value)).first;
    }
    hash.write(fmt::format("{} {}\n", words, at->second));
  }
  return hash.finish();
}

std::optional<TestFingerprint> fingerprint(const std::vector<TestInput>& inputs,
                                           const TestWorld& world, const ActionId& test_id,
                                           Snapshot& files, FileDigests& digests) {
  Describer describe(world, files, digests);
  digests.begin();
  TestFingerprint result;
  std::set<Sha256Digest> lines;  // a test need not consult in the same order again
  std::unordered_map<std::string, Sha256Digest> known;  // by operation and path
  const auto add = [&](const Sha256Digest& line, bool is_variable) {
    lines.insert(line);
    result.parts.push_back(is_variable ? variable_part(line) : part_of(test_id, line));
  };
  add(sha256(bytes_of(describe.variable("GODEBUG"))), true);
  for (const TestInput& input : inputs) {
    const std::string words = fmt::format("{} {}", name_of(input.op), input.path);
    auto at = known.find(words);
    if (at == known.end()) {
      const auto line = describe.line(input);
      if (!line) return std::nullopt;
      at = known.emplace(words, sha256(bytes_of(*line))).first;
    }
    add(at->second, input.op == TestOp::getenv);
  }
  Sha256 hash;
  hash.update(bytes_of("sluice test fingerprint 3\n"));
  for (const Sha256Digest& line : lines) hash.update(line);
  result.whole = hash.finish_as<Fingerprint>();
  return result;
}

ActionId go_result_key(const ActionId& test_id, const TestInputsId& inputs) {
  return subkey(test_id, "inputs:" + inputs.hex());
}

ActionId result_key(const ActionId& test_id, const Fingerprint& fingerprint) {
  return key_of("sluice test result 1\n", test_id, fingerprint.view());
}

ActionId in_place_key(const ActionId& result, const ActionId& gos) {
  return key_of("sluice test result in place 1\n", result, gos.view());
}

ActionId inputs_record_key(const ActionId& test_id) {
  return key_of("sluice test inputs 2\n", test_id);
}

ActionId cover_profile_key(const ActionId& result) { return subkey(result, "coverprofile"); }

}  // namespace sluice::gotool
