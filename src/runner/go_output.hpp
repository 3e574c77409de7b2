// What a `go test` says that builds and vets but runs no test (docs/formats/test-door.md): sorted
// into what is shown as it is and what the run says better itself.
//
// A push parser of its standard output; one thread. Source: runTestActor of
// cmd/go/internal/test/test.go, Go 1.24 to 1.27.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sluice::runner {

class GoOutput {
 public:
  struct Heard {
    std::function<void(std::string_view text)> show;
    // Nothing against its being tested: with what go says of a test that was none, and of a package
    // that has none.
    std::function<void(const std::string& package, std::string_view text)> passed;
    std::function<void(const std::string& package)> refused;  // not built, or vet is against it
  };

  GoOutput(bool is_json, Heard heard) : is_json_(is_json), heard_(std::move(heard)) {}

  void write(std::string_view piece);
  void end();  // a line that has no end is one, too

 private:
  void line(std::string_view text);
  void text_line(std::string_view text);
  void event_line(std::string_view text);

  const bool is_json_;
  const Heard heard_;
  std::string pending_;
  std::map<std::string, std::string> events_;  // by package, until its last one
};

}  // namespace sluice::runner
