#include "gotool/cacheprog.hpp"

#include "codec/base64.hpp"
#include "codec/json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

using Command = Request::Command;

// Everything a stream said, in order, bodies joined.
struct Recorder : RequestReader::Handler {
  std::vector<Request> requests;
  std::vector<std::string> bodies;
  std::string body;
  int aborted = 0;
  bool accept_abort = true;

  Result<void> on_request(const Request& request) override {
    requests.push_back(request);
    return {};
  }
  Result<void> on_body(ByteView decoded) override {
    CHECK_FALSE(decoded.empty());
    body += text_of(decoded);
    return {};
  }
  Result<void> on_body_end() override {
    bodies.push_back(std::exchange(body, {}));
    return {};
  }
  Result<void> on_body_aborted() override {
    if (!accept_abort) return Handler::on_body_aborted();
    ++aborted;
    body.clear();
    return {};
  }
};

std::string base64_of(std::string_view text) { return codec::base64_encode(bytes_of(text)); }
std::string id_of(std::string_view text) { return codec::base64_encode(sha256(bytes_of(text))); }

std::string get_text(std::int64_t id, std::string_view action) {
  return fmt::format("{{\"ID\":{},\"Command\":\"get\",\"ActionID\":\"{}\"}}\n\n", id,
                     id_of(action));
}

std::string put_text(std::int64_t id, std::string_view action, std::string_view body) {
  std::string text =
      fmt::format("{{\"ID\":{},\"Command\":\"put\",\"ActionID\":\"{}\",\"OutputID\":\"{}\"", id,
                  id_of(action), id_of(body));
  if (body.empty()) return text + "}\n\n";
  return text + fmt::format(",\"BodySize\":{}}}\n\n\"{}\"\n", body.size(), base64_of(body));
}

std::string close_text(std::int64_t id) {
  return fmt::format("{{\"ID\":{},\"Command\":\"close\"}}\n\n", id);
}

Result<void> read_all(Recorder& recorder, std::string_view text) {
  RequestReader reader(recorder);
  TRY(reader.feed(text));
  return reader.finish();
}

// The error of a stream that must not be read.
std::string error_of(std::string_view text) {
  Recorder recorder;
  recorder.accept_abort = false;
  const auto result = read_all(recorder, text);
  if (result) return "";
  CHECK(result.error().code == Code::corrupt);
  return result.error().message;
}

bool says(std::string_view text, std::string_view part) {
  const std::string message = error_of(text);
  CAPTURE(message);
  return message.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the requests of a go command, as Go 1.24 to 1.27 write them") {
  Recorder recorder;
  REQUIRE(read_all(recorder, get_text(1, "a") + put_text(2, "b", "body of b") +
                                 put_text(3, "c", "") + close_text(4)));
  REQUIRE(recorder.requests.size() == 4);
  const Request& get = recorder.requests[0];
  CHECK(get.id == 1);
  CHECK(get.command == Command::get);
  CHECK(get.has_action);
  CHECK_FALSE(get.has_output);
  CHECK(get.action == sha256_as<ActionId>(bytes_of("a")));
  CHECK(get.body_size == 0);
  const Request& put = recorder.requests[1];
  CHECK(put.command == Command::put);
  CHECK(put.action == sha256_as<ActionId>(bytes_of("b")));
  CHECK(put.output == sha256_as<BlobId>(bytes_of("body of b")));
  CHECK(put.body_size == 9);
  CHECK(recorder.requests[2].command == Command::put);
  CHECK(recorder.requests[2].output == k_empty_blob);
  CHECK(recorder.requests[2].body_size == 0);
  CHECK(recorder.requests[3].command == Command::close);
  CHECK(recorder.bodies == std::vector<std::string>{"body of b"});
}

TEST_CASE("any split of any stream says the same") {
  rc::check("splits", [] {
    const auto bodies = *rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
    std::string stream;
    std::int64_t id = 0;
    for (const auto& body : bodies) {
      stream += get_text(++id, body);
      stream += put_text(++id, body, body);
      stream += *rc::gen::elementOf(std::vector<std::string>{"", "\n", " \r\n\t"});
    }
    stream += close_text(++id);
    Recorder whole;
    RC_ASSERT(read_all(whole, stream).has_value());
    RC_ASSERT(whole.requests.size() == static_cast<std::size_t>(id));

    Recorder pieces;
    RequestReader reader(pieces);
    for (std::size_t at = 0; at < stream.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 40);
      RC_ASSERT(reader.feed(std::string_view(stream).substr(at, size)).has_value());
      at += size;
    }
    RC_ASSERT(reader.finish().has_value());
    RC_ASSERT(pieces.bodies == whole.bodies);
    RC_ASSERT(std::ranges::equal(pieces.requests, whole.requests, {}, &Request::id, &Request::id));
    RC_ASSERT(std::ranges::equal(pieces.requests, whole.requests, {}, &Request::action,
                                 &Request::action));
    std::vector<std::string> expected;
    for (const auto& body : bodies) {
      if (!body.empty()) expected.push_back(body);
    }
    RC_ASSERT(pieces.bodies == expected);
  });
}

