#include "store/s3.hpp"

#include "base/digest.hpp"
#include "net/http_client.hpp"
#include "net/sigv4.hpp"
#include "store/aws_credentials.hpp"
#include "store/aws_profile.hpp"
#include "store/parallel.hpp"
#include "store/remote_calls.hpp"
#include "store/s3_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace sluice::store {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr int k_complete_tries_max = 3;
constexpr auto k_abort_max = std::chrono::seconds(5);  // to take back an upload in parts
constexpr std::uint64_t k_list_bytes_max = 8U << 20U;
constexpr UnixNanos k_clock_off_min_ns = 840'000'000'000;  // 15 minutes are allowed

struct Call {
  std::string method = "GET";
  std::string key;  // with the prefix; empty: the bucket
  Pairs query;
  net::Headers headers;
  Body body{ByteView()};  // what it reads from outlives the call
  bool expect = false;
  std::uint64_t collect_max = k_remote_error_bytes_max;
  RangeReader* range = nullptr;
  std::function<Result<void>(const net::ResponseHead&)> on_head;
};

class S3 final : public Objects {
 public:
  S3(S3Config config, net::HttpOptions options, const AwsProfile& profile,
     const sys::Environment& env, UnixNanos (*now_ns)())
      : config_(std::move(config)),
        http_(std::move(options), env),
        credentials_(env, profile, http_),
        now_ns_(now_ns),
        if_absent_(config_.is_aws ? Known::yes : Known::unknown),
        if_match_(if_absent_.load()) {}

  Capabilities capabilities() const override {
    return {if_absent_ != Known::no, if_match_ != Known::no, true, true};
  }
  std::string describe() const override {
    const std::string name = "s3://" + config_.bucket + "/" + config_.prefix;
    return config_.is_aws ? name : name + " at " + config_.endpoint.origin();
  }

  Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                    Deadline deadline) override;
  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override;
  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override;
  Result<void> remove(std::string_view key, Deadline deadline) override;
  Result<ListPage> list(std::string_view prefix, std::string_view after, std::size_t limit,
                        Deadline deadline) override;
  void observe_waits(net::WaitObserver observer) override {
    http_.observe_waits(std::move(observer));
  }
  RequestCounts requests() const override {
    const net::RequestCounts sent = http_.requests();
    return {sent.reads, sent.writes};
  }
  void warm_up(unsigned connections, Deadline deadline) override {
    run_parallel(connections, connections, [&](std::size_t) {
      (void)http_.warm_up(url_of(""), deadline);
    });  // told elsewhere
  }

 private:
  enum class Known { unknown, yes, no };

  Result<net::Response> perform(const Call& call, Deadline deadline);
  Result<net::Response> send_once(const Call& call, const std::string& payload_hash,
                                  UnixNanos signed_ns, Deadline deadline, net::Credentials& used);
  Result<std::string> payload_hash(const Call& call) const;
  bool set_clock(const Call& call, const net::ResponseHead& head, const S3Problem& said,
                 UnixNanos signed_ns);
  net::Url url_of(const std::string& key) const;
  std::string full(std::string_view key) const { return config_.prefix + std::string(key); }
  Error problem(const net::Response& response) const;
  bool says_absent(const net::Response& response) const;
  Error about(std::string_view doing, std::string_view key, Error error) const;

  Result<PutResult> put_with(std::string_view key, const Body& body, const PutCondition& condition,
                             Deadline deadline);
  Result<PutResult> put_whole(std::string_view key, const Body& body, net::Headers conditions,
                              Deadline deadline);
  Result<PutResult> put_parts(std::string_view key, const Body& body, net::Headers conditions,
                              Deadline deadline);
  Result<PutResult> put_answer(const net::Response& response, bool conditional) const;
  Result<std::vector<std::string>> send_parts(std::string_view key, const Body& body,
                                              const std::string& upload, Deadline deadline);
  void abort_upload(std::string_view key, const std::string& upload);
  bool is_honoured(PutCondition::Kind kind, std::string_view key, Deadline deadline);
  Known ask_for(const net::Headers& condition, const std::string& key, Deadline deadline);

  S3Config config_;
  net::HttpClient http_;
  AwsCredentials credentials_;
  UnixNanos (*now_ns_)();
  std::atomic<bool> has_taken_ = false;             // it said yes to something
  std::atomic<UnixNanos> clock_correction_ns_ = 0;  // what the store's clock is ahead of ours
  std::mutex probe_mutex_;
  std::atomic<Known> if_absent_;
  std::atomic<Known> if_match_;
};

