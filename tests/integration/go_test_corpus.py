"""A Go module with every way in which a package's tests can end, and how two runs of it compare.

What `sluice test` and `go test` say of it has to be the same, but for times, addresses and the
order of packages.
"""

from __future__ import annotations

import collections
import json
import re
from pathlib import Path

TESTS = {
    "good": "func TestA(t *testing.T) { t.Log(1) }\nfunc TestB(t *testing.T) {}",
    "fails": 'func TestA(t *testing.T) { t.Error("no") }\nfunc TestB(t *testing.T) {}',
    "fails_alone": 'func TestA(t *testing.T) { println("to stderr"); t.FailNow() }',
    "panics": 'func TestA(t *testing.T) { panic("oh") }\nfunc TestB(t *testing.T) {}',
    "panics_at_init": 'func init() { panic("init") }\nfunc TestA(t *testing.T) {}',
    "exits_with_0": "func TestA(t *testing.T) { os.Exit(0) }",
    "exits_with_3": "func TestA(t *testing.T) { os.Exit(3) }",
    "killed": "func TestA(t *testing.T) { syscall.Kill(os.Getpid(), syscall.SIGKILL) }",
    "killed_talking": (
        'func TestA(t *testing.T) { fmt.Println("last"); '
        "syscall.Kill(os.Getpid(), syscall.SIGTERM); select {} }"
    ),
    "no_tests": "var X = 1",
    "examples": (
        'func Example() { fmt.Println("x") /* Output */\n// Output: x\n}\n'
        'func ExampleX() { fmt.Println("y")\n// Output: z\n}\nfunc X() {}'
    ),
    "seeds": (
        "func FuzzA(f *testing.F) { f.Add(1); f.Add(2); "
        "f.Fuzz(func(t *testing.T, i int) { if i == 2 { t.Error(i) } }) }"
    ),
    "benchmarks": "func BenchmarkA(b *testing.B) {}\nfunc TestA(t *testing.T) {}",
    "slashes": (
        'func TestA(t *testing.T) { for _, n := range []string{"a/b", "", "", "x y", "#00"} '
        '{ t.Run(n, func(t *testing.T) { if n == "x y" { t.Fail() } }) } }'
    ),
    "parallel": (
        "func TestA(t *testing.T) { t.Parallel(); time.Sleep(time.Millisecond) }\n"
        'func TestB(t *testing.T) { fmt.Println("b") }'
    ),
    "unterminated": 'func TestA(t *testing.T) { fmt.Print("no end") }',
    "unterminated_and_fails": 'func TestA(t *testing.T) { t.Fail(); fmt.Print("no end") }',
    "unterminated_at_exit": 'func TestA(t *testing.T) { fmt.Print("no end"); os.Exit(4) }',
    "skips": 'func TestA(t *testing.T) { t.Skip("why") }',
    "main": (
        'func TestMain(m *testing.M) { fmt.Println("before"); code := m.Run(); '
        'fmt.Println("after"); os.Exit(code) }\nfunc TestA(t *testing.T) {}'
    ),
    "main_forgets": "func TestMain(m *testing.M) {}\nfunc TestA(t *testing.T) { t.Fail() }",
    "talks": 'func TestA(t *testing.T) { for i := range 3000 { fmt.Println("line", i) } }',
    "bytes": r'func TestA(t *testing.T) { fmt.Println("a\xffb\x16c\x1b[0m") ; t.Log("\xfe") }',
    "reads": (
        'func TestA(t *testing.T) { fmt.Println(os.Getenv("WHO"), len(os.Args)); '
        'b, err := os.ReadFile("testdata/a"); fmt.Println(string(b), err); '
        'd, _ := os.Getwd(); fmt.Println(filepath.Base(d), os.Getenv("PWD") == d); '
        "if strings.HasSuffix(os.Args[0], \"reads.test\") { fmt.Println(len(flag.Args())) } }"
    ),
    "one/util": "func TestA(t *testing.T) {}",
    "two/util": "func TestA(t *testing.T) { t.Fail() }",
    "vet_is_against_it": 'func TestA(t *testing.T) { fmt.Printf("%d\\n", "x") }',
    "test_does_not_compile": "func TestA(t *testing.T) { var x int = \"a\" }",
    "test_imports_nothing": 'import _ "ex.com/corpus/nowhere"\nfunc TestA(t *testing.T) {}',
}

