#include "gotool/tool_memo.hpp"

#include "codec/json.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <chrono>

namespace sluice::gotool {
namespace {

using codec::Json;
using codec::JsonObject;

constexpr int k_memo_version = 2;
constexpr std::uint64_t k_memo_bytes_max = 64U << 10U;
constexpr std::size_t k_said_bytes_max = 4U << 10U;
constexpr std::size_t k_name_digits = 32;
constexpr std::size_t k_read_piece = 1U << 20U;
constexpr std::chrono::milliseconds k_ask_max{10'000};

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

bool is_about(const Json& memo, const sys::Path& tool, const sys::FileInfo& info) {
  return memo.int_or("version", 0) == k_memo_version && memo.text_or("path", "") == tool.native() &&
         memo.int_or("inode", -1) == number(info.inode) &&
         memo.int_or("changed_ns", -1) == info.changed_ns &&
         memo.int_or("size", -1) == number(info.size);
}

std::optional<ToolFacts> read_memo(const sys::Path& file, const sys::Path& tool,
                                   const sys::FileInfo& info) {
  const auto bytes = sys::read_file(file, k_memo_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  const auto memo = codec::parse_json(text_of(**bytes));
  if (!memo || !is_about(*memo, tool, info)) return std::nullopt;
  ToolFacts facts;
  facts.said = memo->text_or("said", "");
  if (facts.said.empty()) return std::nullopt;
  facts.digest = BlobId::from_hex(memo->text_or("sha256", ""));
  return facts;
}

void write_memo(const sys::Path& file, const sys::Path& tool, const sys::FileInfo& info,
                const ToolFacts& facts) {
  JsonObject memo{{"version", k_memo_version},   {"path", tool.native()},
                  {"inode", number(info.inode)}, {"changed_ns", info.changed_ns},
                  {"size", number(info.size)},   {"said", facts.said}};
  if (facts.digest) memo.emplace_back("sha256", facts.digest->hex());
  // Without it the tool is asked again.
  if (!sys::make_directories(file.parent_path(), 0700)) return;
  (void)sys::write_file_atomic(file, bytes_of(Json(std::move(memo)).dump() + "\n"), 0600);
}

}  // namespace

bool is_go_tool(const sys::Path& tool) {
  const sys::Path tools = tool.parent_path().parent_path();
  return tool.is_absolute() && tools.filename() == "tool" &&
         tools.parent_path().filename() == "pkg";
}

sys::Path ToolMemo::file_of(const sys::Path& tool) const {
  std::string identity = tool.native() + '\0';
  // All that changes what a tool says of itself: -V=full names the experiments that differ from the
  // platform's own.
  for (const char* name : {"GOEXPERIMENT", "GOOS", "GOARCH"}) {
    identity += env_.get_or(name, "") + '\0';
  }
  return directory_ / (to_hex(sha256(bytes_of(identity))).substr(0, k_name_digits) + ".json");
}

Result<ToolFacts> ToolMemo::ask(const sys::Path& tool) const {
  sys::SpawnOptions options;
  options.program = tool;
  options.arguments = {tool.native(), "-V=full"};
  options.environment = env_;
  options.stderr_fd = STDERR_FILENO;
  TRY_ASSIGN(const sys::Captured answer,
             sys::run_captured(options, Deadline::after(k_ask_max), k_said_bytes_max));
  if (!answer.status.success() || answer.output.empty() || !answer.output.ends_with('\n')) {
    return fail(Code::unavailable, tool.native() + " -V=full: no answer");
  }
  return ToolFacts{answer.output, std::nullopt};
}

Result<ToolFacts> ToolMemo::facts(const sys::Path& tool, bool with_digest) {
  TRY_ASSIGN(const auto info, sys::stat_file(tool));
  if (!info) return fail(Code::not_found, tool.native() + ": not there");
  const sys::Path file = file_of(tool);
  auto known = read_memo(file, tool, *info);
  if (known && (known->digest || !with_digest)) return std::move(*known);
  if (!known) {
    TRY_ASSIGN(known, ask(tool));
  }
  if (with_digest) {
    TRY_ASSIGN(known->digest, digest_of_file(tool));
  }
  write_memo(file, tool, *info, *known);
  return std::move(*known);
}

Result<BlobId> digest_of_file(const sys::Path& path) {
  TRY_ASSIGN(const sys::Fd fd, sys::open_read(path));
  Bytes piece(k_read_piece);
  Sha256 hash;
  for (;;) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(fd.get(), piece));
    if (count == 0) return hash.finish_as<BlobId>();
    hash.update(ByteView(piece).first(count));
  }
}

}  // namespace sluice::gotool
