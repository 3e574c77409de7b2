#include "gotool/tool_notes.hpp"

#include "base/deadline.hpp"
#include "base/digest.hpp"
#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "sys/process.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_cgo_note = "sluice-cgo";
constexpr std::string_view k_asm_note = "sluice-asm";
constexpr std::uint64_t k_note_bytes_max = 4U << 20U;
constexpr std::size_t k_said_bytes_max = 256U << 10U;
constexpr std::chrono::milliseconds k_ask_max{5'000};
constexpr std::size_t k_name_digits = 16;

void write_words(const sys::Path& file, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += word;
    text += '\0';
  }
  (void)sys::write_file_atomic(file, bytes_of(text), 0600);  // else there is no note
}

std::optional<std::vector<std::string>> read_words(const sys::Path& file) {
  const auto bytes = sys::read_file(file, k_note_bytes_max);
  if (!bytes || !*bytes) return std::nullopt;
  std::vector<std::string> words;
  for (const std::string_view word : split(text_of(**bytes), '\0')) words.emplace_back(word);
  words.pop_back();  // behind the last NUL
  return words;
}

std::optional<std::string> value_behind(const std::vector<std::string>& words,
                                        std::string_view flag) {
  const auto at = std::ranges::find(words, flag);
  if (at == words.end() || at + 1 == words.end()) return std::nullopt;
  return *(at + 1);
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Everything that it says: go reads both streams as one.
std::string ask(const sys::Path& program, std::string_view language, const sys::Environment& env) {
  const sys::Fd said(::memfd_create("cc", MFD_CLOEXEC));
  const sys::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!said || !nothing) return {};
  sys::SpawnOptions options;
  options.program = program;
  options.arguments = {program.native(), "-###", "-x", std::string(language), "-c", "-"};
  options.environment = env;
  options.environment.set("LC_ALL", "C");
  options.stdin_fd = nothing.get();
  options.stdout_fd = said.get();
  options.stderr_fd = said.get();
  auto child = sys::spawn(options);
  if (!child) return {};
  const auto status = child->wait_until(Deadline::after(k_ask_max));
  if (!status || !*status) {
    child->send_signal(SIGKILL);
    (void)child->wait();
    return {};
  }
  if (!(*status)->success()) return {};
  Bytes text(k_said_bytes_max);
  const auto count = sys::read_at(said.get(), text, 0);
  return count ? std::string(text_of(ByteView(text).first(*count))) : std::string();
}

// `variable` is CC or its like: words, the first of them the program.
std::string id_of(const sys::Environment& env, std::string_view variable, std::string_view fallback,
                  std::string_view language, const sys::Path& work) {
  const auto words = split_go_words(env.get_or(variable, fallback));
  if (!words || words->empty()) return {};
  const std::string name = sha256_as<BlobId>(bytes_of(words->front())).hex();
  const sys::Path memo =
      work / ("sluice-cc-" + std::string(language) + "-" + name.substr(0, k_name_digits));
  if (const auto known = read_words(memo); known && !known->empty()) return known->front();
  const auto program = sys::find_in_path(words->front(), env);
  if (!program) return {};
  std::string id = id_of_c_compiler(ask(*program, language, env));
  if (!id.empty()) write_words(memo, {id});
  return id;
}

bool has_ending(const std::string& name, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view end) { return name.ends_with(end); });
}

void note_cgo(const std::vector<std::string>& words, const sys::Environment& env,
              const sys::Path& working_directory) {
  const auto objects = value_behind(words, "-objdir");
  if (!objects || std::ranges::find(words, "--") == words.end()) return;
  const sys::Path directory = without_slash(*objects);
  const sys::Path work = directory.parent_path();
  // Other compilers are asked only where the package's directory has something for them.
  bool has_cxx = false;
  bool has_fortran = false;
  (void)sys::list_directory(working_directory, [&](std::string_view name) -> Result<void> {
    const std::string file(name);
    has_cxx |= has_ending(file, {".cc", ".cpp", ".cxx", ".swigcxx"});
    has_fortran |= has_ending(file, {".f", ".F", ".for", ".f90"});
    return {};
  });
  std::vector<std::string> note{
      id_of(env, "CC", "gcc", "c", work),
      has_cxx ? id_of(env, "CXX", "g++", "c++", work) : std::string(),
      has_fortran ? id_of(env, "FC", "gfortran", "f95", work) : std::string()};
  note.insert(note.end(), words.begin() + 1, words.end());
  write_words(directory / k_cgo_note, note);
}

// asm … -D GOOS_x -D GOARCH_y FLAGS… [-std] [-D GOAMD64_v1] -gensymabis -o $WORK/b001/symabis …
void note_asm(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "-gensymabis");
  const auto output = value_behind(words, "-o");
  const auto architecture = std::find_if(
      words.begin(), end, [](const std::string& word) { return word.starts_with("GOARCH_"); });
  if (end == words.end() || architecture == end || !output) return;
  std::vector<std::string> flags(architecture + 1, end);
  const auto is_gos = [](const std::string& word) {
    constexpr std::array<std::string_view, 7> k_prefixes = {
        "GO386_", "GOAMD64_", "GOMIPS", "GOPPC64_", "GORISCV64_", "GOARM_", "GOARM64_"};
    return std::ranges::any_of(k_prefixes, [&](auto prefix) { return word.starts_with(prefix); });
  };
  while (!flags.empty()) {
    const std::size_t count = flags.size();
    if (flags.back() == "-std")
      flags.pop_back();
    else if (count >= 2 && flags[count - 2] == "-D" && is_gos(flags.back()))
      flags.resize(count - 2);
    else
      break;
  }
  write_words(sys::Path(*output).parent_path() / k_asm_note, flags);
}

}  // namespace

void leave_tool_note(const std::vector<std::string>& words, const sys::Environment& env,
                     const sys::Path& working_directory) {
  if (words.empty()) return;
  const std::string tool = sys::Path(words.front()).filename().native();
  if (tool == "cgo") note_cgo(words, env, working_directory);
  if (tool == "asm") note_asm(words);
}

std::optional<CgoNote> read_cgo_note(const sys::Path& object_directory) {
  auto words = read_words(object_directory / k_cgo_note);
  if (!words || words->size() < 3) return std::nullopt;
  CgoNote note{(*words)[0], (*words)[1], (*words)[2], {}};
  note.words.assign(words->begin() + 3, words->end());
  return note;
}

std::optional<std::vector<std::string>> read_asm_note(const sys::Path& object_directory) {
  return read_words(object_directory / k_asm_note);
}

std::string id_of_c_compiler(std::string_view said) {
  for (const std::string_view line : split(said, '\n')) {
    std::string_view before;
    for (const std::string_view field : split(line, ' ')) {
      const std::string_view word = trim(field);
      if (word.empty()) continue;
      const bool is_number = word.front() >= '0' && word.front() <= '9';
      if (before == "version" && is_number) {
        const bool is_release = line.find("experimental") == std::string_view::npos;
        return is_release ? std::string(line) : std::string();
      }
      if (word.back() == ':') break;
      before = word;
    }
  }
  return {};
}

}  // namespace sluice::gotool
