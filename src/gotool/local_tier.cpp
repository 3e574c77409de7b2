#include "gotool/local_tier.hpp"

#include "gotool/cache_files.hpp"
#include "gotool/kind.hpp"
#include "gotool/tier_carrying.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace sluice::gotool {
namespace {

// Bodies up to this size are gathered in memory: hashed first, then written in one piece.
constexpr std::size_t k_small_body_max = std::size_t{64} << 10U;
constexpr std::size_t k_copy_piece = std::size_t{256} << 10U;

// Go's own text: whoever looks into the directory is told the same, whichever tool made it.
constexpr std::string_view k_readme =
    "This directory holds cached build artifacts from the Go build system.\n"
    "Run \"go clean -cache\" if the directory is getting too large.\n"
    "Run \"go clean -fuzzcache\" to delete the fuzz cache.\n"
    "See go.dev to learn more about Go.\n";

struct Data {
  std::string path;  // of the file itself, also for an executable
  UnixNanos mtime_ns = 0;
  bool is_directory = false;
};

// The data of an output at `name` when it is there at this size.
Result<std::optional<Data>> find_data(std::string name, std::uint64_t size) {
  TRY_ASSIGN(const auto info, stat_name(name));
  if (!info) return std::nullopt;
  if (!info->is_directory) {
    if (info->size != size || !info->is_regular) return std::nullopt;
    return Data{std::move(name), info->mtime_ns, false};
  }
  auto inner = only_file_in(name);
  if (!inner) return std::nullopt;
  TRY_ASSIGN(const auto inner_info, stat_name(*inner));
  if (!inner_info || inner_info->size != size || !inner_info->is_regular) return std::nullopt;
  return Data{std::move(*inner), info->mtime_ns, true};
}

// As find_data, and the bytes are right: what Go checks before it keeps a file it would write
// again.
std::optional<Data> find_verified(const std::string& name, const BlobId& output,
                                  std::uint64_t size) {
  auto data = find_data(name, size);
  if (!data || !*data) return std::nullopt;
  // There is one file of no bytes.
  const bool is_right = size == 0 ? output == k_empty_blob : file_matches((*data)->path, output);
  if (!is_right) return std::nullopt;
  mark_used(name, (*data)->mtime_ns);
  return std::move(*data);
}

struct OpenEntry {
  ActionEntry entry;
  UnixNanos mtime_ns = 0;
};

// The entry in a `-a` file, nothing when absent or malformed.
Result<std::optional<OpenEntry>> read_entry(const std::string& name, const ActionId& action) {
  TRY_ASSIGN(const auto fd, open_name(name));
  if (!fd) return std::nullopt;
  std::array<std::byte, k_action_entry_size + 1> buffer;  // one more tells a file that is too long
  TRY_ASSIGN(const std::size_t count, sys::read_some(fd->get(), buffer));
  const auto entry = decode_action_entry(action, text_of(ByteView(buffer).first(count)));
  if (!entry) return std::nullopt;
  TRY_ASSIGN(const FileStat info, stat_open(fd->get(), name));
  return OpenEntry{*entry, info.mtime_ns};
}

LocalHit hit_of(const ActionEntry& entry, Data data) {
  LocalHit hit{.output = entry.output,
               .size = entry.size,
               .time_ns = entry.time_ns,
               .disk_path = {},
               .is_directory = data.is_directory,
               .executable_name = {}};
  if (data.is_directory) hit.executable_name = data.path.substr(data.path.rfind('/') + 1);
  hit.disk_path = std::move(data.path);
  return hit;
}

Error wrong_bytes(const BlobId& output, std::string_view how) {
  return {Code::corrupt, fmt::format("store output {}: {}", output.short_hex(), how)};
}

// A body in memory that is `output`, unless the same one is there.
Result<PutDone> publish_verified(std::string target, const BlobId& output, ByteView body) {
  if (auto existing = find_verified(target, output, body.size())) {
    return PutDone{std::move(existing->path), true};
  }
  TRY(publish_bytes(target, body));
  return PutDone{std::move(target), false};
}

Result<PutDone> verify_and_publish(std::string target, const BlobId& output, ByteView body) {
  const bool is_right = body.empty() ? output == k_empty_blob : sha256_as<BlobId>(body) == output;
  if (!is_right) return std::unexpected(wrong_bytes(output, "its bytes have another SHA-256"));
  return publish_verified(std::move(target), output, body);
}

// Copies and hashes; the caller removes `target` when this fails.
Result<BlobId> copy_hashed(const sys::Path& source, const std::string& target) {
  TRY_ASSIGN(const sys::Fd from, sys::open_read(source));
  TRY_ASSIGN(sys::AtomicFile to, sys::AtomicFile::create(target, 0777));
  Bytes buffer(k_copy_piece);
  Sha256 hash;
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(from.get(), buffer));
    if (count == 0) break;
    const auto piece = ByteView(buffer).first(count);
    hash.update(piece);
    TRY(to.write(piece));
  }
  TRY(to.commit());
  return hash.finish_as<BlobId>();
}

}  // namespace

