#include "cli/key.hpp"

#include "base/strings.hpp"
#include "cli/output.hpp"
#include "codec/json.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace sluice::cli {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

constexpr auto k_list_lock_wait = std::chrono::seconds(5);  // for who else changes it now

struct Line {
  std::string id;
  std::string state;  // "signs", "trusted" or "revoked"
  std::string key;    // empty: only its id is known
};

std::vector<Line> lines_of(const store::KeySettings& settings) {
  std::vector<Line> lines;
  const store::Keyring& ring = settings.keys;
  for (const PublicKey& key : ring.keys()) {
    const store::KeyId id = store::key_id_of(key);
    const bool signs = settings.key && settings.key->public_key() == key;
    const std::string state = ring.is_revoked(id) ? "revoked" : signs ? "signs" : "trusted";
    lines.push_back({store::key_id_text(id), state, store::public_key_text(key)});
  }
  for (const store::KeyId& id : ring.revoked()) {
    const std::string text = store::key_id_text(id);
    const bool is_known =
        std::ranges::any_of(lines, [&](const Line& one) { return one.id == text; });
    if (!is_known) lines.push_back({text, "revoked", ""});
  }
  return lines;
}

// Adds a line to the user's list; the whole file is read again first, so that what stands there is
// known to be right.
Result<void> add_to_list(const sys::Path& file, const std::string& line) {
  TRY(sys::make_directories(file.parent_path(), 0700));
  TRY_ASSIGN(const auto lock,
             sys::FileLock::acquire(file.native() + ".lock", Deadline::after(k_list_lock_wait)));
  TRY(store::read_keyring_file(file));
  TRY_ASSIGN(const auto bytes, sys::read_file(file, store::k_key_file_bytes_max));
  std::string text = bytes ? std::string(text_of(*bytes)) : "";
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  text += line + "\n";
  if (text.size() > store::k_key_file_bytes_max) {
    return fail(Code::exhausted, fmt::format("{}: it is full", file.native()));
  }
  return sys::write_file_atomic(file, bytes_of(text), 0600);
}

Result<void> check_home(const sys::Environment& env) {
  if (env.has("HOME") || env.has("XDG_CONFIG_HOME")) return {};
  return fail(Code::invalid, "neither HOME nor XDG_CONFIG_HOME is set: nothing says whose keys");
}

Result<std::string> make_new(const Invocation& invocation, const sys::Environment& env) {
  const bool is_own = !invocation.has("file");
  const sys::Path file =
      is_own ? store::signing_key_path(env) : sys::Path(invocation.option_or("file", ""));
  if (file.empty()) return fail(Code::invalid, "--file is empty: it names the file to write");
  if (is_own) TRY(check_home(env));
  TRY_ASSIGN(const SigningKey key, SigningKey::generate());
  if (is_own) TRY(sys::make_directories(file.parent_path(), 0700));
  auto written = sys::AtomicFile::create(file, 0600);
  if (!written) return fail(Code::invalid, std::move(written).error().message);
  TRY(written->write(bytes_of(store::private_key_text(key))));
  TRY_ASSIGN(const bool is_new, written->commit_if_absent());
  if (!is_new) {
    return fail(Code::invalid, fmt::format("{} is there already, and a key is not overwritten; "
                                           "--file names another place",
                                           file.native()));
  }
  const std::string line = store::public_key_text(key.public_key());
  // Its owner believes it: else nothing that it signs would be read here.
  if (is_own) TRY(add_to_list(store::trusted_keys_path(env), line));
  if (!invocation.has("json")) {
    say(fmt::format("the private key is in {}; this is the line to share:", file.native()));
    return line + "\n";
  }
  return Json(JsonObject{{"id", store::key_id_text(store::key_id_of(key.public_key()))},
                         {"key", line},
                         {"file", file.native()}})
             .dump() +
         "\n";
}

