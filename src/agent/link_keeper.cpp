#include "agent/link_keeper.hpp"

#include "agent/link_record.hpp"

namespace sluice::agent {
namespace {

constexpr auto k_index_wait = std::chrono::seconds(5);

}  // namespace

LinkKeeper::LinkKeeper(const AgentConfig& config, IndexKeeper* keeper, Fetcher* fetcher,
                       Uploader& uploader, Provenance& provenance, gotool::LinkCache cache)
    : config_(config),
      keeper_(keeper),
      fetcher_(fetcher),
      uploader_(uploader),
      provenance_(provenance),
      cache_(std::move(cache)) {
  if (fetcher_ != nullptr) fetcher_->use_links(&cache_);
}

Result<std::unique_ptr<LinkKeeper>> LinkKeeper::open(const AgentConfig& config, IndexKeeper* keeper,
                                                     Fetcher* fetcher, Uploader& uploader,
                                                     Provenance& provenance) {
  TRY_ASSIGN(gotool::LinkCache cache, gotool::LinkCache::open(config.link_directory));
  return std::make_unique<LinkKeeper>(config, keeper, fetcher, uploader, provenance,
                                      std::move(cache));
}

bool LinkKeeper::bring(const ActionId& key, Patience& patience) {
  const Patience::Wait wait(patience);
  const auto is_worth_it = [&wait] { return wait.is_worth_it(); };
  const Deadline deadline = Deadline::after(k_index_wait);
  const auto index = keeper_ != nullptr
                         ? keeper_->wait_any([&] { return is_worth_it() && !deadline.passed(); })
                         : nullptr;
  const store::Entry* entry = index ? index->find(key) : nullptr;
  if (entry == nullptr || fetcher_ == nullptr || entry->record.kind != store::Kind::link) {
    return false;
  }
  const auto took = link_time_of(entry->record);
  if (!took || !is_worth_it() || !fetcher_->is_faster_than_linking(*entry)) return false;

  const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*took);
  if (!fetcher_->bring(index, *entry, Deadline::after(wait_ms))) return false;
  // A provenance that cannot be written costs a publication.
  (void)provenance_.add(entry->record.action, entry->record.output);
  return true;
}

void LinkKeeper::note(const LinkNote& note) {
  if (!config_.share_links) return;
  const auto index = keeper_ != nullptr ? keeper_->current() : nullptr;
  const store::Entry* entry = index ? index->find(note.key) : nullptr;
  if (!note.made && entry != nullptr && entry->record.output == note.output) {
    uploader_.used(entry->record);
    return;
  }
  if (!note.made && !provenance_.has(note.key, note.output)) return;  // of unknown origin
  store::Record record;
  record.action = note.key;
  record.output = note.output;
  record.size = note.size;
  record.kind = store::Kind::link;
  record.time_ns = note.time_ns;
  record.origin = store::Origin::made;
  record.name = link_time_name(std::chrono::microseconds(note.link_us));
  if (note.made) (void)provenance_.add(note.key, note.output);  // as above
  uploader_.made(record);
}

}  // namespace sluice::agent