struct LocalTier::Writer::State {
  State(std::string name, std::string tier_prefix, const BlobId& announced,
        std::uint64_t size_bytes, bool the_caller_verifies)
      : target(std::move(name)),
        prefix(std::move(tier_prefix)),
        output(announced),
        size(size_bytes),
        caller_verifies(the_caller_verifies) {}
  ~State() { discard_temp(temp); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::string target;
  std::string prefix;
  BlobId output;
  std::uint64_t size;
  bool caller_verifies;
  std::uint64_t written = 0;
  Sha256 hash;
  Bytes memory;                  // a small body
  TempFile temp;                 // a large body
  std::optional<Data> existing;  // the data is there already: only hash what comes
  std::optional<Error> failed;
};

LocalTier::LocalTier(sys::Path directory)
    : directory_(std::move(directory)), prefix_(directory_.native() + "/") {}

Result<LocalTier> LocalTier::open(const sys::Path& directory) {
  if (!directory.is_absolute()) {
    return fail(Code::invalid, "local tier " + directory.native() + ": not an absolute path");
  }
  LocalTier tier(directory.lexically_normal());
  if (tier.prefix_.ends_with("//")) tier.prefix_.pop_back();
  // Go makes the subdirectories in order, so the last one stands for all; one that is missing all
  // the same is made when a file needs it.
  TRY_ASSIGN(const auto last, stat_name(subdirectory_name(tier.prefix_, k_subdirectory_count - 1)));
  if (last) return tier;
  TRY(sys::make_directories(tier.directory_));
  for (unsigned i = 0; i < k_subdirectory_count; ++i) {
    // A directory that is there but read-only still answers lookups: its writers get the error.
    if (mkdir(subdirectory_name(tier.prefix_, i).c_str(), 0777) != 0 && errno != EEXIST) break;
  }
  const std::string readme = tier.prefix_ + "README";
  TRY_ASSIGN(const auto there, stat_name(readme));
  if (!there) static_cast<void>(sys::write_file_atomic(readme, bytes_of(k_readme)));
  return tier;
}

Result<LocalTier> LocalTier::open_over(const sys::Path& directory, const sys::Path& below) {
  TRY_ASSIGN(LocalTier tier, open(directory));
  if (below.empty()) return tier;
  // Nobody writes there through this one, and a tier that is not there has nothing.
  if (auto lower = open(below)) tier.below_ = std::make_shared<const LocalTier>(std::move(*lower));
  return tier;
}

Bytes part_of(const LocalHit& hit, std::uint64_t offset, std::size_t size) {
  if (hit.is_directory || hit.size == 0) return {};
  const auto file = sys::open_if_exists(hit.disk_path);
  if (!file || !*file) return {};
  Bytes part(size);
  part.resize(sys::read_at((*file)->get(), part, offset).value_or(0));
  return part;
}

Bytes end_of(const LocalHit& hit) {
  const std::uint64_t size = std::min(hit.size, std::uint64_t{k_classify_bytes});
  return part_of(hit, hit.size - size, static_cast<std::size_t>(size));
}

Result<std::optional<LocalHit>> LocalTier::find(const ActionId& action) const {
  if (!below_) return find_here(action);
  TRY_ASSIGN(auto here, find_here(action));
  if (here) return here;
  TRY_ASSIGN(const bool is_brought, carry_entry(*below_, *this, action));
  return is_brought ? find_here(action) : Result<std::optional<LocalHit>>(std::nullopt);
}

Result<std::optional<LocalHit>> LocalTier::find_here(const ActionId& action) const {
  const std::string name = entry_name(prefix_, action.view(), 'a');
  TRY_ASSIGN(const auto open, read_entry(name, action));
  if (!open) return std::nullopt;
  std::string data_name = entry_name(prefix_, open->entry.output.view(), 'd');
  TRY_ASSIGN(auto data, find_data(data_name, open->entry.size));
  if (!data) return std::nullopt;
  mark_used(name, open->mtime_ns);
  mark_used(data_name, data->mtime_ns);
  return hit_of(open->entry, std::move(*data));
}

LocalTier::Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalTier::Writer::~Writer() = default;
LocalTier::Writer::Writer(Writer&&) noexcept = default;
LocalTier::Writer& LocalTier::Writer::operator=(Writer&&) noexcept = default;

Result<LocalTier::Writer> LocalTier::begin(const BlobId& output, std::uint64_t size) const {
  return begin(output, size, false);
}

Result<LocalTier::Writer> LocalTier::begin_verified(const BlobId& output,
                                                    std::uint64_t size) const {
  return begin(output, size, true);
}

Result<LocalTier::Writer> LocalTier::begin(const BlobId& output, std::uint64_t size,
                                           bool caller_verifies) const {
  auto state = std::make_unique<Writer::State>(entry_name(prefix_, output.view(), 'd'), prefix_,
                                               output, size, caller_verifies);
  if (size <= k_small_body_max) {
    state->memory.reserve(size);
    return Writer(std::move(state));
  }
  state->existing = find_verified(state->target, output, size);
  if (!state->existing) {
    TRY_ASSIGN(state->temp, create_temp(state->target));
  }
  return Writer(std::move(state));
}

Result<void> LocalTier::Writer::write(ByteView bytes) {
  State& state = *state_;
  if (state.failed) return std::unexpected(*state.failed);
  if (bytes.size() > state.size - state.written) {
    state.failed = wrong_bytes(state.output, fmt::format("more than {} bytes", state.size));
    return std::unexpected(*state.failed);
  }
  state.written += bytes.size();
  if (state.size <= k_small_body_max) {
    append(state.memory, bytes);
    return {};
  }
  if (!state.caller_verifies) state.hash.update(bytes);
  if (state.existing) return {};
  if (auto written = sys::write_all(state.temp.fd.get(), bytes); !written) {
    state.failed = std::move(written).error().in("write " + state.target);
    return std::unexpected(*state.failed);
  }
  return {};
}

Result<PutDone> LocalTier::Writer::commit_blob() {
  State& state = *state_;
  if (state.failed) return std::unexpected(*state.failed);
  state.failed = wrong_bytes(state.output, "committed twice");
  if (state.written != state.size) {
    return std::unexpected(wrong_bytes(
        state.output, fmt::format("{} bytes came, {} announced", state.written, state.size)));
  }
  if (state.size <= k_small_body_max) {
    const auto publish = state.caller_verifies ? publish_verified : verify_and_publish;
    return publish(std::move(state.target), state.output, state.memory);
  }
  if (!state.caller_verifies && state.hash.finish_as<BlobId>() != state.output) {
    return std::unexpected(wrong_bytes(state.output, "its bytes have another SHA-256"));
  }
  if (!state.existing) {
    TRY(publish_temp(std::exchange(state.temp, {}), state.target));
    return PutDone{std::move(state.target), false};
  }
  TRY_ASSIGN(const auto there, stat_name(state.existing->path));
  if (there) return PutDone{std::move(state.existing->path), true};
  return fail(Code::unavailable, state.target + ": removed while it was stored again");
}

Result<PutDone> LocalTier::Writer::commit(const ActionId& action, UnixNanos time_ns) {
  TRY_ASSIGN(PutDone done, commit_blob());
  const ActionEntry entry{action, state_->output, state_->size, time_ns};
  TRY(publish_entry(entry_name(state_->prefix, action.view(), 'a'), encode_action_entry(entry)));
  return done;
}

Result<sys::Path> LocalTier::put_empty(const ActionId& action, UnixNanos time_ns) const {
  TRY_ASSIGN(PutDone done, put(action, k_empty_blob, {}, time_ns));
  return std::move(done.disk_path);
}

Result<PutDone> LocalTier::put(const ActionId& action, const BlobId& output, ByteView body,
                               UnixNanos time_ns) const {
  std::string target = entry_name(prefix_, output.view(), 'd');
  TRY_ASSIGN(PutDone done, verify_and_publish(std::move(target), output, body));
  TRY(link(action, output, body.size(), time_ns));
  return done;
}

Result<void> LocalTier::link(const ActionId& action, const BlobId& output, std::uint64_t size,
                             UnixNanos time_ns) const {
  return publish_entry(entry_name(prefix_, action.view(), 'a'),
                       encode_action_entry({action, output, size, time_ns}));
}

bool LocalTier::has_blob(const BlobId& output, std::uint64_t size) const {
  const std::string name = entry_name(prefix_, output.view(), 'd');
  const auto data = find_data(name, size);
  if (!data) return false;
  if (!*data) return below_ && carry_blob(*below_, *this, output, size);
  mark_used(name, (*data)->mtime_ns);
  return true;
}

sys::Path LocalTier::blob_path(const BlobId& output) const {
  return entry_name(prefix_, output.view(), 'd');
}

Result<sys::Path> LocalTier::put_executable(const ActionId& action, const BlobId& output,
                                            std::uint64_t size, std::string_view name,
                                            const sys::Path& source_file, UnixNanos time_ns) const {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) {
    return fail(Code::invalid, fmt::format("store executable: \"{}\" is no file name", name));
  }
  const std::string target = entry_name(prefix_, output.view(), 'd');
  if (auto existing = find_verified(target, output, size); existing && existing->is_directory) {
    TRY(link(action, output, size, time_ns));
    return existing->path;
  }
  // The whole directory is made under a temporary name: a reader sees one file in it, or nothing.
  const std::string temp = temp_name(target);
  const auto build = [&]() -> Result<void> {
    TRY(sys::make_directories(temp));
    TRY_ASSIGN(const BlobId digest, copy_hashed(source_file, temp + "/" + std::string(name)));
    if (digest != output) {
      return std::unexpected(wrong_bytes(output, source_file.native() + " has another SHA-256"));
    }
    if (rename(temp.c_str(), target.c_str()) == 0) return {};
    TRY(sys::remove_tree(target));
    if (rename(temp.c_str(), target.c_str()) == 0) return {};
    return fail_errno(errno, "publish " + target);
  };
  if (auto built = build(); !built) {
    static_cast<void>(sys::remove_tree(temp));
    return std::unexpected(std::move(built).error());
  }
  TRY(link(action, output, size, time_ns));
  return target + "/" + std::string(name);
}