net::Url S3::url_of(const std::string& key) const {
  net::Url url = config_.endpoint;
  if (config_.path_style) url.path += "/" + config_.bucket;
  if (!key.empty() || url.path.empty()) {
    url.path += "/" + net::percent_encode(key, net::Slash::kept);
  }
  return url;
}

Error S3::problem(const net::Response& response) const {
  const S3Problem said = read_s3_problem(response.head, text_of(response.body));
  return s3_error(response.head.status, said, config_);
}

// A missing bucket is no missing key, and a 404 without S3's words may come from anything else. One
// that has been seen to be S3 stands behind a proxy that takes the words away.
bool S3::says_absent(const net::Response& response) const {
  if (response.head.status != 404) return false;
  const S3Problem said = read_s3_problem(response.head, text_of(response.body));
  return said.code.empty() ? has_taken_.load() : said.code != "NoSuchBucket";
}

Error S3::about(std::string_view doing, std::string_view key, Error error) const {
  const std::string what =
      key.empty() ? std::string(doing) : fmt::format("{} {}", doing, short_key(key));
  return std::move(error).in(fmt::format("s3 bucket {}: {}", config_.bucket, what));
}

// TLS protects the payload; without it the signature has to.
Result<std::string> S3::payload_hash(const Call& call) const {
  if (config_.endpoint.tls) return std::string(net::k_unsigned_payload);
  Sha256 hash;
  TRY(call.body.each([&hash](ByteView piece) -> Result<void> {
    hash.update(piece);
    return {};
  }));
  return to_hex(hash.finish());
}

Result<net::Response> S3::send_once(const Call& call, const std::string& payload_hash,
                                    UnixNanos signed_ns, Deadline deadline,
                                    net::Credentials& used) {
  TRY_ASSIGN(used, credentials_.get(deadline, signed_ns));
  net::Request request;
  request.method = call.method;
  request.url = url_of(call.key);
  request.url.query = net::canonical_query(call.query);
  request.headers = call.headers;
  request.collect_max = call.collect_max;
  request.on_head = call.on_head;
  request.expect_continue = call.expect;
  // Objects come at once where they come at all; a listing may take its time.
  if (call.method == "GET" && call.query.empty()) request.stall_max = k_remote_stall_max;
  send_body(request, call.body);
  if (call.range != nullptr) call.range->prepare(request);
  net::ToSign to_sign{call.method, request.url.path, call.query, request.headers, payload_hash};
  to_sign.headers.emplace_back("host", request.url.authority());
  for (auto& header : net::sign(to_sign, used, {config_.region, "s3", signed_ns})) {
    request.headers.push_back(std::move(header));
  }
  return http_.send(request, deadline);
}

// Whether the store refused a signature for its time, and the next one will have another:
// containers and machines that were asleep come with any clock. The answer to a HEAD does not say
// why.
bool S3::set_clock(const Call& call, const net::ResponseHead& head, const S3Problem& said,
                   UnixNanos signed_ns) {
  const bool says_nothing = call.method == "HEAD" && said.code.empty();
  if (said.code != "RequestTimeTooSkewed" && !says_nothing) return false;
  const auto date_ns = net::parse_http_date(head.header("date").value_or(""));
  if (!date_ns || std::abs(*date_ns - signed_ns) < k_clock_off_min_ns) return false;
  clock_correction_ns_ = *date_ns - now_ns_();
  return true;
}

// The last answer, whatever its status: what may pass by itself has been tried again before.
Result<net::Response> S3::perform(const Call& call, Deadline deadline) {
  TRY_ASSIGN(const std::string hash, payload_hash(call));
  bool renewed = false;
  bool corrected = false;
  for (Retry retry(deadline, http_.wait_observer());;) {
    net::Credentials used;
    const UnixNanos signed_ns = now_ns_() + clock_correction_ns_;
    auto response = send_once(call, hash, signed_ns, deadline, used);
    if (!response) {
      const bool final = call.range != nullptr &&
                         (call.range->is_complete() || call.range->sink_error().has_value() ||
                          call.range->answer_error().has_value());
      if (final || !is_worth_a_try(response.error()) || !retry.again()) {
        if (!final && retry.tries() > 1) {
          response.error().message += fmt::format(", after {} tries", retry.tries());
        }
        return response;
      }
      continue;
    }
    const int status = response->head.status;
    if (status / 100 == 2) has_taken_ = true;
    if (status == 400 || status == 403) {
      const S3Problem said = read_s3_problem(response->head, text_of(response->body));
      const bool ended = said.code == "ExpiredToken" || said.code == "TokenRefreshRequired";
      if (ended && !renewed && credentials_.renew(used)) {
        renewed = true;
        continue;
      }
      if (!corrected && set_clock(call, response->head, said, signed_ns)) {
        corrected = true;
        continue;
      }
      if (said.code != "RequestTimeout") return response;
    } else if (!is_worth_a_try(status)) {
      return response;
    }
    if (!retry.again()) return response;
  }
}

