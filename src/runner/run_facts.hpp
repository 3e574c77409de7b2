// What go's tools ask of a run on threads of their own, while the run still learns it: whether the
// result of a package is known.
//
// Any thread. Who asks waits until what is needed is there, at most as long as is said here; then
// nothing is known.
#pragma once

#include "gotool/test_packages.hpp"
#include "runner/result_cache.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace sluice::runner {

inline constexpr auto k_packages_wait = std::chrono::seconds(20);  // go lists them beside the build
inline constexpr auto k_cache_wait = std::chrono::seconds(2);  // go's session is its first process

using WordsOf = std::function<PackageWords(const std::string& package)>;
using TestPackages = std::unordered_map<std::string, gotool::TestPackage>;  // by import path

class RunFacts {
 public:
  // `words`: what the tests of a package are told; called on threads of whoever asks.
  void set_packages(TestPackages packages, WordsOf words);
  void set_cache(std::shared_ptr<ResultCache> cache);  // empty: there is none
  // Of a package whose tests need not be run.
  std::optional<ResultCache::Result> known_result(const std::string& package,
                                                  const std::string& program);
  bool is_vetted(const std::string& package, const std::string& program);
  std::shared_ptr<ResultCache> cache() const;

 private:
  struct Known {
    std::shared_ptr<ResultCache> cache;
    gotool::TestPackage facts;
    WordsOf words;
  };
  std::optional<Known> wait_for(const std::string& package);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<TestPackages> packages_;
  WordsOf words_;
  std::optional<std::shared_ptr<ResultCache>> cache_;
};

}  // namespace sluice::runner
