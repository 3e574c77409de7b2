#include "gotool/compile_inputs.hpp"

#include "base/strings.hpp"
#include "codec/json.hpp"
#include "gotool/action_text.hpp"
#include "gotool/build_tags.hpp"
#include "gotool/cgo_lines.hpp"
#include "gotool/compile_command.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/go_quote.hpp"
#include "gotool/go_version.hpp"
#include "gotool/module_origin.hpp"
#include "gotool/package_files.hpp"
#include "gotool/tool_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace sluice::gotool {
namespace {

constexpr std::uint64_t k_config_bytes_max = 64U << 20U;
constexpr std::size_t k_archive_head_bytes = 1024;
constexpr std::string_view k_fuzz_flag = "-d=libfuzzer";

// Flags that -race, -msan, -asan and build modes add for every package.
constexpr auto k_forced_flags = std::to_array<std::string_view>(
    {"-race", "-msan", "-asan", "-shared", "-dynlink", "-linkshared"});
// The environment variables that the compiler has for its developers.
constexpr auto k_magic =
    std::to_array<const char*>({"GOCLOBBERDEADHASH", "GOSSAFUNC", "GOSSADIR", "GOCOMPILEDEBUG"});

// cmd/go/internal/cfg, GetArchEnv.
std::string architecture_variable(std::string_view goarch) {
  constexpr auto k_variables = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"arm", "GOARM"},
      {"arm64", "GOARM64"},
      {"386", "GO386"},
      {"amd64", "GOAMD64"},
      {"mips", "GOMIPS"},
      {"mipsle", "GOMIPS"},
      {"mips64", "GOMIPS64"},
      {"mips64le", "GOMIPS64"},
      {"ppc64", "GOPPC64"},
      {"ppc64le", "GOPPC64"},
      {"riscv64", "GORISCV64"},
      {"wasm", "GOWASM"},
  });
  for (const auto& [architecture, variable] : k_variables) {
    if (architecture == goarch) return std::string(variable);
  }
  return {};
}

std::string_view without_experiments(std::string_view version) {
  return version.substr(0, version.find(" X:"));
}

std::string content_id_of(const sys::Path& archive) {
  const auto fd = sys::open_read(archive);
  if (!fd) return {};
  Bytes head(k_archive_head_bytes);
  const auto count = sys::read_at(fd->get(), head, 0);
  return count ? content_id_of_archive(text_of(ByteView(head).first(*count))) : std::string();
}

// Puts the pieces together, in go's order.
class Reader {
 public:
  Reader(CompileCommand command, std::string_view tool_said, const sys::Environment& env,
         sys::Path working_directory)
      : command_(std::move(command)), env_(env), directory_(std::move(working_directory)) {
    inputs_.package = env.get_or("TOOLEXEC_IMPORTPATH", command_.package);
    inputs_.build_id = command_.build_id;
    inputs_.salt = without_experiments(command_.go_version);
    inputs_.is_program = command_.package == "main";
    import_path_ = inputs_.package.substr(0, inputs_.package.find(" ["));
    tool_ = tool_said.empty() ? said_by_release() : trim(tool_said);
    tags_.goos = env.get_or("GOOS", "");
    tags_.goarch = env.get_or("GOARCH", "");
    tags_.cgo = env.get_or("CGO_ENABLED", "") == "1";
    tags_.go_minor = minor_of(command_.go_version);
    for (const std::string& flag : command_.gc_flags) {
      if (flag == "-race" || flag == "-msan" || flag == "-asan")
        tags_.others.insert(flag.substr(1));
    }
    add_tags_of_goflags();
  }

  Result<CompileInputs> read() {
    if (tags_.goos.empty() || tags_.goarch.empty()) {
      return fail(Code::unsupported, "compile: no GOOS and GOARCH");
    }
    TRY_ASSIGN(files_, find_package_files(command_, import_path_, tags_));
    TRY(read_imports());
    add_origin();
    add_package();
    add_cgo();
    add_modes();
    add_tools();
    add_files();
    prove();
    return std::move(inputs_);
  }

