#include "agent/cache_client.hpp"

#include "base/rfc3339.hpp"
#include "base/strings.hpp"
#include "codec/base64.hpp"
#include "sys/log.hpp"
#include "sys/pipe.hpp"

#include <csignal>
#include <utility>
#include <vector>

namespace sluice::agent {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr std::size_t k_read_bytes = 64U << 10U;
constexpr auto k_end_wait = std::chrono::seconds(30);  // for a session that was told to close

std::optional<BlobId> digest_of(const Json& answer) {
  const auto bytes = codec::base64_decode(answer.text_or("OutputID", ""));
  return bytes ? BlobId::from_bytes(*bytes) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<CacheClient>> CacheClient::start(const std::vector<std::string>& words,
                                                        const sys::Environment& env,
                                                        const sys::Path& directory) {
  TRY_ASSIGN(sys::Pipe to, sys::make_pipe());
  TRY_ASSIGN(sys::Pipe from, sys::make_pipe());
  sys::SpawnOptions options;
  options.program = words.front();
  options.arguments = words;
  options.environment = env;
  options.working_directory = directory;
  options.stdin_fd = to.reads.get();
  options.stdout_fd = from.writes.get();
  TRY_ASSIGN(sys::Child session, sys::spawn(options));
  return std::make_unique<CacheClient>(session, std::move(to.writes), std::move(from.reads));
}

CacheClient::CacheClient(sys::Child session, sys::Fd to, sys::Fd from)
    : session_(session), to_(std::move(to)), from_(std::move(from)), reader_([this] { read(); }) {}

CacheClient::~CacheClient() { close(); }

void CacheClient::close() {
  if (!reader_.joinable()) return;
  (void)ask({{"Command", "close"}}, {});
  to_.reset();
  auto ended = session_.wait_until(Deadline::after(k_end_wait));
  if (!ended || !*ended) {
    session_.send_signal(SIGKILL);
    (void)session_.wait();
  }
  reader_.join();
}

std::optional<gotool::LocalHit> CacheClient::get(const ActionId& action) {
  const auto answer =
      ask({{"Command", "get"}, {"ActionID", codec::base64_encode(action.view())}}, {});
  if (!answer || answer->bool_or("Miss", false)) return std::nullopt;
  const auto output = digest_of(*answer);
  if (!output) return std::nullopt;
  gotool::LocalHit hit;
  hit.output = *output;
  hit.size = static_cast<std::uint64_t>(answer->int_or("Size", 0));
  hit.time_ns = parse_rfc3339(answer->text_or("Time", "")).value_or(0);
  hit.disk_path = answer->text_or("DiskPath", "");
  return hit;
}

bool CacheClient::put(const ActionId& action, ByteView body) {
  JsonObject request = {
      {"Command", "put"},
      {"ActionID", codec::base64_encode(action.view())},
      {"OutputID", codec::base64_encode(sha256_as<BlobId>(body).view())},
  };
  if (!body.empty()) request.emplace_back("BodySize", std::uint64_t{body.size()});
  const auto answer = ask(std::move(request), body);
  return answer && !answer->text_or("DiskPath", "").empty();
}

std::optional<Json> CacheClient::ask(JsonObject request, ByteView body) {
  std::future<std::optional<Json>> answer;
  std::int64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_gone_) return std::nullopt;
    id = ++last_id_;
    answer = asked_[id].get_future();
  }
  request.insert(request.begin(), {"ID", id});
  std::string text = Json(std::move(request)).dump() + "\n\n";
  if (!body.empty()) text += "\"" + codec::base64_encode(body) + "\"\n";
  {
    const std::lock_guard lock(write_mutex_);
    if (const auto written = sys::write_all(to_.get(), bytes_of(text)); !written) give_up();
  }
  return answer.get();
}

void CacheClient::read() {
  std::string pending;
  std::vector<std::byte> piece(k_read_bytes);
  for (;;) {
    const auto count = sys::read_some(from_.get(), piece);
    if (!count || *count == 0) return give_up();
    pending += text_of(ByteView(piece).first(*count));
    std::size_t begin = 0;
    for (;;) {
      const std::size_t end = pending.find('\n', begin);
      if (end == std::string::npos) break;
      answered(std::string_view(pending).substr(begin, end - begin));
      begin = end + 1;
    }
    pending.erase(0, begin);
  }
}

void CacheClient::answered(std::string_view line) {
  auto answer = codec::parse_json(line);
  if (!answer) return sys::log_debug("a session's answer: {}", answer.error().message);
  const std::lock_guard lock(mutex_);
  const auto at = asked_.find(answer->int_or("ID", 0));
  if (at == asked_.end()) return;  // its first words have no question
  at->second.set_value(std::move(*answer));
  asked_.erase(at);
}

// The session has gone.
void CacheClient::give_up() {
  const std::lock_guard lock(mutex_);
  is_gone_ = true;
  for (auto& [id, promise] : asked_) promise.set_value(std::nullopt);
  asked_.clear();
}

}  // namespace sluice::agent
