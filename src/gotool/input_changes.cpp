#include "gotool/input_changes.hpp"

#include "base/strings.hpp"
#include "gotool/go_quote.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace sluice::gotool {
namespace {

using Key = std::pair<InputKind, std::string>;
using Facts = std::map<Key, std::string>;

constexpr std::size_t k_kinds = static_cast<std::size_t>(InputKind::other) + 1;
constexpr std::array<std::string_view, k_kinds> k_names = {
    "compiler",    "tool",          "experiment", "platform",       "architecture", "race",
    "msan",        "asan",          "build_mode", "gc_flags",       "asm_flags",    "trimpath",
    "cover",       "fuzz",          "cgo",        "c_compiler",     "c_flags",      "magic",
    "import_path", "package_mode",  "directory",  "module_version", "go_directive", "main_module",
    "dependency",  "build_setting", "vcs",        "build_info",     "file",         "import",
    "profile",     "other"};

// Settings of a program that lines of its text tell, too.
struct Twin {
  std::string_view setting;
  InputKind kind;
};
constexpr auto k_twins = std::to_array<Twin>({
    {"-asan", InputKind::asan},           {"-msan", InputKind::msan},
    {"-race", InputKind::race},           {"-cover", InputKind::cover},
    {"-trimpath", InputKind::trimpath},   {"-gcflags", InputKind::gc_flags},
    {"-asmflags", InputKind::asm_flags},  {"GOOS", InputKind::platform},
    {"GOARCH", InputKind::platform},      {"GOEXPERIMENT", InputKind::experiment},
    {"GO386", InputKind::architecture},   {"GOAMD64", InputKind::architecture},
    {"GOARM", InputKind::architecture},   {"GOARM64", InputKind::architecture},
    {"GOMIPS", InputKind::architecture},  {"GOMIPS64", InputKind::architecture},
    {"GOPPC64", InputKind::architecture}, {"GORISCV64", InputKind::architecture},
    {"GOWASM", InputKind::architecture},
});

bool take_word(std::string_view& rest, std::string_view word) {
  if (!rest.starts_with(word)) return false;
  rest.remove_prefix(word.size());
  return true;
}

std::string_view take_field(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return field;
}

// "compile version go1.27.4 X:…" is "go1.27.4 X:…" for people.
std::string version_of_tool(std::string_view said) {
  const auto mark = said.find(" version ");
  const std::string_view version = mark == std::string_view::npos
                                       ? said
                                       : said.substr(mark + std::string_view(" version ").size());
  return std::string(version);
}

class FactReader {
 public:
  static Facts read(std::string_view text) {
    FactReader reader;
    while (!text.empty()) {
      const auto end = text.find('\n');
      const bool is_whole = end != std::string_view::npos;
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(is_whole ? end + 1 : text.size());
      if (!is_whole || !reader.take(line)) reader.add(InputKind::other, std::string(line), "");
      reader.is_first_ = false;
    }
    return std::move(reader.facts_);
  }

 private:
  // Of several lines with one name (a file that is embedded twice) the values are joined.
  void add(InputKind kind, std::string name, std::string value) {
    const auto [at, is_new] = facts_.try_emplace({kind, std::move(name)}, value);
    if (!is_new) at->second += " " + value;
  }

  // False for a line that is not understood as a whole.
  bool take(std::string_view line) {
    if (line == "compile") return is_first_;
    if (line == "trimpath") {
      add(InputKind::trimpath, "-trimpath", "true");
      return true;
    }
    if (line == "forcelibrary") {
      add(InputKind::package_mode, "forcelibrary", "true");
      return true;
    }
    std::string_view rest = line;
    const std::string_view word = take_field(rest, ' ');
    if (word == "file" || word == "import") return take_input(word, rest);
    if (word == "dir") return add_whole(InputKind::directory, "dir", rest);
    if (word == "go") return add_whole(InputKind::go_directive, "go", rest);
    if (word == "pgofile") return add_whole(InputKind::profile, "pgo", rest);
    if (word == "module") {
      const auto at = rest.rfind('@');
      if (at == std::string_view::npos) return false;
      return add_whole(InputKind::module_version, rest.substr(0, at), rest.substr(at + 1));
    }
    if (word == "goos") return take_platform(rest);
    if (word == "omitdebug") return take_mode(line);
    if (word == "modinfo") return take_modinfo(rest);
    if (word == "magic") return take_assignment(InputKind::magic, rest);
    if (word == "compile" || word == "asm") return take_tool_flags(word, rest);
    if (word == "cgo" || word == "cover" || word == "fuzz") return take_tool(word, rest);
    return take_c(line) || take_variable(line);
  }