 private:
  void add(std::string line) { pieces_.push_back(forms_of_line(line)); }

  std::string said_by_release() const {
    const std::string experiments = env_.get_or("GOEXPERIMENT", "");
    return "compile version " + inputs_.salt + (experiments.empty() ? "" : " X:" + experiments);
  }

  // What stands in the command's own words is not seen here.
  void add_tags_of_goflags() {
    constexpr std::string_view k_flag = "-tags=";
    const auto words = split_go_words(env_.get_or("GOFLAGS", ""));
    if (!words) return;
    for (std::string_view word : *words) {
      if (word.starts_with("--")) word.remove_prefix(1);
      if (!word.starts_with(k_flag)) continue;
      for (const std::string_view tag : split(word.substr(k_flag.size()), ',')) {
        if (!tag.empty()) tags_.others.emplace(tag);
      }
    }
  }

  bool is_trimmed() const {
    if (command_.rewrites.empty()) return false;
    const std::string& to = command_.rewrites.front().second;
    return !to.empty() && to.front() != '/';
  }

  // Go sources are the same with and without the rest of the name.
  bool is_test_variant() const { return inputs_.package.size() != import_path_.size(); }

  Result<void> read_imports() {
    TRY_ASSIGN(const auto text, sys::read_file(command_.import_config, k_config_bytes_max));
    if (!text) return fail(Code::unsupported, "compile: no importcfg");
    constexpr std::string_view k_word = "packagefile ";
    for (const std::string_view line : split(text_of(*text), '\n')) {
      if (!line.starts_with(k_word)) continue;
      const std::string_view rest = line.substr(k_word.size());
      const auto equals = rest.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view package = rest.substr(0, equals);
      std::string import =
          fmt::format("import {} {}\n", package, content_id_of(rest.substr(equals + 1)));
      // A package with its tests waits for itself without them, where both are built.
      if (package != import_path_) imports_.push_back(import);
      imports_with_own_.push_back(std::move(import));
    }
    return {};
  }

  // compile, dir or module, go
  void add_origin() {
    add("compile\n");
    const ModuleOrigin origin =
        find_module_origin(command_, import_path_, files_.directory, env_, directory_);
    const bool is_in_work =
        files_.directory == command_.object_directory || command_.is_below_work(files_.directory);
    if (is_trimmed()) {
      std::vector<std::string> forms;
      for (const auto& module : origin.modules) {
        forms.push_back(module ? "module " + *module + "\n" : "");
      }
      pieces_.push_back(std::move(forms));
    } else if (!command_.is_standard && !is_in_work) {
      add("dir " + files_.directory.native() + "\n");
    }
    std::vector<std::string> forms;
    const auto add_form = [&forms](const std::string& form) {
      if (std::ranges::find(forms, form) == forms.end()) forms.push_back(form);
    };
    for (const auto& version : origin.go_versions) {
      add_form(version ? "go " + *version + "\n" : "");
    }
    for (const auto& form : forms_of_line("go " + command_.language + "\n")) add_form(form);
    pieces_.push_back(std::move(forms));
  }

  // goos, import, omitdebug, trimpath, forcelibrary
  void add_package() {
    add(fmt::format("goos {} goarch {}\n", tags_.goos, tags_.goarch));
    pieces_.push_back({"import " + quote_go(import_path_) + "\n"});
    const bool is_local = import_path_ == "command-line-arguments";
    const auto line = [&](bool omits_debug) {
      return fmt::format("omitdebug {} standard {} local {} prefix {}\n", omits_debug,
                         command_.is_standard, is_local, quote_go(command_.local_prefix));
    };
    // Where there is never debug information the words do not tell.
    const bool is_open = tags_.goarch == "wasm" || tags_.goos == "plan9";
    std::vector<std::string> forms = forms_of_line(line(!command_.has_dwarf && !is_open));
    if (is_open) forms.push_back(line(true));
    pieces_.push_back(std::move(forms));
    if (is_trimmed()) add("trimpath\n");
    if (is_test_variant() && !inputs_.is_program) {
      const std::string library = "forcelibrary\n";
      const bool is_likely = !files_.is_external_test && inputs_.package.ends_with(".test]");
      pieces_.push_back(is_likely ? std::vector<std::string>{library, ""}
                                  : std::vector<std::string>{"", library});
    }
  }

