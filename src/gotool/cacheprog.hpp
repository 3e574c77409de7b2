// The GOCACHEPROG protocol of Go 1.24 to 1.27, read and written in memory, with no descriptor
// inside.
//
// RequestReader is a push parser for what go writes: it is fed pieces of any length and hands
// requests and decoded bodies to its Handler as they complete; a body is never held whole. It
// belongs to one thread. The writers are pure functions: any thread. Code::corrupt with the offset
// says that the stream is not the protocol; the stream cannot be read on after it. Wrong but well-
// formed requests (an ActionID of 31 bytes, an unknown command) are no errors: the Handler answers
// them. Spoken protocol: docs/formats/cacheprog.md.
#pragma once

#include "base/bytes.hpp"
#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::gotool {

inline constexpr std::size_t k_request_line_max = std::size_t{64}
                                                  << 10U;  // bytes of one request object
inline constexpr std::uint64_t k_body_size_max = std::uint64_t{4}
                                                 << 30U;  // bytes of one decoded body

struct Request {
  enum class Command : std::uint8_t { get, put, close, other };

  std::int64_t id = 0;
  Command command = Command::other;
  std::string command_name;  // filled for Command::other only
  bool has_action = false;   // ActionID was there and 32 bytes long
  bool has_output = false;   // OutputID (or ObjectID, its name before Go 1.24) likewise
  ActionId action;
  BlobId output;
  std::uint64_t body_size = 0;  // of the body that follows; 0: none follows
};

class RequestReader {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // One whole request. With body_size > 0 its body follows in on_body calls. The reference is
    // valid until the next request.
    virtual Result<void> on_request(const Request& request) = 0;
    // The next decoded bytes of the body, never empty, valid during the call only.
    virtual Result<void> on_body(ByteView decoded) = 0;
    // The body ended and its length was body_size.
    virtual Result<void> on_body_end() = 0;
    // go gave its body up in the middle (it could not read its own file) and went on with another
    // request. go has forgotten the id: answering it would end the build. The default refuses.
    virtual Result<void> on_body_aborted();
  };

  explicit RequestReader(Handler& handler) : handler_(handler) {}

  // An error of the handler is passed on as it is.
  Result<void> feed(std::string_view bytes);
  // At end of file: an error inside a request or a body.
  Result<void> finish() const;

 private:
  enum class State : std::uint8_t { between, request, before_body, body };

  Result<void> feed_between(std::string_view& bytes);
  Result<void> feed_request(std::string_view& bytes);
  Result<void> feed_before_body(std::string_view& bytes);
  Result<void> feed_body(std::string_view& bytes);
  Result<void> end_request(std::string_view text);
  Result<void> decode_body(std::string_view text);
  Result<void> decode_groups(std::string_view text);
  Result<void> end_body();
  std::unexpected<Error> corrupt(std::string_view what) const;

  Handler& handler_;
  State state_ = State::between;
  Request request_;
  std::uint64_t offset_ = 0;  // of the next byte of the stream, for messages
  std::string pending_;       // a request that began in an earlier piece
  // Where the scan for the end of a request stands.
  std::uint32_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  // The body.
  std::uint64_t body_done_ = 0;  // decoded bytes handed out
  char group_[4] = {};           // characters of an incomplete group of four
  std::size_t group_count_ = 0;
  bool body_padded_ = false;  // padding was seen: nothing may follow
  Bytes decoded_;             // a fixed buffer, made with the first body
};

// One line each, newline included.
std::string hello_line();
// Time is written as RFC 3339 with nanoseconds in UTC, so that `go clean -testcache` keeps working.
std::string hit_response(std::int64_t id, const BlobId& output, std::uint64_t size_bytes,
                         UnixNanos time_ns, std::string_view disk_path);
std::string miss_response(std::int64_t id);
std::string put_response(std::int64_t id, std::string_view disk_path);
std::string close_response(std::int64_t id);
// Rarely right: an error on a put of a module index, or on close, fails the build.
std::string error_response(std::int64_t id, std::string_view message);

}  // namespace sluice::gotool
