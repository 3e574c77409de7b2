#include "net/http_client.hpp"

#include "base/strings.hpp"
#include "codec/base64.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <utility>

namespace sluice::net {

namespace {

constexpr std::uint64_t k_discard_max = 1U << 20U;  // of a body that nobody wants

constexpr std::size_t k_buffer_size = k_io_piece + k_response_head_size_max;

// A stream and what was read from it and not used yet.
struct Connection {
  explicit Connection(Stream opened) : stream(std::move(opened)) {}

  ByteView waiting() const { return ByteView(buffer).subspan(begin, end - begin); }
  void use(std::size_t count) {
    begin += count;
    if (begin == end) begin = end = 0;
  }
  // 0: the other side has ended.
  Result<std::size_t> read_more(Deadline deadline) {
    if (buffer.empty()) buffer.resize(k_buffer_size);
    if (begin > 0) {
      std::ranges::copy(waiting(), buffer.begin());
      end -= std::exchange(begin, 0);
    }
    if (end == buffer.size()) return fail(Code::corrupt, "the answer is no HTTP: an endless line");
    TRY_ASSIGN(const std::size_t count,
               stream.read_some(MutableByteView(buffer).subspan(end), deadline));
    end += count;
    return count;
  }

  Stream stream;
  Bytes buffer;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Kept {
  std::unique_ptr<Connection> connection;
  Deadline until;
};

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

Result<void> check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_clean(name) || !is_clean(value) || name.find_first_of(" :") != std::string::npos) {
      return fail(Code::invalid,
                  fmt::format("the header {} has a control character in it", printable(name, 40)));
    }
  }
  return {};
}

// Connections of one origin by one way are each as good as another.
std::string pool_key(const Url& url, const Url* proxy) {
  return proxy == nullptr ? url.origin() : url.origin() + " " + proxy->origin();
}

// One request and its answer on one connection.
class Exchange {
 public:
  Exchange(const Request& request, Connection& connection, Deadline deadline)
      : request_(request), connection_(connection), deadline_(deadline) {}

  Result<Response> run(const std::string& head);
  // Whether the connection may serve another request.
  bool reusable() const { return reusable_; }
  // Nothing of an answer came: on a kept connection this says that it had been closed.
  bool heard() const { return heard_; }
  // The error is the caller's own (its sink, its body): not the connection's.
  bool callers_error() const { return callers_error_; }

 private:
  std::uint64_t body_size() const {
    return request_.body ? request_.body_size : request_.bytes.size();
  }
  Result<bool> may_send_body();
  Result<bool> send(ByteView bytes);
  Result<bool> send_body();
  Result<void> advance();
  Result<std::size_t> read_more();
  Result<void> read_head();
  Result<void> read_body(Response& response);
  Result<void> take(Response& response, bool is_success, ByteView piece);

  const Request& request_;
  Connection& connection_;
  Deadline deadline_;
  std::unique_ptr<ResponseParser> parser_;
  std::uint64_t discarded_ = 0;
  std::optional<Deadline> stall_;
  std::uint64_t came_since_ = 0;  // since stall_ was set
  std::size_t early_answers_ = 0;
  bool sent_whole_ = false;
  bool reusable_ = false;
  bool heard_ = false;
  bool callers_error_ = false;
};

// False: the answer came before everything was taken; its head is read. A "100 Continue" that comes
// late, or unasked, is none.
Result<bool> Exchange::send(ByteView bytes) {
  for (;;) {
    TRY_ASSIGN(const std::size_t count, connection_.stream.write_all(bytes, deadline_));
    bytes = bytes.subspan(count);
    if (bytes.empty()) return true;
    TRY(read_head());
    if (parser_->head().status != 100) return false;
  }
}

Result<bool> Exchange::send_body() {
  if (!request_.body) return send(request_.bytes);
  Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(k_io_piece, request_.body_size)));
  for (std::uint64_t at = 0; at < request_.body_size;) {
    const auto count = std::min<std::uint64_t>(piece.size(), request_.body_size - at);
    const MutableByteView part(piece.data(), static_cast<std::size_t>(count));
    if (auto filled = request_.body(at, part); !filled) {
      callers_error_ = true;
      return std::unexpected(std::move(filled).error());
    }
    TRY_ASSIGN(const bool sent, send(part));
    if (!sent) return false;
    at += count;
  }
  return true;
}

