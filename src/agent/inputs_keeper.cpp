#include "agent/inputs_keeper.hpp"

#include "gotool/action_text.hpp"
#include "journal/database.hpp"
#include "journal/queries.hpp"
#include "journal/spool.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace sluice::agent {

std::vector<journal::PackageInputs> inputs_in(const std::vector<journal::Event>& events) {
  std::map<std::string, std::string> modinfo;  // by build id
  const journal::ArchiveTimes archives(events);
  for (const journal::Event& event : events) {
    const auto* linked = std::get_if<journal::Linked>(&event.body);
    if (linked != nullptr && !linked->modinfo.empty()) modinfo[linked->build_id] = linked->modinfo;
  }
  std::vector<journal::PackageInputs> list;
  for (const journal::Event& event : events) {
    const auto* compiled = std::get_if<journal::Compiled>(&event.body);
    if (compiled == nullptr) continue;
    journal::PackageInputs one;
    one.package = compiled->package;
    one.build_id = compiled->build_id;
    one.salt = compiled->salt;
    const auto info = modinfo.find(one.build_id);
    one.text =
        info == modinfo.end() ? compiled->text : gotool::with_modinfo(compiled->text, info->second);
    one.at_us = event.at_us;
    one.cost_us = archives.cost_us(one.build_id, event.at_us);
    list.push_back(std::move(one));
  }
  return list;
}

InputsKeeper::InputsKeeper(const AgentConfig& config, IndexKeeper* keeper, Fetcher* fetcher,
                           Uploader& uploader, Provenance& provenance, gotool::LocalTier& tier,
                           FaultBook& faults)
    : config_(config),
      keeper_(keeper),
      fetcher_(fetcher),
      uploader_(uploader),
      provenance_(provenance),
      tier_(tier),
      faults_(faults) {}

ActionId InputsKeeper::own_action() const {
  return sha256_as<ActionId>(bytes_of("sluice package inputs 1\n" + config_.publisher_id()));
}

std::string InputsKeeper::source() const {
  // A desk's run is no more than its name and the day.
  if (config_.job_run.empty() || config_.job_run.starts_with(config_.job_name)) {
    return config_.job_name;
  }
  return config_.job_name + " " + config_.job_run;
}

