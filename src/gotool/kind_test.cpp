#include "gotool/kind.hpp"

#include "gotool/go_cache_for_test.hpp"
#include "gotool/local_tier.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace sluice;
using namespace sluice::gotool;
using namespace std::chrono_literals;

namespace {

BodyKind kind_of(std::string_view body) {
  const auto first = body.substr(0, k_classify_bytes);
  const auto last =
      body.size() > k_classify_bytes ? body.substr(body.size() - k_classify_bytes) : body;
  return classify(bytes_of(first), bytes_of(last));
}

// A writer of Go's index format, from cmd/go/internal/modindex/write.go.
class IndexWriter {
 public:
  struct File {
    std::string name;
    std::string position;  // empty: no import
  };

  std::string index(std::string_view directory, const std::vector<File>& files, int packages = 1) {
    out_ = "go index v2\n";
    number(0);
    number(static_cast<std::uint32_t>(packages));
    text(directory);
    number(28);
    text("");
    text(directory);
    number(static_cast<std::uint32_t>(files.size()));
    const std::size_t offsets_at = out_.size();
    for (std::size_t i = 0; i < files.size(); ++i) number(0);
    for (std::size_t i = 0; i < files.size(); ++i) {
      number_at(offsets_at + 4 * i, static_cast<std::uint32_t>(out_.size()));
      write_file(files[i]);
    }
    number_at(12, static_cast<std::uint32_t>(out_.size()));
    return out_ + strings_ + '\xff';
  }

 private:
  void write_file(const File& file) {
    for (const char* word : {"", "", "a synopsis"}) text(word);
    text(file.name);
    text("pkg");
    number(0);
    number(0);
    text("");
    text("linux");
    number(1);  // a +build line
    text("linux");
    number(file.position.empty() ? 0 : 1);
    if (!file.position.empty()) {
      text("fmt");
      text(file.position);
      for (std::uint32_t value : {20U, 3U, 8U}) number(value);
    }
    number(0);
    number(0);
  }
  void number(std::uint32_t value) {
    out_.append(4, '\0');
    number_at(out_.size() - 4, value);
  }
  void number_at(std::size_t at, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) out_[at + i] = static_cast<char>((value >> (8U * i)) & 0xffU);
  }
  void text(std::string_view value) {
    const auto [at, added] =
        placed_.try_emplace(std::string(value), static_cast<std::uint32_t>(strings_.size()));
    if (added) {
      std::size_t length = value.size();
      for (; length >= 0x80; length >>= 7U) {
        strings_.push_back(static_cast<char>((length & 0x7fU) | 0x80U));
      }
      strings_.push_back(static_cast<char>(length));
      strings_ += value;
    }
    number(at->second);
  }

  std::string out_;
  std::string strings_ = std::string(1, '\0');
  std::map<std::string, std::uint32_t> placed_{{"", 0}};
};

std::optional<std::string> directory_of(const std::string& body) {
  return indexed_directory(bytes_of(body));
}

}  // namespace

TEST_CASE("bodies are told from their bytes") {
  CHECK(kind_of("!<arch>\n__.PKGDEF") == BodyKind::archive);
  CHECK(kind_of("# test log\ngetenv HOME\n") == BodyKind::test_log);
  CHECK(kind_of("PASS\nok  \texample.com/x\t0.012s\n") == BodyKind::test_output);
  CHECK(kind_of("ok  \texample.com/x\t0.012s\n") == BodyKind::test_output);
  CHECK(kind_of("=== RUN TestX\n" + std::string(500, '.') + "\nok  \tx\t0.1s\n") ==
        BodyKind::test_output);
  CHECK(kind_of("ok  \texample.com/" + std::string(200, 'x') + "\t0.1s\n") ==
        BodyKind::test_output);
  CHECK(kind_of("mode: set\na.go:1.2,3.4 1 1\n") == BodyKind::cover_profile);
  CHECK(kind_of("mode: other\n") == BodyKind::other);
  CHECK(kind_of("ok  \tx\t1s") == BodyKind::other);
  CHECK(kind_of("./a.go\n") == BodyKind::other);
  CHECK(kind_of("") == BodyKind::other);
  CHECK(kind_of("go index v1\n0000") == BodyKind::other);
  CHECK(kind_of("go index v2\n") == BodyKind::module_index);
  IndexWriter one;
  CHECK(kind_of(one.index("sub", {})) == BodyKind::package_index);
  IndexWriter two;
  CHECK(kind_of(two.index("sub", {}, 2)) == BodyKind::module_index);
}

