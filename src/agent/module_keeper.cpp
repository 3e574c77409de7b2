#include "agent/module_keeper.hpp"

#include "gotool/module_archive.hpp"
#include "gotool/module_unpacker.hpp"
#include "store/fetch.hpp"
#include "store/parallel.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <utility>

namespace sluice::agent {
namespace {

using codec::JsonObject;
using gotool::SummedModule;
using store::Entry;

constexpr auto k_index_wait = std::chrono::seconds(20);
constexpr std::int64_t k_left_over_age_ns = std::int64_t{86400} * 1'000'000'000;

// Where archives are unpacked: on the file system of the module cache.
class Staging {
 public:
  static Result<Staging> create(const sys::Path& module_cache) {
    const sys::Path parent = module_cache / "cache/sluice";
    TRY(sys::make_directories(parent));
    sweep(parent);
    sys::Path path = parent / fmt::format("{:x}-{:x}", ::getpid(), unix_now_ns());
    TRY(sys::make_directories(path, 0700));
    return Staging(std::move(path));
  }
  ~Staging() {
    if (!path_.empty()) (void)sys::remove_tree(path_);  // the next one sweeps it
  }
  Staging(Staging&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Staging& operator=(Staging&&) = delete;

  sys::Path next() { return path_ / std::to_string(number_++); }

 private:
  explicit Staging(sys::Path path) : path_(std::move(path)) {}

  static void sweep(const sys::Path& parent) {
    // What cannot be listed or removed stays.
    (void)sys::list_directory(parent, [&](std::string_view name) -> Result<void> {
      const auto info = sys::stat_file(parent / name, false);
      const bool is_old = info && *info && (*info)->mtime_ns < unix_now_ns() - k_left_over_age_ns;
      if (is_old) (void)sys::remove_tree(parent / name);
      return {};
    });
  }

  sys::Path path_;
  std::atomic<std::uint64_t> number_ = 0;
};

}  // namespace

// Unpacks what a batch brings, and puts it where go looks.
class ModuleKeeper::Sink : public store::BatchSink {
 public:
  Sink(ModuleKeeper& keeper, Staging& staging, const std::vector<Wanted>& batch)
      : keeper_(keeper), staging_(staging) {
    for (const Wanted& one : batch) wanted_.emplace(one.entry, &one.module);
  }

  Result<codec::ByteSink> open(const Entry& entry) override {
    const auto unpacker =
        std::make_shared<gotool::ModuleUnpacker>(*wanted_.at(&entry), staging_.next());
    open_[&entry] = unpacker;
    return [unpacker](ByteView bytes) { return unpacker->write(bytes); };
  }

  void done(const Entry& entry, Result<void> result) override {
    const auto at = open_.find(&entry);
    if (result && at != open_.end()) result = place(*at->second);
    if (result) {
      ++brought;
      bytes_down += entry.location.stored_size;
    } else {
      ++failed;
      tell(entry, result.error());
    }
    if (at == open_.end()) return;
    (void)sys::remove_tree(at->second->directory());  // with the staging, else
    open_.erase(at);
  }

  std::size_t brought = 0;
  std::size_t failed = 0;
  std::uint64_t bytes_down = 0;

 private:
  Result<void> place(gotool::ModuleUnpacker& unpacker) const {
    TRY(unpacker.finish());
    TRY(gotool::place_module(keeper_.config_.module_cache, unpacker,
                             Deadline::after(k_module_place_wait)));
    return {};
  }
  void tell(const Entry& entry, const Error& error) const {
    const bool is_damaged = error.code == Code::corrupt || error.code == Code::not_found;
    if (is_damaged) keeper_.uploader_.distrust(entry.record.output);
    keeper_.faults_.count("modules", error.message);
  }

