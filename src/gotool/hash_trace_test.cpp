#include "gotool/hash_trace.hpp"

#include "base/bytes.hpp"
#include "base/subkey.hpp"
#include "gotool/go_quote.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace sluice::gotool {
namespace {

// go's own lines, of Go 1.26.11 (a variable that is not set) and 1.24.11.
constexpr std::string_view k_getenv =
    "HASH[getenv]\n"
    "HASH[getenv]: \"go1.24.11\"\n"
    "HASH[getenv]: \"\\x01\"\n"
    "HASH[getenv]: \"gocachehash=1\"\n"
    "HASH[getenv]: dca395cce6f8f3b73fa9f9122b0265ff73c18336f1079d44a04448813cebefff\n";
constexpr std::string_view k_open =
    "HASH[open]\n"
    "HASH[open]: \"go1.27.4\"\n"
    "HASH[open]: \"stat 2 1a4 2026-11-26 19:27:19.306052217 +0000 UTC false\\n\"\n"
    "HASH[open]: 7f378c98dc9a9e448b5940fc037bc8038420db25a7e5a08ff383a9f2f52accfc\n";

struct Read {
  std::vector<TracedHash> hashes;
  std::vector<TracedSubkey> subkeys;
  std::string other;
  HashCounts counts;
};

Read read(std::string_view text, std::size_t piece = 1U << 20U) {
  Read result;
  HashTrace trace({[&](TracedHash hash) { result.hashes.push_back(std::move(hash)); },
                   [&](TracedSubkey one) { result.subkeys.push_back(std::move(one)); },
                   [&](std::string_view line) { result.other += line; }});
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    trace.feed(text.substr(0, piece));
  }
  trace.finish();
  result.counts = trace.counts();
  return result;
}

std::string line(std::string_view name, std::string_view text) {
  return fmt::format("HASH[{}]: {}\n", name, quote_go(text));
}

std::string sum(std::string_view name, std::string_view text) {
  return fmt::format("HASH[{}]: {}\n", name, to_hex(sha256(bytes_of(text))));
}

}  // namespace

TEST_CASE("hash trace: what go prints recomputes") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}}) {
    const Read got = read(std::string(k_getenv) + std::string(k_open), piece);
    REQUIRE(got.hashes.size() == 2);
    CHECK(got.hashes[0].name == "getenv");
    CHECK(got.hashes[0].salt == "go1.24.11");
    CHECK(got.hashes[0].text == "\x01gocachehash=1");
    CHECK(got.hashes[0].is_proven);
    CHECK(got.hashes[1].text.starts_with("stat 2 1a4 "));
    CHECK(got.hashes[1].is_proven);
    CHECK(got.counts.lines == 9);
    CHECK(got.counts.hashes_proven == 2);
    CHECK(got.other.empty());
  }
}

TEST_CASE("hash trace: a byte that is another one proves nothing") {
  std::string text(k_open);
  text.replace(text.find("stat 2"), 6, "stat 3");
  const Read got = read(text);
  REQUIRE(got.hashes.size() == 1);
  CHECK_FALSE(got.hashes[0].is_proven);
  CHECK(got.counts.hashes == 1);
  CHECK(got.counts.hashes_proven == 0);
}

TEST_CASE("hash trace: hashes within and beside each other") {
  const std::string text = "HASH[build a]\n" + line("build a", "go1") + "HASH[build b [b.test]]\n" +
                           line("build a", "A\n") + line("build b [b.test]", "go1") +
                           line("build b [b.test]", "B]: \"\n") + sum("build a", "go1A\n") +
                           sum("build b [b.test]", "go1B]: \"\n");
  const Read got = read(text);
  REQUIRE(got.hashes.size() == 2);
  CHECK(got.hashes[0].name == "build a");
  CHECK(got.hashes[0].is_proven);
  CHECK(got.hashes[1].name == "build b [b.test]");
  CHECK(got.hashes[1].text == "B]: \"\n");
  CHECK(got.hashes[1].is_proven);
}

TEST_CASE("hash trace: two of one name at once are not guessed at") {
  const std::string text = "HASH[x]\n" + line("x", "go1") + "HASH[x]\n" + line("x", "go1") +
                           line("x", "one\n") + line("x", "two\n") + sum("x", "go1one\n") +
                           sum("x", "go1two\n");
  const Read got = read(text);
  CHECK(got.counts.hashes == 2);
  CHECK(got.counts.hashes_proven == 0);
}

TEST_CASE("hash trace: subkeys, files, and what is none of it") {
  const auto parent = sha256_as<ActionId>(bytes_of("parent"));
  const ActionId key = subkey(parent, "inputs:1");
  const Read got =
      read(fmt::format("# example.org/p\nHASH subkey {} \"inputs:1\" = {}\n"
                       "HASH subkey {} \"inputs:2\" = {}\nHASH /x/a.go: {}\nHASH no file\n"
                       "HASH[\nHASH[x]: short\nHASH[x]: \"open\n\nlast",
                       parent.hex(), key.hex(), parent.hex(), key.hex(), parent.hex()));
  REQUIRE(got.subkeys.size() == 2);
  CHECK(got.subkeys[0].parent == parent);
  CHECK(got.subkeys[0].description == "inputs:1");
  CHECK(got.subkeys[0].is_proven);
  CHECK_FALSE(got.subkeys[1].is_proven);
  CHECK(got.counts.files == 1);
  CHECK(got.other ==
        "# example.org/p\nHASH no file\nHASH[\nHASH[x]: short\nHASH[x]: \"open\n\nlast");
}

TEST_CASE("hash trace: bounds hold, and what is past them is not proven") {
  std::string many;
  for (std::size_t i = 0; i < k_hash_open_max + 10; ++i) many += fmt::format("HASH[n{}]\n", i);
  CHECK(read(many).counts.unfinished == k_hash_open_max + 10);

  const std::string long_line(k_hash_line_max + 2, 'a');
  const Read got = read("HASH[x]\n" + line("x", "go1") + line("x", long_line) + sum("x", "go1"));
  REQUIRE(got.hashes.size() == 1);
  CHECK_FALSE(got.hashes[0].is_proven);
  CHECK(read("HASH[x]: \"no beginning\"\n" + sum("x", "go1")).counts.hashes_proven == 0);
}

TEST_CASE("hash trace: the switch goes behind what GODEBUG holds, and is taken out again") {
  CHECK(with_hash_trace("") == "gocachehash=1");
  CHECK(with_hash_trace("netdns=go") == "netdns=go,gocachehash=1");
  CHECK(with_hash_trace("gocachehash=1,netdns=go") == "netdns=go,gocachehash=1");
  CHECK(without_hash_trace("netdns=go,gocachehash=1") == "netdns=go");
  CHECK(without_hash_trace("gocachehash=1").empty());
  CHECK(has_hash_trace("netdns=go,gocachehash=1"));
  CHECK_FALSE(has_hash_trace("gocachehash=10"));
}

}  // namespace sluice::gotool