// With `stall_max`, a time in which next to nothing comes ends the call.
Result<std::size_t> Exchange::read_more() {
  if (request_.stall_max.count() == 0) return connection_.read_more(deadline_);
  if (!stall_ || came_since_ >= k_stall_bytes_min) {
    stall_ = Deadline::after(request_.stall_max);
    came_since_ = 0;
  }
  auto count = connection_.read_more(deadline_.sooner(*stall_));
  if (count) came_since_ += *count;
  if (count || count.error().code != Code::timeout || deadline_.passed()) return count;
  return fail(Code::unavailable,
              fmt::format("next to nothing came for {} s", request_.stall_max.count() / 1000));
}

// Puts what waits into the parser, or reads more where that is not enough.
Result<void> Exchange::advance() {
  if (!connection_.waiting().empty()) {
    const bool head_was_done = parser_->is_head_done();
    TRY_ASSIGN(const std::size_t used, parser_->put(connection_.waiting()));
    connection_.use(used);
    if (parser_->is_done() || head_was_done != parser_->is_head_done()) return {};
  }
  TRY_ASSIGN(const std::size_t count, read_more());
  if (count == 0) return parser_->end();
  heard_ = true;
  return {};
}

Result<void> Exchange::read_head() {
  while (early_answers_++ <= k_early_answers_max) {
    parser_ = std::make_unique<ResponseParser>(request_.method == "HEAD");
    while (!parser_->is_head_done()) TRY(advance());
    if (parser_->head().status / 100 != 1) return {};
    // "100 Continue" is no answer; its caller may have something to send now.
    if (parser_->head().status == 100 && !sent_whole_) return {};
  }
  return fail(Code::corrupt, "no answer after many early ones");
}

Result<void> Exchange::take(Response& response, bool is_success, ByteView piece) {
  if (is_success && request_.sink) {
    auto taken = request_.sink(piece);
    callers_error_ = !taken.has_value();
    return taken;
  }
  const std::uint64_t bound = is_success ? request_.collect_max : k_collect_default;
  const std::uint64_t room = bound - std::min<std::uint64_t>(bound, response.body.size());
  if (is_success && piece.size() > room) {
    return fail(Code::exhausted, fmt::format("the answer is longer than {} bytes", bound));
  }
  const auto kept = static_cast<std::size_t>(std::min<std::uint64_t>(room, piece.size()));
  append(response.body, piece.first(kept));
  discarded_ += piece.size() - kept;
  if (discarded_ > k_discard_max) return fail(Code::exhausted, "the answer is too long");
  return {};
}

Result<void> Exchange::read_body(Response& response) {
  const bool is_success = response.head.status / 100 == 2;
  if (is_success && request_.on_head) {
    if (auto wanted = request_.on_head(response.head); !wanted) {
      callers_error_ = true;
      return wanted;
    }
  }
  parser_->set_sink(
      [&](ByteView piece) -> Result<void> { return take(response, is_success, piece); });
  while (!parser_->is_done()) TRY(advance());
  return {};
}

// False: the answer is there already, and the body is not wanted.
Result<bool> Exchange::may_send_body() {
  if (!request_.expect_continue) return true;
  const Deadline patience = deadline_.sooner(Deadline::after(k_continue_wait));
  TRY_ASSIGN(const bool answered, connection_.stream.wait_readable(patience));
  if (!answered) return true;  // who does not know the question does not answer it
  TRY(read_head());
  return parser_->head().status == 100;
}

Result<Response> Exchange::run(const std::string& head) {
  TRY_ASSIGN(bool is_sent, send(bytes_of(head)));
  if (is_sent && body_size() > 0) {
    TRY_ASSIGN(is_sent, may_send_body());
    if (is_sent) {
      TRY_ASSIGN(is_sent, send_body());
    }
  }
  sent_whole_ = is_sent;
  if (is_sent) TRY(read_head());
  Response response;
  response.head = parser_->head();
  TRY(read_body(response));
  // An announced body that was not sent would be read as the next request.
  reusable_ =
      sent_whole_ && parser_->is_done() && parser_->keeps_alive() && connection_.waiting().empty();
  return response;
}

}  // namespace

struct HttpClient::State {
  State(HttpOptions given, const sys::Environment& env)
      : options(std::move(given)), tls(options.roots, env) {}

  HttpOptions options;
  TlsContext tls;
  Resolver resolver;
  WaitObserver observer;
  std::atomic<std::uint64_t> reads = 0;
  std::atomic<std::uint64_t> writes = 0;

  std::mutex mutex;
  std::condition_variable freed;
  std::map<std::string, std::deque<Kept>> idle;  // by origin and proxy, the warmest last
  std::size_t open = 0;

