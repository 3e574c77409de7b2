#include "insight/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace sluice::insight {
namespace {

constexpr std::array k_rules = {
    Rule{"build-all",
         "-a compiles every package again, the standard library too, whatever the cache holds."},
    Rule{"test-count",
         "go keeps and reuses a test's result only without -count, whatever its number."},
    Rule{"test-flag-uncached",
         "go keeps no test result with this flag: only -benchtime, -coverprofile, -cpu, -failfast, "
         "-fullpath, -list, -outputdir, -parallel, -run, -short, -skip, -timeout and -v are "
         "cacheable."},
    Rule{"test-no-packages",
         "go test without a package runs in local directory mode, which never uses a cached "
         "result; the same with '.' does."},
    Rule{"time-in-ldflags",
         "A time in -ldflags is another one in every run: main packages and links are made anew."},
    Rule{"vcs-in-tests",
         "-buildvcs=true puts the commit into test binaries too, so every commit tests everything; "
         "the default, auto, leaves tests alone."},
    Rule{"differing-flags",
         "go's keys contain what a package is compiled with: steps that differ in it compile the "
         "same packages twice and share nothing."},
    Rule{"moving-checkout",
         "Without -trimpath the directory is part of every key: at another path all packages of "
         "the checkout miss."},
    Rule{"cache-cleaned", "What is removed here has to be made again by the next command."},
    Rule{"gocache-in-tmp",
         "A temporary directory is emptied between jobs, at a boot or by a cleaner: the cache is "
         "gone without a word."},
    Rule{"gocache-network-fs",
         "go's cache is not made for a network file system: its locks and times are not reliable "
         "there, and every lookup pays the way to the server."},
    Rule{"godebug-set",
         "The value of GODEBUG is part of the key of every test result; gocacheverify=1 turns all "
         "lookups into misses."},
    Rule{"file-mode-mask",
         "go's key of a test result has the mode bits of files that the test read. sluice forgives "
         "umasks that leave group or others some right, such as 022, 002 and 027, among each "
         "other; 077 is another. go alone forgives none."},
    Rule{"time-zone",
         "go's key of a test result has file times in local time. sluice compares contents and "
         "forgives it; go alone does not."},
    Rule{"cached-trim-txt",
         "A cache of the whole directory brings trim.txt and old times with it: a trim.txt that is "
         "young for ever means that go never trims, and without it go removes at once what is "
         "older than five days, which a restored cache mostly is."},
    Rule{"restored-old-times",
         "These entries have times that go itself leaves nowhere: they were restored. The next "
         "trimming, at the latest a day after the last, removes all of them that were not used."},
    Rule{"setup-go-cache",
         "setup-go saves GOCACHE once for each go.sum and never updates it: what changed since is "
         "compiled in every job, and times and trim.txt are restored with it."},
    Rule{"cache-key-per-run",
         "The key is another one in every run and there is nothing to fall back on: the cache is "
         "saved each time and never found."},
    Rule{"cache-key-source-times",
         "Times and inodes of sources are new in every checkout and mean nothing to a build: go "
         "hashes contents. Only go's own test results have times in their keys."},
    Rule{"source-times",
         "Times of sources do not matter to builds, whose keys are made of contents. They matter "
         "to go's own test results; sluice compares contents there too and needs no such step."},
    Rule{"restore-mtime-shallow",
         "In a clone without its history the time of a file's last commit is unknown: files get "
         "the time of the oldest commit that is there, another one after every push, and go's own "
         "test results miss."},
    Rule{"clone-depth",
         "A shallow clone hides the history from git, so git describe, rev-list, merge-base and "
         "HEAD^ answer otherwise or fail. sluice needs none of it: it reads a commit's parents "
         "from the commit itself."},
    Rule{"etag-not-md5",
         "An ETag is the MD5 only of an object that was put in one piece without KMS encryption; "
         "of others the comparison fails and the download is repeated."},
    Rule{"run-without-trace",
         "go run -gcflags=-l only turns inlining off and writes no trace; it compiles the package "
         "under another key."},
    Rule{"toolchain-drift",
         "The version of go, its patch release included, is part of every key: jobs with another "
         "one share nothing."},
    Rule{"toolchain-moves",
         "The version of go, its patch release included, is part of every key: on the day that "
         "this name means another release, everything misses, machine by machine."},
    Rule{"unreadable-file", "What cannot be read was not examined."},
};

}  // namespace

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::miss: return "miss";
    case Severity::may_miss: return "may-miss";
    case Severity::note: return "note";
  }
  return "";
}

std::span<const Rule> rules() { return k_rules; }

std::string Finding::where() const {
  if (file.empty()) return subject;
  return line == 0 ? file : fmt::format("{}:{}", file, line);
}

std::string_view Finding::why() const {
  const auto rule = std::ranges::find(k_rules, id, &Rule::id);
  return rule == k_rules.end() ? std::string_view() : rule->why;
}

void put_in_order(std::vector<Finding>& findings) {
  const auto place = [](const Finding& finding) {
    return std::make_tuple(finding.file.empty(), std::string_view(finding.file), finding.line,
                           std::string_view(finding.subject), std::string_view(finding.id));
  };
  std::ranges::sort(findings, [&place](const Finding& left, const Finding& right) {
    const auto a = place(left);
    const auto b = place(right);
    if (a != b) return a < b;
    return std::tie(left.severity, left.what) < std::tie(right.severity, right.what);
  });
  const auto rest = std::ranges::unique(
      findings,
      [&place](const Finding& left, const Finding& right) { return place(left) == place(right); });
  findings.erase(rest.begin(), rest.end());
}

bool has_misses(const std::vector<Finding>& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.severity != Severity::note; });
}

}  // namespace sluice::insight