  std::string tool_named(std::string_view name) const {
    constexpr std::string_view k_own = "compile ";
    const std::string_view rest = std::string_view(tool_).starts_with(k_own)
                                      ? std::string_view(tool_).substr(k_own.size())
                                      : std::string_view(tool_);
    return std::string(name) + " " + std::string(rest);
  }

  void add_cgo() {
    if (files_.cgo.empty()) return;
    const auto note = read_cgo_note(command_.object_directory);
    auto pieces = cgo_pieces(command_, files_, note, tool_named("cgo"), tags_, env_);
    std::ranges::move(pieces, std::back_inserter(pieces_));
  }

  // cover, fuzz
  void add_modes() {
    const auto cover = [this](std::string_view mode) {
      return "cover " + quote_go(mode) + " " + quote_go(tool_named("cover")) + "\n";
    };
    if (!command_.coverage_config.empty()) {
      pieces_.push_back({cover(coverage_mode())});
    } else if (std::ranges::all_of(files_.go, [](const PackageFile& file) {
                 return file.name.ends_with("_test.go");
               })) {
      // Only tests: there is nothing for the cover tool to do, whatever the mode is.
      pieces_.push_back({"", cover("set"), cover("atomic"), cover("count")});
    }
    auto& flags = command_.gc_flags;
    if (!flags.empty() && flags.back() == k_fuzz_flag) {
      flags.pop_back();
      add("fuzz " + quote_go_list({std::string(k_fuzz_flag)}) + "\n");
    }
  }

  std::string coverage_mode() const {
    const auto text = sys::read_file(command_.coverage_config, k_config_bytes_max);
    if (!text || !*text) return {};
    const auto config = codec::parse_json(text_of(**text));
    return config ? config->text_or("CounterMode", "") : std::string();
  }

  // compile, asm, the architecture, GOEXPERIMENT, magic
  void add_tools() {
    const auto& flags = command_.gc_flags;
    const auto own = std::ranges::find_if(flags, [](const std::string& flag) {
      return std::ranges::find(k_forced_flags, flag) == k_forced_flags.end();
    });
    add(fmt::format("compile {} {} {}\n", tool_, quote_go_list({flags.begin(), own}),
                    quote_go_list({own, flags.end()})));
    add_assembler();
    const std::string variable = architecture_variable(tags_.goarch);
    add(fmt::format("{}={}\n", variable, variable.empty() ? "" : env_.get_or(variable, "")));
    const auto mark = tool_.find(" X:");
    const std::string experiments =
        mark == std::string::npos ? "" : tool_.substr(mark + std::string_view(" X:").size());
    if (!experiments.empty()) add("GOEXPERIMENT=" + quote_go(experiments) + "\n");
    for (const char* name : k_magic) {
      if (env_.has(name)) add(fmt::format("magic {}={}\n", name, env_.get_or(name, "")));
    }
  }

  void add_assembler() {
    const Taken taken = command_.has_assembly ? Taken::yes : files_.has_assembly;
    if (taken == Taken::no) return;
    std::vector<std::string> flags =
        read_asm_note(command_.object_directory).value_or(std::vector<std::string>{});
    const auto own = std::ranges::find_if(flags, [](const std::string& flag) {
      return flag != "-shared" && flag != "-dynlink" && flag != "-D=GOBUILDMODE_shared=1";
    });
    auto forms = forms_of_line(fmt::format("asm {} {} {}\n", quote_go(tool_named("asm")),
                                           quote_go_list({flags.begin(), own}),
                                           quote_go_list({own, flags.end()})));
    if (taken == Taken::maybe) forms.insert(forms.begin() + 1, "");
    pieces_.push_back(std::move(forms));
  }

