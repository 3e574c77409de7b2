#include "agent/client.hpp"

#include "agent/another_agent.hpp"
#include "agent/tool_record.hpp"
#include "base/strings.hpp"
#include "store/secrets.hpp"
#include "sys/environment.hpp"
#include "sys/log.hpp"
#include "sys/process.hpp"
#include "sys/unix_socket.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace sluice::agent {
namespace {

constexpr auto k_probe_wait = std::chrono::milliseconds(20);
constexpr auto k_answer_slack =
    std::chrono::milliseconds(2000);                      // past what the agent was asked to wait
constexpr auto k_silence_max = std::chrono::seconds(20);  // it beats every 5 s
constexpr auto k_hello_wait = std::chrono::milliseconds(2000);
constexpr std::uint64_t k_report_bytes_max = 4U << 20U;

// An environment can be read in /proc, also before a process can hide itself: secrets go to the
// agent as its standard input.
Result<sys::Fd> secrets_as_file(const sys::Environment& env) {
  sys::Fd file(::memfd_create("secrets", MFD_CLOEXEC));
  if (!file) return fail_errno(errno, "start agent: memfd");
  TRY(sys::write_all(file.get(), store::pack_secrets(env)));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno(errno, "start agent: memfd");
  return file;
}

}  // namespace

