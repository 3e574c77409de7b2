"""Lengths of functions, files and lines."""

from house_checks import size
from house_checks.tree import File


def body(lines: int) -> str:
    """A function of exactly that many lines."""
    return "void f() {\n" + "  g();\n" * (lines - 2) + "}\n"


def test_a_function_may_have_seventy_lines(findings):
    assert findings(size.check_functions, {"src/a/a.cpp": body(70)}) == []
    [found] = findings(size.check_functions, {"src/a/a.cpp": "\n" + body(71)})
    assert found == "src/a/a.cpp:2: f has 71 lines, at most 70"


def test_what_is_a_function():
    text = """
namespace a::b {
class Thing : public Base<int(char)> {
 public:
  Thing(int x)
      : x_(x) {
    if (x) {
      g();
    }
  }
  bool operator==(const Thing&) const {
    return true;
  }
  int x_{0};
};
struct Table {
  int n = f(1);
};
constexpr int k_table[] = {
    1,
};
const auto k_call = make(1, {
    2,
});
#define MACRO(x) { \\
  }
template <class T>
Result<std::vector<T>> outer(std::span<const T> all)
    requires(sizeof(T) > 1)
{
  const auto inner = [&](int a) {
    return a;
  };
  for (;;) {
  }
}
TEST_CASE("braces { in text }") {
  CHECK(true);
}
}  // namespace a::b
"""
    found = size.functions(File("a.cpp", text))
    assert [(name, last - first + 1) for name, first, last in found] == [
        ("Thing", 6),
        ("operator==", 3),
        ("outer", 10),
        ("TEST_CASE", 3),
    ]


def test_a_long_file_fails(findings):
    assert findings(size.check_files, {"src/a/a.cpp": "\n" * 800}) == []
    [found] = findings(size.check_files, {"src/a/a.cpp": "\n" * 801})
    assert "801 lines, at most 800" in found


def test_a_long_line_fails_counted_in_characters(findings):
    assert findings(size.check_lines, {"src/a/a.cpp": "…" * 100}) == []
    [found] = findings(size.check_lines, {"src/a/a.cpp": "\n" + "x" * 101})
    assert found == "src/a/a.cpp:2: 101 columns, at most 100"


def test_a_long_line_may_be_excused(findings):
    text = "// house: allow long-line (one URL)\n" + "x" * 101
    assert findings(size.check_lines, {"src/a/a.cpp": text}) == []
