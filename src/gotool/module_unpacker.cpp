#include "gotool/module_unpacker.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint32_t k_file_mode = 0444;  // go's own, before the umask

Result<sys::Fd> create_file(const sys::Path& path) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, k_file_mode);
  if (fd < 0) return fail_errno(errno, fmt::format("create {}", path.native()));
  return sys::Fd(fd);
}

Result<void> close_directories(const sys::Path& tree) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto close = [&](const sys::Path& path) {
    fs::permissions(path, fs::perms(0222), fs::perm_options::remove, error);
  };
  for (fs::recursive_directory_iterator at(tree, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory(error)) close(at->path());
  }
  if (!error) close(tree);
  if (error) return fail(Code::io, fmt::format("chmod {}: {}", tree.native(), error.message()));
  return {};
}

Result<void> rename_path(const sys::Path& from, const sys::Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return fail_errno(errno, fmt::format("rename {}", to.native()));
  }
  return {};
}

// Directories of a tree are not writable, and who does not own the machine cannot remove those.
Result<void> move_away(const sys::Path& tree, const sys::Path& to) {
  std::error_code error;
  std::filesystem::permissions(tree, std::filesystem::perms(0700),
                               std::filesystem::perm_options::add, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  return rename_path(tree, to);
}

Result<void> write_if_absent(const sys::Path& path, std::string_view text) {
  if (text.empty()) return {};
  const auto there = sys::stat_file(path);
  if (there && *there) return {};
  return sys::write_file_atomic(path, bytes_of(text));
}

}  // namespace

ModuleUnpacker::ModuleUnpacker(SummedModule module, sys::Path directory)
    : module_(std::move(module)),
      directory_(std::move(directory)),
      reader_(module_.module,
              {[this](const ModuleHeader&) { return sys::make_directories(directory_); },
               [this](const ArchivedFile& file) { return open_file(file); },
               [this](ByteView bytes) {
                 hash_.update(bytes);
                 return sys::write_all(file_.get(), bytes);
               },
               [this](const ArchivedFile& file) { return close_file(file); }}),
      sum_(module_.module) {}

Result<void> ModuleUnpacker::open_file(const ArchivedFile& file) {
  const sys::Path path = directory_ / file.name;
  const sys::Path parent = path.parent_path();
  if (parent != made_) TRY(sys::make_directories(parent));
  made_ = parent.native();
  TRY_ASSIGN(file_, create_file(path));
  return {};
}

Result<void> ModuleUnpacker::close_file(const ArchivedFile& file) {
  // A full disk may only be told now.
  if (::close(file_.release()) != 0) return fail_errno(errno, "close a module's file");
  sum_.add(file.name, hash_.finish());
  return {};
}

Result<void> ModuleUnpacker::finish() {
  TRY(reader_.finish());
  const ModuleSums& sums = module_.sums;
  if (module_.is_tree() ? sum_.finish() != sums.tree : !header().files.empty()) {
    return reader_.refuse("its files are not what go.sum says");
  }
  const bool has_go_mod = !header().go_mod.empty() || !module_.is_tree();
  if (has_go_mod && go_mod_sum(bytes_of(header().go_mod)) != sums.go_mod) {
    return reader_.refuse("its go.mod is not what go.sum says");
  }
  return {};
}

Result<Placed> place_module(const sys::Path& module_cache, const ModuleUnpacker& unpacked,
                            Deadline deadline) {
  const SummedModule& module = unpacked.module();
  const ModulePlaces places = module_places(module_cache, module.module);
  TRY(sys::make_directories(places.lock.parent_path()));
  TRY_ASSIGN(const auto lock, sys::FileLock::acquire(places.lock, deadline));
  if (is_module_there(module_cache, module)) return Placed::there_already;
  if (module.is_tree()) {
    TRY(sys::make_directories(places.tree.parent_path()));
    TRY(sys::write_file_atomic(places.partial, {}));
    TRY(move_away(places.tree, sys::Path(unpacked.directory()) += ".old"));
    TRY(rename_path(unpacked.directory(), places.tree));
    TRY(close_directories(places.tree));
  }
  TRY(write_if_absent(places.mod, unpacked.header().go_mod));
  TRY(write_if_absent(places.info, unpacked.header().info));
  if (module.is_tree()) {
    TRY(sys::write_file_atomic(places.zip_hash, bytes_of(module.sums.tree)));
    TRY(sys::remove_file(places.partial));
  }
  return Placed::now;
}

}  // namespace sluice::gotool
