#include "runner/run_screen.hpp"

#include "base/bytes.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

namespace sluice::runner {
namespace {

// What is written to stdout while this lives.
class Captured {
 public:
  Captured() : made_(*sys::TempDirectory::create("screen")), before_(::dup(STDOUT_FILENO)) {
    const sys::Fd file(::open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    REQUIRE(::dup2(file.get(), STDOUT_FILENO) == STDOUT_FILENO);
  }
  ~Captured() { ::dup2(before_.get(), STDOUT_FILENO); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  std::string text() const { return std::string(text_of(**sys::read_file(path(), 1000))); }

 private:
  sys::Path path() const { return made_.path() / "out"; }

  const sys::TempDirectory made_;
  const sys::Fd before_;
};

}  // namespace

TEST_CASE("run screen: nobody comes in between while one tells as it goes") {
  std::string said;
  {
    const Captured captured;
    RunScreen screen({}, [] {});
    const int one = 0;
    const int other = 0;
    screen.show_of(&other, "a");
    screen.stream(&one);
    screen.show_of(&other, "c");
    screen.show_of(nullptr, "d");
    screen.show_of(&one, "b");
    CHECK(screen.streaming() == &one);
    screen.stream(nullptr);
    screen.show_of(&one, "e");
    said = captured.text();
  }
  CHECK(said == "abcde");
}

TEST_CASE("run screen: the line about the run is wiped before anything is said") {
  int wiped = 0;
  std::string shown;
  std::string said;
  {
    const Captured captured;
    RunScreen screen({[&](const auto& text) { shown = text(); }, [&] { ++wiped; }}, [] {});
    screen.progress([] { return std::string("1 of 2"); });
    screen.show("a");
    screen.wipe();
    said = captured.text();
  }
  CHECK(shown == "1 of 2");
  CHECK(wiped == 2);
  CHECK(said == "a");
}

}  // namespace sluice::runner
