#include "gotool/cgo_lines.hpp"

#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_quote.hpp"

#include <algorithm>

namespace sluice::gotool {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view k_default_flags = "-O2 -g";
constexpr std::size_t k_pkg_config_words_max = 48;  // of each list, that may be pkg-config's

Words words_of(const sys::Environment& env, std::string_view name, std::string_view fallback) {
  return split_go_words(env.get_or(name, fallback)).value_or(Words{});
}

// What cgo was told, in the parts that go put together.
struct CgoFlags {
  Words preprocessor;  // with pkg-config's at the end
  Words c;
  Words linker;  // with pkg-config's at the end
};

std::string flag_value(const Words& words, std::string_view flag) {
  const auto at = std::ranges::find(words, flag);
  return at == words.end() || at + 1 == words.end() ? std::string() : *(at + 1);
}

Words linker_words(const Words& words) {
  constexpr std::string_view k_flag = "-ldflags=";
  Words flags;
  for (const std::string& word : words) {
    if (word == "--") break;
    if (!word.starts_with(k_flag)) continue;
    std::string_view rest = std::string_view(word).substr(k_flag.size());
    while (auto flag = take_quoted_go(rest)) {
      flags.push_back(std::move(*flag));
      if (rest.starts_with(' ')) rest.remove_prefix(1);
    }
  }
  return flags;
}

// cgo … -- CPPFLAGS PKG-CONFIG -I OBJDIR CFLAGS FILES
std::optional<CgoFlags> flags_of(const CgoNote& note) {
  const std::string objects = flag_value(note.words, "-objdir");
  const auto begin = std::ranges::find(note.words, "--");
  if (objects.empty() || begin == note.words.end()) return std::nullopt;
  auto at = begin + 1;
  CgoFlags flags;
  for (; at != note.words.end(); ++at) {
    const bool is_own = *at == "-I" && at + 1 != note.words.end() && *(at + 1) == objects;
    if (is_own) break;
    flags.preprocessor.push_back(*at);
  }
  if (at == note.words.end()) return std::nullopt;
  for (at += 2; at != note.words.end(); ++at) {
    if (at->starts_with('/') && at->ends_with(".go")) break;
    flags.c.push_back(*at);
  }
  flags.linker = linker_words(note.words);
  return flags;
}

void drop_first(Words& words, std::string_view word) {
  if (!words.empty() && words.front() == word) words.erase(words.begin());
}
void drop_last(Words& words, std::string_view word) {
  if (!words.empty() && words.back() == word) words.pop_back();
}

// What runCgo adds and the ActionID does not have. It adds for -msan first, then for -asan.
void drop_additions(CgoFlags& flags, const CompileCommand& command, const PackageFiles& files) {
  const auto has = [&](std::string_view flag) {
    return std::ranges::find(command.gc_flags, flag) != command.gc_flags.end();
  };
  for (Words* list : {&flags.c, &flags.linker}) {
    if (has("-asan")) drop_first(*list, "-fsanitize=address");
    if (has("-msan")) drop_first(*list, "-fsanitize=memory");
  }
  if (files.has_fortran != Taken::no) drop_last(flags.linker, "-lgfortran");
  if (files.has_objective_c) drop_last(flags.linker, "-lobjc");
}

std::vector<std::string> compiler_forms(const Words& compiler, const CgoFlags& flags) {
  const auto line = [&](std::size_t without, std::size_t linker_without) {
    const auto cut = [](const Words& words, std::size_t count) {
      return Words(words.begin(), words.end() - static_cast<std::ptrdiff_t>(count));
    };
    return "CC=" + quote_go_list(compiler) + " " + quote_go_list(cut(flags.preprocessor, without)) +
           " " + quote_go_list(flags.c) + " " + quote_go_list(cut(flags.linker, linker_without)) +
           "\n";
  };
  std::vector<std::string> forms;
  const std::size_t most = std::min(flags.preprocessor.size(), k_pkg_config_words_max);
  const std::size_t linker_most = std::min(flags.linker.size(), k_pkg_config_words_max);
  for (std::size_t without = 0; without <= most; ++without) {
    for (std::size_t linker = 0; linker <= linker_most; ++linker) {
      forms.push_back(line(without, linker));
    }
  }
  return forms;
}

std::string id_line(std::string_view compiler, const std::string& id) {
  return id.empty() ? std::string() : std::string(compiler) + " ID=" + quote_go(id) + "\n";
}

// The lines of C++ or Fortran, whose flags no call of a tool shows.
std::vector<std::string> other_compiler_forms(Taken taken, std::string line, std::string id) {
  std::string lines = std::move(line) + std::move(id);
  if (taken == Taken::yes) return {std::move(lines)};
  return {std::move(lines), ""};
}

}  // namespace

