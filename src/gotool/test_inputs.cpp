#include "gotool/test_inputs.hpp"

#include "base/strings.hpp"
#include "base/subkey.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_stat.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_read_piece = std::size_t{256} << 10U;
constexpr UnixNanos k_settled_ns = 2'000'000'000;  // as go's own rule for files that tests read
constexpr std::string_view k_our_toolexec = "/sluice-toolexec";

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

// `op` is the system call that go names in an error.
bool write_stat(GoHash& hash, std::string_view op, const std::string& path) {
  struct stat info{};
  const int status = op == "stat" ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
  const auto text = status == 0 ? go_stat_text(info) : go_error_text(op, path, errno);
  if (text) hash.write(*text);
  return text.has_value();
}

std::optional<std::string> hash_stat(const TestWorld& world, const std::string& path) {
  GoHash hash(world);
  if (!write_stat(hash, "stat", path) || !write_stat(hash, "lstat", path)) return std::nullopt;
  return hash.hex();
}

std::optional<std::string> hash_open(const TestWorld& world, const std::string& path) {
  GoHash hash(world);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    const auto text = go_error_text("stat", path, errno);
    if (!text) return std::nullopt;
    hash.write(*text);
    return hash.hex();
  }
  hash.write(go_stat_text(info));
  if (!S_ISDIR(info.st_mode)) return hash.hex();
  const auto names = list_names(path);
  if (!names) {
    const auto text =
        names.error().code == Code::denied ? go_error_text("open", path, EACCES) : std::nullopt;
    if (!text) return std::nullopt;
    hash.write(*text);
    return hash.hex();
  }
  for (const std::string& name : *names) {
    hash.write(fmt::format("file {} ", name));
    if (!write_stat(hash, "lstat", path + "/" + name)) return std::nullopt;
  }
  return hash.hex();
}

std::string counted(std::string_view text) { return fmt::format("{}:{}", text.size(), text); }

// What the content of files is made into; one test's bounds.
class Describer {
 public:
  Describer(const TestWorld& world, FileDigests& digests) : world_(world), digests_(digests) {}

  std::optional<std::string> line(const TestInput& input) {
    if (input.op == TestOp::getenv) return variable(input.name);
    auto text = state(input.path, input.op == TestOp::open);
    if (!text) return std::nullopt;
    return fmt::format("{} {} {}\n", name_of(input.op), counted(input.name), *text);
  }

  std::string variable(const std::string& name) const {
    auto value = world_.env.get(name);
    if (name == "GOFLAGS" && value) value = without_our_toolexec(*value);
    if (!value) return fmt::format("env {} unset\n", counted(name));
    return fmt::format("env {} {}\n", counted(name), to_hex(sha256(bytes_of(*value))));
  }

 private:
  // GOFLAGS as it would be without sluice; one that is empty then was not set.
  static std::optional<std::string> without_our_toolexec(const std::string& flags) {
    const auto words = split_go_words(flags);
    if (!words) return flags;
    std::string kept;
    for (const std::string& word : *words) {
      if (word.starts_with("-toolexec=") && word.ends_with(k_our_toolexec)) continue;
      if (!kept.empty()) kept += ' ';
      kept += word;
    }
    if (kept.empty()) return std::nullopt;
    return kept;
  }

  // `opened`: what is in a directory counts with its content.
  std::optional<std::string> state(const std::string& path, bool opened) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return fmt::format("err {}", errno);
    std::string text;
    if (S_ISLNK(info.st_mode)) {
      text = link(path);
      if (::stat(path.c_str(), &info) != 0) return fmt::format("{}err {}", text, errno);
    }
    if (!S_ISDIR(info.st_mode)) {
      auto own = plain(path, info);
      if (!own) return std::nullopt;
      return text + *own;
    }
    text += fmt::format("dir {}", mode(info.st_mode));
    const auto names = list_names(path);
    if (!names) return fmt::format("{} {}", text, name_of(names.error().code));
    entries_ += names->size();
    if (entries_ > k_consulted_entries_max) return std::nullopt;
    for (const std::string& name : *names) {
      auto entry = opened ? child(path + "/" + name) : type(path + "/" + name);
      if (!entry) return std::nullopt;
      text += fmt::format("\n{} {}", counted(name), *entry);
    }
    return text;
  }

  std::optional<std::string> child(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return fmt::format("err {}", errno);
    if (S_ISLNK(info.st_mode)) return link(path);
    if (S_ISDIR(info.st_mode)) return fmt::format("dir {}", mode(info.st_mode));
    return plain(path, info);
  }

  static std::optional<std::string> type(const std::string& path) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return fmt::format("err {}", errno);
    return fmt::format("{:o}", info.st_mode & static_cast<unsigned>(S_IFMT));
  }

  static std::string link(const std::string& path) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    return fmt::format("link {} ", error ? "unreadable" : counted(target.native()));
  }

  std::optional<std::string> plain(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return fmt::format("other {:o}", info.st_mode);
    const auto size = static_cast<std::uint64_t>(info.st_size);
    bytes_ += size;
    if (bytes_ > k_consulted_bytes_max) return std::nullopt;
    int error = 0;
    const auto digest = digests_.of(path, k_consulted_bytes_max, error);
    if (!digest && error != EACCES && error != EPERM) return std::nullopt;
    return fmt::format("file {} {} {}", size, mode(info.st_mode),
                       digest ? digest->hex() : "unreadable");
  }

  std::string mode(std::uint32_t st_mode) const {
    const std::uint32_t shared = st_mode & 077U;
    std::uint32_t full = 0666;
    if (S_ISDIR(st_mode) || (st_mode & S_IXUSR) != 0) full = 0777;
    const std::uint32_t own = st_mode & ~std::uint32_t{077};
    if (shared == (full & ~world_.umask & 077U)) return fmt::format("{:o}u", own);
    return fmt::format("{:o}+{:o}", own, shared);
  }

  const TestWorld& world_;
  FileDigests& digests_;
  std::uint64_t bytes_ = 0;
  std::size_t entries_ = 0;
};

