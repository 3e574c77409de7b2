#include "agent/uploader.hpp"

#include "gotool/kind.hpp"
#include "gotool/same_path.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"

#include <algorithm>

namespace sluice::agent {
namespace {

constexpr int k_upload_nice = 19;  // the compiler's cores are the compiler's
constexpr std::uint64_t k_index_body_bytes_max = 64U << 20U;
constexpr auto k_object_wait = std::chrono::seconds(60);
constexpr auto k_fresh_wait = k_refresh_wait + std::chrono::seconds(10);  // git comes first
constexpr auto k_drain_tick = std::chrono::milliseconds(50);
constexpr auto k_yield_step = std::chrono::milliseconds(100);
constexpr auto k_hold_step = std::chrono::milliseconds(50);
constexpr std::uint64_t k_rate_bytes_min = 4U << 20U;  // sent; fewer say little about a rate
constexpr int k_upload_tries_max = 3;
constexpr int k_failures_max = 3;  // objects in a row that the store did not take
constexpr auto k_try_again_pause = std::chrono::milliseconds(200);  // doubled each time

// What is wrong with the file itself is no better the next time, nor is a store that refuses.
bool may_work_later(const Error& error) {
  return !store::is_of_the_file(error) && error.code != Code::denied &&
         error.code != Code::unsupported;
}

}  // namespace

Uploader::Uploader(const AgentConfig& config, store::Objects* objects, IndexKeeper* keeper,
                   const gotool::LocalTier& tier, FaultBook& faults, DownloadsIdle downloads_idle,
                   ProcessorIdle processor_idle, Pausing pausing)
    : config_(config),
      objects_(config.read_only || (keeper != nullptr && !keeper->may_publish()) ? nullptr
                                                                                 : objects),
      keeper_(keeper),
      tier_(tier),
      faults_(faults),
      downloads_idle_(std::move(downloads_idle)),
      processor_idle_(std::move(processor_idle)),
      pausing_(std::move(pausing)),
      goroot_(config.goroot) {
  if (objects_ != nullptr) thread_ = std::thread([this] { work(true); });
}

Uploader::~Uploader() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();  // nobody replaces it any more
}

void Uploader::set_goroot(const sys::Path& goroot) {
  if (goroot.empty()) return;
  const std::lock_guard lock(mutex_);
  goroot_ = goroot;
}

// False when the record was there already, unchanged.
bool Uploader::add_to_ledger_locked(const store::Record& record) {
  const auto [at, is_new] = position_.try_emplace(record.action, ledger_.size());
  if (is_new) {
    if (ledger_.size() >= k_ledger_records_max) {
      position_.erase(at);
      return false;
    }
    ledger_.push_back(record);
  } else {
    store::Record& known = ledger_[at->second];
    if (known.output == record.output) return false;
    known = record;
  }
  ledger_changed_ = true;
  publish_failed_ = false;
  return true;
}

void Uploader::seed(const std::vector<store::Record>& records) {
  if (objects_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  const bool was_changed = ledger_changed_;
  for (const store::Record& record : records) {
    if (!position_.contains(record.action)) add_to_ledger_locked(record);
  }
  ledger_changed_ = was_changed;
}

void Uploader::used(store::Record record) {
  if (objects_ == nullptr) return;
  record.origin = store::Origin::received;
  const std::lock_guard lock(mutex_);
  add_to_ledger_locked(record);
}

void Uploader::made(const store::Record& record) {
  if (objects_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    if (!add_to_ledger_locked(record) && !distrusted_.contains(record.output)) return;
    if (is_given_up_locked()) return put_off_locked(record);
    queue_.push_back(record);
    totals_.pending_bytes += record.size;
  }
  changed_.notify_all();
}

void Uploader::distrust(const BlobId& blob) {
  if (objects_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  distrusted_.insert(blob);
}

void Uploader::request_publish() {
  if (objects_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    if (is_given_up_locked()) return;
    take_up_locked();
    if (!ledger_changed_ && queue_.empty()) return;
    publish_wanted_ = true;
  }
  changed_.notify_all();
}

bool Uploader::drain(Deadline deadline, const std::function<bool()>& is_worth_it) {
  if (objects_ == nullptr) return true;
  request_publish();
  hurry();
  std::unique_lock lock(mutex_);
  const auto is_done = [this] {
    return stopping_ || (queue_.empty() && !busy_ && !publish_wanted_);
  };
  while (!changed_.wait_for(lock, k_drain_tick, is_done)) {
    lock.unlock();
    const bool goes_on = (!is_worth_it || is_worth_it()) && !deadline.passed();
    lock.lock();
    if (!goes_on) return false;
  }
  return lost_locked() == 0;
}

// Somebody waits now. A thread cannot take back that it runs last: another one takes over, at the
// priority of whoever waits.
void Uploader::hurry() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || !calm_ || (queue_.empty() && !busy_ && !publish_wanted_)) return;
    calm_ = false;
    thread_ = std::thread([this, before = std::move(thread_)]() mutable {
      before.join();
      work(false);
    });
  }
  changed_.notify_all();
}

