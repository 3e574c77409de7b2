#include "store/folder.hpp"

#include "base/digest.hpp"
#include "sys/beneath.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <set>

namespace sluice::store {

namespace {

constexpr std::size_t k_piece_size = 256U << 10U;
constexpr int k_write_tries_max = 3;  // a collector may remove a directory that we just made

struct OpenFile {
  sys::Fd fd;
  std::uint64_t size = 0;
  UnixNanos mtime_ns = 0;
  std::string stat_etag;
};

// "a/b" and "c" of "a/b/c".
std::pair<std::string_view, std::string> parent_and_name(std::string_view key) {
  const auto slash = key.rfind('/');
  if (slash == std::string_view::npos) return {"", std::string(key)};
  return {key.substr(0, slash), std::string(key.substr(slash + 1))};
}

std::string etag_of(ByteView bytes) { return to_hex(sha256(bytes)); }

class Folder final : public Objects {
 public:
  explicit Folder(sys::Path root) : root_(std::move(root)) {}

  Capabilities capabilities() const override {
    return {.if_absent = true, .if_match = true, .cheap_list = true};
  }
  std::string describe() const override { return file_url(root_); }

  Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                    Deadline deadline) override;
  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override;
  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override;
  Result<void> remove(std::string_view key, Deadline deadline) override;
  Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                        Deadline deadline) override;

 private:
  sys::Path path_of(std::string_view key) const { return root_ / key; }
  static std::string own_directory(std::string_view key, std::string_view name);
  Result<void> check_way(std::string_view directory) const;
  Result<void> begin(std::string_view what, std::string_view key, Deadline deadline) const;
  Result<std::optional<OpenFile>> open(std::string_view key) const;
  Result<std::string> read_etag(const OpenFile& file, Deadline deadline) const;
  Result<std::optional<std::string>> current_etag(std::string_view key, Deadline deadline) const;
  Result<sys::FileLock> lock(std::string_view key, Deadline deadline) const;
  Result<std::string> write_body(sys::AtomicFile& file, const Body& body, Deadline deadline) const;
  Result<bool> commit(sys::AtomicFile& file, std::string_view key, const PutCondition& condition,
                      Deadline deadline) const;
  Result<bool> condition_may_hold(std::string_view key, const PutCondition& condition,
                                  Deadline deadline) const;
  struct Walk;
  Result<void> walk(Walk& walk, const std::string& directory) const;
  void sweep_leftovers(const std::string& directory) const;

  sys::Path root_;
  std::mutex swept_mutex_;
  std::set<std::string> swept_;  // directories of temporary files this process has cleaned
};

Result<void> check_time(std::string_view what, Deadline deadline) {
  if (!deadline.passed()) return {};
  return fail(Code::timeout, fmt::format("{}: the deadline passed", what));
}

// Tries again after making the directory when it is not there.
template <class Try>
auto with_directory(const sys::Path& directory, const Try& attempt) -> decltype(attempt()) {
  for (int i = 1;; ++i) {
    auto result = attempt();
    if (result || result.error().code != Code::not_found || i == k_write_tries_max) return result;
    TRY(sys::make_directories(directory));
  }
}

// What this backend needs beside the objects lies inside their domain: who may not write a domain
// can neither hold its locks nor slip a file under a name that is about to be published.
std::string Folder::own_directory(std::string_view key, std::string_view name) {
  const auto slash = key.find('/');
  const std::string_view domain = slash == std::string_view::npos ? "" : key.substr(0, slash);
  return fmt::format("{}/.sluice/{}", domain, name);
}

// Who may write to the store may put a link there that leads out of it: nothing is written through
// one. (One that is put there this moment may be; the name is then one of ours.)
Result<void> Folder::check_way(std::string_view directory) const {
  TRY(sys::open_directory_beneath(root_, directory));
  return {};
}

Result<void> Folder::begin(std::string_view what, std::string_view key, Deadline deadline) const {
  TRY(check_key(key));
  return check_time(fmt::format("{} {} in {}", what, key, describe()), deadline);
}

