#include "agent/index_keeper.hpp"

#include "base/strings.hpp"
#include "sys/log.hpp"

#include <fmt/format.h>

#include <sys/utsname.h>

#include <algorithm>
#include <utility>

namespace sluice::agent {
namespace {

constexpr auto k_wait_tick = std::chrono::milliseconds(20);
constexpr auto k_git_wait = std::chrono::seconds(5);
constexpr std::uint64_t k_module_file_bytes_max = 16U << 20U;

std::optional<Bytes> module_file(const AgentConfig& config, std::string_view name) {
  if (config.module_root.empty()) return std::nullopt;
  auto bytes = sys::read_file(config.module_root / name, k_module_file_bytes_max);
  if (!bytes) return std::nullopt;  // unreadable: that key tier is left out
  return std::move(*bytes);
}

// Of the place, not of its URL alone (one bucket's name may stand for buckets of two servers), and
// of those who were believed.
sys::Path copy_path_of(const AgentConfig& config, const store::Objects& objects) {
  std::string identity = objects.describe() + trust_identity(config);
  for (std::string_view part : {std::string_view(config.domain), std::string_view(config.job_name),
                                std::string_view(config.checkout.native())}) {
    identity.push_back('\0');
    identity += part;
  }
  return config.cache_directory / "index" / to_hex(sha256(bytes_of(identity))).substr(0, 32);
}

// The manifests worth bringing in ahead: what the best scope has of this job's last runs (several,
// where a matrix has legs of one name); where it never ran, all of the same platform.
std::vector<ActionId> actions_ahead(const AgentConfig& config, const store::LoadedScopes& loaded) {
  const std::string platform = platform_name();
  std::vector<ActionId> ahead;
  for (const bool same_job : {true, false}) {
    std::optional<store::ScopeKind> best;
    for (const store::LoadedManifest& one : loaded.manifests) {
      const store::ManifestInfo& info = one.manifest.info;
      if (info.platform != platform) continue;
      if (same_job && (info.job_name != config.job_name || info.go_version != config.go_version ||
                       best.value_or(one.from) != one.from)) {
        continue;
      }
      best = one.from;
      for (const store::Entry& entry : one.manifest.entries) {
        // What another job linked this one will hardly ask for.
        if (same_job || entry.record.kind != store::Kind::link) {
          ahead.push_back(entry.record.action);
        }
      }
    }
    if (!ahead.empty()) break;
  }
  return ahead;
}

// What an earlier agent of this very job published: its go commands count as this job's too.
std::vector<store::Record> records_of_this_job(const AgentConfig& config,
                                               const store::LoadedScopes& loaded) {
  std::vector<store::Record> records;
  for (const store::LoadedManifest& one : loaded.manifests) {
    const store::ManifestInfo& info = one.manifest.info;
    if (info.job_id != config.publisher_id() || info.domain != config.domain) continue;
    for (const store::Entry& entry : one.manifest.entries) records.push_back(entry.record);
    return records;
  }
  return records;
}

}  // namespace

std::string platform_name() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  std::string machine = name.machine;
  if (machine == "x86_64") machine = "amd64";
  if (machine == "aarch64") machine = "arm64";
  return to_lower(name.sysname) + "/" + machine;
}

Scopes scopes_of_job(const AgentConfig& config, const sys::Environment& env) {
  Job job = job_of(env, config.checkout);
  complete_from_git(job, config.checkout, env, Deadline::after(k_git_wait));
  return scopes_of(job, config.go_version, module_file(config, "go.mod"),
                   module_file(config, "go.sum"));
}

IndexKeeper::IndexKeeper(const AgentConfig& config, store::Objects& objects, FaultBook& faults,
                         JobTrust trust)
    : config_(config),
      objects_(objects),
      faults_(faults),
      trust_(std::move(trust)),
      copy_path_(copy_path_of(config, objects)) {
  if (trust_.fault) {
    faults_.count("trust", fmt::format("nothing is published: {}", trust_.fault->message));
  }
}

void IndexKeeper::load_copy() {
  const auto bytes = sys::read_file(copy_path_, k_index_copy_bytes_max);
  if (!bytes || !*bytes) return;
  auto index = store::Index::decode(**bytes);
  if (!index) {
    sys::log_info("index copy {}: {}", copy_path_.native(), index.error().message);
    return;  // another version's, or torn: the store has the truth
  }
  publish(std::make_shared<const store::Index>(std::move(*index)), false);
  const std::lock_guard lock(mutex_);
  is_copy_ = true;
}