Result<void> ensure_agent(const AgentConfig& config, const sys::Environment& env) {
  TRY(sys::make_private_directory(config.runtime_directory));
  const auto probe = sys::connect_unix(config.socket_path(), Deadline::after(k_probe_wait));
  if (probe && *probe) return {};
  // One without secrets would be of no use. Where it is the one that has them it may still come.
  if (config.secrets_apart) {
    if (config.secrets_agent == config.socket_path()) return {};
    return ask_for_another(config);
  }
  TRY_ASSIGN(const sys::Path self, sys::own_executable());
  TRY_ASSIGN(const sys::Fd secrets, secrets_as_file(env));
  sys::Fd null_output(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  // Else it would hold the output of whoever starts it.
  if (!null_output) return fail_errno(errno, "start agent: /dev/null");
  sys::SpawnOptions options;
  options.program = self;
  options.arguments = {"sluice", "agent", "run"};
  options.environment = store::without_secrets(env);
  options.environment.set(k_session_variable, config.encode());
  options.working_directory = "/";  // never in the way of an unmount
  options.detached = true;
  options.stdin_fd = secrets.get();
  options.stdout_fd = null_output.get();
  options.stderr_fd = null_output.get();
  auto child = sys::spawn(options);
  if (!child) return std::unexpected(std::move(child).error().in("start agent"));
  return {};  // it detaches itself: nobody waits for it
}

sys::Environment take_secrets(sys::Environment env, int input) {
  struct stat info{};
  if (::fstat(input, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0) return env;
  sys::hide_memory();
  Bytes packed(
      std::min<std::size_t>(static_cast<std::size_t>(info.st_size), store::k_secrets_bytes_max));
  const auto count = sys::read_at(input, packed, 0);
  if (count) store::add_secrets(env, ByteView(packed).first(*count));
  // Through /proc who may look at this process could read the file for as long as it is open.
  const sys::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing) (void)::dup2(nothing.get(), input);
  return env;
}

Result<std::optional<Client>> Client::connect(const AgentConfig& config, Deadline deadline) {
  return connect_socket(config.socket_path(), deadline);
}

Result<std::optional<Client>> Client::connect_socket(const sys::Path& socket, Deadline deadline) {
  TRY_ASSIGN(std::optional<sys::Fd> fd, sys::connect_unix(socket, deadline));
  if (!fd) return std::nullopt;
  TRY_ASSIGN(const sys::Peer peer, sys::peer_of(fd->get()));
  if (peer.uid != sys::effective_user()) {
    return fail(Code::denied, "agent: the socket belongs to another user");
  }
  Client client(std::move(*fd));
  Hello hello;
  hello.pid = static_cast<std::uint64_t>(::getpid());
  hello.role = "client";
  TRY(sys::write_all(client.socket_.get(), encode_hello(hello)));
  TRY_ASSIGN(const std::optional<Frame> answer,
             receive_frame(client.socket_.get(), client.reader_, Deadline::after(k_hello_wait)));
  if (!answer) return std::nullopt;
  if (answer->type == Type::refused) {
    TRY_ASSIGN(const std::string reason, decode_text(answer->payload));
    return fail(Code::unsupported, "agent: " + reason);
  }
  return client;
}

Result<Frame> Client::exchange(const Bytes& frame, Deadline deadline) {
  TRY(sys::write_all(socket_.get(), frame));
  std::optional<Frame> answer;
  do {
    const Deadline patience = deadline.sooner(Deadline::after(k_silence_max));
    auto received = receive_frame(socket_.get(), reader_, patience);
    if (!received && received.error().code == Code::timeout && !deadline.passed()) {
      return fail(Code::timeout, "agent: it said nothing for 20 s");
    }
    if (!received) return std::unexpected(std::move(received).error());
    answer = std::move(*received);
  } while (answer && answer->type == Type::welcome);  // a sign of life while it works
  if (!answer) return fail(Code::unavailable, "agent: it ended before it answered");
  return std::move(*answer);
}

Result<codec::Json> Client::ask(const Bytes& frame, Deadline deadline) {
  TRY_ASSIGN(const Frame answer, exchange(frame, deadline));
  if (answer.type != Type::reply) return fail(Code::corrupt, "agent: unexpected answer");
  TRY_ASSIGN(const std::string text, decode_text(answer.payload));
  return codec::parse_json(text);
}

Result<bool> Client::knows(const ActionId& action) {
  constexpr auto k_knows_wait_max = std::chrono::seconds(20);  // as an index may take
  TRY_ASSIGN(const Frame answer,
             exchange(encode_get(Get{1, action}), Deadline::after(k_knows_wait_max)));
  if (answer.type == Type::hit || answer.type == Type::miss) return answer.type == Type::hit;
  return fail(Code::corrupt, "agent: unexpected answer");
}

Result<codec::Json> Client::status(Deadline deadline) {
  return ask(encode_text(Type::status, ""), deadline);
}

Result<codec::Json> Client::wait(std::chrono::milliseconds wait) {
  return ask(encode_number(Type::wait, static_cast<std::uint64_t>(wait.count())),
             Deadline::after(wait + k_answer_slack));
}

Result<codec::Json> Client::finish(std::string_view command_id, std::chrono::milliseconds wait) {
  return ask(encode_finish(command_id, static_cast<std::uint64_t>(wait.count())),
             Deadline::after(wait + k_answer_slack));
}

Result<codec::Json> Client::stop(std::chrono::milliseconds wait) {
  TRY_ASSIGN(auto answer, ask(encode_number(Type::stop, static_cast<std::uint64_t>(wait.count())),
                              Deadline::after(wait + k_answer_slack)));
  // It hangs up when nobody can reach it any more.
  const Deadline end = Deadline::after(k_answer_slack);
  for (bool is_there = true; is_there;) {
    const auto frame = receive_frame(socket_.get(), reader_, end);
    is_there = frame && *frame;
  }
  return answer;
}

Result<codec::Json> Client::restore(std::chrono::milliseconds wait) {
  return ask(encode_number(Type::restore, static_cast<std::uint64_t>(wait.count())),
             Deadline::after(wait + k_answer_slack));
}

Result<codec::Json> Client::bring_modules(const ModulesAsked& asked,
                                          std::chrono::milliseconds wait) {
  return ask(encode_modules(Type::modules_bring, asked), Deadline::after(wait + k_answer_slack));
}

Result<void> Client::start_bringing_modules(const ModulesAsked& asked) {
  return sys::write_all(socket_.get(), encode_modules(Type::modules_bring, asked));
}

Result<codec::Json> Client::hold(std::chrono::milliseconds unused_max,
                                 std::chrono::milliseconds wait) {
  return ask(encode_hold(static_cast<std::uint64_t>(unused_max.count()),
                         static_cast<std::uint64_t>(wait.count())),
             Deadline::after(wait + k_answer_slack));
}

Result<std::string> Client::module_proxy(const ModulesAsked& asked) {
  TRY_ASSIGN(const codec::Json reply,
             ask(encode_modules(Type::modules_proxy, asked), Deadline::after(k_answer_slack)));
  return reply.text_or("url", "");
}

Result<void> Client::keep_modules(const ModulesAsked& asked) {
  TRY(ask(encode_modules(Type::modules_keep, asked), Deadline::after(k_answer_slack)));
  return {};
}

Result<codec::Json> Client::start_another(const AgentConfig& config) {
  return ask(encode_text(Type::another, config.encode()), Deadline::after(k_answer_slack));
}

Result<codec::Json> Client::read_journal(Deadline deadline) {
  return ask(encode_number(Type::journal, 0), deadline);
}

Result<codec::Json> Client::save(UnixNanos since_ns) {
  constexpr auto k_scan_wait = std::chrono::seconds(30);
  return ask(encode_save(since_ns), Deadline::after(k_scan_wait));
}

Result<bool> Client::link(const ActionId& key) {
  constexpr auto k_link_wait_max = std::chrono::seconds(90);  // the agent's bound is far shorter
  TRY_ASSIGN(const codec::Json answer, ask(encode_link_get(key), Deadline::after(k_link_wait_max)));
  return answer.bool_or("found", false);
}

Result<void> Client::note(const LinkNote& note) {
  constexpr auto k_note_wait_max = std::chrono::seconds(2);
  TRY(ask(encode_link_note(note), Deadline::after(k_note_wait_max)));
  return {};
}

std::vector<sys::Path> agent_sockets(const sys::Path& runtime_directory) {
  std::vector<sys::Path> sockets;
  // A directory that cannot be listed holds no agent of ours.
  (void)sys::list_directory(runtime_directory, [&](std::string_view name) -> Result<void> {
    if (name.ends_with(".sock")) sockets.push_back(runtime_directory / name);
    return {};
  });
  return sockets;
}

sys::Path report_path(const AgentConfig& config) {
  return config.runtime_directory / ("report-" + config.command_id + ".jsonl");
}

std::optional<sys::FileLock> be_present(const AgentConfig& config) {
  auto lock = sys::FileLock::share(report_path(config), Deadline::after(k_sessions_gone_wait));
  return lock ? std::optional(std::move(*lock)) : std::nullopt;
}

void wait_for_sessions(const AgentConfig& config) {
  if (config.command_id.empty()) return;
  const auto alone =
      sys::FileLock::acquire(report_path(config), Deadline::after(k_sessions_gone_wait));
  if (!alone) sys::log_info("sessions of {}: {}", config.command_id, alone.error().message);
}

Counters take_report(const AgentConfig& config) {
  Counters sum;
  if (config.command_id.empty()) return sum;
  const sys::Path path = report_path(config);
  const auto bytes = sys::read_file(path, k_report_bytes_max);
  if (!bytes || !*bytes) return sum;
  for (std::string_view line : split(text_of(**bytes), '\n')) {
    if (line.empty()) continue;
    if (const auto json = codec::parse_json(line)) sum.add(Counters::from_json(*json));
  }
  (void)sys::remove_file(path);  // a left-over is swept with the directory
  if (const sys::Path entries = entries_directory(config); !entries.empty()) {
    (void)sys::remove_tree(entries);
  }
  return sum;
}

}  // namespace sluice::agent
