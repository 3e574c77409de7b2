#include "agent/fetcher.hpp"

#include "agent/link_record.hpp"
#include "gotool/cache_files.hpp"
#include "store/fetch.hpp"
#include "sys/process.hpp"

#include <algorithm>
#include <system_error>

namespace sluice::agent {

using store::Entry;

namespace {

// Not a blob of the local tier that go finds under its name.
bool is_program(const Entry& entry) {
  return entry.record.kind == store::Kind::executable || entry.record.kind == store::Kind::link;
}
}  // namespace

// Receives the bodies of one batch: a writer of the local tier for each.
class Fetcher::Sink final : public store::BatchSink {
 public:
  explicit Sink(Fetcher& fetcher) : fetcher_(fetcher) {}

  Result<codec::ByteSink> open(const Entry& entry) override {
    tier_refused_ = false;
    // fetch_batch() hashes what it reads and says done only of what is right.
    auto writer = fetcher_.tier_.begin_verified(entry.record.output, entry.record.size);
    if (!writer) {
      tier_refused_ = true;
      return std::unexpected(std::move(writer).error());
    }
    writer_ = std::move(*writer);
    return codec::ByteSink([this](ByteView bytes) {
      auto written = writer_->write(bytes);
      if (!written) tier_refused_ = true;
      return written;
    });
  }

  void done(const Entry& entry, Result<void> result) override {
    if (result) {
      auto put = writer_->commit(entry.record.action, entry.record.time_ns);
      tier_refused_ = !put;
      if (!put) result = std::unexpected(std::move(put).error());
    }
    writer_.reset();
    fetcher_.finished(entry, std::move(result), entry.location.stored_size, tier_refused_);
  }

 private:
  Fetcher& fetcher_;
  std::optional<gotool::LocalTier::Writer> writer_;
  bool tier_refused_ = false;  // the error of this entry is the local tier's
};

Fetcher::Fetcher(store::Objects& objects, gotool::LocalTier& tier, sys::Path staging,
                 FaultBook& faults, OnDamaged on_damaged)
    : pace_(std::thread::hardware_concurrency()),
      objects_(paced(objects, pace_)),
      tier_(tier),
      staging_(std::move(staging)),
      faults_(faults),
      on_damaged_(std::move(on_damaged)) {
  const std::lock_guard lock(mutex_);
  for (unsigned i = 0; i < k_urgent_threads; ++i) {
    threads_.emplace_back([this] { work(true); });
  }
}

Fetcher::~Fetcher() { stop(); }

void Fetcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  urgent_changed_.notify_all();
  ahead_changed_.notify_all();
  idle_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Fetcher::is_there(const Entry& entry) const {
  if (entry.record.kind == store::Kind::link) {
    const auto found = links_ ? links_->find(entry.record.action) : std::nullopt;
    return found && *found && (*found)->output == entry.record.output;
  }
  // Also with another output: what this machine has made last is not taken from it. That is so of
  // a test's log and of the record of its inputs, which are kept anew with each run.
  const auto hit = tier_.find(entry.record.action);
  return hit && *hit;
}

// The bytes may be here under another action's name: then the entry alone is missing. They were
// written by whoever used this directory, so they are hashed before they are believed.
bool Fetcher::link_local(const Entry& entry) const {
  const store::Record& record = entry.record;
  if (is_program(entry)) return false;
  if (record.size == 0) return tier_.put_empty(record.action, record.time_ns).has_value();
  if (!tier_.has_blob(record.output, record.size)) return false;
  const sys::Path file = tier_.blob_path(record.output);
  if (!gotool::file_matches(file.native(), record.output)) return false;
  return tier_.link(record.action, record.output, record.size, record.time_ns).has_value();
}

void Fetcher::want(Owner index, const Entry& entry, Done done) {
  const auto expected = pace_.expected_time(entry.location.stored_size) * k_want_expected_times;
  const Deadline until = Deadline::after(
      k_want_wait + std::chrono::duration_cast<std::chrono::milliseconds>(expected));
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      if (!done && !paused_ && ahead_position_.contains(entry.record.output)) return;
      auto [at, is_new] = on_the_way_.try_emplace(entry.record.output);
      at->second.push_back(Waiter{index, &entry, std::move(done), until});
      // What waits ahead of us in line but is not being fetched yet overtakes the line.
      if (is_new && !started_.contains(entry.record.output)) {
        urgent_.emplace_back(std::move(index), &entry);
      }
      urgent_changed_.notify_one();
      return;
    }
  }
  if (done) done(fail(Code::cancelled, "the agent is ending"));
}