Uploader::Totals Uploader::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals = totals_;
  totals.lost = lost_locked();
  totals.records = ledger_.size();
  const bool to_publish =
      publish_wanted_ || (ledger_changed_ && !publish_failed_ && !is_given_up_locked());
  totals.drained = objects_ == nullptr || (queue_.empty() && !busy_ && !to_publish);
  return totals;
}

// While nobody waits this thread takes what others leave.
void Uploader::work(bool runs_last) {
  if (runs_last) sys::lower_thread_priority(k_upload_nice);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!runs_last && queue_.empty() && !publish_wanted_) {
      sys::lower_thread_priority(k_upload_nice);
      calm_ = runs_last = true;
    }
    changed_.wait(lock, [&] {
      return stopping_ || (runs_last && !calm_) || !queue_.empty() || publish_wanted_;
    });
    if (stopping_ || (runs_last && !calm_)) return;
    if (runs_last && is_little_locked()) {
      lock.unlock();
      const bool idle = processor_idle_();
      lock.lock();
      const auto is_over = [&] { return stopping_ || !calm_ || publish_wanted_; };
      if (!idle && !is_over()) {
        changed_.wait_for(lock, k_hold_step, is_over);
        continue;
      }
      if (stopping_ || !calm_) return;
    }
    busy_ = true;
    lock.unlock();
    let_downloads_pass();
    lock.lock();
    if (!queue_.empty()) {
      const store::Record record = queue_.front();
      queue_.pop_front();
      lock.unlock();
      upload_timed(record);
      lock.lock();
      totals_.pending_bytes -= std::min(totals_.pending_bytes, record.size);
    } else {
      lock.unlock();
      publish();
      lock.lock();
      publish_wanted_ = false;
    }
    if (publisher_) report_publisher();
    busy_ = false;
    changed_.notify_all();
  }
}

// Compressing beside a compiler costs it more than the same takes when go has ended. What is
// waiting then is little, by what the store took so far.
bool Uploader::is_little_locked() const {
  if (publish_wanted_ || !publisher_) return false;
  const store::PublishReport& report = publisher_->report();
  if (report.bytes_up < k_rate_bytes_min || report.blob_bytes == 0) return false;
  const double seconds =
      computed_in_.count() + fastest_put_s_a_byte_ * static_cast<double>(report.bytes_up);
  return seconds / static_cast<double>(report.blob_bytes) *
             static_cast<double>(totals_.pending_bytes) <
         std::chrono::duration<double>(k_hold_max).count();
}