TEST_CASE("a body of 20 MB passes in pieces") {
  std::string body(20'000'003, '\0');
  std::uint32_t state = 1;
  for (char& c : body) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24U);
  }
  const std::string stream = put_text(1, "large", body) + get_text(2, "next");
  for (const std::size_t piece : {std::size_t{4096}, std::size_t{65536}, stream.size()}) {
    Recorder recorder;
    RequestReader reader(recorder);
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      REQUIRE(reader.feed(std::string_view(stream).substr(at, piece)));
    }
    REQUIRE(reader.finish());
    REQUIRE(recorder.bodies.size() == 1);
    CHECK(recorder.bodies[0] == body);
    CHECK(recorder.requests.size() == 2);
  }
}

TEST_CASE("other JSON with the same meaning is understood") {
  const std::string a = id_of("a");
  const std::string body = id_of("body");
  Recorder recorder;
  REQUIRE(read_all(
      recorder,
      fmt::format("{{ \"Command\" : \"get\", \"ActionID\" : \"{}\", \"ID\" : 7 }}\r\n", a) +
          fmt::format(
              "{{\"id\":8,\"command\":\"get\",\"actionid\":\"{}\",\"New\":{{\"x\":[1]}}}}\n", a) +
          fmt::format("{{\n \"ID\": 9,\n \"Command\": \"put\",\n \"ActionID\": \"{}\",\n"
                      " \"ObjectID\": \"{}\",\n \"BodySize\": 4\n}}\n\n\"{}\"\n",
                      a, body, base64_of("body")) +
          fmt::format("{{\"ID\":10,\"Command\":\"put\",\"ActionID\":\"{}\",\"OutputID\":\"{}\","
                      "\"ObjectID\":\"{}\",\"BodySize\":4}}\n\n\"{}\"\n",
                      a, body, a, base64_of("body")) +
          "{\"ID\":11,\"Command\":\"get2\",\"BodySize\":1}\n\"" + base64_of("x") + "\"\n" +
          "{\"ID\":12,\"Command\":\"get\",\"ActionID\":\"c2hvcnQ=\"}\n" +
          "{\"ID\":13,\"Command\":\"a } \\\" b\"}\n"));
  REQUIRE(recorder.requests.size() == 7);
  CHECK(recorder.requests[0].id == 7);
  CHECK(recorder.requests[0].command == Command::get);
  CHECK(recorder.requests[1].has_action);
  CHECK(recorder.requests[2].has_output);
  CHECK(recorder.requests[2].output == sha256_as<BlobId>(bytes_of("body")));
  CHECK(recorder.requests[3].output == sha256_as<BlobId>(bytes_of("body")));
  CHECK(recorder.requests[4].command == Command::other);
  CHECK(recorder.requests[4].command_name == "get2");
  CHECK(recorder.requests[5].command == Command::get);
  CHECK_FALSE(recorder.requests[5].has_action);
  CHECK(recorder.requests[6].command_name == "a } \" b");
  CHECK(recorder.bodies == std::vector<std::string>{"body", "body", "x"});
}

TEST_CASE("a body that go gives up is dropped, and the next request is read") {
  const std::string put = put_text(1, "a", "twelve bytes");
  // Go stops anywhere in the base64 text, without the closing quote, and writes the next request.
  const std::size_t body_at = put.rfind('"', put.size() - 3);
  for (std::size_t keep = body_at + 1; keep < put.size() - 2; ++keep) {
    CAPTURE(keep);
    const std::string stream = put.substr(0, keep) + get_text(2, "b");
    for (const std::size_t piece : {std::size_t{1}, stream.size()}) {
      Recorder recorder;
      RequestReader reader(recorder);
      for (std::size_t at = 0; at < stream.size(); at += piece) {
        REQUIRE(reader.feed(std::string_view(stream).substr(at, piece)));
      }
      REQUIRE(reader.finish());
      CHECK(recorder.aborted == 1);
      CHECK(recorder.bodies.empty());
      REQUIRE(recorder.requests.size() == 2);
      CHECK(recorder.requests[1].id == 2);
    }
  }
  CHECK(says(put.substr(0, body_at + 5) + get_text(2, "b"), "announced size"));
}