TextPieces cgo_pieces(const CompileCommand& command, const PackageFiles& files,
                      const std::optional<CgoNote>& note, std::string_view cgo_tool,
                      const BuildTags& tags, const sys::Environment& env) {
  auto flags = note ? flags_of(*note) : std::nullopt;
  if (!flags) {
    flags =
        CgoFlags{words_of(env, "CGO_CPPFLAGS", ""), words_of(env, "CGO_CFLAGS", k_default_flags),
                 words_of(env, "CGO_LDFLAGS", k_default_flags)};
  }
  drop_additions(*flags, command, files);
  const auto directive_words = [&](std::string_view name, std::string_view variable) {
    Words words = words_of(env, variable, k_default_flags);
    for (const std::string& text : files.cgo_texts) {
      const auto more = cgo_directive_words(text, name, files.directory, tags);
      words.insert(words.end(), more.begin(), more.end());
    }
    return quote_go_list(words);
  };
  TextPieces pieces;
  pieces.push_back({"cgo " + quote_go(cgo_tool) + "\n"});
  pieces.push_back(compiler_forms(words_of(env, "CC", "gcc"), *flags));
  pieces.push_back({id_line("CC", note ? note->c_id : "")});
  if (files.has_cxx != Taken::no) {
    pieces.push_back(other_compiler_forms(files.has_cxx,
                                          "CXX=" + quote_go_list(words_of(env, "CXX", "g++")) +
                                              " " + directive_words("CXXFLAGS", "CGO_CXXFLAGS") +
                                              "\n",
                                          id_line("CXX", note ? note->cxx_id : "")));
  }
  if (files.has_fortran != Taken::no) {
    pieces.push_back(other_compiler_forms(files.has_fortran,
                                          "FC=" + quote_go_list(words_of(env, "FC", "gfortran")) +
                                              " " + directive_words("FFLAGS", "CGO_FFLAGS") + "\n",
                                          id_line("FC", note ? note->fortran_id : "")));
  }
  return pieces;
}

std::vector<std::string> cgo_directive_words(std::string_view text, std::string_view name,
                                             const sys::Path& directory, const BuildTags& tags) {
  constexpr std::string_view k_directive = "#cgo";
  constexpr std::string_view k_here = "${SRCDIR}";
  Words found;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.starts_with("//")) line = trim(line.substr(2));
    if (!line.starts_with(k_directive)) continue;
    line.remove_prefix(k_directive.size());
    if (line.empty() || (line.front() != ' ' && line.front() != '\t')) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view head = trim(line.substr(0, colon));
    const auto last = head.find_last_of(" \t");
    const std::string_view verb = last == std::string_view::npos ? head : head.substr(last + 1);
    if (verb != name) continue;
    const std::string_view conditions =
        last == std::string_view::npos ? std::string_view() : trim(head.substr(0, last));
    if (!conditions.empty() && old_conditions_hold(conditions, tags) == Taken::no) continue;
    auto words = split_quoted(line.substr(colon + 1));
    if (!words) continue;
    for (std::string& word : *words) {
      for (auto at = word.find(k_here); at != std::string::npos; at = word.find(k_here)) {
        word.replace(at, k_here.size(), directory.native());
      }
      found.push_back(std::move(word));
    }
  }
  return found;
}

}  // namespace sluice::gotool
