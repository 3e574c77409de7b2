#include "gotool/link_key.hpp"

#include "base/strings.hpp"
#include "gotool/tool_memo.hpp"
#include "sys/process.hpp"

#include <fmt/format.h>

#include <chrono>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_layout = "sluice link 1";
constexpr std::chrono::milliseconds k_ask_compiler_max{10'000};

// glibc's and musl's loader of every platform, from cmd/link/internal/*/obj.go. Appending changes
// every key.
constexpr auto k_loaders = std::to_array<std::string_view>({
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-aarch64.so.1",
    "/lib/ld-linux.so.2",
    "/lib/ld-musl-i386.so.1",
    "/lib/ld-linux.so.3",
    "/lib/ld-musl-arm.so.1",
    "/lib64/ld64.so.2",
    "/lib/ld-musl-powerpc64le.so.1",
    "/lib64/ld64.so.1",
    "/lib/ld64.so.1",
    "/lib/ld-musl-s390x.so.1",
    "/lib/ld-linux-riscv64-lp64d.so.1",
    "/lib/ld-musl-riscv64.so.1",
    "/lib64/ld-linux-loongarch-lp64d.so.1",
    "/lib/ld-musl-loongarch64.so.1",
});

class Fields {
 public:
  void add(ByteView field) {
    constexpr unsigned k_bits = 8;
    std::array<std::byte, sizeof(std::uint64_t)> length{};
    for (std::size_t i = 0; i < length.size(); ++i) {
      length[i] = static_cast<std::byte>(std::uint64_t{field.size()} >> (k_bits * i));
    }
    hash_.update(length);
    hash_.update(field);
  }
  void add(std::string_view field) { add(bytes_of(field)); }
  void add_count(std::size_t count) { add(fmt::format("{}", count)); }
  ActionId finish() { return hash_.finish_as<ActionId>(); }

 private:
  Sha256 hash_;
};

std::string loaders_that_exist() {
  std::string bits;
  for (const std::string_view loader : k_loaders) {
    const auto info = sys::stat_file(loader);
    bits += info && *info ? '1' : '0';
  }
  return bits;
}

// hostlinkArchArgs of cmd/link/internal/ld for what is cached with C objects.
std::optional<std::vector<std::string>> architecture_words(std::string_view architecture) {
  if (architecture == "amd64" || architecture == "s390x" || architecture == "ppc64le") {
    return std::vector<std::string>{"-m64"};
  }
  if (architecture == "386") return std::vector<std::string>{"-m32"};
  if (architecture == "arm") return std::vector<std::string>{"-marm"};
  if (architecture == "arm64" || architecture == "riscv64") return std::vector<std::string>{};
  return std::nullopt;
}

// What the linker reads for symbols that C objects leave open: the compiler's own library.
Result<std::string> support_library(const LinkCommand& command, const sys::Environment& env) {
  const auto more = architecture_words(env.get_or("GOARCH", ""));
  if (env.get_or("GOOS", "") != "linux" || !more || command.has_extldflags ||
      command.extld.empty()) {
    return fail(Code::unsupported, "link: C objects on this platform, or words for a C linker");
  }
  const auto compiler = sys::find_in_path(command.extld.front(), env);
  if (!compiler) return "none";
  sys::SpawnOptions options;
  options.program = *compiler;
  options.arguments = command.extld;
  options.arguments.insert(options.arguments.end(), more->begin(), more->end());
  options.arguments.emplace_back("--print-libgcc-file-name");
  options.environment = env;
  const auto answer = sys::run_captured(options, Deadline::after(k_ask_compiler_max));
  if (!answer || !answer->status.success()) return "none";
  const sys::Path file = trim(answer->output);
  const auto info = sys::stat_file(file);
  if (!info || !*info) return "none";
  TRY_ASSIGN(const BlobId digest, digest_of_file(file));
  return digest.hex();
}

}  // namespace

std::optional<BlobId> digest_in_name(const sys::Path& file, const sys::Path& local_tier) {
  constexpr std::size_t k_directory = 3;  // "ab/"
  constexpr std::size_t k_hex = 64;
  const std::string prefix = local_tier.native() + "/";
  std::string_view rest = file.native();
  if (!rest.starts_with(prefix)) return std::nullopt;
  rest.remove_prefix(prefix.size());
  if (rest.size() != k_directory + k_hex + 2 || rest[2] != '/' || !rest.ends_with("-d")) {
    return std::nullopt;
  }
  if (rest.substr(0, 2) != rest.substr(k_directory, 2)) return std::nullopt;
  return BlobId::from_hex(rest.substr(k_directory, k_hex));
}

Result<LinkKey> make_link_key(const LinkCommand& command, const ImportConfig& imports,
                              const BlobId& linker, const sys::Environment& env,
                              const sys::Path& local_tier) {
  LinkKey key;
  const auto digest_of = [&](const sys::Path& file) -> Result<std::string> {
    if (const auto named = digest_in_name(file, local_tier)) {
      key.trusted.push_back({file, *named});
      return named->hex();
    }
    TRY_ASSIGN(const BlobId digest, digest_of_file(file));
    return digest.hex();
  };
  Fields fields;
  fields.add(k_layout);
  fields.add(linker.view());
  fields.add_count(command.kept_words.size() + 1);
  for (const std::string& word : command.kept_words) fields.add(word);
  TRY_ASSIGN(const std::string main_digest, digest_of(command.main_archive));
  fields.add(main_digest);
  for (const std::string_view name : k_linker_variables) {
    const auto value = env.get(name);
    fields.add(value ? fmt::format("{}={}", name, *value) : std::string(name));
  }
  fields.add(loaders_that_exist());
  std::string library = "unused";
  if (imports.may_have_host_objects) {
    TRY_ASSIGN(library, support_library(command, env));
  }
  fields.add(library);
  fields.add_count(imports.lines.size());
  for (const ImportLine& line : imports.lines) {
    if (line.file.empty()) {
      fields.add(line.text);
      continue;
    }
    TRY_ASSIGN(const std::string digest, digest_of(line.file));
    fields.add("packagefile " + line.package + "=" + digest);
  }
  key.id = fields.finish();
  return key;
}

}  // namespace sluice::gotool
