#include "runner/run_facts.hpp"

#include <utility>

namespace sluice::runner {

void RunFacts::set_packages(TestPackages packages, WordsOf words) {
  const std::lock_guard lock(mutex_);
  words_ = std::move(words);
  packages_ = std::move(packages);
  changed_.notify_all();
}

void RunFacts::set_cache(std::shared_ptr<ResultCache> cache) {
  const std::lock_guard lock(mutex_);
  cache_ = std::move(cache);
  changed_.notify_all();
}

std::shared_ptr<ResultCache> RunFacts::cache() const {
  const std::lock_guard lock(mutex_);
  return cache_.value_or(nullptr);
}

std::optional<RunFacts::Known> RunFacts::wait_for(const std::string& package) {
  std::unique_lock lock(mutex_);
  const bool is_there = changed_.wait_for(lock, k_cache_wait, [this] {
    return cache_.has_value();
  }) && changed_.wait_for(lock, k_packages_wait, [this] { return packages_.has_value(); });
  if (!is_there || !*cache_) return std::nullopt;
  const auto at = packages_->find(package);
  if (at == packages_->end()) return std::nullopt;
  return Known{*cache_, at->second, words_};
}

std::optional<ResultCache::Result> RunFacts::known_result(const std::string& package,
                                                          const std::string& program) {
  const auto known = wait_for(package);
  if (!known) return std::nullopt;
  return known->cache->find(known->facts, program, known->words(package));
}

bool RunFacts::is_vetted(const std::string& package, const std::string& program) {
  const auto known = wait_for(package);
  return known && known->cache->is_vetted(known->facts, program);
}

}  // namespace sluice::runner