bool Fetcher::bring(Owner index, const Entry& entry, Deadline deadline) {
  struct Arrival {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<bool> came;
  };
  // Shared: what comes after the deadline finds nobody waiting.
  const auto arrival = std::make_shared<Arrival>();
  want(std::move(index), entry, [arrival](const Result<void>& result) {
    const std::lock_guard lock(arrival->mutex);
    arrival->came = result.has_value();
    arrival->changed.notify_all();
  });
  std::unique_lock lock(arrival->mutex);
  arrival->changed.wait_until(lock, deadline.at(), [&] { return arrival->came.has_value(); });
  return arrival->came.value_or(false);
}

void Fetcher::let_go(bool everybody) {
  std::vector<Done> gone;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [blob, waiters] : on_the_way_) {
      std::erase_if(waiters, [&](Waiter& waiter) {
        if (!everybody && (!waiter.done || !waiter.until.passed())) return false;
        if (waiter.done) gone.push_back(std::move(waiter.done));
        return true;
      });
    }
    // What nobody waits for any more must not keep the workers from what is asked for next.
    std::erase_if(urgent_, [&](const auto& wanted) {
      const auto at = on_the_way_.find(wanted.second->record.output);
      if (at != on_the_way_.end() && !at->second.empty()) return false;
      on_the_way_.erase(wanted.second->record.output);
      return true;
    });
  }
  for (const Done& done : gone) done(fail(Code::timeout, "the store is too slow"));
}

// A program that was linked at this commit will be asked for after its packages; at another one
// it most likely has another key.
bool Fetcher::is_ahead(const store::Index& index, const Entry& entry) const {
  const bool is_known_link = entry.record.kind == store::Kind::link && links_ != nullptr &&
                             index.scope_of(entry) == store::ScopeKind::commit;
  return is_known_link || (!is_program(entry) && store::is_of_gos_cache(entry.record.kind));
}

bool Fetcher::is_faster_than_linking(const Entry& link) const {
  const auto took = link_time_of(link.record);
  return took && pace_.expected_time(link.location.stored_size) < *took;
}

void Fetcher::bring_ahead(Owner index, std::vector<const Entry*> entries) {
  std::erase_if(entries, [&](const Entry* entry) { return !is_ahead(*index, *entry); });
  std::unordered_map<PackId, std::vector<std::size_t>> in_pack;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const store::Location& location = entries[i]->location;
    if (location.where == store::Location::Where::pack) in_pack[location.pack].push_back(i);
  }
  for (auto& [pack, positions] : in_pack) {
    std::ranges::sort(positions, {}, [&](std::size_t i) { return entries[i]->location.offset; });
  }
  {
    const std::lock_guard lock(mutex_);
    ahead_owner_ = std::move(index);
    ahead_ = std::move(entries);
    ahead_at_ = 0;
    ahead_in_pack_ = std::move(in_pack);
    ahead_taken_.assign(ahead_.size(), false);
    ahead_position_.clear();
    for (std::size_t i = 0; i < ahead_.size(); ++i) {
      ahead_position_.try_emplace(ahead_[i]->record.output, i);
    }
    // Once for a fetcher's life; those beyond the pace sleep.
    while (!stopping_ && threads_.size() < k_urgent_threads + k_streams_max) {
      try {
        threads_.emplace_back([this] { work(false); });
      } catch (const std::system_error&) {
        break;  // the system has no more: fewer do it
      }
    }
  }
  ahead_changed_.notify_all();
  idle_.notify_all();
}