  Result<std::unique_ptr<Connection>> acquire(const std::string& key, bool fresh,
                                              Deadline deadline);
  void release(const std::string& key, std::unique_ptr<Connection> connection);
  void drop();
  bool drop_an_idle_one();
  Result<std::unique_ptr<Connection>> connect(const Request& request, const Url* proxy,
                                              Deadline deadline);
  Result<void> open_tunnel(Connection& connection, const Url& url, const Url& proxy,
                           Deadline deadline);
  std::string head_of(const Request& request, const Url* proxy) const;
};

// A connection that was kept, or the right to open one (null). Closing happens outside of the lock
// only where it is free: a TLS good-bye is one non-blocking write.
Result<std::unique_ptr<Connection>> HttpClient::State::acquire(const std::string& key, bool fresh,
                                                               Deadline deadline) {
  std::unique_lock lock(mutex);
  for (;;) {
    auto& kept = idle[key];
    while (!kept.empty()) {
      Kept last = std::move(kept.back());
      kept.pop_back();
      if (!fresh && !last.until.passed() && last.connection->stream.is_quiet()) {
        return std::move(last.connection);
      }
      --open;
    }
    if (open < options.connections_max || drop_an_idle_one()) {
      ++open;
      return nullptr;
    }
    if (freed.wait_for(lock, std::chrono::milliseconds(deadline.left_ms())) ==
            std::cv_status::timeout &&
        deadline.passed()) {
      return fail(Code::timeout, "the deadline passed while all connections were in use");
    }
  }
}

bool HttpClient::State::drop_an_idle_one() {
  for (auto& [key, kept] : idle) {
    if (kept.empty()) continue;
    kept.pop_front();
    --open;
    return true;
  }
  return false;
}

void HttpClient::State::release(const std::string& key, std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex);
    idle[key].push_back({std::move(connection), Deadline::after(k_idle_max)});
  }
  freed.notify_one();
}

void HttpClient::State::drop() {
  {
    const std::lock_guard lock(mutex);
    --open;
  }
  freed.notify_one();
}

Result<std::unique_ptr<Connection>> HttpClient::State::connect(const Request& request,
                                                               const Url* proxy,
                                                               Deadline deadline) {
  const Deadline soon = deadline.sooner(Deadline::after(k_connect_max));
  const Url& peer = proxy != nullptr ? *proxy : request.url;
  const auto attempt = [&]() -> Result<std::unique_ptr<Connection>> {
    const Waiting waiting(&observer);
    TRY_ASSIGN(const auto addresses, resolver.resolve(peer.host, peer.port, soon));
    auto stream = Stream::connect(addresses, soon);
    if (!stream) {
      resolver.forget(peer.host, peer.port);
      return std::unexpected(std::move(stream).error());
    }
    stream->observe(&observer);
    auto connection = std::make_unique<Connection>(std::move(*stream));
    if (!request.url.tls) return connection;
    if (proxy != nullptr) TRY(open_tunnel(*connection, request.url, *proxy, soon));
    TRY_ASSIGN(ssl_ctx_st * context, tls.get());
    TRY(connection->stream.start_tls(context, request.url.host, soon));
    return connection;
  };
  auto connection = attempt();
  if (connection) return connection;
  Error error = std::move(connection).error();
  // Our own bound is no reason to think that the caller's time is up.
  if (error.code == Code::timeout && !deadline.passed()) error.code = Code::unavailable;
  if (proxy != nullptr) error = std::move(error).in("through the proxy " + proxy->origin());
  return std::unexpected(std::move(error));
}

Result<void> HttpClient::State::open_tunnel(Connection& connection, const Url& url,
                                            const Url& proxy, Deadline deadline) {
  const std::string host =
      url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const std::string target = fmt::format("{}:{}", host, url.port);
  std::string head = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", target, target);
  if (proxy.has_userinfo) {
    head += "Proxy-Authorization: " + basic_authorization(proxy.user, proxy.password) + "\r\n";
  }
  head += "\r\n";
  TRY_ASSIGN(const std::size_t sent, connection.stream.write_all(bytes_of(head), deadline));
  if (sent != head.size()) return fail(Code::unavailable, "it hung up");
  // The answer byte by byte: what comes after it belongs to TLS.
  ResponseParser parser(true);
  Bytes waiting;
  while (!parser.is_head_done()) {
    std::byte one{};
    TRY_ASSIGN(const std::size_t count,
               connection.stream.read_some(MutableByteView(&one, 1), deadline));
    if (count == 0) return fail(Code::unavailable, "it hung up");
    waiting.push_back(one);
    if (waiting.size() > k_response_head_size_max) return fail(Code::corrupt, "a head without end");
    if (one != std::byte{'\n'}) continue;
    TRY_ASSIGN(const std::size_t used, parser.put(waiting));
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(used));
  }
  const int status = parser.head().status;
  if (status / 100 == 2) return {};
  const Code code = status == 407 || status == 403 ? Code::denied : Code::unavailable;
  return fail(code, fmt::format("it answered {} to CONNECT", status));
}

