#include "agent/module_proxy.hpp"

#include "gotool/goproxy.hpp"
#include "gotool/module_archive.hpp"
#include "gotool/module_archive_reader.hpp"
#include "gotool/module_zip.hpp"
#include "net/url.hpp"
#include "store/fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace sluice::agent {

namespace {

using gotool::ModuleVersion;
using gotool::SummedModule;
using store::Entry;

constexpr auto k_index_wait = std::chrono::seconds(20);
constexpr auto k_fetch_max = std::chrono::minutes(1);
constexpr int k_ok = 200;
constexpr int k_not_found = 404;
constexpr std::string_view k_versions = "/@v/";

std::string new_secret() {
  std::random_device random;
  std::string secret;
  for (int i = 0; i < 4; ++i) secret += fmt::format("{:08x}", random());
  return secret;
}

std::string_view type_of(bool is_zip, bool is_json) {
  if (is_zip) return "application/zip";
  return is_json ? "application/json" : "text/plain; charset=utf-8";
}

// `archive` writes the module's archive to a sink. The end of the zip, without which it is none, is
// sent when all of that has succeeded. False where nothing was sent.
template <class Archive>
bool send_as_zip(const ModuleVersion& module, net::Responder& responder, const Archive& archive) {
  bool has_begun = false;
  gotool::ModuleZip zip(
      module,
      [&](std::uint64_t size) {
        has_begun = true;
        return responder.head(k_ok, type_of(true, false), size);
      },
      [&responder](ByteView bytes) { return responder.body(bytes); });
  if (archive([&zip](ByteView bytes) { return zip.write(bytes); })) (void)zip.finish();
  return has_begun;
}

}  // namespace

ModuleProxy::ModuleProxy(const AgentConfig& config, IndexKeeper* keeper, store::Objects* objects,
                         Uploader& uploader, FaultBook& faults)
    : config_(config),
      keeper_(keeper),
      objects_(objects),
      uploader_(uploader),
      faults_(faults),
      secret_(std::string(gotool::k_module_proxy_mark) + new_secret()) {}

ModuleProxy::~ModuleProxy() { stop(); }

void ModuleProxy::stop() {
  stopping_ = true;
  std::optional<net::HttpServer> server;
  {
    const std::lock_guard lock(mutex_);
    if (server_) server.emplace(std::move(*server_));
    server_.reset();
  }
  if (server) server->stop();
}

Result<std::string> ModuleProxy::url(const std::vector<SummedModule>& build_list) {
  const std::lock_guard lock(mutex_);
  for (const SummedModule& module : build_list) sums_[module.module] = module.sums;
  if (!server_) {
    TRY_ASSIGN(auto server, net::HttpServer::start(
                                [this](const net::ServerRequest& request,
                                       net::Responder& responder) { answer(request, responder); }));
    server_.emplace(std::move(server));
  }
  return fmt::format("http://127.0.0.1:{}/{}", server_->port(), secret_);
}

std::vector<ModuleProxy::Wanted> ModuleProxy::take_wanted() {
  const std::lock_guard lock(mutex_);
  const auto wanted = std::exchange(wanted_, {});
  return {wanted.begin(), wanted.end()};
}

std::uint64_t ModuleProxy::bytes_down() const {
  const std::lock_guard lock(mutex_);
  return bytes_down_;
}

// "/SECRET/github.com/!burnt!sushi/toml/@v/v1.4.0.mod"; nothing for all that is asked of others.
std::optional<ModuleProxy::Question> ModuleProxy::question_of(std::string_view target) const {
  const std::string prefix = "/" + secret_ + "/";
  if (!target.starts_with(prefix)) return std::nullopt;
  target.remove_prefix(prefix.size());
  const std::string unset = std::string(gotool::k_goproxy_unset.substr(1)) + "/";
  if (target.starts_with(unset)) target.remove_prefix(unset.size());
  const auto at = target.find(k_versions);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view file = target.substr(at + k_versions.size());
  Question question;
  constexpr std::pair<std::string_view, Part> k_parts[] = {
      {".info", Part::info}, {".mod", Part::mod}, {".zip", Part::zip}};
  const auto* part = std::ranges::find_if(
      k_parts, [file](const auto& each) { return file.ends_with(each.first); });
  if (part == std::end(k_parts)) return std::nullopt;
  file.remove_suffix(part->first.size());
  question.part = part->second;
  const auto decoded = [](std::string_view text) {
    const auto plain = net::percent_decode(text);  // go writes "!" as "%21"
    return plain ? gotool::unescape_module_text(*plain) : std::nullopt;
  };
  const auto path = decoded(target.substr(0, at));
  const auto version = decoded(file);
  if (!path || !version) return std::nullopt;
  question.module = {*path, *version};
  if (!gotool::is_plain(question.module)) return std::nullopt;
  return question;
}