  ModuleKeeper& keeper_;
  Staging& staging_;
  std::unordered_map<const Entry*, const SummedModule*> wanted_;
  std::unordered_map<const Entry*, std::shared_ptr<gotool::ModuleUnpacker>> open_;
};

ModuleKeeper::ModuleKeeper(const AgentConfig& config, const sys::Environment& env,
                           IndexKeeper* keeper, store::Objects* objects, Uploader& uploader,
                           Patience& patience, FaultBook& faults)
    : config_(config),
      env_(env),
      keeper_(keeper),
      objects_(objects),
      uploader_(uploader),
      patience_(patience),
      faults_(faults),
      proxy_(config, keeper, objects, uploader, faults),
      thread_([this] { work(); }) {}

ModuleKeeper::~ModuleKeeper() { stop(); }

void ModuleKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  proxy_.stop();
  if (thread_.joinable()) thread_.join();
}

Result<std::vector<SummedModule>> ModuleKeeper::build_list(const ModulesAsked& asked) const {
  sys::Environment env = env_;
  env.set("GOFLAGS", asked.goflags);
  env.set("GOWORK", asked.gowork);
  return gotool::needed_modules(env, asked.working_directory);
}

// One for each large archive, one for each pack; the largest first.
std::vector<std::vector<ModuleKeeper::Wanted>> ModuleKeeper::batches(
    const store::Index& index, std::vector<SummedModule> missing) const {
  std::map<std::string, std::vector<Wanted>> by_object;
  for (SummedModule& module : missing) {
    const Entry* entry = index.find(gotool::module_action(module));
    if (entry == nullptr || entry->record.kind != store::Kind::module) continue;
    const bool is_packed = entry->location.where == store::Location::Where::pack;
    const std::string object =
        is_packed ? entry->location.pack.hex() : entry->record.output.hex() + ".";
    by_object[object].push_back({std::move(module), entry});
  }
  std::vector<std::vector<Wanted>> batches;
  for (auto& [object, batch] : by_object) batches.push_back(std::move(batch));
  std::ranges::stable_sort(batches, std::greater<>(), [](const std::vector<Wanted>& batch) {
    std::uint64_t sum = 0;
    for (const Wanted& one : batch) sum += one.entry->location.stored_size;
    return sum;
  });
  return batches;
}

codec::Json ModuleKeeper::answer(Type type, const ModulesAsked& asked) {
  if (type == Type::modules_bring) return bring(asked, Deadline::after(k_modules_bring_max));
  if (type == Type::modules_proxy) return JsonObject{{"url", proxy_url(asked)}};
  keep(asked);
  return JsonObject{};
}

codec::Json ModuleKeeper::bring(const ModulesAsked& asked, Deadline deadline) {
  std::atomic<std::size_t> brought = 0;
  std::atomic<std::size_t> failed = 0;
  std::atomic<std::uint64_t> bytes = 0;
  auto needed = build_list(asked);
  // go says what is wrong with its files better.
  std::vector<SummedModule> missing = needed ? std::move(*needed) : std::vector<SummedModule>();
  const std::size_t count = missing.size();
  std::erase_if(missing, [&](const SummedModule& module) {
    return gotool::is_module_there(config_.module_cache, module);
  });
  const std::size_t there = count - missing.size();
  const Patience::Wait wait(patience_);
  const auto is_worth_it = [&wait] { return wait.is_worth_it(); };
  const auto index = keeper_ != nullptr && objects_ != nullptr && !missing.empty()
                         ? keeper_->wait_fresh(deadline, is_worth_it)
                         : nullptr;
  if (index) {
    const auto wanted = batches(*index, std::move(missing));
    auto staging = Staging::create(config_.module_cache);
    if (!staging) faults_.count("modules", staging.error().message);
    if (staging && !wanted.empty()) {
      store::run_parallel(wanted.size(), k_module_streams, [&](std::size_t i) {
        if (!is_worth_it()) return;
        Sink sink(*this, *staging, wanted[i]);
        std::vector<const Entry*> entries;
        for (const Wanted& one : wanted[i]) entries.push_back(one.entry);
        // Each entry's end was told to the sink.
        (void)store::fetch_batch(*objects_, entries, sink, deadline);
        brought += sink.brought;
        failed += sink.failed;
        bytes += sink.bytes_down;
      });
    }
  }
  {
    const std::lock_guard lock(mutex_);
    bytes_down_ += bytes;
  }
  return JsonObject{{"needed", static_cast<std::uint64_t>(count)},
                    {"there", static_cast<std::uint64_t>(there)},
                    {"brought", static_cast<std::uint64_t>(brought.load())},
                    {"failed", static_cast<std::uint64_t>(failed.load())},
                    {"bytes_down", bytes.load()},
                    {"is_known", index != nullptr}};
}

std::string ModuleKeeper::proxy_url(const ModulesAsked& asked) {
  auto url = proxy_.url(build_list(asked).value_or(std::vector<SummedModule>()));
  if (url) return std::move(*url);
  faults_.count("modules", url.error().message);
  return "";
}

void ModuleKeeper::keep(const ModulesAsked& asked) {
  if (objects_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(queue_, asked) != queue_.end()) return;
    queue_.push_back(asked);
  }
  changed_.notify_all();
}

