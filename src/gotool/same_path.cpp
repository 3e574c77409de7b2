#include "gotool/same_path.hpp"

#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/modules.hpp"
#include "gotool/toolchain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace sluice::gotool {
namespace {

using Reason = std::optional<std::string>;

// Flags with a value beside those of takes_value(), which are internal to go or its tools'; any
// other stands alone, so that the word after it counts as a package.
constexpr std::array<std::string_view, 2> k_more_value_flags = {"vettool", "reuse"};
// Files that go writes: those may lie anywhere that stays reachable.
constexpr std::array<std::string_view, 8> k_output_flags = {
    "blockprofile", "coverprofile", "cpuprofile", "memprofile", "mutexprofile", "o",
    "outputdir",    "trace"};
constexpr std::array<std::string_view, 4> k_subcommands = {"build", "install", "test", "vet"};
// Of a test: they leave its program behind.
constexpr std::array<std::string_view, 6> k_keeping_flags = {
    "blockprofile", "c", "cpuprofile", "memprofile", "mutexprofile", "o"};
constexpr std::array<std::string_view, 3> k_showing_flags = {"n", "x", "work"};
constexpr std::array<std::string_view, 3> k_container_programs = {"docker", "podman", "nerdctl"};
// Clients of a container engine, which mounts directories by the paths outside.
constexpr std::array<std::string_view, 9> k_container_clients = {
    "github.com/containerd/containerd",
    "github.com/containers/podman",
    "github.com/docker/docker",
    "github.com/fsouza/go-dockerclient",
    "github.com/moby/moby",
    "github.com/ory/dockertest",
    "github.com/testcontainers/testcontainers-go",
    "dagger.io/dagger",
    "github.com/moby/buildkit"};

bool is_one_of(std::string_view word, std::span<const std::string_view> list) {
  return std::ranges::find(list, word) != list.end();
}

struct Flag {
  std::string name;
  std::string value;  // empty without one
};

struct Line {
  std::string subcommand;
  std::string change_directory;
  std::vector<Flag> flags;  // GOFLAGS first
  std::vector<std::string> packages;

