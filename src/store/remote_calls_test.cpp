#include "store/remote_calls.hpp"

#include <doctest/doctest.h>

namespace sluice::store {
namespace {

net::ResponseHead head(int status, std::uint64_t length, std::string etag = "") {
  net::ResponseHead made;
  made.status = status;
  made.content_length = length;
  if (!etag.empty()) made.headers.emplace_back("ETag", std::move(etag));
  return made;
}

std::string header(const net::Request& request, std::string_view name) {
  for (const auto& [each, value] : request.headers) {
    if (each == name) return value;
  }
  return "";
}

TEST_CASE("a range that breaks off goes on where it stopped, of the same object only") {
  std::string got;
  const codec::ByteSink sink = [&](ByteView piece) -> Result<void> {
    got += text_of(piece);
    return {};
  };
  RangeReader reader(3, 6, sink);
  net::Request first;
  reader.prepare(first);
  CHECK(header(first, "Range") == "bytes=3-8");
  CHECK(header(first, "If-Match").empty());
  REQUIRE(first.on_head(head(206, 6, "\"a\"")).has_value());
  REQUIRE(first.sink(bytes_of("def")).has_value());
  CHECK_FALSE(reader.is_complete());
  net::Request second;
  reader.prepare(second);
  CHECK(header(second, "Range") == "bytes=6-8");
  CHECK(header(second, "If-Match") == "\"a\"");
  CHECK_FALSE(second.on_head(head(206, 3, "\"b\"")).has_value());
  CHECK(reader.answer_error()->code == Code::corrupt);
  REQUIRE(second.on_head(head(206, 3, "\"a\"")).has_value());
  REQUIRE(second.sink(bytes_of("ghi")).has_value());
  CHECK(reader.is_complete());
  CHECK(got == "defghi");
}

TEST_CASE("a server that knows no ranges sends everything, and what is not asked for is left") {
  std::string got;
  const codec::ByteSink sink = [&](ByteView piece) -> Result<void> {
    got += text_of(piece);
    return {};
  };
  RangeReader reader(3, 2, sink);
  net::Request request;
  reader.prepare(request);
  REQUIRE(request.on_head(head(200, 10)).has_value());
  REQUIRE(request.sink(bytes_of("ab")).has_value());
  CHECK(request.sink(bytes_of("cdefgh")).error().code == Code::cancelled);
  CHECK(reader.is_complete());
  CHECK_FALSE(reader.sink_error().has_value());
  CHECK(got == "de");
  RangeReader past(9, 2, sink);
  net::Request late;
  past.prepare(late);
  CHECK(late.on_head(head(200, 10)).error().code == Code::corrupt);
  CHECK(late.on_head(head(206, 1)).error().code == Code::corrupt);
  CHECK(late.on_head(head(206, 3)).error().code == Code::corrupt);
}

TEST_CASE("a key in a message") {
  CHECK(short_key("t/v1/x") == "t/v1/x");
  CHECK(short_key("t/v1/packs/ab/" + std::string(64, 'a')) == "t/v1/packs/ab/aaaaaaaaaaaa…");
  CHECK(short_key("").empty());
}

TEST_CASE("tries are bounded by their number and by the deadline") {
  Retry passed(Deadline::after(std::chrono::milliseconds(-1)));
  CHECK_FALSE(passed.again());
  Retry some(Deadline::after(std::chrono::seconds(30)));
  int count = 1;
  while (some.again()) ++count;
  CHECK(count == k_remote_tries_max);
  CHECK(some.tries() == k_remote_tries_max);
  for (const int status : {500, 502, 503, 504, 429, 408}) CHECK(is_worth_a_try(status));
  for (const int status : {200, 304, 400, 403, 404, 412, 501}) CHECK_FALSE(is_worth_a_try(status));
}

}  // namespace
}  // namespace sluice::store