void Fetcher::pause_ahead(bool paused) {
  {
    const std::lock_guard lock(mutex_);
    if (paused_ == paused) return;
    paused_ = paused;
  }
  ahead_changed_.notify_all();
  idle_.notify_all();
}

bool Fetcher::wait_idle(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline.at(), [this] {
    const bool ahead_done = paused_ || ahead_at_ >= ahead_.size();
    return stopping_ || (running_ == 0 && urgent_.empty() && ahead_done);
  });
}

Fetcher::Totals Fetcher::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

bool Fetcher::take_locked(Batch& batch, std::size_t position) {
  if (ahead_taken_[position]) return false;
  ahead_taken_[position] = true;
  const Entry* entry = ahead_[position];
  if (entry->record.kind == store::Kind::link) {
    const std::uint64_t size = entry->record.size;  // go links something itself: room for that
    const bool fits = ahead_link_bytes_ + size <= gotool::k_link_cache_new_bytes_max;
    if (!fits || !is_faster_than_linking(*entry)) return false;
    ahead_link_bytes_ += size;
  }
  if (!started_.insert(entry->record.output).second) return false;
  batch.entries.push_back(entry);
  return true;
}

// What comes with one request: the next entry in use order from `at` on, unless the batch has one
// with bytes already; what will be wanted and lies behind it in its pack, as far as there is no
// gap; what has no bytes at all. `at` moves behind what was passed.
void Fetcher::fill_locked(Batch& batch, std::size_t& at, std::uint64_t bytes_max) {
  using Where = store::Location::Where;
  const store::Location* lead = nullptr;
  for (const Entry* entry : batch.entries) {
    if (entry->location.where != Where::nowhere) lead = &entry->location;
  }
  for (; at < ahead_.size() && batch.entries.size() < k_batch_entries_max; ++at) {
    const store::Location& location = ahead_[at]->location;
    const bool has_bytes = location.where != Where::nowhere;
    if (has_bytes && lead != nullptr && !ahead_taken_[at]) break;
    if (take_locked(batch, at) && has_bytes) lead = &location;
  }
  if (lead == nullptr || lead->where != Where::pack) return;
  const std::vector<std::size_t>& in_pack = ahead_in_pack_[lead->pack];
  const auto offset_of = [this](std::size_t i) { return ahead_[i]->location.offset; };
  std::uint64_t end = lead->offset + lead->stored_size;
  for (auto next = std::ranges::lower_bound(in_pack, lead->offset, {}, offset_of);
       next != in_pack.end(); ++next) {
    if (ahead_taken_[*next]) continue;
    const store::Location& location = ahead_[*next]->location;
    const std::uint64_t its_end = location.offset + location.stored_size;
    if (location.offset > end + pace_.gap_bytes() || its_end - lead->offset > bytes_max ||
        batch.entries.size() >= k_batch_entries_max) {
      return;
    }
    take_locked(batch, *next);
    end = std::max(end, its_end);
  }
}

// Whether the output at this position is among what the stream begins with its next requests.
bool Fetcher::is_next_locked(std::size_t position) const {
  std::uint64_t bytes = 0;
  for (std::size_t i = ahead_at_; i < position; ++i) {
    if (!ahead_taken_[i]) bytes += ahead_[i]->location.stored_size;
    if (bytes > pace_.request_bytes()) return false;
  }
  return true;
}