  void add_files() {
    for (const std::string& line : files_.go_lines) pieces_.push_back({line});
    std::map<sys::Path, std::string> known;  // a file may be in several lists
    const auto lines = [&known](const PackageFileList& list) {
      std::string text;
      for (const PackageFile& file : list) {
        std::string& line = known[file.path];
        if (line.empty()) line = line_of_file(file);
        text += line;
      }
      return text;
    };
    std::vector<std::string> forms;
    for (const PackageFileList& list : files_.others) forms.push_back(lines(list));
    pieces_.push_back(std::move(forms));
    forms.clear();
    if (!files_.embedded_otherwise.empty()) forms.push_back(lines(files_.embedded_otherwise));
    forms.push_back(lines(files_.embedded));
    pieces_.push_back(std::move(forms));
  }

  void prove() {
    const std::string profile =
        command_.profile.empty() ? std::string() : profile_line(command_.profile);
    for (const bool everywhere : {false, true}) {
      TextPieces all = pieces_;
      all.push_back(import_forms(everywhere));
      all.push_back({profile});
      if (!everywhere) inputs_.text = likeliest_text(all);
      if (inputs_.is_program && !proves(inputs_.salt, inputs_.text, inputs_.build_id)) return;
      if (auto text = find_proof(inputs_.salt, all, inputs_.build_id)) {
        inputs_.text = std::move(*text);
        inputs_.is_proven = true;
        return;
      }
    }
  }

  std::vector<std::string> import_forms(bool everywhere) const {
    const bool uses_unsafe = files_.uses_unsafe || !files_.cgo.empty();
    auto forms = forms_of_imports(imports_, uses_unsafe, everywhere);
    if (imports_with_own_.size() == imports_.size()) return forms;
    // Since Go 1.26 the package itself is in the importcfg, but not in the ActionID.
    constexpr int k_own_minor_max = 25;
    auto others = forms_of_imports(imports_with_own_, uses_unsafe, everywhere);
    if (tags_.go_minor <= k_own_minor_max) forms.swap(others);
    forms.insert(forms.end(), others.begin(), others.end());
    return forms;
  }

  static std::string profile_line(const std::string& profile) {
    std::string line = line_of_file({"", profile});  // "file  HASH\n"
    line.replace(0, std::string_view("file ").size(), "pgofile");
    return line;
  }

  CompileCommand command_;
  const sys::Environment& env_;
  sys::Path directory_;
  CompileInputs inputs_;
  std::string import_path_;
  std::string tool_;
  BuildTags tags_;
  PackageFiles files_;
  std::vector<std::string> imports_;
  std::vector<std::string> imports_with_own_;
  TextPieces pieces_;
};

}  // namespace

Result<CompileInputs> read_compile_inputs(const std::vector<std::string>& words,
                                          std::string_view tool_said, const sys::Environment& env,
                                          const sys::Path& working_directory) {
  TRY_ASSIGN(auto command, parse_compile_command(words));
  return Reader(std::move(command), tool_said, env, working_directory).read();
}

CompileInputs prove_program(CompileInputs inputs, std::string_view link_importcfg) {
  const auto modinfo = modinfo_of_importcfg(link_importcfg);
  if (inputs.is_proven) return inputs;
  if (modinfo) inputs.text = with_modinfo(inputs.text, *modinfo);
  if (auto text = find_proof(inputs.salt, pieces_of_text(inputs.text), inputs.build_id)) {
    inputs.text = std::move(*text);
    inputs.is_proven = true;
  }
  return inputs;
}

std::string content_id_of_archive(std::string_view head) {
  constexpr std::string_view k_mark = "\nbuild id ";
  const auto at = head.find(k_mark);
  if (at == std::string_view::npos) return {};
  head.remove_prefix(at + k_mark.size());
  const auto build_id = take_quoted_go(head);
  if (!build_id) return {};
  const auto slash = build_id->rfind('/');
  return build_id->substr(slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace sluice::gotool
