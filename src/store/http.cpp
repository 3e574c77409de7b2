#include "store/http.hpp"

#include "base/digest.hpp"
#include "base/strings.hpp"
#include "net/http_client.hpp"
#include "store/netrc.hpp"
#include "store/parallel.hpp"
#include "store/remote_calls.hpp"
#include "store/whole_objects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::store {

namespace {

class Http final : public Objects {
 public:
  Http(const StoreUrl& url, net::HttpOptions options, std::string authorization,
       const sys::Environment& env)
      : url_(url), http_(std::move(options), env), authorization_(std::move(authorization)) {}

  Capabilities capabilities() const override {
    const bool whole = !url_.bazel;
    return {.list = false, .remove = whole, .etags = whole};
  }
  std::string describe() const override { return url_.identity(); }

  Result<std::optional<Object>> get(std::string_view key, std::uint64_t size_max,
                                    Deadline deadline) override;
  Result<bool> get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                         const codec::ByteSink& sink, Deadline deadline) override;
  Result<PutResult> put(std::string_view key, const Body& body, const PutCondition& condition,
                        Deadline deadline) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key, Deadline deadline) override;
  Result<void> remove(std::string_view key, Deadline deadline) override;
  Result<ListPage> list(std::string_view, std::string_view, std::size_t, Deadline) override {
    return fail(Code::unsupported, url_.identity() + ": a web server lists no objects");
  }
  void observe_waits(net::WaitObserver observer) override {
    http_.observe_waits(std::move(observer));
  }
  RequestCounts requests() const override {
    const net::RequestCounts sent = http_.requests();
    return {sent.reads, sent.writes};
  }
  void warm_up(unsigned connections, Deadline deadline) override {
    run_parallel(connections, connections,
                 [&](std::size_t) { (void)http_.warm_up(url_.web, deadline); });  // told elsewhere
  }

 private:
  net::Request request(std::string_view method, std::string_view key) const;
  // Tried again where that may help; every status is an answer.
  Result<net::Response> perform(net::Request& request, Deadline deadline, RangeReader* range);
  Error problem(int status) const;
  Error put_problem(std::string_view key, int status) const;
  std::string etag_of(const net::ResponseHead& head) const {
    return capabilities().etags ? std::string(head.header("etag").value_or("")) : std::string();
  }
  Error about(std::string_view doing, std::string_view key, Error error) const {
    return std::move(error).in(fmt::format("{}: {} {}", url_.identity(), doing, short_key(key)));
  }

  StoreUrl url_;
  net::HttpClient http_;
  std::string authorization_;
};

net::Request Http::request(std::string_view method, std::string_view key) const {
  net::Request made;
  made.method = method;
  made.url = url_.web;
  made.url.path = url_.prefix.empty() ? "/" : "/" + url_.prefix + "/";
  // Plain characters only, as check_key says.
  made.url.path += url_.bazel ? bazel_path(key) : std::string(key);
  made.collect_max = k_remote_error_bytes_max;
  if (method == "GET") made.stall_max = k_remote_stall_max;
  if (!authorization_.empty()) made.headers.emplace_back("Authorization", authorization_);
  return made;
}

Result<net::Response> Http::perform(net::Request& request, Deadline deadline, RangeReader* range) {
  const net::Headers headers = request.headers;
  for (Retry retry(deadline, http_.wait_observer());;) {
    request.headers = headers;
    if (range != nullptr) range->prepare(request);
    auto response = http_.send(request, deadline);
    const bool final =
        range != nullptr && (range->is_complete() || range->sink_error() || range->answer_error());
    if (final) return response;
    const bool worth_it =
        response ? is_worth_a_try(response->head.status) : is_worth_a_try(response.error());
    if (!worth_it || !retry.again()) return response;
  }
}

Error Http::problem(int status) const {
  if (status == 401 || status == 403) {
    return {Code::denied,
            fmt::format("it answered {}: {}", status,
                        authorization_.empty() ? "it wants credentials, in SLUICE_TOKEN or ~/.netrc"
                                               : "these credentials have no right to do this")};
  }
  if (status / 100 == 3) {
    return {
        Code::unsupported,
        fmt::format("it answered {}: redirects are not followed, name the server itself", status)};
  }
  if (status == 405 || status == 501) {
    return {Code::unsupported, fmt::format("it answered {}: it does not do this", status)};
  }
  if (status == 413 || status == 507) {
    return {Code::exhausted, fmt::format("it answered {}: no room for this", status)};
  }
  const bool passing = status / 100 == 5 || status == 429;
  return {passing ? Code::unavailable : Code::io, fmt::format("it answered {}", status)};
}

Error Http::put_problem(std::string_view key, int status) const {
  if (!url_.bazel || status != 400 || !bazel_path(key).starts_with("ac/")) return problem(status);
  return {Code::unsupported,
          "it answered 400: it may take nothing but Bazel's own action results; bazel-remote takes "
          "others when it is started with --disable_http_ac_validation"};
}

Result<std::optional<Object>> Http::get(std::string_view key, std::uint64_t size_max,
                                        Deadline deadline) {
  TRY(check_key(key));
  net::Request asked = request("GET", key);
  asked.collect_max = size_max;
  asked.on_head = [size_max](const net::ResponseHead& head) -> Result<void> {
    if (!head.content_length || *head.content_length <= size_max) return {};
    return fail(Code::exhausted, fmt::format("it has {} bytes, more than the {} that are read",
                                             *head.content_length, size_max));
  };
  auto response = perform(asked, deadline, nullptr);
  if (!response) return std::unexpected(about("get", key, std::move(response).error()));
  const int status = response->head.status;
  if (status == 200) {
    return Object{std::move(response->body), etag_of(response->head)};
  }
  if (status == 404 || status == 410) return std::nullopt;
  return std::unexpected(about("get", key, problem(status)));
}

