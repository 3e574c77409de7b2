"""The link cache: a program that is placed is the program that the linker would have made."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import TOOLCHAINS, Park, by_toolchain, write_tiny
from sluice_harness import REPO, Machine, sha256, wait_until, words_of

FLAGS = ("--no-remote",)


@pytest.fixture
def machine(machine, tiny_first):
    """A machine in whose GOCACHE go alone has compiled the runtime: here it is links that count."""

    def make(name: str = "m", store: Path | str | None = None) -> Machine:
        warm = machine(name, store)
        shutil.copytree(tiny_first.native_cache, warm.gocache)
        return warm

    return make


MAIN = """package main

import (
	"fmt"
	"net"
	"os/user"

	"example.com/prog/part"
)

var version = "none"

func main() {
	me, err := user.Current()
	fmt.Println(version, part.Text, err == nil && me.Uid != "", net.ParseIP("127.0.0.1"))
}
"""
TEST = """package main

import "testing"

func TestVersion(t *testing.T) {
	if version != "none" {
		t.Fatal(version)
	}
}
"""


def write_program(root: Path, text: str = "one") -> Path:
    """A program with the cgo packages of the standard library (net, os/user)."""
    if root.exists():
        shutil.rmtree(root)
    (root / "part").mkdir(parents=True)
    (root / "go.mod").write_text("module example.com/prog\n\ngo 1.23\n")
    (root / "main.go").write_text(MAIN)
    (root / "main_test.go").write_text(TEST)
    (root / "part" / "part.go").write_text(f'package part\n\nconst Text = "{text}"\n')
    return root


def write_repository(root: Path) -> Path:
    """The program as a commit of a git repository, which go stamps into it."""
    write_program(root)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
            cwd=root,
            check=True,
        )
    return root


OUT = "@out"
BUILD = ["build", "-o", OUT]
# name: (go's words, environment)
MODES = {
    "plain": ([*BUILD, "."], {"CGO_ENABLED": "1"}),
    "pure-go": ([*BUILD, "."], {"CGO_ENABLED": "0"}),
    "race": ([*BUILD, "-race", "."], {"CGO_ENABLED": "1"}),
    "cover": ([*BUILD, "-cover", "."], {}),
    "pie": ([*BUILD, "-buildmode=pie", "."], {"CGO_ENABLED": "0"}),
    "pie-cgo": ([*BUILD, "-buildmode=pie", "."], {"CGO_ENABLED": "1"}),
    "ldflags": ([*BUILD, "-ldflags=-s -w -X 'main.version=a b'", "."], {}),
    "static": ([*BUILD, '-ldflags=-extldflags "-static"', "."], {"CGO_ENABLED": "0"}),
    "trimpath": ([*BUILD, "-trimpath", "."], {}),
    "stamped": ([*BUILD, "."], {"GOFLAGS": "-buildvcs=true"}),
    "test-binary": (["test", "-c", "-o", OUT, "."], {}),
    "test-cover": (["test", "-c", "-cover", "-o", OUT, "."], {}),
}


class Lane:
    """One Go release: a machine whose GOCACHE every mode fills, and the program."""

    def __init__(self, version: str, root: Path, sluice: Path, go_env: dict):
        self.park = Park(root, sluice, {**go_env, "GOTOOLCHAIN": version})
        self.machine = self.park("m")
        self.repository = write_repository(root / "prog")

    def check(self, mode: str) -> None:
        words, env = MODES[mode]
        m = self.machine
        outs = [m.root / f"{mode}-{n}" for n in range(3)]

        def at(n: int) -> list[str]:
            return [str(outs[n]) if w == OUT else w for w in words]

        m.plain_go(*at(0), cwd=self.repository, env=env).ok()
        made = m.go(*at(1), flags=FLAGS, cwd=self.repository, env=env).ok()
        # Another $WORK each time.
        other = m.root / "other-tmp"
        other.mkdir(exist_ok=True)
        placed = m.go(
            *at(2), flags=FLAGS, cwd=self.repository, env={**env, "TMPDIR": str(other)}
        ).ok()
        assert links(made) == (1, 0, 1, 0), made.describe()
        assert links(placed) == (1, 1, 0, 0), placed.describe()
        assert sha256(outs[0]) == sha256(outs[1]) == sha256(outs[2])
        assert outs[0].stat().st_mode == outs[1].stat().st_mode == outs[2].stat().st_mode
        assert made.said == placed.said == [], (made.stderr, placed.stderr)
        run = subprocess.run([outs[2]], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr


@pytest.fixture(scope="session")
def lanes(tmp_path_factory, sluice, go_env):
    made: dict[str, Lane] = {}

    def lane(version: str) -> Lane:
        if version not in made:
            made[version] = Lane(version, tmp_path_factory.mktemp("link"), sluice, go_env)
        return made[version]

    yield lane
    for lane in made.values():
        lane.park.stop()


def links(run) -> tuple[int, int, int, int]:
    """(all, placed from this machine, made for the cache, made and not for it)."""
    names = ("links", "link_hits_local", "link_misses", "link_uncached")
    return tuple(run.summary[name] for name in names)


@pytest.mark.xdist_group("links")
@pytest.mark.parametrize("mode", MODES)
def test_placed_is_made(mode, lanes):
    lanes("local").check(mode)


@pytest.mark.matrix
@pytest.mark.parametrize("version", TOOLCHAINS)
@pytest.mark.parametrize("mode", MODES)
def test_placed_is_made_by_every_go(version, mode, lanes, toolchain):
    lanes(toolchain(version)).check(mode)


@pytest.mark.parametrize("version", by_toolchain())
def test_every_go(version, machine, toolchain, tiny):
    """Nothing is compiled anew because of sluice before the tools; one program."""
    env = {"GOTOOLCHAIN": toolchain(version)}
    m = machine()
    outs = [m.root / f"out-{n}" for n in range(4)]
    m.plain_go("build", "-o", str(outs[0]), ".", cwd=tiny, env=env).ok()
    before = archives(m)
    for n, expected in ((1, (1, 0, 1, 0)), (2, (1, 1, 0, 0))):
        run = m.go("build", "-o", str(outs[n]), ".", flags=FLAGS, cwd=tiny, env=env).ok()
        assert links(run) == expected, run.describe()
        assert archives(m) == before
    # And plain go finds nothing to compile in what a go with sluice before its tools left.
    (tiny / "part" / "part.go").write_text('package part\n\nconst Text = "another"\n')
    m.go("build", "-o", str(outs[2]), ".", flags=FLAGS, cwd=tiny, env=env).ok()
    plain = m.plain_go("build", "-x", "-o", str(outs[3]), ".", cwd=tiny, env=env).ok()
    assert not re.search(r"/compile\b.* -o ", plain.stderr), plain.stderr
    assert sha256(outs[2]) == sha256(outs[3])


@pytest.mark.parametrize("system", ["windows/amd64", "darwin/arm64", "linux/arm64"])
def test_for_another_platform(system, machine, tiny):
    m = machine()
    goos, goarch = system.split("/")
    env = {"GOOS": goos, "GOARCH": goarch, "CGO_ENABLED": "0"}
    outs = [m.root / f"out-{n}" for n in range(3)]
    m.plain_go("build", "-o", str(outs[0]), ".", cwd=tiny, env=env).ok()
    for out, expected in ((outs[1], (1, 0, 1, 0)), (outs[2], (1, 1, 0, 0))):
        run = m.go("build", "-o", str(out), ".", flags=FLAGS, cwd=tiny, env=env).ok()
        assert links(run) == expected
    assert len({sha256(out) for out in outs}) == 1


def archives(m) -> set[Path]:
    """The compiled packages in the local tier."""
    magic = b"!<arch>"
    return {p for p in m.gocache.glob("??/*-d") if p.is_file() and p.open("rb").read(7) == magic}


def build(m, tiny, *words, flags=FLAGS, **options):
    (m.root / "out").unlink(missing_ok=True)  # go does not link what stands there already
    return m.go("build", "-o", str(m.root / "out"), *words, ".", flags=flags, cwd=tiny, **options)


def test_every_part_of_the_key_counts(machine, tiny):
    """What changes the program, or may, makes a link of its own."""
    m = machine()

    def is_made(*words, env=None):
        how = links(build(m, tiny, *words, env=env).ok())
        assert how in ((1, 0, 1, 0), (1, 1, 0, 0))
        return how == (1, 0, 1, 0)

    assert is_made()
    assert not is_made()
    assert is_made("-ldflags=-X main.x=1")
    assert is_made("-ldflags=-X main.x=2")
    assert not is_made("-ldflags=-X main.x=1")
    assert is_made(env={"GODEBUG": "madvdontneed=1"})
    assert is_made(env={"GO_EXTLINK_ENABLED": "0"})
    assert is_made("-buildmode=pie")
    write_tiny(tiny, "another text")
    assert is_made()
    write_tiny(tiny)
    assert not is_made()
    (tiny / "go.mod").write_text("module example.com/tiny\n\ngo 1.22\n")
    assert is_made()


def test_another_goroot_is_another_link(machine, tiny, goroot):
    m = machine()
    copy = m.root / "goroot"
    copy.mkdir()
    for name in ("src", "pkg", "lib", "bin", "VERSION", "go.env"):
        if (goroot / name).exists():
            (copy / name).symlink_to(goroot / name)
    build(m, tiny).ok()
    run = build(m, tiny, env={"GOROOT": str(copy)}).ok()
    assert links(run) == (1, 0, 1, 0)
    assert str(copy) in (m.root / "out").read_bytes().decode("latin-1")


def test_the_linker_reads_no_variable_that_is_not_in_the_key(toolchain, go_env):
    text = (REPO / "docs/formats/link-cache.md").read_text()
    known = set(re.findall(r"\bGO[A-Z0-9_]+\b", text))
    read = re.compile(r'(?:envOr|os\.Getenv|os\.LookupEnv)\("([A-Za-z0-9_]+)"')
    for version in TOOLCHAINS:
        env = {**os.environ, **go_env, "GOTOOLCHAIN": toolchain(version)}
        out = subprocess.run(
            ["go", "env", "GOROOT"], capture_output=True, text=True, env=env, check=True, cwd="/"
        )
        source = Path(out.stdout.strip()) / "src"
        names = set()
        for directory in ("internal/buildcfg", "cmd/link", "cmd/internal/objabi"):
            for path in (source / directory).rglob("*.go"):
                if not path.name.endswith("_test.go"):
                    names |= set(read.findall(path.read_text()))
        assert {"GOROOT", "GOAMD64"} <= names
        assert names <= known, f"{version}: {names - known}"


def test_the_version_of_a_tool_is_what_the_tool_says(machine, tiny, goroot):
    m = machine()
    seen = m.root / "seen"
    script = m.root / "see"
    # What go's own environment is for a toolexec, from a go that runs a link.
    script.write_text(f'#!/bin/sh\nenv -0 > {seen}\nexec "$@"\n')
    script.chmod(0o755)
    m.sluice_run(
        "run", *FLAGS, "--", "sh", "-c", f"go build -toolexec={script} -o out .", cwd=tiny
    ).ok()
    env = dict(v.split("=", 1) for v in seen.read_text().split("\0") if "=" in v)
    assert "toolexec" in env["GOFLAGS"]
    tools = sorted((goroot / "pkg" / "tool").glob("*/*"))
    assert {"asm", "cgo", "compile", "cover", "link", "vet"} <= {tool.name for tool in tools}
    for experiment in ("", "arenas"):
        for tool in [tool for tool in tools if tool.name in ("asm", "cgo", "compile", "link")]:
            told = {**env, "GOEXPERIMENT": experiment}
            direct = m.run(str(tool), "-V=full", env=told).ok()
            for _ in range(2):
                ours = m.run(m.sluice, "toolexec", str(tool), "-V=full", env=told).ok()
                assert (ours.stdout, ours.stderr) == (direct.stdout, direct.stderr)
    assert list((m.cache / "sluice" / "tools").glob("*.json"))


def test_moved_checkout(machine, tmp_path):
    """With -trimpath a program does not depend on where it lies, and neither does its key."""
    m = machine()
    for n, expected in ((1, (1, 0, 1, 0)), (2, (1, 1, 0, 0))):
        root = write_tiny(tmp_path / f"checkout-{n}")
        assert links(build(m, root, "-trimpath").ok()) == expected


def test_tests_are_placed_too(machine, tmp_path):
    m = machine()
    root = write_tiny(tmp_path / "tiny")
    (root / "part" / "part_test.go").write_text(
        'package part\n\nimport "testing"\n\nfunc TestText(t *testing.T) { t.Log(Text) }\n'
    )
    for expected in ((1, 0, 1, 0), (1, 1, 0, 0)):
        run = m.go("test", "-count=1", "./part", flags=FLAGS, cwd=root).ok()
        assert links(run) == expected
        assert "ok" in run.stdout


def test_c_code_of_ones_own_is_linked_anew(machine, tmp_path):
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    m = machine()
    root = write_tiny(tmp_path / "c")
    (root / "part" / "part.go").write_text(
        "package part\n\n// static int two(void) { return 2; }\nimport \"C\"\n\n"
        "var Text = int(C.two())\n"
    )
    for _ in range(2):
        assert links(build(m, root, env={"CGO_ENABLED": "1"}).ok()) == (1, 0, 0, 1)
    assert subprocess.run([m.root / "out"], capture_output=True).stderr == b"2\n"


def test_external_linking_is_left_to_the_c_linker(machine, tiny):
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    m = machine()
    for words, env in (
        (["-ldflags=-linkmode=external"], {}),
        ([], {"GO_EXTLINK_ENABLED": "1"}),
        (["-buildmode=c-shared"], {}),
    ):
        run = build(m, tiny, *words, env={"CGO_ENABLED": "1", **env}).ok()
        assert links(run) == (1, 0, 0, 1)


def test_a_users_own_toolexec_wins(machine, tiny):
    m = machine()
    log = m.root / "log"
    mine = m.root / "mine"
    mine.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec "$@"\n')
    mine.chmod(0o755)
    for words, env in (
        ([f"-toolexec={mine}"], {}),
        ([], {"GOFLAGS": f"-buildvcs=false -toolexec={mine}"}),
    ):
        log.unlink(missing_ok=True)
        run = build(m, tiny, *words, env=env).ok()
        assert links(run) == (0, 0, 0, 0)
        assert any(line.endswith("/link") for line in log.read_text().splitlines())
        assert run.said == []


def test_what_go_shows_is_not_changed(machine, tiny):
    m = machine()
    for word in ("-x", "-n"):
        run = build(m, tiny, word).ok()
        assert "toolexec" not in run.stderr
        assert links(run) == (0, 0, 0, 0) if run.summary else True
    assert "toolexec" not in m.go("env", "GOFLAGS").ok().stdout


def test_the_effective_goflags_stay_in_effect(machine, tiny):
    """Those of `go env -w` hold although the variable, which hides them, is set now."""
    (tiny / "tagged.go").write_text(
        '//go:build special\n\npackage main\n\nfunc init() { println("special") }\n'
    )
    m = machine()
    m.run("go", "env", "-w", "GOFLAGS=-buildvcs=false -tags=special", env={"GOFLAGS": None}).ok()
    run = build(m, tiny, env={"GOFLAGS": None}).ok()
    assert links(run) == (1, 0, 1, 0)
    out = subprocess.run([m.root / "out"], capture_output=True)
    assert out.stderr == b"special\ntiny one\n"
    quoted = {"GOFLAGS": "-buildvcs=false '-ldflags=-X \"main.x=a b\"'"}
    assert links(build(m, tiny, env=quoted).ok()) == (1, 0, 1, 0)


def test_goflags_that_go_cannot_read(machine, tiny):
    """go says what is wrong with them; sluice adds one line and nothing else."""
    m = machine()
    run = build(m, tiny, env={"GOFLAGS": "'-tags=open"})
    assert run.code != 0 and "GOFLAGS" in run.go_stderr
    assert len([line for line in run.said if "link cache" in line]) == 1, run.said


def test_a_path_with_blanks(machine, tiny, sluice, tmp_path):
    m = machine()
    directory = tmp_path / "my tools"
    directory.mkdir()
    m.sluice = directory / "sluice"
    shutil.copy2(sluice, m.sluice)
    for expected in ((1, 0, 1, 0), (1, 1, 0, 0)):
        assert links(build(m, tiny).ok()) == expected


def test_off(machine, tiny):
    m = machine()
    for flags, env in (
        ((*FLAGS, "--link-cache=off"), {}),
        (FLAGS, {"SLUICE_LINK_CACHE": "off"}),
        (FLAGS, {"SLUICE_LINK_CACHE": "off", "GOFLAGS": ""}),
    ):
        run = build(m, tiny, flags=flags, env=env).ok()
        assert links(run) == (0, 0, 0, 0)
    assert not (m.cache / "sluice" / "link").exists()
    refused = build(m, tiny, flags=("--link-cache=perhaps",)).fails(2)
    assert refused.said == ['sluice: --link-cache: "perhaps" is not one of on, off']


def test_run_and_the_summary(machine, tiny):
    m = machine()
    command = ("sh", "-c", "go build -o one . && go build -o two .")
    run = m.sluice_run("run", *FLAGS, "--", *command, cwd=tiny).ok()
    assert links(run) == (2, 1, 1, 0)
    assert "; 2 links: 1 local, 0 remote, 1 made" in run.summary_lines[0]
    assert sha256(tiny / "one") == sha256(tiny / "two")


def test_go_run_and_go_tool_are_placed_too(machine, tiny):
    m = machine()
    for expected in ((1, 0, 1, 0), (1, 1, 0, 0)):
        run = m.go("run", ".", flags=FLAGS, cwd=tiny).ok()
        assert run.go_stderr == "tiny one\n"
        assert links(run) == expected
        for path in m.gocache.glob("??/*-d"):
            if path.is_dir():
                shutil.rmtree(path)  # go's own cache of the executable


def programs(m) -> list[Path]:
    return [p for p in (m.cache / "sluice" / "link").glob("??/*-d") if p.stat().st_size > 10000]


def test_verify(machine, tiny):
    m = machine()
    build(m, tiny).ok()
    run = build(m, tiny, flags=(*FLAGS, "--verify", "100%")).ok()
    assert links(run)[1] == 0
    assert run.summary["verify"] == {**run.summary["verify"], "mismatched": 0}


def test_a_damaged_program_is_made_again(machine, tiny):
    m = machine()
    build(m, tiny).ok()
    good = sha256(m.root / "out")
    [kept] = programs(m)
    assert kept.stat().st_nlink == 1
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 1
    kept.chmod(0o644)
    kept.write_bytes(data)
    run = build(m, tiny).ok()
    assert sha256(m.root / "out") == good
    assert len(run.said) == 1 and "damaged" in run.said[0], run.said
    for expected in ((1, 0, 1, 0), (1, 1, 0, 0)):
        run = build(m, tiny).ok()
        # The one with the damage has linked, and stored again.
        if links(run) == (1, 1, 0, 0):
            break
        assert links(run) == expected
    assert sha256(m.root / "out") == good


def test_a_damaged_archive_does_not_get_into_a_program_that_is_kept(machine, tiny):
    """go links what lies in its cache as it is; such a program is not kept."""
    m = machine()
    build(m, tiny, flags=(*FLAGS, "--link-cache=off")).ok()
    good = sha256(m.root / "out")
    whole = max(archives(m), key=lambda p: p.stat().st_size)  # the runtime
    data = whole.read_bytes()
    # A text that the program carries and nothing else depends on.
    at = data.rindex(b"all goroutines are asleep")
    whole.chmod(0o644)
    whole.write_bytes(data[:at] + b"ALL" + data[at + 3 :])
    run = build(m, tiny).ok()
    assert sha256(m.root / "out") != good
    assert any("damaged" in line for line in run.said), run.said
    assert programs(m) == []
    whole.write_bytes(data)
    assert links(build(m, tiny).ok()) == (1, 0, 1, 0)
    assert sha256(m.root / "out") == good
    # What is kept is right even where the archive is not.
    whole.write_bytes(data[:at] + b"ALL" + data[at + 3 :])
    assert links(build(m, tiny).ok()) == (1, 1, 0, 0)
    assert sha256(m.root / "out") == good


def test_a_cache_directory_that_cannot_be_used(machine, tiny):
    m = machine()
    build(m, tiny, flags=(*FLAGS, "--link-cache=off")).ok()
    good = sha256(m.root / "out")
    (m.cache / "sluice" / "link").write_text("a file where the directory should be")
    run = build(m, tiny).ok()
    assert sha256(m.root / "out") == good
    assert [line for line in run.said if "link-cache" in line], run.said


def test_a_full_disk(machine, tiny, tmpfs):
    """Too little room: nothing is stored, nothing is broken, and nothing is said."""
    m = machine()
    (m.cache / "sluice").mkdir()
    (m.cache / "sluice" / "link").symlink_to(tmpfs("1m"))
    for _ in range(2):
        run = build(m, tiny).ok()
        assert links(run) == (1, 0, 1, 0)
    assert programs(m) == []
    assert subprocess.run([m.root / "out"], capture_output=True).stderr == b"tiny one\n"


@pytest.mark.parametrize("when", ["linking", "storing"])
def test_killed_in_the_middle(when, machine, tmp_path, tiny):
    """A wrapper that is killed fails its own go command and leaves nothing that a later one
    would take.
    """
    m = machine()
    build(m, tiny, flags=(*FLAGS, "--link-cache=off")).ok()
    good = sha256(m.root / "out")
    process = m.popen(
        m.sluice, "go", *FLAGS, "build", "-o", str(m.root / "out"), ".", cwd=tiny,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def wrapper() -> list[int]:
        found = []
        for pid in m.processes():
            words = words_of(pid)  # none of one that is gone
            if words[0].endswith(b"/sluice-toolexec") and b"-importcfg" in words:
                found.append(pid)
        return found

    def due() -> bool:
        return bool(wrapper()) and (when == "linking" or bool(programs(m)))

    wait_until(lambda: due() or process.poll() is not None, 60, 0.001)
    for pid in wrapper():
        os.kill(pid, signal.SIGKILL)
    process.wait(60)
    m.stop()
    for _ in range(2):
        build(m, tiny).ok()
        assert sha256(m.root / "out") == good


def test_many_at_once(machine, tmp_path):
    m = machine()
    roots = [write_tiny(tmp_path / "same") for _ in range(1)]
    build(m, roots[0], flags=(*FLAGS, "--link-cache=off")).ok()
    processes = [
        m.popen(
            m.sluice, "go", *FLAGS, "build", "-o", str(m.root / f"many-{n}"), ".", cwd=roots[0],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for n in range(6)
    ]  # fmt: skip
    assert [process.wait(120) for process in processes] == [0] * 6
    assert len({sha256(m.root / f"many-{n}") for n in range(6)}) == 1
    assert sha256(m.root / "many-0") == sha256(m.root / "out")
    assert len(programs(m)) == 1


REMOTE = ("--drain", "wait")


def came(run) -> int:
    """Programs that an empty machine got: asked for, or brought in before go linked."""
    return run.summary["link_hits_remote"] + run.summary["link_hits_local"]


def test_another_machine(machine, tmp_path, tiny):
    """What a job of a pipeline linked is fetched by the next one, on an empty machine."""
    store = tmp_path / "store"
    ci = {"CI": "true"}
    first = machine("first", store=store)
    assert links(build(first, tiny, flags=REMOTE, env=ci).ok()) == (1, 0, 1, 0)
    first.stop()
    second = machine("second", store=store)
    # The link of so small a program takes less than fetching it is expected to.
    run = build(second, tiny, flags=REMOTE, env=ci).ok()
    assert came(run) + run.summary["link_misses"] == 1
    assert sha256(second.root / "out") == sha256(first.root / "out")
    assert links(build(second, tiny, flags=REMOTE, env=ci).ok()) == (1, 1, 0, 0)


def test_a_large_program_on_another_machine(machine, tmp_path):
    store = tmp_path / "store"
    ci = {"CI": "true"}
    root = write_program(tmp_path / "prog")
    (root / "web.go").write_text(
        'package main\n\nimport (\n\t"net/http"\n\t_ "crypto/tls"\n\t_ "encoding/json"\n)\n\n'
        "var Server http.Server\n\nfunc init() { _ = Server.ListenAndServe }\n"
    )
    first = machine("first", store=store)
    build(first, root, flags=REMOTE, env=ci).ok()
    first.stop()
    second = machine("second", store=store)
    run = build(second, root, flags=REMOTE, env=ci).ok()
    assert came(run) == 1, run.describe()
    assert re.search("; 1 link: [01] local, [01] remote, 0 made", run.summary_lines[0])
    assert sha256(second.root / "out") == sha256(first.root / "out")
    # It stays known: this job used it.
    second.stop()
    third = machine("third", store=store)
    assert came(build(third, root, flags=REMOTE, env=ci).ok()) == 1
    # A job outside of the trust domain reads it, and nobody trusted reads what that one made.
    guest = machine("guest", store=store)
    guest_flags = (*REMOTE, "--trust-domain=guests")
    assert came(build(guest, root, flags=guest_flags, env=ci).ok()) == 1
    (root / "part" / "part.go").write_text('package part\n\nconst Text = "of a guest"\n')
    assert links(build(guest, root, flags=guest_flags, env=ci).ok()) == (1, 0, 1, 0)
    guest.stop()
    fourth = machine("fourth", store=store)
    assert links(build(fourth, root, flags=REMOTE, env=ci).ok()) == (1, 0, 1, 0)


def test_domains_are_apart(machine, tiny):
    m = machine()
    build(m, tiny).ok()
    run = build(m, tiny, flags=(*FLAGS, "--trust-domain=guests")).ok()
    assert links(run) == (1, 0, 1, 0)
    assert (m.cache / "sluice" / "domains" / "guests" / "link").is_dir()