Result<std::optional<Object>> S3::get(std::string_view key, std::uint64_t size_max,
                                      Deadline deadline) {
  TRY(check_key(key));
  Call call;
  call.key = full(key);
  call.collect_max = size_max;
  call.on_head = [size_max](const net::ResponseHead& head) -> Result<void> {
    if (!head.content_length || *head.content_length <= size_max) return {};
    return fail(Code::exhausted, fmt::format("it has {} bytes, more than the {} that are read",
                                             *head.content_length, size_max));
  };
  auto response = perform(call, deadline);
  if (!response) return std::unexpected(about("get", key, std::move(response).error()));
  if (response->head.status == 200) {
    return Object{std::move(response->body),
                  std::string(response->head.header("etag").value_or(""))};
  }
  if (says_absent(*response)) return std::nullopt;
  return std::unexpected(about("get", key, problem(*response)));
}

Result<bool> S3::get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                           const codec::ByteSink& sink, Deadline deadline) {
  TRY(check_key(key));
  const bool overflows = length > ~std::uint64_t{0} - offset;
  if (length == 0 || overflows) {
    TRY_ASSIGN(const auto info, head(key, deadline));
    if (!info || !overflows) return info.has_value();
    return std::unexpected(about("get", key, {Code::corrupt, "it ends before the range does"}));
  }
  RangeReader reader(offset, length, sink);
  Call call;
  call.key = full(key);
  call.range = &reader;
  auto response = perform(call, deadline);
  if (reader.is_complete()) return true;
  if (reader.sink_error()) return std::unexpected(*reader.sink_error());
  if (!response) return std::unexpected(about("get", key, std::move(response).error()));
  const int status = response->head.status;
  if (status == 416 || status / 100 == 2) {
    return std::unexpected(about("get", key, {Code::corrupt, "it ends before the range does"}));
  }
  if (status == 412) {
    return std::unexpected(about("get", key, {Code::corrupt, "it was replaced meanwhile"}));
  }
  if (says_absent(*response)) return false;
  return std::unexpected(about("get", key, problem(*response)));
}

Result<std::optional<ObjectInfo>> S3::head(std::string_view key, Deadline deadline) {
  TRY(check_key(key));
  Call call;
  call.method = "HEAD";
  call.key = full(key);
  auto response = perform(call, deadline);
  if (!response) return std::unexpected(about("head", key, std::move(response).error()));
  const net::ResponseHead& answer = response->head;
  if (answer.status == 404) return std::nullopt;
  if (answer.status != 200) return std::unexpected(about("head", key, problem(*response)));
  if (!answer.content_length) {
    return std::unexpected(about("head", key, {Code::corrupt, "the server says no size"}));
  }
  return ObjectInfo{*answer.content_length, std::string(answer.header("etag").value_or("")),
                    net::parse_http_date(answer.header("last-modified").value_or(""))};
}

Result<void> S3::remove(std::string_view key, Deadline deadline) {
  TRY(check_key(key));
  Call call;
  call.method = "DELETE";
  call.key = full(key);
  auto response = perform(call, deadline);
  if (!response) return std::unexpected(about("remove", key, std::move(response).error()));
  if (response->head.status / 100 == 2) return {};
  if (says_absent(*response)) return {};
  return std::unexpected(about("remove", key, problem(*response)));
}