bool IndexKeeper::refresh(const sys::Environment& env, const OnFresh& on_fresh) {
  Scopes scopes = scopes_of_job(config_, env);
  store::LoadedScopes loaded =
      store::load_scopes(objects_, trust_.trust, scopes.read, Deadline::after(k_refresh_wait));
  for (const Error& fault : loaded.faults) {
    faults_.count(fault.code == Code::untrusted ? "trust" : "store", fault.message);
  }
  const bool answered = std::ranges::none_of(loaded.faults, [](const Error& fault) {
    return fault.code == Code::unavailable || fault.code == Code::timeout;
  });
  std::vector<store::Record> own = records_of_this_job(config_, loaded);
  {
    const std::lock_guard lock(mutex_);
    scopes_ = std::move(scopes);
    // A store that answers in part, or not at all, must not erase what is known.
    const bool is_silent = std::ranges::any_of(
        loaded.faults, [](const Error& fault) { return fault.code != Code::untrusted; });
    // Nor must one in which somebody has put what is not believed: the copy was, by the same keys.
    const bool has_nothing = loaded.manifests.empty() && !loaded.faults.empty();
    const bool keeps = has_nothing ? is_silent || index_ != nullptr
                                   : !loaded.manifests.empty() && !answered && fresh_;
    if (keeps) {
      fresh_ = true;
      changed_.notify_all();
      return has_nothing && !is_silent;
    }
    own_records_ = std::move(own);
    ahead_ = actions_ahead(config_, loaded);
  }
  auto index = std::make_shared<store::Index>();
  for (store::LoadedManifest& one : loaded.manifests) {
    index->add(std::move(one.manifest), one.from);
  }
  sys::log_info("index: {} records of {} manifests", index->size(), loaded.manifests.size());
  if (on_fresh) on_fresh(index);
  {
    const std::lock_guard lock(mutex_);
    is_copy_ = false;
  }
  publish(index, true, answered);
  if (auto bytes = index->encode()) {
    if (auto ready = sys::make_directories(copy_path_.parent_path(), 0700); ready) {
      const auto written = sys::write_file_atomic(copy_path_, *bytes, 0600);
      if (!written) sys::log_info("index copy: {}", written.error().message);
    }
  }
  return answered;
}

void IndexKeeper::add_own(const store::Manifest& manifest) {
  const auto known = current();
  const auto scopes = write_scopes();
  if (scopes.empty()) return;
  const auto from = scopes.front().kind;
  publish(std::make_shared<const store::Index>(known ? known->with(manifest, from)
                                                     : store::Index().with(manifest, from)),
          true);
}

void IndexKeeper::publish(std::shared_ptr<const store::Index> index, bool is_fresh, bool answered) {
  {
    const std::lock_guard lock(mutex_);
    if (index) index_ = std::move(index);
    fresh_ = fresh_ || is_fresh;
    answered_ = answered_ || answered;
  }
  changed_.notify_all();
}

std::shared_ptr<const store::Index> IndexKeeper::wait_any(const IsWorthIt& is_worth_it) {
  std::unique_lock lock(mutex_);
  while (index_ == nullptr && !fresh_ && is_worth_it()) changed_.wait_for(lock, k_wait_tick);
  return index_;
}

std::shared_ptr<const store::Index> IndexKeeper::wait_fresh(Deadline deadline,
                                                            const IsWorthIt& is_worth_it) {
  std::unique_lock lock(mutex_);
  while (!fresh_ && is_worth_it() && !deadline.passed()) changed_.wait_for(lock, k_wait_tick);
  return index_;
}

std::shared_ptr<const store::Index> IndexKeeper::current() const {
  const std::lock_guard lock(mutex_);
  return index_;
}

bool IndexKeeper::is_fresh() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

bool IndexKeeper::is_copy() const {
  const std::lock_guard lock(mutex_);
  return is_copy_;
}

std::vector<store::Scope> IndexKeeper::write_scopes() const {
  const std::lock_guard lock(mutex_);
  return scopes_.write;
}

std::vector<store::Record> IndexKeeper::own_records() const {
  const std::lock_guard lock(mutex_);
  return own_records_;
}

std::vector<const store::Entry*> IndexKeeper::ahead(
    const std::shared_ptr<const store::Index>& index) const {
  const std::lock_guard lock(mutex_);
  std::vector<const store::Entry*> entries;
  if (ahead_.empty()) {
    // A copy of an earlier job's, whose commit was most likely another one.
    entries = index->in_use_order();
    std::erase_if(
        entries, [](const store::Entry* entry) { return entry->record.kind == store::Kind::link; });
    return entries;
  }
  entries.reserve(ahead_.size());
  for (const ActionId& action : ahead_) {
    if (const store::Entry* entry = index->find(action); entry != nullptr) entries.push_back(entry);
  }
  return entries;
}

}  // namespace sluice::agent