TEST_CASE("the directory of a package index") {
  CHECK(directory_of(IndexWriter().index("sub", {{"a.go", "/m/sub/a.go"}})) == "/m/sub");
  CHECK(directory_of(IndexWriter().index("sub", {{"a.go", ""}, {"b.go", "/m/sub/b.go"}})) ==
        "/m/sub");
  // A //line comment moves positions elsewhere: the next file tells.
  CHECK(directory_of(IndexWriter().index("s", {{"a.go", "/x/y.y"}, {"b.go", "/m/s/b.go"}})) ==
        "/m/s");
  CHECK_FALSE(directory_of(IndexWriter().index("sub", {{"a.go", ""}})));
  CHECK_FALSE(directory_of(IndexWriter().index("sub", {})));
  CHECK_FALSE(directory_of(IndexWriter().index("sub", {{"a.go", "/m/sub/a.go"}}, 2)));
  CHECK_FALSE(directory_of("go index v2\n"));
  CHECK_FALSE(directory_of("!<arch>\n"));
  const std::string long_name = "/" + std::string(300, 'd') + "/sub";
  CHECK(directory_of(IndexWriter().index("sub", {{"a.go", long_name + "/a.go"}})) == long_name);
}

TEST_CASE("a cut or damaged index is nothing, never a crash") {
  const std::string good = IndexWriter().index("sub", {{"a.go", "/m/sub/a.go"}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    static_cast<void>(directory_of(good.substr(0, size)));
    std::string bad = good;
    for (const char value : {'\xff', '\x7f', '\0'}) {
      bad[size] = value;
      static_cast<void>(directory_of(bad));
      static_cast<void>(index_can_recur(bytes_of(bad), "/r", "/c"));
    }
  }
}

TEST_CASE("which index can be asked for again") {
  const auto recurs = [](std::string_view position, const sys::Path& goroot) {
    const std::string body = IndexWriter().index("x", {{"a.go", std::string(position)}});
    return index_can_recur(bytes_of(body), goroot, "/home/u/go/pkg/mod");
  };
  const sys::Path goroot = "/usr/local/go";
  const sys::Path extracted = "/home/u/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.4.linux-amd64";
  CHECK(recurs("/usr/local/go/src/fmt/a.go", goroot));
  CHECK_FALSE(recurs("/usr/local/gopher/src/x/a.go", goroot));
  CHECK_FALSE(recurs("/home/u/checkout/x/a.go", goroot));
  CHECK(recurs("/home/u/go/pkg/mod/example.com/one@v1.0.0/a.go", goroot));
  CHECK_FALSE(recurs(extracted.native() + "/src/fmt/a.go", extracted));
  CHECK(recurs("/home/u/go/pkg/mod/example.com/one@v1.0.0/a.go", extracted));
  const std::string module = IndexWriter().index("x", {{"a.go", "/home/u/x/a.go"}}, 2);
  CHECK(index_can_recur(bytes_of(module), goroot, "/home/u/go/pkg/mod"));
  CHECK(index_can_recur(bytes_of("no index"), goroot, "/m"));
}

TEST_CASE("an index without names recurs when GOROOT has that package") {
  const auto directory = temp_directory();
  REQUIRE(sys::make_directories(directory.path() / "src" / "internal" / "goarch"));
  REQUIRE(
      sys::write_file_atomic(directory.path() / "src/internal/goarch/goarch.go", bytes_of("x")));
  const std::string body = IndexWriter().index("internal/goarch", {{"goarch.go", ""}});
  CHECK(index_can_recur(bytes_of(body), directory.path(), "/mod"));
  CHECK_FALSE(index_can_recur(bytes_of(body), directory.path(), directory.path()));
  const std::string other = IndexWriter().index("internal/mine", {{"mine.go", ""}});
  CHECK_FALSE(index_can_recur(bytes_of(other), directory.path(), "/mod"));
}

TEST_CASE("the indexes of a real build") {
  const auto* real = RealBuild::get();
  if (real == nullptr) return;
  bool ok = false;
  std::string goroot = real->go.run({"env", "GOROOT"}, real->module, real->gocache, ok);
  while (goroot.ends_with('\n')) goroot.pop_back();
  const auto tier = LocalTier::open(real->gocache).value();
  int of_module = 0;
  int of_goroot = 0;
  int archives = 0;
  const auto actions = tier.list_actions().value();
  for (const ActionId& action : actions) {
    const auto hit = tier.find(action).value();
    REQUIRE(hit);
    const std::string body = content_of(hit->disk_path);
    const BodyKind kind = kind_of(body);
    archives += kind == BodyKind::archive ? 1 : 0;
    if (kind != BodyKind::package_index) continue;
    const bool is_ours = directory_of(body) == real->module.native();
    (is_ours ? of_module : of_goroot) += 1;
    CHECK(index_can_recur(bytes_of(body), goroot, "/nowhere") == !is_ours);
  }
  CHECK(of_module == 1);
  CHECK(of_goroot > 10);
  CHECK(archives > 10);
}