Result<std::string> trust(const std::string& word, const sys::Environment& env) {
  TRY_ASSIGN(const PublicKey key, store::parse_public_key(word));
  const sys::Path file = store::trusted_keys_path(env);
  TRY_ASSIGN(const store::Keyring ring, store::read_keyring_file(file));
  const store::KeyId id = store::key_id_of(key);
  if (ring.is_revoked(id)) {
    return fail(Code::invalid,
                fmt::format("{} is revoked in {}: what it signs is never believed again",
                            store::key_id_text(id), file.native()));
  }
  if (!ring.believes(id)) TRY(add_to_list(file, word));
  return fmt::format("{} is trusted\n", store::key_id_text(id));
}

Result<std::string> revoke(const std::string& word, const sys::Environment& env) {
  // A whole line is as good as its beginning.
  auto id = store::parse_key_id(word);
  if (!id && store::parse_public_key(word))
    id = store::parse_key_id(word.substr(0, word.find(':')));
  if (!id) {
    return fail(Code::invalid,
                fmt::format("\"{}\" names no key: its id is 16 digits of 0-9 and a-f",
                            printable(word, 100)));
  }
  const sys::Path file = store::trusted_keys_path(env);
  TRY_ASSIGN(const store::Keyring ring, store::read_keyring_file(file));
  if (!ring.is_revoked(*id)) TRY(add_to_list(file, "revoked:" + store::key_id_text(*id)));
  return fmt::format(
      "{0} is revoked for this user; elsewhere add revoked:{0} to {1}, or take its line out\n",
      store::key_id_text(*id), store::k_trusted_keys_variable);
}

Result<std::string> change(const std::string& action, const std::vector<std::string>& keys,
                           const sys::Environment& env) {
  if (keys.empty()) return fail(Code::invalid, action + ": say which key");
  // All are looked at before any is written.
  for (const std::string& key : keys) {
    if (action == "trust") TRY(store::parse_public_key(key));
  }
  std::string text;
  for (const std::string& key : keys) {
    TRY_ASSIGN(const std::string line, action == "trust" ? trust(key, env) : revoke(key, env));
    text += line;
  }
  return text;
}

Result<std::string> run(const Invocation& invocation, const sys::Environment& env) {
  const std::string& action = invocation.operands.front();
  const std::vector<std::string> rest(invocation.operands.begin() + 1, invocation.operands.end());
  if (invocation.has("file") && action != "new") {
    return fail(Code::invalid, "--file is for new");
  }
  if (action == "trust" || action == "revoke") {
    TRY(check_home(env));
    TRY_ASSIGN(std::string text, change(action, rest, env));
    if (!invocation.has("json")) return text;
  } else if (!rest.empty()) {
    return fail(Code::invalid,
                fmt::format("{}: unexpected word \"{}\"", action, printable(rest.front(), 80)));
  }
  if (action == "new") return make_new(invocation, env);
  TRY_ASSIGN(const store::KeySettings settings, store::read_key_settings(env));
  return invocation.has("json") ? keys_json(settings) : keys_text(settings);
}

}  // namespace

std::string keys_text(const store::KeySettings& settings) {
  std::string text;
  for (const Line& line : lines_of(settings)) {
    text += fmt::format("{:8}{}\n", line.state, line.key.empty() ? line.id : line.key);
  }
  return text.empty() ? "no keys: whatever lies in the store is believed\n" : text;
}

std::string keys_json(const store::KeySettings& settings) {
  JsonArray keys;
  for (const Line& line : lines_of(settings)) {
    keys.emplace_back(JsonObject{{"id", line.id}, {"state", line.state}, {"key", line.key}});
  }
  return Json(JsonObject{{"keys", std::move(keys)}, {"signs_from", settings.key_source}}).dump() +
         "\n";
}

int run_key(const Invocation& invocation, const sys::Environment& env) {
  sys::ignore_write_signals();
  sys::hide_memory();
  return print_or_report("key", run(invocation, env));
}

}  // namespace sluice::cli
