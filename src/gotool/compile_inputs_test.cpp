#include "gotool/compile_inputs.hpp"

#include "base/strings.hpp"
#include "gotool/action_text.hpp"
#include "gotool/go_cache_for_test.hpp"
#include "gotool/go_version.hpp"
#include "gotool/tool_notes.hpp"
#include "gotool/toolchain.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;

namespace {

struct ToolCall {
  std::vector<std::string> words;
  sys::Environment env;

  std::string tool() const { return sys::Path(words.front()).filename().native(); }
  std::vector<std::string> arguments() const { return {words.begin() + 1, words.end()}; }
  std::string value(std::string_view flag) const {
    const auto at = std::ranges::find(words, flag);
    return at == words.end() ? std::string() : *(at + 1);
  }
};

std::vector<std::string> fields_of(const sys::Path& file) {
  const std::string text = content_of(file);
  std::vector<std::string> fields;
  for (const std::string_view field : split(text, '\0')) fields.emplace_back(field);
  fields.pop_back();
  return fields;
}

// A go command whose tools are recorded, in a module of its own, with $WORK kept.
class Recorded {
  sys::TempDirectory root_ = temp_directory();

 public:
  explicit Recorded(RealGo go) : go_(std::move(go)) {
    REQUIRE(sys::make_directories(records_));
    REQUIRE(sys::make_directories(work_));
    const std::string at = records_.native();
    write_old(recorder_, "#!/bin/sh\nn=$(mktemp " + at +
                             "/XXXXXXXX)\nenv -0 >$n.env\nprintf '%s\\0' \"$@\" >$n.words\n"
                             "exec \"$@\"\n");
    std::filesystem::permissions(recorder_, std::filesystem::perms::owner_all);
  }

  sys::Path module() const { return root_.path() / "module"; }
  sys::Path cache = root_.path() / "cache";
  sys::Environment env = sys::Environment::of_process();

  void file(std::string_view name, std::string_view text) { write_old(module() / name, text); }

  // With what another cache has; that one stays as it is.
  void start_with(const sys::Path& other) {
    std::error_code error;
    std::filesystem::copy(other, cache, std::filesystem::copy_options::recursive, error);
    REQUIRE_FALSE(error);
  }

