#include "gotool/checkout_tree.hpp"

#include "base/strings.hpp"

#include <system_error>
#include <utility>

namespace sluice::gotool {
namespace {

namespace fs = std::filesystem;

bool leaves(const sys::Path& below) {
  const sys::Path normal = below.lexically_normal();
  return !normal.empty() && *normal.begin() == "..";
}

bool is_ignored_by_go(const std::string& name) {
  return name.starts_with('.') || name.starts_with('_') || name == "testdata";
}

class Walk {
 public:
  Walk(const sys::Path& checkout, const sys::Path& passed_over, bool read_cgo_lines)
      : checkout_(checkout), passed_over_(passed_over), read_cgo_lines_(read_cgo_lines) {}

  CheckoutTree run() {
    std::vector<Pending> pending = {{".", {}, true}};
    while (!pending.empty() && tree_.is_complete) {
      const Pending next = std::move(pending.back());
      pending.pop_back();
      enter(next, pending);
    }
    return std::move(tree_);
  }

 private:
  struct Pending {
    sys::Path directory;  // relative to the checkout
    sys::Path module;
    bool is_gos = true;  // go looks for packages here
  };

  void enter(Pending now, std::vector<Pending>& pending) {
    std::error_code error;
    std::vector<std::string> go_files;
    std::vector<std::string> directories;
    const sys::Path absolute = (checkout_ / now.directory).lexically_normal();
    for (fs::directory_iterator at(absolute, error), end; !error && at != end;
         at.increment(error)) {
      if (++entries_ > k_tree_entries_max) tree_.is_complete = false;
      if (!tree_.is_complete) return;
      const std::string name = at->path().filename().native();
      if (at->is_symlink(error)) {
        look_at_link(now.directory / name);
      } else if (at->is_directory(error)) {
        directories.push_back(name);
      } else if (name == "go.mod") {
        now.module = now.directory;
      }
      // Whatever else is called so may be waited for without end.
      if (name.ends_with(".go") && at->is_regular_file(error)) go_files.push_back(name);
    }
    if (error) tree_.is_complete = false;
    for (std::string& name : directories) {
      if (name == ".git" || name == "node_modules" || absolute / name == passed_over_) continue;
      const bool is_gos = now.is_gos && !is_ignored_by_go(name);
      pending.push_back({(now.directory / name).lexically_normal(), now.module, is_gos});
    }
    if (now.is_gos) look_at_package(now, go_files);
  }

  void look_at_link(const sys::Path& link) {
    std::error_code error;
    const sys::Path target = fs::read_symlink(checkout_ / link, error);
    if (error) tree_.is_complete = false;
    if (!target.is_absolute() && leaves(link.parent_path() / target)) {
      tree_.leaving_link = link.lexically_normal();
    }
  }

  void look_at_package(const Pending& now, const std::vector<std::string>& go_files) {
    bool is_package = false;
    for (const std::string& name : go_files) {
      if (name.starts_with('_') || name.starts_with('.')) continue;
      is_package = is_package || !name.ends_with("_test.go");
      if (read_cgo_lines_) read(now.directory / name);
    }
    const bool is_vendored = *now.directory.begin() == "vendor";
    if (is_package && !is_vendored) tree_.packages.push_back({now.directory, now.module});
  }

  void read(const sys::Path& file) {
    const auto text = sys::read_file(checkout_ / file, k_tree_bytes_max);
    if (!text) tree_.is_complete = false;
    if (!text || !*text) return;
    bytes_ += (*text)->size();
    if (bytes_ > k_tree_bytes_max) tree_.is_complete = false;
    if (makes_rpath_of_srcdir(text_of(**text))) tree_.rpath_file = file.lexically_normal();
  }

  const sys::Path& checkout_;
  const sys::Path& passed_over_;
  const bool read_cgo_lines_;
  CheckoutTree tree_;
  std::size_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace

bool makes_rpath_of_srcdir(std::string_view go_file) {
  constexpr std::string_view k_cgo = "#cgo";
  for (std::size_t at = go_file.find(k_cgo); at != std::string_view::npos;
       at = go_file.find(k_cgo, at + 1)) {
    const std::string_view rest = go_file.substr(at);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.find("rpath") != std::string_view::npos &&
        line.find("SRCDIR") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

CheckoutTree look_at_checkout(const sys::Path& checkout, const sys::Path& passed_over,
                              bool read_cgo_lines) {
  return Walk(checkout, passed_over, read_cgo_lines).run();
}

}  // namespace sluice::gotool