// What is asked for, with what go will ask for next. Where the stream is just before it, this is
// the stream's next request; where go is far ahead, the stream goes on from there as well.
Fetcher::Batch Fetcher::take_urgent_locked() {
  Batch batch;
  while (!urgent_.empty() && batch.entries.empty()) {
    auto [owner, entry] = std::move(urgent_.front());
    urgent_.pop_front();
    if (started_.contains(entry->record.output)) continue;
    const auto at = ahead_position_.find(entry->record.output);
    const bool in_stream = !paused_ && owner == ahead_owner_ && at != ahead_position_.end();
    batch.owner = owner;
    if (in_stream && at->second >= ahead_at_ && is_next_locked(at->second)) {
      fill_locked(batch, ahead_at_, pace_.request_bytes());
      // Behind the end of a pack, where the stream's request ends: then by itself, and first.
      ahead_taken_[at->second] = true;
      if (started_.insert(entry->record.output).second) {
        batch.entries.push_back(entry);
        std::ranges::rotate(batch.entries, batch.entries.end() - 1);
      }
      continue;
    }
    started_.insert(entry->record.output);
    batch.entries.push_back(entry);
    if (in_stream) ahead_taken_[at->second] = true;
    if (!in_stream || at->second < ahead_at_) continue;  // what follows came with the stream
    std::size_t next = at->second + 1;
    fill_locked(batch, next, pace_.request_bytes());
  }
  return batch;
}

Fetcher::Batch Fetcher::take_ahead_locked() {
  Batch batch;
  if (paused_ || ahead_at_ == ahead_.size() || running_ahead_ >= pace_.streams()) return batch;
  const auto space = sys::free_space(tier_.directory());
  if (space && *space < k_ahead_free_bytes_min) {
    ahead_at_ = ahead_.size();
    idle_.notify_all();
    return batch;
  }
  batch.owner = ahead_owner_;
  batch.ahead = true;
  fill_locked(batch, ahead_at_, pace_.request_bytes());
  if (batch.entries.empty()) idle_.notify_all();  // all that was left is taken
  return batch;
}

void Fetcher::work(bool urgent) {
  std::unique_lock lock(mutex_);
  for (;;) {
    Batch batch;
    (urgent ? urgent_changed_ : ahead_changed_).wait(lock, [&] {
      if (stopping_) return true;
      batch = urgent ? take_urgent_locked() : take_ahead_locked();
      return !batch.entries.empty();
    });
    if (stopping_) break;
    ++running_;
    if (batch.ahead) ++running_ahead_;
    lock.unlock();
    fetch(batch.entries);
    lock.lock();
    --running_;
    if (batch.ahead) --running_ahead_;
    if (batch.ahead) ahead_changed_.notify_one();  // the pace may allow one more now
    if (running_ == 0) idle_.notify_all();
  }
  // Nobody waits for an agent that ends.
  auto left = std::exchange(on_the_way_, {});
  lock.unlock();
  for (auto& [blob, waiters] : left) {
    for (Waiter& waiter : waiters) {
      if (waiter.done) waiter.done(fail(Code::cancelled, "the agent is ending"));
    }
  }
}

void Fetcher::fetch(const std::vector<const Entry*>& entries) {
  std::vector<const Entry*> missing;
  std::vector<const Entry*> programs;  // the largest of all: behind everything else
  for (const Entry* entry : entries) {
    if (is_there(*entry) || link_local(*entry)) {
      finished(*entry, {}, 0, false);
    } else {
      (is_program(*entry) ? programs : missing).push_back(entry);
    }
  }
  if (!missing.empty()) {
    Sink sink(*this);
    const auto fetched = store::fetch_batch(*objects_, missing, sink, Deadline::after(k_fetch_wait),
                                            pace_.gap_bytes());
    if (!fetched) faults_.count("store", fetched.error().message);
  }
  for (const Entry* entry : programs) {
    if (entry->record.kind == store::Kind::link) {
      fetch_link(*entry);
    } else {
      fetch_executable(*entry);
    }
  }
}