PACKAGES = {
    "no_test_files": "package no_test_files\n",
    "does_not_compile": 'package does_not_compile\n\nfunc F() int { return "x" }\n',
    "depends": 'package depends\n\nimport "ex.com/corpus/does_not_compile"\n\n'
    "var X = does_not_compile.F()\n",
    "imports_nothing": 'package imports_nothing\n\nimport "ex.com/corpus/nowhere"\n\n'
    "var X = nowhere.X\n",
    "imports_that": 'package imports_that\n\nimport "ex.com/corpus/imports_nothing"\n\n'
    "var X = imports_nothing.X\n",
}

IMPORTS = ["flag", "fmt", "os", "os/exec", "path/filepath", "strings", "syscall", "testing", "time"]


def go_test_text(package: str, body: str) -> str:
    own = []
    if body.startswith("import "):
        line, body = body.split("\n", 1)
        own = [line]
    used = [path for path in IMPORTS if f"{path.rsplit('/', 1)[-1]}." in body]
    lines = [f"package {package}", "", *own, *(f'import "{path}"' for path in used), "", body, ""]
    return "\n".join(lines)


def write_corpus(root: Path) -> Path:
    root.mkdir(parents=True)
    (root / "go.mod").write_text("module ex.com/corpus\n\ngo 1.24\n")
    for name, body in TESTS.items():
        directory = root / name
        directory.mkdir(parents=True)
        package = directory.name
        (directory / f"{package}.go").write_text(f"package {package}\n")
        (directory / f"{package}_test.go").write_text(go_test_text(package, body))
    for name, text in PACKAGES.items():
        (root / name).mkdir()
        (root / name / "a.go").write_text(text)
        if name != "no_test_files":
            text = go_test_text(name, "func TestA(t *testing.T) {}")
            (root / name / "a_test.go").write_text(text)
    (root / "reads" / "testdata").mkdir()
    (root / "reads" / "testdata" / "a").write_text("read")
    both = root / "both"
    both.mkdir()
    (both / "a.go").write_text("package both\n")
    (both / "a_test.go").write_text(go_test_text("both", "func TestX(t *testing.T) {}"))
    (both / "b_test.go").write_text(
        go_test_text("both_test", 'func TestX(t *testing.T) { t.Error("the other") }')
    )
    outside = root / "outside_only"
    outside.mkdir()
    (outside / "a_test.go").write_text(
        go_test_text("outside_only_test", "func TestX(t *testing.T) {}")
    )
    return root


# --- what is the same whatever the machine does ---

CHANGING = [
    (re.compile(r"\d+\.\d+s\b"), "T"),
    (re.compile(r"0x[0-9a-f]+"), "ADDRESS"),
    (re.compile(r"\bgoroutine \d+"), "goroutine N"),
    (re.compile(r"\bgo-build[-\w]+(/b\d+|/[0-9a-f]{16})?"), "go-build"),
    (re.compile(r"\{0x[^}]*\}"), "{...}"),
    (re.compile(r"\+ADDRESS\b"), ""),
    (re.compile(r"\(ADDRESS[^)]*\)"), "(...)"),
]


def steady(text: str) -> str:
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return text


END_OF_PACKAGE = re.compile(r"^(ok  |FAIL|\?   )\t(\S+)")


def blocks(text: str) -> dict[str, str]:
    """What go says in text, by package; a block ends with the line that names it."""
    found, lines = {}, []
    for line in steady(text).splitlines(keepends=True):
        lines.append(line)
        end = END_OF_PACKAGE.match(line)
        if end:
            assert end.group(2) not in found, (end.group(2), text)
            found[end.group(2)] = "".join(lines)
            lines = []
    found[""] = "".join(lines)
    return found


def events(text: str) -> dict[str, list]:
    """The event stream by package, and what builds say by theirs."""
    found = collections.defaultdict(list)
    for line in text.splitlines():
        event = json.loads(line)
        for changing in ("Time", "Elapsed"):
            if changing in event:
                event[changing] = None
        if "Output" in event:
            event["Output"] = steady(event["Output"])
        key = event.get("Package") or "build of " + event.get("ImportPath", "")
        found[key].append(event)
    return dict(found)


def said_of_builds(stderr: str) -> list[str]:
    """Without sluice's own lines, in any order: builds end in any order."""
    return sorted(line for line in stderr.splitlines() if not line.startswith("sluice: "))