std::string HttpClient::State::head_of(const Request& request, const Url* proxy) const {
  const bool absolute = proxy != nullptr && !request.url.tls;
  std::string head = request.method + " " + (absolute ? request.url.origin() : "") +
                     request.url.target() + " HTTP/1.1\r\nHost: " + request.url.authority() +
                     "\r\nUser-Agent: " + options.user_agent + "\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  if (absolute && proxy->has_userinfo) {
    head += "Proxy-Authorization: " + basic_authorization(proxy->user, proxy->password) + "\r\n";
  }
  const std::uint64_t size = request.body ? request.body_size : request.bytes.size();
  if (size > 0 || request.method == "PUT" || request.method == "POST") {
    head += fmt::format("Content-Length: {}\r\n", size);
  }
  if (size > 0 && request.expect_continue) head += "Expect: 100-continue\r\n";
  return head + "\r\n";
}

HttpClient::HttpClient(HttpOptions options, const sys::Environment& env)
    : state_(std::make_unique<State>(std::move(options), env)) {}

HttpClient::~HttpClient() = default;

Result<HttpOptions> HttpOptions::of(const sys::Environment& env) {
  HttpOptions options;
  TRY_ASSIGN(options.proxies, ProxyRules::of(env));
  options.roots = env.get_or("SLUICE_CA", "");
  if (!options.roots.empty()) TRY(find_roots(options.roots, env));
  return options;
}

void HttpClient::observe_waits(WaitObserver observer) { state_->observer = std::move(observer); }

const WaitObserver* HttpClient::wait_observer() const { return &state_->observer; }

RequestCounts HttpClient::requests() const { return {state_->reads, state_->writes}; }

Result<void> HttpClient::warm_up(const Url& url, Deadline deadline) {
  State& state = *state_;
  Request request;
  request.url = url;
  const Url* proxy = state.options.proxies.proxy_for(url);
  {
    const std::lock_guard lock(state.mutex);
    if (state.open >= state.options.connections_max) return {};
    ++state.open;
  }
  auto connection = state.connect(request, proxy, deadline);
  if (!connection) {
    state.drop();
    return std::unexpected(std::move(connection).error().in(url.origin()));
  }
  state.release(pool_key(url, proxy), std::move(*connection));
  return {};
}

Result<Response> HttpClient::send(const Request& request, Deadline deadline) {
  TRY(check_headers(request.headers));
  State& state = *state_;
  const Url* proxy = request.use_proxy ? state.options.proxies.proxy_for(request.url) : nullptr;
  const std::string origin = request.url.origin();
  const std::string key = pool_key(request.url, proxy);
  const std::string head = state.head_of(request, proxy);
  const auto in_origin = [&origin](Error error) {
    return std::unexpected(std::move(error).in(origin));
  };
  for (bool fresh = false;; fresh = true) {
    if (deadline.passed()) return in_origin({Code::timeout, "the deadline passed"});
    auto connection = state.acquire(key, fresh, deadline);
    if (!connection) return in_origin(std::move(connection).error());
    const bool was_kept = *connection != nullptr;
    if (!was_kept) {
      connection = state.connect(request, proxy, deadline);
      if (!connection) {
        state.drop();
        return in_origin(std::move(connection).error());
      }
    }
    const bool reads = request.method == "GET" || request.method == "HEAD";
    ++(reads ? state.reads : state.writes);
    Exchange exchange(request, **connection, deadline);
    auto response = exchange.run(head);
    if (response && exchange.reusable()) {
      state.release(key, std::move(*connection));
    } else {
      connection->reset();
      state.drop();
    }
    if (response) return response;
    if (exchange.callers_error()) return response;
    if (was_kept && !exchange.heard() && !deadline.passed()) continue;
    return in_origin(std::move(response).error());
  }
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  return "Basic " + codec::base64_encode(bytes_of(std::string(user) + ":" + std::string(password)));
}

}  // namespace sluice::net
