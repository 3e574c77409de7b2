// A journal in a temporary directory, for the tests of this room that make one up. Tests only; one
// thread.
#pragma once

#include "journal/database.hpp"
#include "sys/file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

namespace sluice::insight {

class JournalForTest {
 public:
  JournalForTest() : directory_(std::move(*sys::TempDirectory::create("diary"))) {}

  journal::Database open() const {
    std::string note;
    auto database =
        journal::open_current(journal(), Deadline::after(std::chrono::seconds(5)), note);
    REQUIRE(database);
    REQUIRE(*database);
    return std::move(**database);
  }
  sys::Path journal() const { return directory_.path() / "journal"; }

 private:
  sys::TempDirectory directory_;
};

}  // namespace sluice::insight