// Waits for a processor are not the line's, and cannot be told from it where they lie in a put (the
// kernel counts a thread that sleeps as waiting where its dequeue is delayed): the fastest put has
// the fewest.
void Uploader::upload_timed(const store::Record& record) {
  if (!prepare_publisher()) return;
  const std::uint64_t before = publisher_->report().bytes_up;
  const auto cpu_before = sys::thread_cpu_time();
  const auto started = std::chrono::steady_clock::now();
  upload(record);
  const std::uint64_t sent = publisher_->report().bytes_up - before;
  if (sent == 0) {
    computed_in_ += sys::thread_cpu_time() - cpu_before;
    return;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  fastest_put_s_a_byte_ = std::min(fastest_put_s_a_byte_, took.count() / static_cast<double>(sent));
}

// In short waits: an agent that ends does not wait for a store that is slow.
void Uploader::let_downloads_pass() {
  while (downloads_idle_ && yield_left_.count() > 0) {
    const auto started = std::chrono::steady_clock::now();
    const bool idle = downloads_idle_(Deadline::after(k_yield_step));
    yield_left_ -= std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    if (idle) return;
    const std::lock_guard lock(mutex_);
    if (stopping_ || !calm_) return;
  }
}

void Uploader::report_publisher() {
  const store::PublishReport& report = publisher_->report();
  totals_.bytes_up = report.bytes_up;
  totals_.blobs_up = report.blobs_up;
  for (; faults_told_ < report.faults.size(); ++faults_told_) {
    faults_.count("upload", report.faults[faults_told_].message);
  }
}

// What the store holds must be known before the first upload: duplicates are not sent again.
bool Uploader::prepare_publisher() {
  if (publisher_) return true;
  const auto index = keeper_->wait_fresh(Deadline::after(k_fresh_wait), [this] {
    const std::lock_guard lock(mutex_);
    return !stopping_;
  });
  // Outside any checkout and module nobody could find what is uploaded.
  if (keeper_->write_scopes().empty()) return false;
  store::PublishOptions options;
  options.domain = config_.domain;
  options.staging = config_.staging_directory();
  options.refer_domains = config_.read_domains;
  options.trust = keeper_->trust();
  if (auto ready = sys::make_directories(options.staging, 0700); !ready) {
    faults_.count("upload", ready.error().message);
    const std::lock_guard lock(mutex_);
    ++totals_.lost;
    return false;
  }
  // A copy of any age says nothing of what a collector has left: nothing is named because of it.
  publisher_ = std::make_unique<store::Publisher>(*objects_, std::move(options),
                                                  keeper_->is_copy() ? nullptr : index);
  // What an earlier agent of this job published stays in what this one publishes.
  seed(keeper_->own_records());
  return true;
}

// Keys made of a fresh checkout's modification times never come again: not worth a byte.
bool Uploader::may_recur(const store::Record& record, const sys::Path& file) {
  if (record.kind != store::Kind::package_index) return true;
  const auto body = sys::read_file(file, k_index_body_bytes_max);
  if (!body || !*body) return false;
  sys::Path goroot;
  {
    const std::lock_guard lock(mutex_);
    goroot = goroot_;
  }
  const auto recurs = [&](const sys::Path& modules) {
    return gotool::index_can_recur(**body, goroot, modules);
  };
  const std::vector<sys::Path> caches = config_.module_caches();
  const auto around = std::ranges::find_if(
      caches, [&](const sys::Path& cache) { return gotool::lies_within(goroot, cache); });
  return around != caches.end() ? recurs(*around) : std::ranges::any_of(caches, recurs);
}

// Its archive is made for the upload alone: the module cache has the bytes.
void Uploader::upload_module(const store::Record& record) {
  const sys::Path file = config_.staging_directory() / (record.action.hex() + ".module");
  const auto written =
      write_module_ ? write_module_(record, file) : fail(Code::not_found, "no module cache");
  if (written) upload_file(record, file);
  (void)sys::remove_file(file);  // the next agent's sweep does it
}

void Uploader::upload(const store::Record& record) {
  if (record.kind == store::Kind::module) return upload_module(record);
  sys::Path file = tier_.blob_path(record.output);
  if (record.kind == store::Kind::executable) file /= record.name;
  if (record.kind == store::Kind::link) {
    const std::string hex = record.output.hex();
    file = config_.link_directory / hex.substr(0, 2) / (hex + "-d");
  }
  if (!may_recur(record, file)) {
    const std::lock_guard lock(mutex_);
    ++totals_.index_entries_skipped;
    return;
  }
  upload_file(record, file);
}

void Uploader::upload_file(const store::Record& record, const sys::Path& file) {
  bool anew = false;
  {
    const std::lock_guard lock(mutex_);
    anew = distrusted_.erase(record.output) != 0;
    ledger_changed_ = ledger_changed_ || anew;  // its place in the store is another one now
  }
  if (anew) publisher_->distrust(record.output);
  const std::uint64_t before = publisher_->report().bytes_up;
  const auto added =
      try_upload([&] { return publisher_->add(record, file, Deadline::after(k_object_wait)); });
  if (!added && store::is_of_the_file(added.error())) return;  // a file that is gone misses nobody
  const std::lock_guard lock(mutex_);
  if (added) {
    // What the store was not asked for says nothing of it.
    if (publisher_->report().bytes_up == before) return;
    failures_in_a_row_ = 0;
    given_up_pause_ = k_give_up_pause;
    return take_up_locked();
  }
  put_off_locked(record);
  if (++failures_in_a_row_ >= k_failures_max) give_up_locked();
}

void Uploader::put_off_locked(const store::Record& record) {
  ++totals_.lost;
  put_off_.push_back(record);
}

// The store takes nothing: a job that waits for its uploads must not ask it for each of them. After
// the pause one of them tells whether it takes something again.
void Uploader::give_up_locked() {
  given_up_until_ = Deadline::after(given_up_pause_);
  given_up_pause_ = std::min(given_up_pause_ * 2, k_give_up_pause_max);
  for (const store::Record& record : queue_) put_off_locked(record);
  queue_.clear();
  totals_.pending_bytes = 0;
}

// What was put off comes behind what waits.
void Uploader::take_up_locked() {
  for (store::Record& record : put_off_) {
    --totals_.lost;
    totals_.pending_bytes += record.size;
    queue_.push_back(std::move(record));
  }
  put_off_.clear();
}

// A store that fails for a moment is asked again; nothing else waits for this thread.
Result<void> Uploader::try_upload(const std::function<Result<void>()>& attempt) {
  for (int i = 1;; ++i) {
    const std::uint64_t before = publisher_->report().bytes_up;
    auto done = attempt();
    if (publisher_->report().bytes_up > before) pauses_left_ = k_upload_pauses_max;
    if (done) return done;
    const auto pause = k_try_again_pause * (1 << i);
    if (i < k_upload_tries_max && may_work_later(done.error()) && pause <= pauses_left_) {
      pauses_left_ -= pause;
      if (pausing_) pausing_(true);
      std::unique_lock lock(mutex_);
      const bool stops = changed_.wait_for(lock, pause, [this] { return stopping_; });
      lock.unlock();
      if (pausing_) pausing_(false);
      if (!stops) continue;
    }
    faults_.count("upload", done.error().message);
    return done;
  }
}

void Uploader::publish() {
  if (!prepare_publisher()) {
    const std::lock_guard lock(mutex_);
    publish_failed_ = true;
    return;
  }
  std::vector<store::Record> records;
  {
    const std::lock_guard lock(mutex_);
    records = ledger_;
    ledger_changed_ = false;
  }
  const std::vector<store::Scope> scopes = keeper_->write_scopes();
  const auto published = try_upload([&]() -> Result<void> {
    TRY(publisher_->flush(Deadline::after(k_object_wait)));
    TRY_ASSIGN(const auto manifest, publisher_->publish(manifest_info(), records, scopes,
                                                        Deadline::after(k_object_wait)));
    if (manifest) {
      sys::log_info("published manifest {} with {} records", manifest->id.short_hex(),
                    records.size());
      keeper_->add_own(manifest->manifest);
    }
    return {};
  });
  const std::lock_guard lock(mutex_);
  publish_lost_ = !published;
  if (published) return;
  ledger_changed_ = true;  // the next request tries again
  publish_failed_ = true;
}

store::ManifestInfo Uploader::manifest_info() const {
  store::ManifestInfo info;
  info.domain = config_.domain;
  info.job_name = config_.job_name;
  info.job_run = config_.job_run;
  info.job_id = config_.publisher_id();
  info.go_version = config_.go_version;
  info.platform = platform_name();
  info.producer = config_.producer;
  info.created_ns = unix_now_ns();
  return info;
}

}  // namespace sluice::agent
