#include "gotool/tier_carrying.hpp"

#include "gotool/cache_files.hpp"
#include "sys/fd.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>

namespace sluice::gotool {
namespace {

constexpr std::size_t k_copy_piece = std::size_t{256} << 10U;

Result<void> copy_blob(const std::string& source, const LocalTier& to, const BlobId& output,
                       std::uint64_t size) {
  TRY_ASSIGN(auto writer, to.begin(output, size));
  TRY_ASSIGN(const sys::Fd file, sys::open_read(source));
  Bytes buffer(k_copy_piece);
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(file.get(), buffer));
    if (count == 0) break;
    TRY(writer.write(ByteView(buffer).first(count)));
  }
  TRY(writer.commit_blob());
  return {};
}

// Data that is there and right; something else in its place is replaced.
Result<void> place_blob(const std::string& source, const LocalTier& to, const BlobId& output,
                        std::uint64_t size) {
  const std::string target = to.blob_path(output).native();
  if (::link(source.c_str(), target.c_str()) == 0) return {};
  if (errno == EEXIST) {
    TRY_ASSIGN(const auto there, stat_name(target));
    if (there && there->is_regular && there->size == size) return {};
  }
  return copy_blob(source, to, output, size);
}

enum class Carry { done, damaged, absent };

Result<Carry> carry(const LocalTier& from, const LocalTier& to, const ActionId& action,
                    std::uint64_t& bytes) {
  TRY_ASSIGN(const auto hit, from.find(action));
  if (!hit || hit->is_directory) return Carry::absent;
  if (hit->size > 0 && !file_matches(hit->disk_path.native(), hit->output)) return Carry::damaged;
  if (hit->size == 0 && hit->output != k_empty_blob) return Carry::damaged;
  TRY(place_blob(hit->disk_path.native(), to, hit->output, hit->size));
  TRY(to.link(action, hit->output, hit->size, hit->time_ns));
  bytes += hit->size;
  return Carry::done;
}

}  // namespace

Result<bool> carry_entry(const LocalTier& from, const LocalTier& to, const ActionId& action) {
  std::uint64_t bytes = 0;
  TRY_ASSIGN(const Carry carried, carry(from, to, action, bytes));
  return carried == Carry::done;
}

bool carry_blob(const LocalTier& from, const LocalTier& to, const BlobId& output,
                std::uint64_t size) {
  if (!from.has_blob(output, size)) return false;
  const std::string source = from.blob_path(output).native();
  const auto info = stat_name(source);
  if (!info || !*info || !(*info)->is_regular || !file_matches(source, output)) return false;
  return place_blob(source, to, output, size).has_value();
}

Result<Carried> carry_new(const LocalTier& from, const LocalTier& to) {
  TRY_ASSIGN(const auto actions, from.list_actions());
  Carried carried;
  for (const ActionId& action : actions) {
    const auto there = to.find(action);
    if (there && *there) continue;
    const auto done = carry(from, to, action, carried.bytes);
    if (!done)
      ++carried.failed;
    else if (*done == Carry::done)
      ++carried.entries;
    else if (*done == Carry::damaged)
      ++carried.damaged;
  }
  return carried;
}

}  // namespace sluice::gotool