Result<ListPage> S3::list(std::string_view prefix, std::string_view after, std::size_t limit,
                          Deadline deadline) {
  std::string last = after.empty() ? "" : full(after);
  ListPage page;
  for (;;) {
    Call call;
    call.query = {{"list-type", "2"},
                  {"encoding-type", "url"},
                  {"max-keys", std::to_string(std::clamp<std::size_t>(limit, 1, k_list_page_max))},
                  {"prefix", full(prefix)}};
    if (!last.empty()) call.query.emplace_back("start-after", last);
    call.collect_max = k_list_bytes_max;
    auto response = perform(call, deadline);
    if (!response) return std::unexpected(about("list", prefix, std::move(response).error()));
    if (response->head.status != 200) {
      return std::unexpected(about("list", prefix, problem(*response)));
    }
    auto read = read_s3_list(text_of(response->body));
    if (!read) return std::unexpected(about("list", prefix, std::move(read).error()));
    for (std::size_t i = 0; i < read->keys.size(); ++i) {
      const std::string& key = read->keys[i];
      const std::string_view own =
          std::string_view(key).substr(std::min(config_.prefix.size(), key.size()));
      if (!check_key(own)) continue;
      page.keys.emplace_back(own);
      page.sizes.push_back(read->sizes[i]);
    }
    page.more = read->more;
    // A page of nothing but what is not ours: the caller could not ask for the next one.
    if (!page.more || !page.keys.empty() || read->keys.empty()) return page;
    last = read->keys.back();
  }
}

Result<PutResult> S3::put_answer(const net::Response& response, bool conditional) const {
  const int status = response.head.status;
  if (status / 100 == 2) {
    return PutResult{true, std::string(response.head.header("etag").value_or(""))};
  }
  if (conditional && (status == 412 || status == 409)) return PutResult{};
  // If-Match on what is not there.
  if (conditional && says_absent(response)) return PutResult{};
  return std::unexpected(problem(response));
}

Result<PutResult> S3::put_whole(std::string_view key, const Body& body, net::Headers conditions,
                                Deadline deadline) {
  Call call;
  call.method = "PUT";
  call.key = full(key);
  call.headers = std::move(conditions);
  const bool conditional = !call.headers.empty();
  call.expect = conditional && body.size() >= k_ask_first_bytes_min;
  call.body = body;
  for (Retry retry(deadline, http_.wait_observer());;) {
    TRY_ASSIGN(const net::Response response, perform(call, deadline));
    // Two conditional writes met in the server, which lets neither decide.
    if (response.head.status == 409 && conditional && retry.again()) continue;
    return put_answer(response, conditional);
  }
}

Result<std::vector<std::string>> S3::send_parts(std::string_view key, const Body& body,
                                                const std::string& upload, Deadline deadline) {
  const std::uint64_t size =
      std::max(k_s3_part_size, (body.size() + k_s3_parts_max - 1) / k_s3_parts_max);
  const auto count = static_cast<std::size_t>((body.size() + size - 1) / size);
  std::vector<Result<std::string>> sent(count, std::string());
  std::atomic<bool> failed = false;
  run_parallel(count, k_s3_parts_at_once, [&](std::size_t i) {
    if (failed) return;
    const std::uint64_t begin = i * size;
    Call call;
    call.method = "PUT";
    call.key = full(key);
    call.query = {{"partNumber", std::to_string(i + 1)}, {"uploadId", upload}};
    call.body = body.part(begin, std::min(size, body.size() - begin));
    auto response = perform(call, deadline);
    if (!response) {
      sent[i] = std::unexpected(std::move(response).error());
    } else if (response->head.status != 200) {
      sent[i] = std::unexpected(problem(*response));
    } else {
      sent[i] = std::string(response->head.header("etag").value_or(""));
    }
    if (!sent[i]) failed = true;
  });
  std::vector<std::string> etags;
  for (auto& each : sent) {
    if (!each) return std::unexpected(std::move(each).error());
    etags.push_back(std::move(*each));
  }
  return etags;
}

// Parts that nobody finishes are paid for until somebody removes them.
void S3::abort_upload(std::string_view key, const std::string& upload) {
  Call call;
  call.method = "DELETE";
  call.key = full(key);
  call.query = {{"uploadId", upload}};
  (void)perform(call,
                Deadline::after(k_abort_max));  // a lifecycle rule of the bucket does the rest
}