std::uint32_t part_of(const ActionId& test_id, std::string_view line) {
  Sha256 hash;
  hash.update(test_id.view());
  hash.update(bytes_of(line));
  const auto digest = hash.finish();
  std::uint32_t part = 0;
  for (unsigned i = 0; i < 4; ++i) part |= std::to_integer<std::uint32_t>(digest.at(i)) << (8U * i);
  return part;
}

ActionId key_of(std::string_view what, const ActionId& test_id, ByteView more = {}) {
  Sha256 hash;
  hash.update(bytes_of(what));
  hash.update(test_id.view());
  hash.update(more);
  return hash.finish_as<ActionId>();
}

}  // namespace

std::optional<BlobId> FileDigests::of(const std::string& path, std::uint64_t size_max, int& error) {
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0) {
    error = errno;
    return std::nullopt;
  }
  const auto nanos = [](const timespec& time) {
    return static_cast<UnixNanos>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  };
  const Identity identity{info.st_dev, info.st_ino, info.st_size, nanos(info.st_mtim),
                          nanos(info.st_ctim)};
  if (const auto at = known_.find(identity); at != known_.end()) return at->second;
  Sha256 hash;
  Bytes piece(k_read_piece);
  std::uint64_t read = 0;
  for (;;) {
    const auto count = sys::read_some(file.get(), piece);
    if (!count || read > size_max) {
      error = EIO;
      return std::nullopt;
    }
    if (*count == 0) break;
    read += *count;
    hash.update(ByteView(piece).first(*count));
  }
  const auto digest = hash.finish_as<BlobId>();
  // Two writes within one tick of the clock leave one time.
  if (unix_now_ns() - nanos(info.st_ctim) > k_settled_ns) known_[identity] = digest;
  return digest;
}

std::optional<TestInputsId> go_test_inputs_id(const std::vector<TestInput>& inputs,
                                              const TestWorld& world) {
  GoHash hash(world);
  hash.write(fmt::format("env GODEBUG {}\n", hash_getenv(world, "GODEBUG")));
  for (const TestInput& input : inputs) {
    if (input.op == TestOp::getenv) {
      hash.write(fmt::format("env {} {}\n", input.path, hash_getenv(world, input.path)));
      continue;
    }
    const auto value =
        input.op == TestOp::open ? hash_open(world, input.path) : hash_stat(world, input.path);
    if (!value) return std::nullopt;
    hash.write(fmt::format("{} {} {}\n", name_of(input.op), input.path, *value));
  }
  return hash.finish();
}

std::optional<TestFingerprint> fingerprint(const std::vector<TestInput>& inputs,
                                           const TestWorld& world, const ActionId& test_id,
                                           FileDigests& digests) {
  Describer describe(world, digests);
  TestFingerprint result;
  Sha256 hash;
  hash.update(bytes_of("sluice test fingerprint 1\n"));
  const auto add = [&](std::string_view line) {
    hash.update(bytes_of(line));
    result.parts.push_back(part_of(test_id, line));
  };
  add(describe.variable("GODEBUG"));
  for (const TestInput& input : inputs) {
    const auto line = describe.line(input);
    if (!line) return std::nullopt;
    add(*line);
  }
  result.whole = hash.finish_as<Fingerprint>();
  return result;
}

ActionId go_result_key(const ActionId& test_id, const TestInputsId& inputs) {
  return subkey(test_id, "inputs:" + inputs.hex());
}

ActionId result_key(const ActionId& test_id, const Fingerprint& fingerprint) {
  return key_of("sluice test result 1\n", test_id, fingerprint.view());
}

ActionId inputs_record_key(const ActionId& test_id) {
  return key_of("sluice test inputs 1\n", test_id);
}

ActionId cover_profile_key(const ActionId& result) { return subkey(result, "coverprofile"); }

}  // namespace sluice::gotool
