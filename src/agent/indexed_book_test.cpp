#include "agent/indexed_book.hpp"

#include "journal/spool.hpp"

#include <doctest/doctest.h>

namespace sluice::agent {
namespace {

store::Record record_of(std::string_view name, store::Kind kind) {
  store::Record record;
  record.action = sha256_as<ActionId>(bytes_of(name));
  record.kind = kind;
  return record;
}

std::vector<journal::IndexedOne> told(const sys::Path& journal) {
  std::vector<journal::IndexedOne> list;
  for (const auto& spool : journal::spools(journal)) {
    const auto bytes = sys::read_file(spool.file, journal::k_spool_bytes_max);
    for (const auto& event : journal::decode(**bytes)) {
      const auto& indexed = std::get<journal::Indexed>(event.body);
      CHECK(spool.id == "c1");
      list.insert(list.end(), indexed.list.begin(), indexed.list.end());
    }
  }
  return list;
}

}  // namespace

TEST_CASE("indexed book: what a command was given and not given is told once, in its spool") {
  const auto directory = sys::TempDirectory::create("book");
  const sys::Path journal = directory->path() / "journal";
  IndexedBook book(journal);
  const auto archive = record_of("a", store::Kind::archive);
  book.given("c1", archive, store::ScopeKind::branch);
  book.failed("c1", archive, store::ScopeKind::commit, Code::timeout);
  book.failed("c1", archive, store::ScopeKind::commit, Code::corrupt);
  book.no_index("c1", record_of("b", store::Kind::other).action);
  book.given("c2", archive, store::ScopeKind::branch);
  book.given("", archive, store::ScopeKind::branch);
  book.write("c1");
  book.write("c1");
  book.write("");
  const auto list = told(journal);
  REQUIRE(list.size() == 4);
  CHECK(list[0].outcome == journal::Outcome::given);
  CHECK(list[0].scope == 3);
  CHECK(list[0].kind == 1);
  CHECK(list[1].outcome == journal::Outcome::not_brought);
  CHECK(list[2].outcome == journal::Outcome::corrupt);
  CHECK(list[3].outcome == journal::Outcome::no_index);
}

TEST_CASE("indexed book: much is told in several frames, more than the bound is not kept") {
  const auto directory = sys::TempDirectory::create("book");
  const sys::Path journal = directory->path() / "journal";
  IndexedBook book(journal);
  const auto archive = record_of("a", store::Kind::archive);
  for (std::size_t i = 0; i < k_indexed_max + 10; ++i) {
    book.given("c1", archive, store::ScopeKind::commit);
  }
  book.write("c1");
  CHECK(told(journal).size() == k_indexed_max);
  book.given("c1", archive, store::ScopeKind::commit);
  book.write("c1");
  CHECK(told(journal).size() == k_indexed_max + 1);
}

TEST_CASE("indexed book: without a journal it keeps nothing") {
  IndexedBook book({});
  book.given("c1", record_of("a", store::Kind::archive), store::ScopeKind::commit);
  book.write("c1");
}

}  // namespace sluice::agent