Result<bool> Http::get_range(std::string_view key, std::uint64_t offset, std::uint64_t length,
                             const codec::ByteSink& sink, Deadline deadline) {
  TRY(check_key(key));
  const Error too_short{Code::corrupt, "it ends before the range does"};
  const bool overflows = length > ~std::uint64_t{0} - offset;
  if (length == 0 || overflows) {
    TRY_ASSIGN(const auto info, head(key, deadline));
    if (!info || !overflows) return info.has_value();
    return std::unexpected(about("get", key, too_short));
  }
  RangeReader reader(offset, length, sink);
  net::Request asked = request("GET", key);
  auto response = perform(asked, deadline, &reader);
  if (reader.is_complete()) return true;
  if (reader.sink_error()) return std::unexpected(*reader.sink_error());
  if (!response) return std::unexpected(about("get", key, std::move(response).error()));
  const int status = response->head.status;
  if (status == 404 || status == 410) return false;
  if (status == 416 || status / 100 == 2) return std::unexpected(about("get", key, too_short));
  if (status == 412) {
    return std::unexpected(about("get", key, {Code::corrupt, "it was replaced meanwhile"}));
  }
  return std::unexpected(about("get", key, problem(status)));
}

Result<std::optional<ObjectInfo>> Http::head(std::string_view key, Deadline deadline) {
  TRY(check_key(key));
  net::Request asked = request("HEAD", key);
  auto response = perform(asked, deadline, nullptr);
  if (!response) return std::unexpected(about("head", key, std::move(response).error()));
  const net::ResponseHead& answer = response->head;
  if (answer.status == 404 || answer.status == 410) return std::nullopt;
  if (answer.status != 200) return std::unexpected(about("head", key, problem(answer.status)));
  // Some servers say no size of an empty object.
  return ObjectInfo{answer.content_length.value_or(0), etag_of(answer),
                    net::parse_http_date(answer.header("last-modified").value_or(""))};
}

// A condition is a look before the put: two writers may both find that it holds.
Result<PutResult> Http::put(std::string_view key, const Body& body, const PutCondition& condition,
                            Deadline deadline) {
  TRY(check_key(key));
  if (condition.kind != PutCondition::Kind::none) {
    TRY_ASSIGN(const auto there, head(key, deadline));
    const bool holds = condition.kind == PutCondition::Kind::if_absent
                           ? !there
                           : there && there->etag == condition.etag;
    if (!holds) return PutResult{};
  }
  net::Request asked = request("PUT", key);
  asked.headers.emplace_back("Content-Type", "application/octet-stream");
  send_body(asked, body);
  auto response = perform(asked, deadline, nullptr);
  if (!response) return std::unexpected(about("put", key, std::move(response).error()));
  const int status = response->head.status;
  if (status / 100 != 2) {
    return std::unexpected(about("put", key, put_problem(key, status)));
  }
  PutResult result{true, etag_of(response->head)};
  if (result.etag.empty() && capabilities().etags) {
    TRY_ASSIGN(const auto info, head(key, deadline));
    if (info) result.etag = info->etag;
  }
  return result;
}

Result<void> Http::remove(std::string_view key, Deadline deadline) {
  TRY(check_key(key));
  if (url_.bazel) {
    return fail(Code::unsupported, url_.identity() + ": Bazel's protocol removes no objects");
  }
  net::Request asked = request("DELETE", key);
  auto response = perform(asked, deadline, nullptr);
  if (!response) return std::unexpected(about("remove", key, std::move(response).error()));
  const int status = response->head.status;
  if (status / 100 == 2 || status == 404 || status == 410) return {};
  return std::unexpected(about("remove", key, problem(status)));
}

}  // namespace

// <domain>/v1/<kind>/<2 hex>/<64 hex>: docs/formats/remote.md says what is named by its own bytes.
std::string bazel_path(std::string_view key) {
  const std::vector<std::string_view> elements = split(key, '/');
  if (elements.size() == 5 && elements[1] == "v1" && BlobId::from_hex(elements[4])) {
    const std::string_view kind = elements[2];
    if (kind == "packs" || kind == "blobs" || kind == "manifests") {
      return "cas/" + std::string(elements[4]);
    }
  }
  return "ac/" + to_hex(sha256(bytes_of(key)));
}

Result<std::unique_ptr<Objects>> open_http(const StoreUrl& url, const sys::Environment& env) {
  TRY_ASSIGN(net::HttpOptions options, net::HttpOptions::of(env));
  std::string authorization;
  if (env.has("SLUICE_TOKEN")) {
    const std::string token = env.get_or("SLUICE_TOKEN", "");
    const bool plain = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!plain) return fail(Code::invalid, "SLUICE_TOKEN: a blank or control character in it");
    authorization = "Bearer " + token;
  } else if (const auto login = login_for(url.web.host, env)) {
    authorization = net::basic_authorization(login->user, login->password);
  }
  const bool knows_ranges = !url.bazel;
  auto objects = std::make_unique<Http>(url, std::move(options), std::move(authorization), env);
  if (knows_ranges) return objects;
  return with_whole_objects(std::move(objects));
}

}  // namespace sluice::store