std::optional<journal::KnownInputs> InputsKeeper::bring(
    const std::shared_ptr<const store::Index>& index, const store::Entry& entry,
    Deadline deadline) {
  (void)fetcher_->bring(index, entry, deadline);  // what did not come is not there
  const auto bytes =
      sys::read_file(tier_.blob_path(entry.record.output), journal::k_known_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  auto known = journal::KnownInputs::decode(**bytes);
  if (!known) {
    faults_.count("journal", known.error().message);
    return std::nullopt;
  }
  return std::move(*known);
}

void InputsKeeper::introduced(const ActionId& action) {
  if (config_.journal_directory.empty()) return;
  const std::lock_guard lock(introduced_mutex_);
  if (introduced_.size() < k_introduced_max) introduced_.insert(action);
}

// As this machine's journal knows them; without those that are told already.
std::vector<journal::PackageInputs> InputsKeeper::inputs_of(
    const std::set<ActionId>& actions, const journal::KnownInputs& told) const {
  std::vector<journal::PackageInputs> list;
  if (actions.empty()) return list;
  auto database = journal::Database::open_to_read(config_.journal_directory);
  if (!database || !*database) return list;
  std::unordered_set<std::string> known;
  for (const journal::PackageInputs& one : told.list) known.insert(one.build_id);
  for (const ActionId& action : actions) {
    if (known.contains(journal::build_id_of(action))) continue;
    const ByteView key = action.view().first(journal::k_build_key_bytes);
    auto row = journal::inputs_of_build(**database, key);
    if (!row || !*row) continue;  // mostly no package: an index, a vet's facts
    journal::PackageInputs one;
    one.package = std::move((*row)->package);
    one.build_id = std::move((*row)->build_id);
    one.salt = std::move((*row)->salt);
    one.text = (*row)->modinfo.empty() ? std::move((*row)->text)
                                       : gotool::with_modinfo((*row)->text, (*row)->modinfo);
    one.at_us = (*row)->at_us;
    one.cost_us = (*row)->cost_us;
    list.push_back(std::move(one));
  }
  return list;
}

void InputsKeeper::publish(const std::string& command_id) {
  if (config_.journal_directory.empty() || config_.store_url.empty() || config_.read_only) return;
  const std::lock_guard lock(mutex_);
  const auto file = journal::spool_file(config_.journal_directory, command_id);
  if (!file) return;
  const auto bytes = sys::read_file(*file, journal::k_spool_bytes_max);
  if (!bytes || !*bytes) return;
  auto fresh = inputs_in(journal::decode(**bytes));
  std::set<ActionId> introduced;
  {
    const std::lock_guard introduced_lock(introduced_mutex_);
    introduced = std::exchange(introduced_, {});
  }
  if (fresh.empty() && introduced.empty()) return;
  journal::KnownInputs known;
  const ActionId action = own_action();
  // What this agent has told before is here; what another agent of the job has told, in the store.
  if (const auto told = tier_.find(action); told && *told) {
    const auto before = sys::read_file((*told)->disk_path, journal::k_known_bytes_max);
    if (before && *before) {
      if (auto decoded = journal::KnownInputs::decode(**before)) known = std::move(*decoded);
    }
  } else if (const auto index = keeper_ != nullptr ? keeper_->current() : nullptr; index) {
    if (const store::Entry* entry = index->find(action); entry != nullptr && fetcher_ != nullptr) {
      if (auto before = bring(index, *entry, Deadline::after(k_told_wait))) {
        known = std::move(*before);
      }
    }
  }
  std::ranges::move(inputs_of(introduced, known), std::back_inserter(fresh));
  if (fresh.empty()) return;
  known.source = source();
  known.add(fresh);
  const Bytes body = known.encode();
  store::Record record;
  record.action = action;
  record.output = sha256_as<BlobId>(body);
  record.size = body.size();
  record.kind = store::Kind::inputs;
  record.time_ns = unix_now_ns();
  const auto put = tier_.put(action, record.output, body, record.time_ns);
  if (!put) {
    faults_.count("journal", put.error().message);
    return;
  }
  told_.insert(record.output);
  (void)provenance_.add(action, record.output);  // not written: it is published this time only
  uploader_.made(record);
}

void InputsKeeper::catch_up() {
  if (config_.journal_directory.empty()) return;
  const std::lock_guard lock(mutex_);
  auto database =
      journal::Database::open_to_write(config_.journal_directory, Deadline::after(k_journal_wait));
  if (!database) {
    faults_.count("journal", database.error().message);
    return;
  }
  if (!database->note().empty()) faults_.count("journal", database->note());
  const auto read = database->read_spools();
  if (!read) faults_.count("journal", read.error().message);
  const auto index = keeper_ != nullptr ? keeper_->current() : nullptr;
  if (index && fetcher_ != nullptr) {
    const Deadline deadline = Deadline::after(k_told_wait);
    std::size_t count = 0;
    for (const store::Entry* entry : index->in_use_order()) {
      if (entry->record.kind != store::Kind::inputs || ++count > k_told_blobs_max) continue;
      if (told_.contains(entry->record.output)) continue;
      const auto has = database->has_added(entry->record.output);
      if (!has || *has) continue;
      const auto known = bring(index, *entry, deadline);
      if (!known) continue;
      const auto added = database->add_known(*known, entry->record.output);
      if (!added) faults_.count("journal", added.error().message);
    }
  }
  const auto trimmed = database->trim(journal::now_us());
  if (!trimmed) faults_.count("journal", trimmed.error().message);
}

}  // namespace sluice::agent