void ModuleProxy::answer(const net::ServerRequest& request, net::Responder& responder) {
  const auto question = question_of(request.target);
  if (question &&
      (answer_from_cache(*question, responder) || answer_from_store(*question, responder))) {
    return;
  }
  if (question) {
    const std::lock_guard lock(mutex_);
    if (wanted_.size() < k_modules_wanted_max) {
      wanted_.insert({question->module, question->part == Part::zip});
    }
  }
  (void)responder.text(k_not_found, "not known here");
}

// A tree that restore brought has no zip, and go asks for one to make a tree, to verify or to
// download: the tree becomes one. All else go reads in the module cache itself.
bool ModuleProxy::answer_from_cache(const Question& question, net::Responder& responder) {
  if (question.part != Part::zip) return false;
  const auto module = gotool::module_in_cache(config_.module_cache, question.module, true);
  if (!module) return false;
  // A tree that somebody changed is cut off before its end: go asks others.
  return send_as_zip(question.module, responder, [&](const codec::ByteSink& sink) {
    return gotool::archive_module(config_.module_cache, *module, sink);
  });
}

// The most certain first.
std::vector<ActionId> ModuleProxy::actions_of(const Question& question) const {
  gotool::ModuleSums sums;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = sums_.find(question.module); at != sums_.end()) sums = at->second;
  }
  std::vector<ActionId> actions;
  const bool wants_tree = question.part == Part::zip;
  if (!wants_tree && !sums.go_mod.empty()) {
    actions.push_back(gotool::module_action({question.module, {"", sums.go_mod}}));
  }
  if (!sums.tree.empty()) actions.push_back(gotool::module_action({question.module, sums}));
  if (!wants_tree) actions.push_back(gotool::unsummed_module_action(question.module, false));
  actions.push_back(gotool::unsummed_module_action(question.module, true));
  return actions;
}

bool ModuleProxy::answer_from_store(const Question& question, net::Responder& responder) {
  if (keeper_ == nullptr || objects_ == nullptr) return false;
  const auto index =
      keeper_->wait_fresh(Deadline::after(k_index_wait), [this] { return !stopping_; });
  if (!index) return false;
  for (const ActionId& action : actions_of(question)) {
    const Entry* entry = index->find(action);
    if (entry == nullptr || entry->record.kind != store::Kind::module) continue;
    const auto archive = [&](const codec::ByteSink& sink) { return fetch(*entry, sink); };
    const bool has_answered = question.part == Part::zip
                                  ? send_as_zip(question.module, responder, archive)
                                  : send_text(*entry, question, responder);
    if (!has_answered) continue;
    uploader_.used(entry->record);
    return true;
  }
  return false;
}

Result<void> ModuleProxy::fetch(const Entry& entry, const codec::ByteSink& sink) {
  auto done = store::fetch_blob(*objects_, entry, sink, Deadline::after(k_fetch_max));
  if (!done) {
    if (done.error().code == Code::corrupt || done.error().code == Code::not_found) {
      uploader_.distrust(entry.record.output);
    }
    faults_.count("modules", done.error().message);
    return done;
  }
  const std::lock_guard lock(mutex_);
  bytes_down_ += entry.location.stored_size;
  return {};
}

// Of a tree's archive all is fetched, and what is not asked for dropped.
bool ModuleProxy::send_text(const Entry& entry, const Question& question,
                            net::Responder& responder) {
  const auto pass = [](const auto&) { return Result<void>(); };
  gotool::ModuleArchiveReader reader(question.module, {pass, pass, pass, pass});
  const auto fetched = fetch(entry, [&reader](ByteView bytes) { return reader.write(bytes); });
  if (!fetched || !reader.finish()) return false;
  const gotool::ModuleHeader& header = reader.header();
  const std::string& text = question.part == Part::mod ? header.go_mod : header.info;
  // Others know more than the version: a time, an origin.
  if (text.empty()) return false;
  if (responder.head(k_ok, type_of(false, question.part == Part::info), text.size())) {
    (void)responder.body(bytes_of(text));
  }
  return true;
}

}  // namespace sluice::agent