  // Runs go, and reads the inputs of every package that it compiled.
  std::map<std::string, CompileInputs> run(const std::vector<std::string>& words) {
    sys::SpawnOptions options;
    options.program = go_.program;
    options.arguments = {"go", words.front(), "-work", "-toolexec=" + recorder_.native()};
    options.arguments.insert(options.arguments.end(), words.begin() + 1, words.end());
    options.environment = env;
    for (const auto& [name, value] :
         std::map<const char*, std::string>{{"GOCACHE", cache.native()},
                                            {"GOFLAGS", "-buildvcs=false"},
                                            {"GOTOOLCHAIN", "local"},
                                            {"GOTMPDIR", work_.native()},
                                            {"GOPROXY", "off"},
                                            {"GOWORK", "off"},
                                            {"GOCACHEPROG", ""}}) {
      if (!options.environment.has(name) || std::string_view(name) != "GOFLAGS") {
        options.environment.set(name, value);
      }
    }
    options.working_directory = module();
    const auto done =
        sys::run_captured(options, Deadline::after(std::chrono::milliseconds(180'000)));
    REQUIRE(done);
    REQUIRE(done->status.success());
    return read(calls());
  }

 private:
  std::vector<ToolCall> calls() {
    std::vector<ToolCall> calls;
    for (const auto& entry : std::filesystem::directory_iterator(records_)) {
      if (entry.path().extension() != ".words") continue;
      ToolCall call{fields_of(entry.path()), {}};
      sys::Path recorded = entry.path();
      for (const std::string& pair : fields_of(recorded.replace_extension(".env"))) {
        const auto equals = pair.find('=');
        call.env.set(pair.substr(0, equals), pair.substr(equals + 1));
      }
      calls.push_back(std::move(call));
    }
    REQUIRE(sys::remove_tree(records_));
    REQUIRE(sys::make_directories(records_));
    return calls;
  }

  std::map<std::string, CompileInputs> read(const std::vector<ToolCall>& calls) {
    for (const ToolCall& call : calls) {
      leave_tool_note(call.words, call.env, call.env.get_or("PWD", ""));
    }
    std::map<std::string, CompileInputs> found;
    for (const ToolCall& call : calls) {
      if (call.tool() != "compile" || call.words.size() < 3) continue;
      const auto inputs = read_compile_inputs(call.arguments(), "", call.env, module());
      REQUIRE(inputs);
      found.emplace(inputs->package, *inputs);
    }
    for (const ToolCall& call : calls) {
      if (call.tool() != "link" || call.words.size() < 3) continue;
      const std::string importcfg = content_of(call.value("-importcfg"));
      for (auto& [package, inputs] : found) {
        if (inputs.is_program) inputs = prove_program(std::move(inputs), importcfg);
      }
    }
    return found;
  }

  RealGo go_;
  sys::Path records_ = root_.path() / "records";
  sys::Path work_ = root_.path() / "work";
  sys::Path recorder_ = root_.path() / "recorder";
};

// The go of PATH and those of the module cache that have another release's compiler.
std::vector<RealGo> releases() {
  std::map<int, RealGo> found;
  const auto local = RealGo::find();
  if (!local) return {};
  const sys::Environment env = sys::Environment::of_process();
  const auto go = detect_go(env, "/");
  if (go) {
    found.emplace(go->minor, RealGo{go->goroot / "bin/go"});
    std::error_code none;
    for (const auto& entry :
         std::filesystem::directory_iterator(module_cache(env, *go) / "golang.org", none)) {
      const std::string name = entry.path().filename().native();
      const auto mark = name.find("-go1.");
      if (!name.starts_with("toolchain@") || mark == std::string::npos) continue;
      const std::string_view version = std::string_view(name).substr(mark + 1);
      const int minor = minor_of(version.substr(0, version.find('.', 4)));  // "go1.24"
      const auto program = entry.path() / "bin/go";
      if (minor >= 24 && std::filesystem::exists(program)) found.emplace(minor, RealGo{program});
    }
  }
  std::vector<RealGo> list;
  for (const auto& [minor, real] : found) list.push_back(real);
  return list;
}

void check_proven(const std::map<std::string, CompileInputs>& found, std::size_t count) {
  CHECK(found.size() == count);
  for (const auto& [package, inputs] : found) {
    CAPTURE(package);
    CAPTURE(inputs.text);
    CHECK(inputs.is_proven);
    CHECK(proves(inputs.salt, inputs.text, inputs.build_id));
  }
}

}  // namespace

TEST_CASE("every release's packages prove: plain, assembly, headers, flags, -trimpath") {
  for (const RealGo& go : releases()) {
    CAPTURE(go.program);
    Recorded recorded(go);
    recorded.file("go.mod", "module example.org/m\n\ngo 1.21\n");
    recorded.file("a/a.go",
                  "package a\n\nimport (\n\t\"example.org/m/b\"\n\t\"unsafe\"\n)\n\n"
                  "var S = unsafe.Sizeof(b.V)\n");
    recorded.file("b/b.go", "package b\n\nvar V int\n\nfunc F()\n");
    recorded.file("b/b_amd64.s",
                  "//go:build !other\n\n#include \"b.h\"\nTEXT ·F(SB),4,$0\n\tRET\n");
    recorded.file("b/b_arm64.s", "TEXT ·F(SB),4,$0\n\tRET\n");
    recorded.file("b/b.h", "// nothing\n");
    recorded.file("b/other.s", "//go:build other\n\nTEXT ·F(SB),4,$0\n\tRET\n");
    check_proven(recorded.run({"build", "./..."}), 2);
    check_proven(recorded.run({"build", "-trimpath", "./..."}), 2);
    const auto found = recorded.run({"build", "-gcflags=-N -l", "-asmflags=all=-D=X", "./..."});
    check_proven(found, 2);
    CHECK(found.at("example.org/m/b").text.find("[] [\"-N\" \"-l\"]\n") != std::string::npos);
    CHECK(found.at("example.org/m/b").text.find(" [] [\"-D=X\"]\n") != std::string::npos);
    recorded.env.set("GOARCH", "arm64");
    check_proven(recorded.run({"build", "-tags=other", "./a"}), 2);
  }
}

TEST_CASE("a program proves when its build information is known") {
  const RealBuild* build = RealBuild::get();
  if (build == nullptr) return;
  Recorded recorded(build->go);
  recorded.start_with(build->gocache);
  recorded.file("go.mod", "module example.org/m\n\ngo 1.21\n");
  recorded.file("main.go",
                "package main\n\nimport \"errors\"\n\nfunc main() { println(errors.New("
                "\"a\").Error()) }\n");
  const auto found = recorded.run({"build", "-tags=x,y", "-o", "/dev/null", "."});
  check_proven(found, 1);
  const CompileInputs& inputs = found.at("example.org/m");
  CHECK(inputs.is_program);
  CHECK(inputs.text.find("build\\t-tags=x,y\\n") != std::string::npos);
  const auto run = recorded.run({"run", "main.go"});
  check_proven(run, 1);
  CHECK(run.begin()->first == "command-line-arguments");
}

TEST_CASE("cgo and coverage prove") {
  const RealBuild* build = RealBuild::get();
  if (build == nullptr) return;
  Recorded recorded(build->go);
  recorded.start_with(build->gocache);
  recorded.file("go.mod", "module example.org/m\n\ngo 1.21\n");
  recorded.file("a/a.go", "package a\n\nfunc F() int { return 1 }\n");
  auto found = recorded.run({"build", "-cover", "-covermode=count", "./..."});
  check_proven(found, 1);
  CHECK(found.at("example.org/m/a").text.find("cover \"count\" ") != std::string::npos);
  if (!sys::find_in_path("gcc", recorded.env)) {
    MESSAGE("skipped: cgo needs gcc");
    return;
  }
  recorded.env.set("CGO_ENABLED", "1");
  recorded.file("c/c.go",
                "package c\n\n// #cgo CFLAGS: -DX=2\n// #include \"c.h\"\nimport \"C\"\n\n"
                "func F() int { return int(C.f()) }\n");
  recorded.file("c/c.c", "#include \"c.h\"\nint f(void) { return X; }\n");
  recorded.file("c/c.h", "int f(void);\n");
  found = recorded.run({"build", "./c"});
  CHECK(found.contains("example.org/m/c"));
  check_proven(found, found.size());
}

TEST_CASE("what was changed since then does not prove") {
  const RealBuild* build = RealBuild::get();
  if (build == nullptr) return;
  CHECK_FALSE(read_compile_inputs({"-V=full"}, "", {}, "/"));
  CompileInputs inputs;
  inputs.text = "compile\ncompile compile version go1.27.4 [] []\n";
  inputs.salt = "go1.27.4";
  CHECK_FALSE(prove_program(inputs, "modinfo \"" + std::string(40, 'x') + "\"\n").is_proven);
  CHECK(prove_program(inputs, "packagefile a=b\n").text == inputs.text);
}

TEST_CASE("the content ID in the head of an archive") {
  CHECK(content_id_of_archive("!<arch>\n__.PKGDEF\ngo object linux amd64 go1.27.4\nbuild id "
                              "\"AAA/BBB\"\n\n") == "BBB");
  CHECK(content_id_of_archive("!<arch>\nbuild id \"A/B/C/D\"\n") == "D");
  CHECK(content_id_of_archive("!<arch>\nno\n").empty());
  CHECK(content_id_of_archive("").empty());
}
