// Results of whole packages in go's cache, looked up and kept as go itself does it.
//
// Any thread, several at once; calls block on the session and on files of the checkout. What goes
// wrong is a miss, or nothing kept. Keys and files: docs/formats/test-results.md.
#pragma once

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "gotool/local_tier.hpp"
#include "gotool/test_packages.hpp"
#include "runner/package_words.hpp"
#include "sys/environment.hpp"
#include "sys/file.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::runner {

class ResultCache {
 public:
  struct Go {
    std::string version;       // "go1.26.8"
    sys::Environment env;      // as go sees it
    bool has_profile = false;  // of coverage
    std::string vet;           // -vet, empty where it is not given
    sys::Path gocache;         // for the moment of `go clean -testcache`
  };

  // The cache of the job, as CacheClient has it.
  struct Access {
    std::function<std::optional<gotool::LocalHit>(const ActionId&)> get;
    std::function<bool(const ActionId&, ByteView body)> put;
  };

  ResultCache(Access access, Go go);

  struct Result {
    std::string output;                  // to show
    std::optional<std::string> profile;  // where Go::has_profile
  };
  // `program`: the first part of its build ID.
  std::optional<Result> find(const gotool::TestPackage& package, std::string_view program,
                             const PackageWords& words);
  // The tests passed: `log` is the file of -test.testlogfile, the output what go would keep.
  void keep(const gotool::TestPackage& package, std::string_view program, const PackageWords& words,
            const sys::Path& log, const Result& result);

  // Whether go's vet found nothing in a package of this program and these sources. go keeps that,
  // too, and then runs no vet that could say so.
  bool is_vetted(const gotool::TestPackage& package, std::string_view program);
  void keep_vetted(const gotool::TestPackage& package, std::string_view program);

 private:
  std::optional<ActionId> vetted_key(const gotool::TestPackage& package,
                                     std::string_view program) const;
  std::optional<ActionId> key_of(const gotool::TestPackage& package, const ActionId& test,
                                 const PackageWords& words, ByteView log) const;

  const Access access_;
  const Go go_;
  const std::uint32_t umask_;
};

}  // namespace sluice::runner