  bool add_whole(InputKind kind, std::string_view name, std::string_view value) {
    add(kind, std::string(name), std::string(value));
    return true;
  }

  bool take_input(std::string_view word, std::string_view rest) {
    if (word == "import" && rest.starts_with('"')) {
      const auto path = unquote_go(rest);
      return path && add_whole(InputKind::import_path, "import path", *path);
    }
    // A name may have blanks, its hash has none and may be missing.
    const auto blank = rest.rfind(' ');
    if (blank == std::string_view::npos || blank == 0) return false;
    return add_whole(word == "file" ? InputKind::file : InputKind::import, rest.substr(0, blank),
                     rest.substr(blank + 1));
  }

  bool take_platform(std::string_view rest) {
    const auto mark = rest.find(" goarch ");
    if (mark == std::string_view::npos) return false;
    add_whole(InputKind::platform, "GOOS", rest.substr(0, mark));
    return add_whole(InputKind::platform, "GOARCH",
                     rest.substr(mark + std::string_view(" goarch ").size()));
  }

  bool take_mode(std::string_view rest) {
    std::vector<std::pair<std::string_view, std::string_view>> found;
    for (const std::string_view name : {"omitdebug ", "standard ", "local "}) {
      if (!take_word(rest, name)) return false;
      found.emplace_back(trim(name), take_field(rest, ' '));
    }
    if (!take_word(rest, "prefix ")) return false;
    const auto prefix = unquote_go(rest);
    if (!prefix) return false;
    for (const auto& [name, value] : found) add_whole(InputKind::package_mode, name, value);
    return prefix->empty() || add_whole(InputKind::package_mode, "prefix", *prefix);
  }

  // compile TOOL FLAGS FLAGS, asm "TOOL" FLAGS FLAGS
  bool take_tool_flags(std::string_view word, std::string_view rest) {
    std::string tool;
    if (word == "asm") {
      auto quoted = take_quoted_go(rest);
      if (!quoted) return false;
      tool = std::move(*quoted);
    } else {
      const auto end = rest.find(" [");
      if (end == std::string_view::npos) return false;
      tool = rest.substr(0, end);
      rest.remove_prefix(end);
    }
    if (!take_word(rest, " ")) return false;
    const auto forced = take_quoted_go_list(rest);
    if (!forced || !take_word(rest, " ")) return false;
    const auto own = take_quoted_go_list(rest);
    if (!own || !rest.empty()) return false;
    const bool is_compiler = word == "compile";
    add(is_compiler ? InputKind::compiler : InputKind::tool, std::string(word),
        version_of_tool(tool));
    std::vector<std::string> flags;
    for (const std::string& flag : *forced) {
      if (!is_compiler || !add_instrument(flag)) flags.push_back(flag);
    }
    flags.insert(flags.end(), own->begin(), own->end());
    if (!flags.empty()) {
      add(is_compiler ? InputKind::gc_flags : InputKind::asm_flags,
          is_compiler ? "-gcflags" : "-asmflags", join(flags, " "));
    }
    return true;
  }

  bool add_instrument(const std::string& flag) {
    if (flag == "-race") return add_whole(InputKind::race, flag, "true");
    if (flag == "-msan") return add_whole(InputKind::msan, flag, "true");
    if (flag == "-asan") return add_whole(InputKind::asan, flag, "true");
    const bool is_mode = flag == "-shared" || flag == "-dynlink" || flag == "-linkshared";
    return is_mode && add_whole(InputKind::build_mode, flag, "true");
  }

