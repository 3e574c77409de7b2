#include "gotool/rerun_words.hpp"

#include "base/strings.hpp"

#include <doctest/doctest.h>

namespace sluice::gotool {
namespace {

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> list;
  for (const std::string_view word : split(line, ' ')) list.emplace_back(word);
  return list;
}

std::string rerun(std::string_view line, std::string_view goflags = "") {
  const auto result = rerun_words(words(line), goflags);
  return result ? join(result->words, " ") : "refused: " + result.error().message;
}

}  // namespace

TEST_CASE("rerun words: a build writes nothing") {
  CHECK(rerun("go build ./...") == "build -p=1 -o=/dev/null ./...");
  CHECK(rerun("go build -o bin/x -a -race ./cmd/x") == "build -p=1 -o=/dev/null -race ./cmd/x");
  CHECK(rerun("/usr/bin/go build --o=bin/x ./cmd/x") == "build -p=1 -o=/dev/null ./cmd/x");
  CHECK(rerun("go -C sub build .") == "build -p=1 -o=/dev/null .");
  CHECK(rerun("go build -C=sub -v .") == "build -p=1 -o=/dev/null -v .");
  CHECK(rerun("go install ./cmd/x") == "build -p=1 -o=/dev/null ./cmd/x");
  CHECK(rerun("go vet ./...") == "vet -p=1 ./...");
  CHECK(rerun("go build -gcflags -o ./x") == "build -p=1 -o=/dev/null -gcflags -o ./x");
  CHECK(rerun("go test -gcflags -c=4 ./x") == "test -p=1 -gcflags -c=4 ./x");
  CHECK(rerun("go build -mod mod ./x").ends_with("-mod=mod writes files"));
  CHECK(rerun("go build -o") == "build -p=1 -o=/dev/null");
}

TEST_CASE("rerun words: a test") {
  CHECK(rerun("go test ./...") == "test -p=1 ./...");
  CHECK(rerun("go test -c -o x.test ./x") == "test -p=1 -o=/dev/null -c ./x");
  CHECK(rerun("go test -o x.test ./x") == "test -p=1 ./x");
  CHECK(rerun("go test -coverprofile c.out ./x -args -o y") ==
        "test -p=1 -coverprofile=/dev/null ./x -args -o y");
  CHECK(rerun("go test ./x", "-coverprofile=c.out -v") == "test -p=1 -coverprofile=/dev/null ./x");
  CHECK(rerun_words(words("go test ./x"), "")->runs_tests);
  CHECK_FALSE(rerun_words(words("go test -c ./x"), "")->runs_tests);
  CHECK_FALSE(rerun_words(words("go build ./x"), "")->runs_tests);
}

TEST_CASE("rerun words: what is refused, with what to do") {
  CHECK(rerun("make test") == "refused: 'make test' is no go command");
  CHECK(rerun("go run ./cmd").starts_with("refused: 'go run ./cmd' would start the program"));
  CHECK(rerun("go generate ./...").ends_with("is no go build, test, vet or install"));
  CHECK(rerun("go").ends_with("is no go build, test, vet or install"));
  CHECK(rerun("go install x.org/y@latest").ends_with("which go build does not take"));
  CHECK(rerun("go test -cpuprofile=p ./x").ends_with("-cpuprofile writes files"));
  CHECK(rerun("go test -test.memprofile p ./x").ends_with("-memprofile writes files"));
  CHECK(rerun("go test -fuzz=X ./x").ends_with("-fuzz writes files"));
  CHECK(rerun("go test ./x", "-trace=t").ends_with("GOFLAGS: -trace writes files"));
  CHECK(rerun("go test ./x", "-o=x.test").ends_with("GOFLAGS: -o writes files"));
  CHECK(rerun("go build --mod=mod ./x").ends_with("-mod=mod writes files"));
  CHECK(rerun("go build -mod=vendor -work ./x") == "build -p=1 -o=/dev/null -mod=vendor ./x");
  CHECK(rerun("go test ./x -args -test.cpuprofile=p").ends_with("-cpuprofile writes files"));
  CHECK(rerun("go test ./x -args -test.testlogfile=l").ends_with("-testlogfile writes files"));
  CHECK(rerun("go test ./x -args -test.gocoverdir=d").ends_with("-gocoverdir writes files"));
  CHECK_FALSE(rerun_words({}, ""));
}

}  // namespace sluice::gotool