  const Flag* find(std::string_view name) const {
    const auto at = std::find_if(flags.rbegin(), flags.rend(),
                                 [name](const Flag& flag) { return flag.name == name; });
    return at == flags.rend() ? nullptr : &*at;
  }
  bool is_on(std::string_view name) const {
    const Flag* flag = find(name);
    return flag != nullptr && flag->value != "false" && flag->value != "0";
  }
};

// Adds words[at], a flag, and its value where that is the next word.
void add_flag(std::vector<Flag>& flags, const std::vector<std::string>& words, std::size_t& at) {
  std::string_view word = words[at];
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const std::size_t equals = word.find('=');
  Flag flag{std::string(word.substr(0, equals)), ""};
  if (flag.name.starts_with("test.")) flag.name.erase(0, 5);
  if (equals != std::string_view::npos) {
    flag.value = word.substr(equals + 1);
  } else if ((takes_value(flag.name) || is_one_of(flag.name, k_more_value_flags)) &&
             at + 1 < words.size()) {
    flag.value = words[++at];
  }
  flags.push_back(std::move(flag));
}

Line line_of(const SamePathCommand& command) {
  Line line;
  for (std::size_t at = 0; at < command.goflags.size(); ++at) {
    if (command.goflags[at].starts_with('-')) add_flag(line.flags, command.goflags, at);
  }
  const GoWords words = parse_go_words(command.words);
  line.subcommand = words.subcommand;
  line.change_directory = words.change_directory;
  const auto start = std::ranges::find(command.words, words.subcommand);
  std::size_t at = static_cast<std::size_t>(start - command.words.begin()) + 1;
  for (; at < command.words.size(); ++at) {
    const std::string& word = command.words[at];
    if (word == "-args" || word == "--args") break;
    if (word.size() > 1 && word.starts_with('-')) {
      add_flag(line.flags, command.words, at);
    } else {
      line.packages.push_back(word);
    }
  }
  return line;
}

sys::Path directory_of(const SamePathCommand& command, const Line& line) {
  return (command.started_in / line.change_directory).lexically_normal();
}

bool is_relative_to_here(std::string_view path) {
  return path == "." || path == ".." || path.starts_with("./") || path.starts_with("../");
}

bool names(std::string_view text, const sys::Path& directory) {
  return !directory.empty() && text.find(directory.native()) != std::string_view::npos;
}

Reason why_not_these_places(const SamePathCommand& command, const Line& line) {
  if (command.checkout.empty()) return "there is no go.mod";
  if (!lies_within(command.started_in, command.checkout)) {
    return "the command is started outside of the checkout";
  }
  if (sys::Path(line.change_directory).is_absolute() ||
      !lies_within(directory_of(command, line), command.checkout)) {
    return "-C leads out of the checkout";
  }
  for (const sys::Path& shown : {command.checkout, command.module_cache}) {
    if (lies_within(command.covered, shown) || lies_within(shown, command.root)) {
      return fmt::format("{} and {} lie in one another", shown.native(), command.root.native());
    }
  }
  if (lies_within(command.checkout, command.goroot)) return "the checkout lies in GOROOT";
  return std::nullopt;
}

Reason why_not_this_flag(const SamePathCommand& command, const Line& line, const Flag& flag) {
  if (flag.name == "overlay") return "-overlay names files by their paths";
  if (flag.name == "exec" || flag.name == "toolexec") {
    return fmt::format("-{} starts another program", flag.name);
  }
  if (flag.value.empty()) return std::nullopt;
  const sys::Path value(flag.value);
  const bool is_output = is_one_of(flag.name, k_output_flags);
  if (flag.name == "modfile" && value.is_absolute()) return "-modfile is an absolute path";
  if (is_output && value.is_absolute() && lies_within(value, command.covered)) {
    return fmt::format("-{} writes into {}", flag.name, command.covered.native());
  }
  if ((is_output || is_relative_to_here(flag.value)) && !value.is_absolute() &&
      !lies_within((directory_of(command, line) / value).lexically_normal(), command.checkout)) {
    return fmt::format("-{} leads out of the checkout", flag.name);
  }
  if (!is_output &&
      (names(flag.value, command.checkout) || names(flag.value, command.module_cache))) {
    return fmt::format("-{} names the checkout or the module cache by its path", flag.name);
  }
  return std::nullopt;
}

Reason why_not_these_settings(const SamePathCommand& command) {
  for (const auto& [name, value] : command.settings) {
    if (name == "GOWORK") {
      if (!value.empty() && value != "off" && value != "auto") return "GOWORK names a file";
      continue;
    }
    if (name == "GO111MODULE") {
      if (value == "off") return "GO111MODULE is off";
      continue;
    }
    if (names(value, command.checkout) || names(value, command.module_cache) ||
        is_relative_to_here(value)) {
      return fmt::format("{} names something in the checkout or the module cache", name);
    }
    for (const std::string_view word : split(value, ' ')) {
      if (is_one_of(sys::Path(word).filename().native(), k_container_programs)) {
        return fmt::format("{} starts {}", name, sys::Path(word).filename().native());
      }
    }
  }
  return std::nullopt;
}

Reason why_not_these_packages(const SamePathCommand& command, const Line& line) {
  for (const std::string& package : line.packages) {
    if (sys::Path(package).is_absolute()) {
      return fmt::format("{} is an absolute path", printable(package));
    }
    const sys::Path target = (directory_of(command, line) / package).lexically_normal();
    if (is_relative_to_here(package) && !lies_within(target, command.checkout)) {
      return fmt::format("{} lies outside of the checkout", printable(package));
    }
  }
  return std::nullopt;
}

// Nobody keeps what the command makes, as far as its words tell.
Reason why_kept(const Line& line) {
  if (line.subcommand == "install") return "go install keeps what it makes";
  for (const std::string_view name : k_showing_flags) {
    if (line.is_on(name)) return fmt::format("-{} shows paths", name);
  }
  if (line.is_on("trimpath")) return "with -trimpath Go's keys have no path in them";
  if (line.subcommand == "test") {
    for (const std::string_view name : k_keeping_flags) {
      if (line.find(name) != nullptr) return fmt::format("-{} keeps the test's program", name);
    }
  }
  if (line.subcommand != "build") return std::nullopt;
  const Flag* output = line.find("o");
  if (output != nullptr && output->value == "/dev/null") return std::nullopt;
  if (output != nullptr) return "-o keeps what is built";
  if (line.find("buildmode") != nullptr) return "-buildmode may keep what is built";
  if (line.packages.empty()) return "a program that is built here is kept";
  return std::nullopt;
}

// go discards what it builds when there are several packages.
bool are_several(const SamePathCommand& command, const Line& line, const CheckoutTree& tree) {
  std::set<sys::Path> found;
  for (const std::string& package : line.packages) {
    if (!is_relative_to_here(package)) return false;
    sys::Path base(package);
    const bool is_pattern = package.find("...") != std::string::npos;
    if (is_pattern && base.filename() != "...") return false;
    if (is_pattern) base = base.parent_path();
    base = (directory_of(command, line) / base).lexically_normal();
    if (!base.has_filename()) base = base.parent_path();
    const auto here = std::ranges::find_if(tree.packages, [&](const PackageDirectory& one) {
      return (command.checkout / one.directory).lexically_normal() == base;
    });
    for (const PackageDirectory& one : tree.packages) {
      sys::Path directory = (command.checkout / one.directory).lexically_normal();
      if (!directory.has_filename()) directory = directory.parent_path();
      const bool is_here = directory == base;
      const bool is_below = is_pattern && lies_within(directory, base) &&
                            (here == tree.packages.end() || one.module == here->module);
      if (is_here || is_below) found.insert(directory);
    }
  }
  return found.size() > 1;
}

std::string_view last_word(std::string_view line) {
  line = trim(line);
  const std::size_t at = line.find_last_of(" \t");
  if (at != std::string_view::npos) line = line.substr(at + 1);
  const bool quoted = line.size() > 1 && (line.front() == '"' || line.front() == '`');
  return quoted ? line.substr(1, line.size() - 2) : line;
}

Reason why_not_this_module(const SamePathCommand& command, const ModuleFile& file) {
  const sys::Path directory = file.path.parent_path();
  const std::string name = file.path.filename().native();
  if (!lies_within(file.path, command.checkout)) {
    return fmt::format("{} lies outside of the checkout", file.path.native());
  }
  const auto leads_out = [&](std::string_view target) {
    const sys::Path path(target);
    return path.is_absolute() ||
           !lies_within((directory / path).lexically_normal(), command.checkout);
  };
  for (const std::string& line : directive_arguments(file.text, "replace")) {
    const std::string_view target = last_word(line);
    const bool is_local = target.starts_with('/') || is_relative_to_here(target);
    if (is_local && leads_out(target)) {
      return fmt::format("{} replaces a module by {}", name, printable(target));
    }
  }
  if (name != "go.work") return std::nullopt;
  for (const std::string& used : directive_arguments(file.text, "use")) {
    if (leads_out(used)) return fmt::format("go.work uses {}", printable(used));
  }
  return std::nullopt;
}

// A test of a module that needs a client of a container engine may have directories mounted.
Reason why_containers(const ModuleFile& file) {
  if (file.path.filename() != "go.mod") return std::nullopt;
  for (const std::string_view raw : split(file.text, '\n')) {
    if (raw.find("// indirect") != std::string_view::npos) continue;
    std::string_view line = trim(raw);
    constexpr std::string_view k_require = "require";
    if (line.starts_with(k_require)) line = trim(line.substr(k_require.size()));
    const std::string_view module = line.substr(0, line.find_first_of(" \t"));
    for (const std::string_view client : k_container_clients) {
      if (module == client || module.starts_with(std::string(client) + "/")) {
        return fmt::format("tests may start containers ({}), which know the paths outside only",
                           client);
      }
    }
  }
  return std::nullopt;
}

// A submodule's .git leads out of it, and its configuration leads back to where it lies.
Reason why_not_this_git(const std::optional<std::string>& git_file) {
  if (!git_file) return std::nullopt;
  constexpr std::string_view k_prefix = "gitdir: ";
  const std::string_view text = trim(*git_file);
  const bool is_worktree = text.starts_with(k_prefix) && text.substr(k_prefix.size())[0] == '/' &&
                           text.find("/worktrees/") != std::string_view::npos;
  return is_worktree ? std::nullopt : Reason("the checkout is a submodule");
}

}  // namespace