// The verified bytes in a file that is gone with the object.
Result<sys::AtomicFile> Fetcher::stage(const Entry& entry) const {
  TRY_ASSIGN(sys::AtomicFile file, sys::AtomicFile::create(staging_ / entry.record.output.hex()));
  TRY(store::fetch_blob(
      *objects_, entry, [&file](ByteView bytes) { return file.write(bytes); },
      Deadline::after(k_fetch_wait)));
  return file;
}

void Fetcher::fetch_executable(const Entry& entry) {
  const store::Record& record = entry.record;
  bool is_staged = false;  // what fails then is this machine's
  const auto bring = [&]() -> Result<void> {
    TRY_ASSIGN(const sys::AtomicFile file, stage(entry));
    is_staged = true;
    TRY(tier_.put_executable(record.action, record.output, record.size, record.name,
                             file.temp_path(), record.time_ns));
    return {};
  };
  auto brought = bring();
  finished(entry, std::move(brought), entry.location.stored_size, is_staged);
}

void Fetcher::fetch_link(const Entry& entry) {
  const store::Record& record = entry.record;
  bool is_the_stores = false;  // what fails
  const auto bring = [&]() -> Result<void> {
    const auto took = link_time_of(record);
    if (links_ == nullptr || !took) {
      return fail(Code::unsupported, "link: nowhere to put it, or no time given");
    }
    TRY_ASSIGN(auto writer, links_->begin_verified(record.action, gotool::LinkInfo{*took, {}, {}},
                                                   record.output, record.size));
    if (!writer) return fail(Code::exhausted, "link cache: no room for a program");
    bool is_written = true;
    const auto write = [&](ByteView bytes) {
      auto written = writer->write(bytes);
      is_written = written.has_value();
      return written;
    };
    const auto fetched = store::fetch_blob(*objects_, entry, write, Deadline::after(k_fetch_wait));
    is_the_stores = !fetched && is_written;
    TRY(fetched);
    TRY(writer->commit(record.action, unix_now_ns()));
    return {};
  };
  auto brought = bring();
  const bool is_there_now = brought.has_value();
  finished(entry, std::move(brought), entry.location.stored_size, !is_the_stores);
  if (!is_there_now) return;
  if (const auto trimmed = links_->trim(); !trimmed) {
    faults_.count("link-cache", trimmed.error().message);
  }
}

void Fetcher::finished(const Entry& entry, Result<void> result, std::uint64_t bytes_down,
                       bool tier_refused) {
  const bool damaged =
      !result && !tier_refused &&
      (result.error().code == Code::corrupt || result.error().code == Code::not_found);
  // Before anybody is told: who makes it again shall find it distrusted already.
  if (damaged && on_damaged_) on_damaged_(entry.record.output);
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    if (auto at = on_the_way_.find(entry.record.output); at != on_the_way_.end()) {
      waiters = std::move(at->second);
      on_the_way_.erase(at);
    }
    started_.erase(entry.record.output);
    if (result) {
      totals_.bytes_down += bytes_down;
      if (waiters.empty() && bytes_down != 0) ++totals_.prefetched;
    }
  }
  // What is damaged and nobody asked for costs nobody anything, and would be told by every job.
  // Neither does a program for which there is no room.
  const bool asked = std::ranges::any_of(waiters, [](const Waiter& one) { return !!one.done; });
  const bool is_link = entry.record.kind == store::Kind::link;
  if (!result && (asked || (!damaged && !is_link))) {
    faults_.count(tier_refused ? "local-tier" : "store", result.error().message);
  }
  for (Waiter& waiter : waiters) {
    Result<void> outcome = result;
    // Two actions may have made the same output: the bytes came once, each gets its entry.
    const store::Record& record = waiter.entry->record;
    if (outcome && record.action != entry.record.action) {
      outcome = is_link ? fail(Code::unsupported, "link: it came for another key")
                        : tier_.link(record.action, record.output, record.size, record.time_ns);
    }
    if (waiter.done) waiter.done(outcome);
  }
}

}  // namespace sluice::agent