  bool take_tool(std::string_view word, std::string_view rest) {
    if (word == "fuzz") {
      const auto flags = take_quoted_go_list(rest);
      return flags && rest.empty() && add_whole(InputKind::fuzz, "-fuzz", join(*flags, " "));
    }
    if (word == "cgo") {
      const auto tool = unquote_go(rest);
      if (!tool) return false;
      add(InputKind::cgo, "cgo", "true");
      return add_whole(InputKind::tool, word, version_of_tool(*tool));
    }
    const auto mode = take_quoted_go(rest);
    if (!mode || !take_word(rest, " ")) return false;
    const auto tool = unquote_go(rest);
    if (!tool) return false;
    add(InputKind::cover, "-covermode", *mode);
    return add_whole(InputKind::tool, word, version_of_tool(*tool));
  }

  // CC=[…] [CPPFLAGS] [CFLAGS] [LDFLAGS], CXX=[…] [CXXFLAGS], CC ID="…", CC ID ERROR="…"
  bool take_c(std::string_view line) {
    for (const std::string_view name : {"CC", "CXX", "FC"}) {
      std::string_view rest = line;
      if (!take_word(rest, name)) continue;
      const std::string compiler(name);
      for (const std::string_view id : {" ID=", " ID ERROR="}) {
        if (!take_word(rest, id)) continue;
        const auto version = unquote_go(rest);
        return version && add_whole(InputKind::c_compiler, compiler + " version", *version);
      }
      if (!take_word(rest, "=")) continue;
      auto lists = take_lists(rest);
      if (!rest.empty()) return false;
      static const std::map<std::string, std::vector<std::string>, std::less<>> k_flags{
          {"CC", {"CGO_CPPFLAGS", "CGO_CFLAGS", "CGO_LDFLAGS"}},
          {"CXX", {"CGO_CXXFLAGS"}},
          {"FC", {"CGO_FFLAGS"}}};
      const auto& flags = k_flags.at(compiler);
      if (lists.size() != flags.size() + 1) return false;
      add(InputKind::c_compiler, compiler, std::move(lists[0]));
      for (std::size_t at = 0; at < flags.size(); ++at) {
        if (!lists[at + 1].empty()) add(InputKind::c_flags, flags[at], std::move(lists[at + 1]));
      }
      return true;
    }
    return false;
  }

  static std::vector<std::string> take_lists(std::string_view& rest) {
    std::vector<std::string> lists;
    while (const auto list = take_quoted_go_list(rest)) {
      lists.push_back(join(*list, " "));
      if (!take_word(rest, " ")) break;
    }
    return lists;
  }

  bool take_assignment(InputKind kind, std::string_view rest) {
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) return false;
    return add_whole(kind, rest.substr(0, equals), rest.substr(equals + 1));
  }

  bool take_variable(std::string_view line) {
    if (line == "=") return true;  // an architecture without a variable
    std::string_view rest = line;
    if (take_word(rest, "GOEXPERIMENT=")) {
      const auto value = unquote_go(rest);
      return value && add_whole(InputKind::experiment, "GOEXPERIMENT", *value);
    }
    return line.starts_with("GO") && take_assignment(InputKind::architecture, line);
  }

  // runtime/debug.BuildInfo as text.
  bool take_modinfo(std::string_view quoted) {
    const auto text = unquote_go(quoted);
    if (!text) return false;
    Key last{InputKind::build_info, ""};
    for (const std::string_view line : split(*text, '\n')) {
      if (line.empty()) continue;
      std::string_view rest = line;
      const std::string_view word = take_field(rest, '\t');
      if (word == "build") {
        take_setting(rest);
      } else if (word == "=>") {
        facts_[last] += " => " + printed(rest, " ");
      } else if (word == "mod" || word == "dep") {
        const InputKind kind = word == "mod" ? InputKind::main_module : InputKind::dependency;
        const std::string path(take_field(rest, '\t'));
        last = {kind, path};
        add(kind, path, printed(rest, " "));
      } else {
        add(InputKind::build_info, std::string(word), std::string(rest));
      }
    }
    return true;
  }

  // Fields with tabs between them, for people; a checksum that is not there leaves nothing.
  static std::string printed(std::string_view fields, std::string_view separator) {
    std::vector<std::string> found;
    for (const std::string_view field : split(fields, '\t')) {
      if (!field.empty()) found.emplace_back(field);
    }
    return join(found, separator);
  }