bool ModuleKeeper::wait_idle(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto is_idle = [this] { return queue_.empty() && !busy_; };
  if (deadline.is_never()) {
    changed_.wait(lock, is_idle);
    return true;
  }
  return changed_.wait_until(lock, deadline.at(), is_idle);
}

std::uint64_t ModuleKeeper::bytes_down() const {
  const std::lock_guard lock(mutex_);
  return bytes_down_ + proxy_.bytes_down();
}

void ModuleKeeper::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const ModulesAsked asked = std::move(queue_.front());
    queue_.erase(queue_.begin());
    busy_ = true;
    lock.unlock();
    keep_all(build_list(asked).value_or(std::vector<SummedModule>()));
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void ModuleKeeper::keep_all(const std::vector<SummedModule>& modules) {
  const auto proxied = proxy_.take_wanted();
  if (modules.empty() && proxied.empty()) return;  // nobody waits for a store that is silent
  const Patience::Wait wait(patience_);
  const auto index = keeper_->wait_fresh(
      Deadline::after(k_index_wait), [this, &wait] { return !stopping_ && wait.is_worth_it(); });
  std::set<ModuleProxy::Wanted> listed;
  for (const SummedModule& module : modules) {
    if (stopping_) return;
    listed.insert({module.module, module.is_tree()});
    if (!gotool::is_module_there(config_.module_cache, module)) continue;
    keep_record(index.get(), module, gotool::module_action(module));
  }
  for (const ModuleProxy::Wanted& wanted : proxied) {
    if (stopping_) return;
    if (listed.contains(wanted)) continue;
    // What go has fetched meanwhile: no go.sum here has its sums.
    const auto module =
        gotool::module_in_cache(config_.module_cache, wanted.module, wanted.is_tree);
    if (!module || module->sums.go_mod.empty()) continue;
    keep_record(index.get(), *module,
                gotool::unsummed_module_action(wanted.module, wanted.is_tree));
  }
}

void ModuleKeeper::keep_record(const store::Index* index, const SummedModule& module,
                               const ActionId& action) {
  const Entry* entry = index != nullptr ? index->find(action) : nullptr;
  if (entry != nullptr && entry->record.kind == store::Kind::module) {
    uploader_.used(entry->record);
  } else if (!config_.read_only) {
    keep_one(module, action);
  }
}

void ModuleKeeper::keep_one(const SummedModule& module, const ActionId& action) {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_.emplace(action, module).second) return;
  }
  Sha256 hash;
  std::uint64_t size = 0;
  const auto done =
      gotool::archive_module(config_.module_cache, module, [&](ByteView bytes) -> Result<void> {
        hash.update(bytes);
        size += bytes.size();
        return {};
      });
  // One that somebody has changed is go's to complain of.
  if (!done) return;
  store::Record record;
  record.action = action;
  record.output = hash.finish_as<BlobId>();
  record.size = size;
  record.kind = store::Kind::module;
  record.time_ns = unix_now_ns();
  record.origin = store::Origin::made;
  uploader_.made(record);
}

Result<void> ModuleKeeper::write_archive(const store::Record& record, const sys::Path& path) {
  SummedModule module;
  {
    const std::lock_guard lock(mutex_);
    const auto at = kept_.find(record.action);
    if (at == kept_.end()) return fail(Code::not_found, "a module that nobody told of");
    module = at->second;
  }
  TRY_ASSIGN(auto file, sys::AtomicFile::create(path, 0600));
  TRY(gotool::archive_module(config_.module_cache, module,
                             [&file](ByteView bytes) { return file.write(bytes); }));
  return file.commit();
}

}  // namespace sluice::agent