bool lies_within(const sys::Path& path, const sys::Path& directory) {
  if (directory.empty()) return false;
  const auto [left, right] = std::ranges::mismatch(directory, path);
  return left == directory.end() || (left->empty() && std::next(left) == directory.end());
}

sys::Path whole_checkout(const sys::Path& directory) {
  sys::Path top;
  std::set<std::string_view> missing = {".git", "go.work", "go.mod"};
  for (sys::Path at = directory; at.has_relative_path() && !missing.empty();
       at = at.parent_path()) {
    const auto found = std::erase_if(missing, [&at](std::string_view name) {
      const auto info = sys::stat_file(at / name);
      return info && *info && (name == ".git" || !(*info)->is_directory());
    });
    if (found > 0) top = at;
  }
  return top;
}

bool takes_same_path(const std::vector<std::string>& words) {
  return is_one_of(parse_go_words(words).subcommand, k_subcommands);
}

Reason why_not_by_command(const SamePathCommand& command) {
  const Line line = line_of(command);
  if (!is_one_of(line.subcommand, k_subcommands)) {
    return fmt::format("go {} may say or keep paths", printable(line.subcommand));
  }
  if (command.use == SamePathUse::passing) {
    if (auto reason = why_kept(line)) return reason;
  }
  if (auto reason = why_not_these_places(command, line)) return reason;
  for (const Flag& flag : line.flags) {
    if (auto reason = why_not_this_flag(command, line, flag)) return reason;
  }
  if (auto reason = why_not_these_settings(command)) return reason;
  return why_not_these_packages(command, line);
}