Result<std::optional<OpenFile>> Folder::open(std::string_view key) const {
  const auto [parent, name] = parent_and_name(key);
  TRY_ASSIGN(const auto directory, sys::open_directory_beneath(root_, parent));
  if (!directory) return std::nullopt;
  TRY_ASSIGN(auto fd, sys::open_file_in(*directory, name));
  if (!fd) return std::nullopt;
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return fail_errno(errno, fmt::format("look at {}", key));
  OpenFile file;
  file.fd = std::move(*fd);
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.mtime_ns = sys::info_of(info).mtime_ns;
  file.stat_etag = fmt::format("{}-{}-{}-{}", info.st_size, info.st_mtim.tv_sec,
                               info.st_mtim.tv_nsec, info.st_ino);
  return file;
}

Result<std::string> Folder::read_etag(const OpenFile& file, Deadline deadline) const {
  if (file.size > k_folder_hashed_etag_max) return file.stat_etag;
  TRY(check_time("read an etag", deadline));
  Bytes bytes(static_cast<std::size_t>(file.size));
  TRY_ASSIGN(const std::size_t count, sys::read_at(file.fd.get(), bytes, 0));
  return etag_of(ByteView(bytes).first(count));
}

Result<std::optional<std::string>> Folder::current_etag(std::string_view key,
                                                        Deadline deadline) const {
  TRY_ASSIGN(const auto file, open(key));
  if (!file) return std::nullopt;
  TRY_ASSIGN(std::string etag, read_etag(*file, deadline));
  return etag;
}

Result<std::optional<Object>> Folder::get(std::string_view key, std::uint64_t size_max,
                                          Deadline deadline) {
  TRY(begin("get", key, deadline));
  TRY_ASSIGN(const auto file, open(key));
  if (!file) return std::nullopt;
  if (file->size > size_max) {
    return fail(Code::exhausted, fmt::format("get {} in {}: {} bytes are more than the {} allowed",
                                             key, describe(), file->size, size_max));
  }
  Object object;
  object.bytes.resize(static_cast<std::size_t>(file->size));
  for (std::size_t at = 0; at < object.bytes.size();) {
    TRY(check_time(fmt::format("get {} in {}", key, describe()), deadline));
    const auto piece =
        MutableByteView(object.bytes).subspan(at, std::min(k_piece_size, object.bytes.size() - at));
    TRY_ASSIGN(const std::size_t count, sys::read_at(file->fd.get(), piece, at));
    at += count;
    if (count < piece.size()) object.bytes.resize(at);
  }
  object.etag = file->size > k_folder_hashed_etag_max ? file->stat_etag : etag_of(object.bytes);
  return object;
}

Result<bool> Folder::get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                               const codec::ByteSink& sink, Deadline deadline) {
  TRY(begin("get", key, deadline));
  TRY_ASSIGN(const auto file, open(key));
  if (!file) return false;
  const auto too_short = [&] {
    return fail(Code::corrupt, fmt::format("get {} in {}: has {} bytes and none at {}+{}", key,
                                           describe(), file->size, offset, length));
  };
  if (offset > file->size || length > file->size - offset) return too_short();
  Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(k_piece_size, length)));
  for (std::uint64_t done = 0; done < length;) {
    TRY(check_time(fmt::format("get {} in {}", key, describe()), deadline));
    const auto piece = MutableByteView(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), length - done)));
    TRY_ASSIGN(const std::size_t count, sys::read_at(file->fd.get(), piece, offset + done));
    if (count < piece.size()) return too_short();
    TRY(sink(piece));
    done += count;
  }
  return true;
}

// One of 256 lock files: they need not be one per key to exclude two writers of the same one.
Result<sys::FileLock> Folder::lock(std::string_view key, Deadline deadline) const {
  const std::string directory = own_directory(key, "locks");
  TRY(check_way(directory));
  const sys::Path locks = root_ / directory;
  const sys::Path path = locks / to_hex(sha256(bytes_of(key))).substr(0, 2);
  TRY_ASSIGN(const auto there, sys::stat_file(path, false));
  if (there && !there->is_regular()) {
    return fail(Code::denied, fmt::format("lock {}: it is no file", path.native()));
  }
  if (!there) {
    // Made with the modes of the umask: in a shared folder several users lock it.
    TRY(with_directory(locks, [&] { return sys::append_to_file(path, {}, 0666); }));
  }
  return sys::FileLock::acquire(path, deadline);
}

