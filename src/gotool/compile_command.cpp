#include "gotool/compile_command.hpp"

#include "base/strings.hpp"

#include <algorithm>

namespace sluice::gotool {
namespace {

std::unexpected<Error> not_understood(std::string reason) {
  return fail(Code::unsupported, "compile: " + std::move(reason));
}

bool is_concurrency(std::string_view word) {
  return word.starts_with("-c=") && parse_int<int>(word.substr(3)).has_value();
}

// Reads the words in the order in which the go command writes them.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& words) : words_(words) {}

  Result<CompileCommand> parse() {
    TRY(take_defaults());
    TRY(take_gc_flags());
    TRY(take_files());
    if (command_.object_directory.empty() || command_.build_id.empty() ||
        command_.go_version.empty() || command_.import_config.empty()) {
      return not_understood("not a call of the go command");
    }
    return std::move(command_);
  }

 private:
  bool is_at_end() const { return at_ >= words_.size(); }

  Result<std::string> value() {
    if (at_ + 1 >= words_.size()) return not_understood("a flag without its value");
    at_ += 2;
    return words_[at_ - 1];
  }

  // Up to the flags that users give.
  Result<void> take_defaults() {
    while (!is_at_end()) {
      const std::string& word = words_[at_];
      TRY_ASSIGN(const bool taken, take_default(word));
      if (!taken) break;
    }
    if (!is_at_end() && is_concurrency(words_[at_])) ++at_;
    return {};
  }

  Result<bool> take_default(const std::string& word) {
    const auto prefixed = [&word](std::string_view prefix, std::string& into) {
      if (!word.starts_with(prefix)) return false;
      into = word.substr(prefix.size());
      return true;
    };
    if (prefixed("-lang=go", command_.language) ||
        prefixed("-coveragecfg=", command_.coverage_config) ||
        prefixed("-pgoprofile=", command_.profile)) {
      ++at_;
      return true;
    }
    if (word == "-std" || word == "-complete" || word == "-dwarf=false") {
      if (word == "-std") command_.is_standard = true;
      if (word == "-complete") command_.is_complete = true;
      if (word == "-dwarf=false") command_.has_dwarf = false;
      ++at_;
      return true;
    }
    return take_valued(word);
  }

  Result<bool> take_valued(const std::string& word) {
    if (word == "-o") {
      TRY_ASSIGN(const sys::Path output, value());
      command_.object_directory = output.parent_path();
    } else if (word == "-p") {
      TRY_ASSIGN(command_.package, value());
    } else if (word == "-goversion") {
      TRY_ASSIGN(command_.go_version, value());
    } else if (word == "-buildid") {
      TRY_ASSIGN(const std::string build_id, value());
      command_.build_id = build_id.substr(0, build_id.find('/'));
    } else if (word == "-trimpath") {
      TRY_ASSIGN(const std::string rewrites, value());
      take_rewrites(rewrites);
    } else if (word == "-symabis") {
      TRY(value());
      command_.has_assembly = true;
    } else if (word == "-installsuffix") {
      TRY(value());
    } else {
      return false;
    }
    return true;
  }

  void take_rewrites(std::string_view text) {
    for (const std::string_view rewrite : split(text, ';')) {
      const auto arrow = rewrite.find("=>");
      if (arrow == std::string_view::npos) continue;
      command_.rewrites.emplace_back(rewrite.substr(0, arrow), rewrite.substr(arrow + 2));
    }
  }

  Result<void> take_gc_flags() {
    const auto from = words_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto config = std::find(from, words_.end(), "-importcfg");
    if (config == words_.end()) return not_understood("no -importcfg");
    // Before it stands -nolocalimports, or -D with a prefix.
    auto end = config;
    if (end != from && *(end - 1) == "-nolocalimports") {
      --end;
    } else if (end - from >= 2 && *(end - 2) == "-D") {
      command_.local_prefix = *(end - 1);
      end -= 2;
    } else {
      return not_understood("no -nolocalimports and no -D");
    }
    command_.gc_flags.assign(from, end);
    at_ = static_cast<std::size_t>(config - words_.begin());
    return {};
  }

  Result<void> take_files() {
    while (!is_at_end()) {
      const std::string& word = words_[at_];
      if (word == "-importcfg") {
        TRY_ASSIGN(command_.import_config, value());
      } else if (word == "-embedcfg") {
        TRY_ASSIGN(command_.embed_config, value());
      } else if (word == "-asmhdr") {
        TRY(value());
        command_.has_assembly = true;
      } else if (word == "-pack") {
        ++at_;
      } else if (word.starts_with('-')) {
        return not_understood("flag " + printable(word, 40));
      } else {
        command_.sources.push_back(word);
        ++at_;
      }
    }
    return {};
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  CompileCommand command_;
};

}  // namespace

bool CompileCommand::is_below_work(const sys::Path& path) const {
  const std::string work = work_directory().native() + "/";
  return path.native().starts_with(work);
}

Result<CompileCommand> parse_compile_command(const std::vector<std::string>& words) {
  return Parser(words).parse();
}

}  // namespace sluice::gotool