Reason why_not_by_files(const SamePathCommand& command, const SamePathFiles& files) {
  const Line line = line_of(command);
  if (auto reason = why_not_this_git(files.git_file)) return reason;
  if (files.modules.empty()) return "there is no go.mod";
  const bool is_passing = command.use == SamePathUse::passing;
  for (const ModuleFile& file : files.modules) {
    if (auto reason = why_not_this_module(command, file)) return reason;
    if (!is_passing || line.subcommand != "test") continue;
    if (auto reason = why_containers(file)) return reason;
  }
  if (!files.tree.is_complete) return "there is more in the checkout than can be looked at";
  if (files.tree.leaving_link) {
    return fmt::format("{} is a link that leads out of the checkout",
                       printable(files.tree.leaving_link->native()));
  }
  if (files.tree.rpath_file) {
    return fmt::format("{} makes an rpath of ${{SRCDIR}}",
                       printable(files.tree.rpath_file->native()));
  }
  const Flag* output = line.find("o");
  const bool is_discarded = output != nullptr && output->value == "/dev/null";
  if (is_passing && line.subcommand == "build" && !is_discarded &&
      !are_several(command, line, files.tree)) {
    return "a program that is built here is kept";
  }
  return std::nullopt;
}

}  // namespace sluice::gotool