Result<PutResult> S3::put_parts(std::string_view key, const Body& body, net::Headers conditions,
                                Deadline deadline) {
  const bool conditional = !conditions.empty();
  // The condition is asked at the very end: before so many bytes are sent in vain, a look.
  if (conditional && conditions.front().first == "If-None-Match") {
    TRY_ASSIGN(const auto there, head(key, deadline));
    if (there) return PutResult{};
  }
  Call start;
  start.method = "POST";
  start.key = full(key);
  start.query = {{"uploads", ""}};
  TRY_ASSIGN(const net::Response started, perform(start, deadline));
  if (started.head.status != 200) return std::unexpected(problem(started));
  TRY_ASSIGN(const std::string upload, read_s3_upload_id(text_of(started.body)));
  const auto finish = [&]() -> Result<PutResult> {
    TRY_ASSIGN(const auto etags, send_parts(key, body, upload, deadline));
    const std::string text = s3_complete_body(etags);
    Call complete;
    complete.method = "POST";
    complete.key = full(key);
    complete.query = {{"uploadId", upload}};
    complete.headers = std::move(conditions);
    complete.body = bytes_of(text);
    for (int i = 1;; ++i) {
      TRY_ASSIGN(const net::Response response, perform(complete, deadline));
      if (response.head.status != 200) return put_answer(response, conditional);
      auto etag = read_s3_completed(text_of(response.body));
      if (etag) return PutResult{true, std::move(*etag)};
      // S3 begins its answer before it is done, and may say only then that it could not.
      if (i == k_complete_tries_max) return std::unexpected(problem(response));
    }
  };
  auto result = finish();
  if (!result || !result->stored) abort_upload(key, upload);
  return result;
}

Result<PutResult> S3::put_with(std::string_view key, const Body& body,
                               const PutCondition& condition, Deadline deadline) {
  net::Headers conditions;
  if (condition.kind == PutCondition::Kind::if_absent) conditions = {{"If-None-Match", "*"}};
  if (condition.kind == PutCondition::Kind::if_match) conditions = {{"If-Match", condition.etag}};
  if (!conditions.empty() && !is_honoured(condition.kind, key, deadline)) {
    // Not atomic, and no more than it can be where the server ignores what it is asked.
    TRY_ASSIGN(const auto there, head(key, deadline));
    const bool absent = condition.kind == PutCondition::Kind::if_absent;
    const bool holds = absent ? !there : there && there->etag == condition.etag;
    if (!holds) return PutResult{};
    conditions.clear();
  }
  return body.size() >= k_s3_multipart_min ? put_parts(key, body, std::move(conditions), deadline)
                                           : put_whole(key, body, std::move(conditions), deadline);
}

Result<PutResult> S3::put(std::string_view key, const Body& body, const PutCondition& condition,
                          Deadline deadline) {
  TRY(check_key(key));
  auto result = put_with(key, body, condition, deadline);
  if (!result) return std::unexpected(about("put", key, std::move(result).error()));
  return result;
}

// yes: the server refused as it must; no: it did what it was told not to, or cannot.
S3::Known S3::ask_for(const net::Headers& condition, const std::string& key, Deadline deadline) {
  Call call;
  call.method = "PUT";
  call.key = key;
  call.headers = condition;
  const auto response = perform(call, deadline);
  if (!response) return Known::unknown;
  const int status = response->head.status;
  if (status == 412 || status == 409 || status == 404) return Known::yes;
  const std::string code = read_s3_problem(response->head, text_of(response->body)).code;
  return status / 100 == 2 || status == 501 || code == "NotImplemented" ? Known::no
                                                                        : Known::unknown;
}

// Whether this server honours a condition is tried out once, on an empty object of the domain that
// is written anyway. What cannot be told (no right, no connection) is taken for a yes.
bool S3::is_honoured(PutCondition::Kind kind, std::string_view key, Deadline deadline) {
  std::atomic<Known>& known = kind == PutCondition::Kind::if_absent ? if_absent_ : if_match_;
  if (known != Known::unknown) return known == Known::yes;
  const std::lock_guard lock(probe_mutex_);
  if (known != Known::unknown) return known == Known::yes;
  const std::string probe = full(key.substr(0, key.find('/'))) + "/" + std::string(k_s3_probe);
  const net::Headers absent = {{"If-None-Match", "*"}};
  // The first may be new, the second cannot be.
  Known answer = ask_for(absent, probe, deadline);
  if (answer == Known::no) answer = ask_for(absent, probe, deadline);
  if_absent_ = answer;
  if (answer != Known::unknown) {
    if_match_ = ask_for({{"If-Match", "\"0123456789abcdef0123456789abcdef\""}}, probe, deadline);
  }
  return known != Known::no;
}

}  // namespace

Result<std::unique_ptr<Objects>> open_s3(const StoreUrl& url, const sys::Environment& env,
                                         UnixNanos (*now_ns)()) {
  TRY_ASSIGN(AwsProfile profile, AwsProfile::of(env));
  TRY_ASSIGN(S3Config config, s3_config(url, profile, env));
  TRY(AwsCredentials::check(env));
  TRY_ASSIGN(net::HttpOptions options, net::HttpOptions::of(env));
  return std::make_unique<S3>(std::move(config), std::move(options), profile, env, now_ns);
}

}  // namespace sluice::store