  void take_setting(std::string_view rest) {
    std::string name;
    if (auto quoted = take_quoted_go(rest)) {
      name = std::move(*quoted);
      take_word(rest, "=");
    } else {
      name = take_field(rest, '=');
    }
    const auto quoted = unquote_go(rest);
    const bool is_vcs = name == "vcs" || name.starts_with("vcs.");
    add(is_vcs ? InputKind::vcs : InputKind::build_setting, std::move(name),
        quoted ? *quoted : std::string(rest));
  }

  Facts facts_;
  bool is_first_ = true;
};

std::optional<std::string> value_in(const Facts& facts, const Key& key) {
  const auto at = facts.find(key);
  if (at == facts.end()) return std::nullopt;
  return at->second;
}

// "go1.27.4 X:name" without what GOEXPERIMENT adds.
std::string_view without_experiments(const std::optional<std::string>& version) {
  if (!version) return {};
  return std::string_view(*version).substr(0, version->find(" X:"));
}

// What of several changes came of itself, because another one did.
class Consequences {
 public:
  explicit Consequences(const std::vector<InputChange>& changes) {
    for (const InputChange& change : changes) {
      kinds_.insert(change.kind);
      if (change.kind == InputKind::build_setting && change.name == k_cgo_switch) {
        kinds_.insert(InputKind::cgo);
      }
    }
  }

  bool has(const InputChange& change) const {
    const bool came_or_went = !change.before || !change.after;
    switch (change.kind) {
      case InputKind::compiler: return is_of_experiment(change);
      case InputKind::tool:
        return came_or_went || kinds_.contains(InputKind::compiler) || is_of_experiment(change);
      // With -trimpath the one stands in the key in place of the other.
      case InputKind::directory:
      case InputKind::module_version: return came_or_went && kinds_.contains(InputKind::trimpath);
      case InputKind::c_compiler:
      case InputKind::c_flags: return came_or_went && kinds_.contains(InputKind::cgo);
      case InputKind::main_module: return kinds_.contains(InputKind::vcs);
      case InputKind::build_setting: return is_consequent_setting(change, came_or_went);
      default: return false;
    }
  }

 private:
  static constexpr std::string_view k_cgo_switch = "CGO_ENABLED";

  bool is_of_experiment(const InputChange& change) const {
    return kinds_.contains(InputKind::experiment) &&
           without_experiments(change.before) == without_experiments(change.after);
  }

  bool is_consequent_setting(const InputChange& change, bool came_or_went) const {
    const bool is_c_flag = change.name != k_cgo_switch && change.name.starts_with("CGO_");
    // Settings that may name directories are not told with -trimpath.
    if (came_or_went && kinds_.contains(InputKind::trimpath) &&
        (is_c_flag || change.name == "-ldflags")) {
      return true;
    }
    if (came_or_went && is_c_flag && kinds_.contains(InputKind::cgo)) return true;
    const auto* const twin = std::ranges::find(k_twins, change.name, &Twin::setting);
    return twin != k_twins.end() && kinds_.contains(twin->kind);
  }

  std::set<InputKind> kinds_;
};

void drop_consequences(std::vector<InputChange>& changes) {
  const Consequences consequences(changes);
  std::erase_if(changes, [&](const InputChange& change) { return consequences.has(change); });
}

}  // namespace

std::vector<InputChange> input_changes(std::string_view before, std::string_view after) {
  if (before == after) return {};
  const Facts old_facts = FactReader::read(before);
  const Facts new_facts = FactReader::read(after);
  std::set<Key> keys;
  for (const auto* facts : {&old_facts, &new_facts}) {
    for (const auto& [key, value] : *facts) keys.insert(key);
  }
  std::vector<InputChange> changes;
  for (const Key& key : keys) {
    InputChange change{key.first, key.second, value_in(old_facts, key), value_in(new_facts, key)};
    if (change.before != change.after) changes.push_back(std::move(change));
  }
  std::vector<InputChange> all = changes;
  drop_consequences(changes);
  if (changes.empty()) changes = std::move(all);
  if (changes.empty()) changes.push_back({InputKind::other, "order of lines", "", ""});
  return changes;
}

std::string_view name_of(InputKind kind) { return k_names[static_cast<std::size_t>(kind)]; }

}  // namespace sluice::gotool