Result<std::unordered_set<ActionId>> LocalTier::list_actions() const {
  std::unordered_set<ActionId> actions;
  for (unsigned i = 0; i < k_subdirectory_count; ++i) {
    const std::string directory = subdirectory_name(prefix_, i);
    auto listed = sys::list_directory(directory, [&](std::string_view name) -> Result<void> {
      if (!name.ends_with("-a")) return {};
      if (const auto action = ActionId::from_hex(name.substr(0, name.size() - 2))) {
        actions.insert(*action);
      }
      return {};
    });
    if (!listed && listed.error().code != Code::not_found) return std::unexpected(listed.error());
  }
  return actions;
}

Result<void> LocalTier::visit_since(UnixNanos since_ns, const Visitor& visit) const {
  // The clock that stamps files may lag behind the one that stamps entries by a tick.
  constexpr UnixNanos k_clock_slack_ns = 1'000'000'000;
  const auto visit_one = [&](const ActionId& action) -> Result<void> {
    const std::string name = entry_name(prefix_, action.view(), 'a');
    const auto info = stat_name(name);
    if (!info || !*info || (*info)->mtime_ns < since_ns - k_clock_slack_ns) return {};
    const auto open = read_entry(name, action);
    if (!open || !*open) return {};
    const ActionEntry& entry = (*open)->entry;
    auto data = find_data(entry_name(prefix_, entry.output.view(), 'd'), entry.size);
    if (!data || !*data) return {};
    return visit(entry, hit_of(entry, std::move(**data)));
  };
  TRY_ASSIGN(const auto actions, list_actions());
  for (const ActionId& action : actions) TRY(visit_one(action));
  return {};
}

}  // namespace sluice::gotool