Result<std::string> Folder::write_body(sys::AtomicFile& file, const Body& body,
                                       Deadline deadline) const {
  Sha256 hash;
  const auto write_piece = [&](ByteView piece) -> Result<void> {
    TRY(check_time(fmt::format("write into {}", describe()), deadline));
    if (body.size() <= k_folder_hashed_etag_max) hash.update(piece);
    return file.write(piece);
  };
  TRY(body.each(write_piece));
  if (body.size() <= k_folder_hashed_etag_max) return to_hex(hash.finish());
  struct stat info{};
  if (::fstat(file.fd(), &info) != 0) return fail_errno(errno, "look at a temporary file");
  return fmt::format("{}-{}-{}-{}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ino);
}

// Spares writing the body when it cannot be stored anyway; commit() asks again.
Result<bool> Folder::condition_may_hold(std::string_view key, const PutCondition& condition,
                                        Deadline deadline) const {
  if (condition.kind == PutCondition::Kind::none) return true;
  TRY_ASSIGN(const auto etag, current_etag(key, deadline));
  if (condition.kind == PutCondition::Kind::if_absent) return !etag.has_value();
  return etag == condition.etag;
}

Result<bool> Folder::commit(sys::AtomicFile& file, std::string_view key,
                            const PutCondition& condition, Deadline deadline) const {
  const sys::Path directory = path_of(key).parent_path();
  const bool if_absent = condition.kind == PutCondition::Kind::if_absent;
  if (if_absent) {
    auto linked = with_directory(directory, [&] { return file.commit_if_absent(); });
    if (linked && !*linked) {
      TRY_ASSIGN(const auto taken, sys::stat_file(path_of(key)));
      if (taken && taken->is_directory()) {  // reads as absent, and would for ever
        return fail(Code::invalid,
                    fmt::format("put {} in {}: a directory stands in its place", key, describe()));
      }
    }
    if (linked || linked.error().code == Code::exhausted) return linked;
    // A file system that has neither way to refuse an existing name: all who write on it come here
    // and hold the lock below.
  }
  TRY_ASSIGN(const sys::FileLock held, lock(key, deadline));
  if (if_absent) {
    TRY_ASSIGN(const auto there, sys::stat_file(path_of(key), false));
    if (there) return false;
  }
  if (condition.kind == PutCondition::Kind::if_match) {
    TRY_ASSIGN(const auto etag, current_etag(key, deadline));
    if (etag != condition.etag) return false;
  }
  TRY(with_directory(directory, [&] { return file.commit(); }));
  return true;
}

Result<PutResult> Folder::put(std::string_view key, const Body& body, const PutCondition& condition,
                              Deadline deadline) {
  TRY(begin("put", key, deadline));
  const std::string own = own_directory(key, "tmp");
  const sys::Path temp = root_ / own;
  TRY(check_way(own));
  TRY(check_way(parent_and_name(key).first));
  {
    const std::lock_guard lock(swept_mutex_);
    if (swept_.insert(own).second) sweep_leftovers(own);
  }
  TRY_ASSIGN(const bool may_hold, condition_may_hold(key, condition, deadline));
  if (!may_hold) return PutResult{};
  TRY_ASSIGN(sys::AtomicFile file, with_directory(temp, [&] {
               return sys::AtomicFile::create(path_of(key), 0666, temp);
             }));
  TRY_ASSIGN(std::string etag, write_body(file, body, deadline));
  TRY_ASSIGN(const bool stored, commit(file, key, condition, deadline));
  return stored ? PutResult{true, std::move(etag)} : PutResult{};
}

Result<std::optional<ObjectInfo>> Folder::head(std::string_view key, Deadline deadline) {
  TRY(begin("look at", key, deadline));
  TRY_ASSIGN(const auto file, open(key));
  if (!file) return std::nullopt;
  TRY_ASSIGN(std::string etag, read_etag(*file, deadline));
  return ObjectInfo{file->size, std::move(etag), file->mtime_ns};
}

Result<void> Folder::remove(std::string_view key, Deadline deadline) {
  TRY(begin("remove", key, deadline));
  const auto [parent, name] = parent_and_name(key);
  TRY_ASSIGN(const auto directory, sys::open_directory_beneath(root_, parent));
  if (!directory) return {};
  TRY_ASSIGN(const auto info, sys::stat_in(*directory, name));
  if (!info || !info->is_regular()) return {};
  TRY_ASSIGN(const sys::FileLock held, lock(key, deadline));
  return sys::remove_file_in(*directory, name);
}

struct Folder::Walk {
  std::string_view prefix;
  std::string_view after;
  std::size_t limit;
  Deadline deadline;
  ListPage page;
};

// Depth first, in the order of whole keys: a directory sorts as its name and a '/', since "a-b"
// comes before "a/b". Only what can hold a wanted key is opened.
Result<void> Folder::walk(Walk& walk, const std::string& directory) const {
  TRY(check_time(fmt::format("list {}", describe()), walk.deadline));
  std::vector<std::pair<std::string, std::uint64_t>> names;
  TRY_ASSIGN(const auto base, sys::open_directory_beneath(root_, directory));
  if (!base) return {};
  auto listed = sys::list_in(*base, root_ / directory, [&](std::string_view name) -> Result<void> {
    if (name.starts_with('.')) return {};
    TRY_ASSIGN(const auto info, sys::stat_in(*base, std::string(name)));
    if (!info) return {};
    if (info->is_directory()) names.emplace_back(fmt::format("{}{}/", directory, name), 0);
    if (info->is_regular()) names.emplace_back(fmt::format("{}{}", directory, name), info->size);
    return {};
  });
  if (!listed && listed.error().code != Code::not_found) return listed;
  std::ranges::sort(names);
  for (const auto& [name, size] : names) {
    const std::size_t common = std::min(name.size(), walk.prefix.size());
    if (std::string_view(name).substr(0, common) != walk.prefix.substr(0, common)) continue;
    if (name.ends_with('/')) {
      if (name < walk.after && !walk.after.starts_with(name)) continue;
      TRY(this->walk(walk, name));
      if (walk.page.more) return {};
      continue;
    }
    if (name.size() < walk.prefix.size() || name <= walk.after || !check_key(name)) continue;
    if (walk.page.keys.size() == walk.limit) {
      walk.page.more = true;
      return {};
    }
    walk.page.keys.push_back(name);
    walk.page.sizes.push_back(size);
  }
  return {};
}

Result<ListPage> Folder::list(std::string_view prefix, std::string_view after, std::size_t limit,
                              Deadline deadline) {
  if (limit == 0 || limit > k_list_page_max) {
    return fail(Code::invalid, fmt::format("list: {} is no size of a page", limit));
  }
  Walk state{prefix, after, limit, deadline, {}};
  TRY(walk(state, ""));
  return std::move(state.page);
}

// Whatever goes wrong here concerns nobody: the next process tries again.
void Folder::sweep_leftovers(const std::string& directory) const {
  const UnixNanos oldest = unix_now_ns() - k_folder_leftover_age_ns;
  const auto opened = sys::open_directory_beneath(root_, directory);
  if (!opened || !*opened) return;
  const sys::Fd& own = **opened;
  const auto swept =
      sys::list_in(own, root_ / directory, [&](std::string_view each) -> Result<void> {
        const std::string name(each);
        const auto info = sys::stat_in(own, name);
        if (!info || !*info || !(*info)->is_regular() || (*info)->mtime_ns >= oldest) return {};
        if (name.starts_with(sys::k_temp_prefix)) (void)sys::remove_file_in(own, name);
        return {};
      });
  static_cast<void>(swept);
}

}  // namespace

std::unique_ptr<Objects> open_folder(sys::Path root) {
  return std::make_unique<Folder>(std::move(root));
}

}  // namespace sluice::store