TEST_CASE("what is not the protocol is refused with the place") {
  CHECK(says("x", "byte 0: expected a request"));
  CHECK(says("\n\n[]", "byte 2: expected a request"));
  CHECK(says("{\"ID\":1}}", "byte 8: expected a request"));
  CHECK(says("{\"ID\":1,\"Command\":\"get\"", "ended inside a request"));
  CHECK(says("{\"Command\":\"get\"}", "no ID"));
  CHECK(says("{\"ID\":\"1\",\"Command\":\"get\"}", "wrong value for ID"));
  CHECK(says("{\"ID\":1,\"Command\":7}", "wrong value for Command"));
  CHECK(says("{\"ID\":1,\"Command\":\"put\",\"BodySize\":-1}", "wrong value for BodySize"));
  CHECK(says("{\"ID\":1,\"Command\":\"put\",\"BodySize\":4294967297}", "above the limit"));
  CHECK(says("{\"ID\":1,,}", "no JSON"));
  CHECK(says("{" + std::string(k_request_line_max, ' '), "longer than 65536"));
}

TEST_CASE("a wrong body is refused") {
  const std::string head = "{\"ID\":1,\"Command\":\"put\",\"BodySize\":3}\n\n";
  CHECK(error_of(head + "\"YWJj\"").empty());
  CHECK(says(head + "YWJj", "expected a body"));
  CHECK(says(head + "\"YWJj", "ended inside a body"));
  CHECK(says(head, "ended inside a body"));
  CHECK(says(head + "\"YWJ\"", "inside a group"));
  CHECK(says(head + "\"YWI=\"", "has 2 bytes where 3"));
  CHECK(says(head + "\"\"", "has 0 bytes where 3"));
  CHECK(says(head + "\"YWJjZGVm\"", "longer than its 3"));
  CHECK(says(head + "\"YW*j\"", "not base64"));
  CHECK(says("{\"ID\":1,\"Command\":\"put\",\"BodySize\":5}\n\"YQ==YWI=\"", "base64"));
  CHECK(says(head + "\"Y===\"", "base64"));
  CHECK(says(head + "\"====\"", "base64"));
  CHECK(says(head + "\"YW\nJj\"", "base64"));
}

TEST_CASE("an error of the handler is passed on") {
  struct Refusing : Recorder {
    Result<void> on_request(const Request&) override { return fail(Code::cancelled, "enough"); }
  } refusing;
  RequestReader reader(refusing);
  const auto result = reader.feed(close_text(1));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::cancelled);
}

TEST_CASE("answers") {
  CHECK(hello_line() == "{\"ID\":0,\"KnownCommands\":[\"get\",\"put\",\"close\"]}\n");
  CHECK(miss_response(12) == "{\"ID\":12,\"Miss\":true}\n");
  CHECK(close_response(3) == "{\"ID\":3}\n");
  CHECK(put_response(4, "/c/00/x-d") == "{\"ID\":4,\"DiskPath\":\"/c/00/x-d\"}\n");
  CHECK(error_response(5, "no \"way\"\n") == "{\"ID\":5,\"Err\":\"no \\\"way\\\"\\u000a\"}\n");
  CHECK(hit_response(6, k_empty_blob, 42, 1'700'000'000'000'000'001, "/c/e3/x-d") ==
        "{\"ID\":6,\"OutputID\":\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\",\"Size\":42,"
        "\"Time\":\"2023-11-14T22:13:20.000000001Z\",\"DiskPath\":\"/c/e3/x-d\"}\n");
  CHECK(hit_response(1, k_empty_blob, 0, 0, "/x").find("\"1970-01-01T00:00:00.000000000Z\"") !=
        std::string::npos);
}

TEST_CASE("answers are JSON whatever the path") {
  rc::check("paths", [](const std::string& path) {
    std::string ascii;
    for (const char c : path) ascii.push_back(static_cast<char>(c & 0x7f));
    const auto parsed = codec::parse_json(put_response(1, ascii));
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->text_or("DiskPath", "none") == ascii);
  });
}
