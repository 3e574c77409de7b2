"""Two clones share everything when go sees both at one path, and nothing that is not the same.

The oracle is go itself at that path: in a mount namespace that the test makes.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time
import zipfile
from pathlib import Path

import pytest
from conftest import Park
from sluice_harness import Machine, compiled, sha256, wait_until

ROOT = "/srv/sluice"
NOBODY = 65534

FILES = {
    "go.mod": "module example.com/twice\n\ngo 1.24\n\nrequire example.com/dep v1.0.0\n",
    "main.go": """
        package main

        import (
        	"fmt"

        	"example.com/dep"
        	"example.com/twice/part"
        )

        func main() { fmt.Println(part.Name(), dep.Of()) }
        """,
    "part/part.go": """
        package part

        import "strings"

        func Name() string { return strings.ToUpper("part") }
        """,
    "part/part_test.go": """
        package part

        import (
        	"os"
        	"testing"
        )

        func Test(t *testing.T) {
        	directory, _ := os.Getwd()
        	data, err := os.ReadFile("testdata/data")
        	t.Log("here:", directory, Name(), string(data), err)
        	if os.Getenv("FAIL_HERE") != "" {
        		t.Fatal("told to")
        	}
        }
        """,
    "part/testdata/data": "data one",
    "use/use.go": """
        package use

        import "example.com/dep"

        func Use() int { return dep.Of() }
        """,
    "use/use_test.go": """
        package use

        import "testing"

        func Test(t *testing.T) { t.Log(Use()) }
        """,
}
PACKAGES = {"part", "use"}


def write_clone(root: Path, change: dict[str, str] | None = None) -> Path:
    """A clone of the module: every file new, all of one age."""
    for name, text in {**FILES, **(change or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    (root / "go.sum").write_text(go_sum())
    age(root, time.time() - 3600)
    return root


def age(root: Path, then: float) -> None:
    for path in [root, *root.rglob("*")]:
        os.utime(path, (then, then), follow_symlinks=False)


DEP = {
    "go.mod": "module example.com/dep\n\ngo 1.24\n",
    "dep.go": "package dep\n\nfunc Of() int { return 7 }\n",
}
_sums: list[str] = []


def go_sum() -> str:
    return _sums[0]


def write_proxy(root: Path) -> str:
    """A module proxy in a folder with example.com/dep v1.0.0."""
    at = root / "example.com" / "dep" / "@v"
    at.mkdir(parents=True)
    (at / "list").write_text("v1.0.0\n")
    (at / "v1.0.0.info").write_text('{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}')
    (at / "v1.0.0.mod").write_text(DEP["go.mod"])
    with zipfile.ZipFile(at / "v1.0.0.zip", "w") as archive:
        for name, text in DEP.items():
            archive.writestr(f"example.com/dep@v1.0.0/{name}", text)
    return root.as_uri()


class Bench:
    """A machine whose cache has the standard library, and what the tests make beside it."""

    def __init__(self, root: Path, sluice: Path, go_env: dict[str, str]):
        self.root = root
        env = {**go_env, "GOPROXY": write_proxy(root / "proxy"), "GOSUMDB": "off"}
        self.park = Park(root / "machines", sluice, env)
        self.machine = self.park("bench", store=root / "store")
        probe = root / "probe"
        probe.mkdir()
        (probe / "go.mod").write_text(FILES["go.mod"])
        (probe / "m_test.go").write_text(
            'package m\n\nimport (\n\t_ "example.com/dep"\n\t_ "os/exec"\n\t_ "strings"\n'
            '\t"testing"\n)\n\nfunc Test(t *testing.T) {}\n'
        )
        mod = {"GOFLAGS": "-mod=mod -buildvcs=false", "GOMODCACHE": str(root / "mod")}
        self.machine.plain_go("test", ".", cwd=probe, env=mod).ok()
        _sums[:] = [(probe / "go.sum").read_text()]
        # A go below that has nothing of the tests' own.
        self.std = root / "std-cache"
        shutil.copytree(self.machine.gocache, self.std)
        self._clones = 0
        self._user: Machine | None = None

    def with_std(self, name: str, store: str | None = None) -> Machine:
        """One more machine, which has compiled the standard library."""
        m = self.park(name, store=self.root / store if store else None)
        # What is there is never written again.
        shutil.copytree(self.std, m.gocache, copy_function=os.link)
        return m

    def of_user(self) -> Machine:
        """The one of an ordinary user."""
        if self._user is None:
            self._user = self.park("user")
            shutil.copytree(self.std, self._user.gocache)
            binary = self._user.root / "sluice"
            shutil.copy2(self._user.sluice, binary)
            self._user.sluice = binary
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", self._user.root], check=True)
        return self._user

    def clone(self, change: dict[str, str] | None = None) -> Path:
        self._clones += 1
        return write_clone(self.root / f"clone-{self._clones}" / "deep" / "shop", change)

    def modcache(self, clone: Path) -> dict[str, str]:
        return {"GOMODCACHE": str(clone.parent / "modcache")}


@pytest.fixture(scope="module")
def bench(sluice, go_env):
    if not can_mount():
        pytest.skip("mounts are not allowed here")
    # Not below pytest's own directory, which other users may not enter.
    root = Path(tempfile.mkdtemp(prefix="sluice-same-path-"))
    root.chmod(0o755)
    made = Bench(root, sluice, go_env)
    yield made
    made.park.stop()
    # The directories of a module cache are read-only.
    subprocess.run(["chmod", "-R", "u+w", root], check=True)
    subprocess.run(["rm", "-rf", root], check=True)


def can_mount() -> bool:
    words = ["unshare", "-m", "true"] if os.geteuid() == 0 else ["unshare", "-Urm", "true"]
    return subprocess.run(words, capture_output=True).returncode == 0


def states(run) -> dict[str, str]:
    return dict(re.findall(r"^ok  \texample.com/twice/(\w+)\t(\S+)", run.stdout, re.M))


def cached(run) -> set[str]:
    return {name for name, state in states(run).items() if state == "(cached)"}


def told(run) -> list[str]:
    """What was said about the path."""
    return [line for line in run.said if "lookups" not in line]


def seen_at(run) -> str:
    """Where the test of `part` saw its directory."""
    return re.search(r"here: (\S+)", run.stdout).group(1)


def run_tests(bench, clone: Path, *flags: str, words=("-v",), machine=None, **options):
    env = {**bench.modcache(clone), **options.pop("env", {})}
    m = machine or bench.machine
    return m.go("test", *words, "./...", flags=flags, cwd=clone, env=env, **options)


def build(bench, clone: Path, *words: str, flags=("--same-path=always",), machine=None, **options):
    env = {**bench.modcache(clone), **options.pop("env", {})}
    m = machine or bench.machine
    return m.go("build", *words, flags=flags, cwd=clone, env=env, **options)


@pytest.fixture(scope="module")
def first(bench):
    """A clone that was tested and built at the constant path."""
    clone = bench.clone()
    run = run_tests(bench, clone, "--same-path=always").ok()
    assert set(states(run)) == PACKAGES and cached(run) == set(), run.describe()
    assert seen_at(run) == f"{ROOT}/src/part", run.describe()
    build(bench, clone, "-o", "out", ".").ok()
    bench.machine.wait_uploads(cwd=clone)
    return clone


def test_another_clone_with_another_module_cache(bench, first):
    second = bench.clone()
    run = run_tests(bench, second, "--same-path=always").ok()
    assert cached(run) == PACKAGES, run.describe()
    assert told(run) == [], run.describe()
    run = build(bench, second, "-x", "-o", "out", ".").ok()
    assert compiled(run) == [], run.describe()
    assert sha256(first / "out") == sha256(second / "out")
    # Without, go makes all of it anew: that is what this is for.
    run = build(bench, second, "-x", "-o", "out", ".", flags=()).ok()
    assert len(compiled(run)) == 3, run.describe()


def test_another_machine(bench, first):
    other = bench.with_std("other", "store")
    second = bench.clone()
    run = run_tests(bench, second, "--same-path=always", machine=other).ok()
    assert cached(run) == PACKAGES, run.describe()
    assert run.summary["misses"] < 30, run.describe()


def test_nothing_is_left_and_nobody_else_sees_it(bench, first):
    assert not Path(ROOT).exists()
    assert ROOT not in Path("/proc/self/mountinfo").read_text()
    assert not any(ROOT in str(path) for path in first.rglob("*"))


def test_what_go_builds_at_that_path(bench, first):
    """The program is what go itself builds in a mount namespace with the same paths."""
    clone = bench.clone()
    gocache = bench.with_std("oracle").gocache
    modcache = clone.parent / "modcache"
    modcache.mkdir()
    script = (
        f"mount -t tmpfs none /srv && mkdir -p {ROOT}/src {ROOT}/mod && "
        f"mount --bind {clone} {ROOT}/src && mount --bind {modcache} {ROOT}/mod && "
        f"cd {ROOT}/src && exec go build -o native ."
    )
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    env = {"GOCACHE": str(gocache), "GOMODCACHE": f"{ROOT}/mod"}
    bench.machine.run(*unshare, "sh", "-c", script, cwd=clone, env=env).ok()
    assert sha256(clone / "native") == sha256(first / "out")


def test_outputs_are_where_they_are_asked_for(bench, first, tmp_path):
    clone = bench.clone()
    inside = clone / "bin" / "absolute"
    for output in ("bin/relative", str(inside), str(tmp_path / "outside")):
        build(bench, clone, "-o", output, ".").ok()
    for path in (clone / "bin/relative", inside, tmp_path / "outside"):
        said = subprocess.run([path], capture_output=True, text=True)
        assert said.stdout == "PART 7\n", path
    # A command in a directory below, and -C.
    run = bench.machine.go(
        "build", "-o", "sub", "..", flags=("--same-path=always",), cwd=clone / "part",
        env=bench.modcache(clone),
    ).ok()
    assert told(run) == [] and (clone / "part" / "sub").exists()
    run = bench.machine.go(
        "-C", "part", "build", "-o", "sub2", "..", flags=("--same-path=always",), cwd=clone,
        env=bench.modcache(clone),
    ).ok()
    assert told(run) == [] and (clone / "part" / "sub2").exists()


def test_a_failing_test_fails(bench, first):
    run = run_tests(bench, first, "--same-path=always", env={"FAIL_HERE": "1"}).fails(1)
    assert "told to" in run.stdout and cached(run) == {"use"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_go(bench, first, number, tmp_path):
    slow = {
        "part/part_test.go": """
            package part

            import (
            	"os"
            	"testing"
            	"time"
            )

            func Test(t *testing.T) {
            	os.WriteFile(os.Getenv("READY"), nil, 0o666)
            	time.Sleep(60 * time.Second)
            }
            """
    }
    clone = bench.clone(slow)

    def ended(*flags):
        ready = tmp_path / "ready"
        ready.unlink(missing_ok=True)
        process = bench.machine.popen(
            bench.machine.sluice, "go", *flags, "test", "-count=1", "./part", cwd=clone,
            env={"READY": str(ready), **bench.modcache(clone)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        assert wait_until(ready.exists, 120), "the test did not start"
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        process.communicate(timeout=60)
        return process.returncode

    assert ended("--same-path=always") == ended()


@pytest.mark.parametrize("keys", ["content", "go"])
def test_equal_times_and_sizes_are_no_proof(bench, first, keys):
    """Two checkouts at one path, names, sizes and times alike: each gets what it holds."""
    then = time.time() - 7200
    clones = []
    for text, imported in (("data two", "bytes"), ("data 333", "slices")):
        body = {"bytes": "bytes.MinRead", "slices": "slices.Max([]int{9})"}[imported]
        source = f'package part\n\nimport "{imported}"\n\nvar N = {body}\n'
        source += f"//{'x' * (100 - len(source))}\n"
        source += '\nfunc Name() string { return "part" }\n'
        clone = bench.clone({"part/testdata/data": text, "part/part.go": source})
        age(clone, then)
        clones.append((clone, text))
    sizes = {(c / "part/part.go").stat().st_size for c, _ in clones}
    assert len(sizes) == 1
    flags = ("--same-path=always", f"--test-results={keys}")
    for clone, text in [*clones, *clones]:
        run = run_tests(bench, clone, *flags).ok()
        assert f"part {text}" in run.stdout, run.describe()
    # Data alone: the test's program is the same one.
    data = []
    for text in ("data 444", "data 555"):
        clone = bench.clone({"part/testdata/data": text})
        age(clone, then)
        data.append((clone, text))
    for clone, text in [*data, *data]:
        run = run_tests(bench, clone, *flags).ok()
        assert f"PART {text}" in run.stdout, run.describe()
    # What a checkout made itself it is given again, where go has no other key than times and sizes.
    clone, text = data[-1]
    run = run_tests(bench, clone, *flags).ok()
    assert cached(run) == PACKAGES and text in run.stdout, run.describe()


def test_auto_goes_there_when_the_scope_was_elsewhere(bench):
    m = bench.with_std("auto", "auto-store")
    one, two = bench.clone(), bench.clone()
    run = run_tests(bench, one, "--same-path=auto", machine=m).ok()
    assert seen_at(run) == str(one / "part"), run.describe()  # the first: nothing to differ from
    run = run_tests(bench, one, "--same-path=auto", machine=m).ok()
    assert seen_at(run) == str(one / "part"), run.describe()
    m.wait_uploads(cwd=one)
    run = run_tests(bench, two, "--same-path=auto", machine=m).ok()
    assert seen_at(run) == f"{ROOT}/src/part" and told(run) == [], run.describe()
    m.wait_uploads(cwd=two)
    # From now on all meet there; a third machine knows it from the store.
    run = run_tests(bench, one, "--same-path=auto", machine=m).ok()
    assert seen_at(run) == f"{ROOT}/src/part" and cached(run) == PACKAGES, run.describe()
    third = bench.with_std("third", "auto-store")
    run = run_tests(bench, bench.clone(), "--same-path=auto", machine=third).ok()
    assert cached(run) == PACKAGES, run.describe()
    # What somebody keeps has the path of its checkout in it.
    run = build(bench, two, "-x", "-o", "out", ".", flags=("--same-path=auto",), machine=m).ok()
    assert ROOT not in run.stderr and str(two) in run.stderr, run.describe()


def test_what_cannot_be_shown_runs_where_it_is(bench, first):
    clone = bench.clone({"go.mod": FILES["go.mod"] + "\nreplace example.com/dep => ../dep\n"})
    (clone.parent / "dep").mkdir()
    for name, text in DEP.items():
        (clone.parent / "dep" / name).write_text(text)
    run = run_tests(bench, clone, "--same-path=always").ok()
    assert seen_at(run) == str(clone / "part")
    assert told(run) == [
        "sluice: same-path: go runs where it is: go.mod replaces a module by ../dep"
    ]
    run = run_tests(bench, clone, "--same-path=auto").ok()
    assert told(run) == [] and seen_at(run) == str(clone / "part")
    run = bench.machine.go(
        "test", str(first / "part"), flags=("--same-path=always",), cwd=first,
        env=bench.modcache(first),
    ).ok()
    assert len(told(run)) == 1 and told(run)[0].endswith("is an absolute path"), run.describe()


def test_a_sluice_inside_is_of_the_same_job(bench, first):
    inner = {
        "use/use_test.go": """
            package use

            import (
            	"os"
            	"os/exec"
            	"testing"
            )

            func Test(t *testing.T) {
            	vet := exec.Command(os.Getenv("SLUICE_BINARY"), "go", "vet", ".")
            	vet.Dir = ".."
            	out, err := vet.CombinedOutput()
            	t.Log(string(out), err)
            }
            """
    }
    clone = bench.clone(inner)
    m = bench.machine
    m.run(m.sluice, "agent", "stop", cwd=clone)
    before = set(m.agents())
    run = run_tests(bench, clone, "--same-path=always", env={"SLUICE_BINARY": str(m.sluice)}).ok()
    assert re.search(r"use_test.go:\d+:  <nil>", run.stdout), run.describe()
    assert len(set(m.agents()) - before) <= 1


def test_what_fails_at_the_last_moment_runs_where_it_is(bench, tmp_path):
    words = (ROOT, str(tmp_path), str(tmp_path / "gone"), f"{ROOT}/src", "/bin/sh")
    script = "pwd; echo $PWD $GOMODCACHE; exit 3"
    m = bench.machine
    env = {"PWD": f"{ROOT}/src", "GOMODCACHE": f"{ROOT}/mod"}
    run = m.run(m.sluice, "at-same-path", *words, "sh", "-c", script, cwd=tmp_path, env=env)
    run.fails(3)
    assert run.stdout == f"{tmp_path}\n{tmp_path} {tmp_path}/gone\n"
    assert run.said == [f"sluice: same-path: open {tmp_path}/gone: No such file or directory"]


def test_a_path_of_ones_own(bench, first, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "there").write_text("there")
    run = run_tests(bench, first, f"--same-path={place}").ok()
    assert seen_at(run) == f"{place}/src/part", run.describe()
    assert os.listdir(place) == ["there"]
    run = run_tests(bench, first, "--same-path=/no-such-directory/x").ok()
    assert "/no-such-directory does not exist" in told(run)[0], run.describe()
    (place / "src").mkdir()
    run = run_tests(bench, first, f"--same-path={place}").ok()
    assert f"{place}/src exists" in told(run)[0], run.describe()


# ---- users and rights


def as_user(bench) -> tuple[Machine, Path]:
    """The machine and a clone of an ordinary user; the words that become it are `user(...)`."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    clone = bench.clone()
    (clone.parent / "modcache").mkdir()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", clone.parent.parent], check=True)
    return bench.of_user(), clone


def user(*words: str) -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words]


def test_words(bench, m, clone, *before: str):
    words = (*before, m.sluice, "go", "--same-path=always", "test", "-v", "./...")
    return m.run(*words, cwd=clone, env=bench.modcache(clone)).ok()


test_words.__test__ = False
REFUSED = "sluice: same-path: the checkout cannot be shown at /srv/sluice here"


def test_a_user_with_user_namespaces(bench):
    m, clone = as_user(bench)
    if subprocess.run([*user(), "unshare", "-Urm", "true"], capture_output=True).returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    run = test_words(bench, m, clone, *user())
    assert seen_at(run) == f"{ROOT}/src/part" and told(run) == [], run.describe()
    assert {path.owner() for path in m.gocache.rglob("*-a")} == {"nobody"}
    assert cached(test_words(bench, m, clone, *user())) == PACKAGES


def test_a_user_without_user_namespaces(bench):
    m, clone = as_user(bench)
    # In this namespace, where a user is a user, no further one may be made.
    script = (
        "echo 0 > /proc/sys/user/max_user_namespaces && "
        'exec setpriv --ambient-caps=-all --inh-caps=-all "$@"'
    )
    inside = (*user("unshare", f"--map-user={NOBODY}", f"--map-group={NOBODY}"), "--keep-caps")
    words = (*inside, "sh", "-c", script, "sh")
    if subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        pytest.skip("a namespace without namespaces cannot be made here")
    run = test_words(bench, m, clone, *words)
    assert seen_at(run) == str(clone / "part"), run.describe()
    assert len(told(run)) == 1 and told(run)[0].startswith(REFUSED), run.describe()
    assert "-trimpath" in told(run)[0]
    assert told(test_words(bench, m, clone, *words)) == []  # said once


def test_a_user_with_the_right_to_mount(bench):
    m, clone = as_user(bench)
    right = ("--inh-caps=+sys_admin", "--ambient-caps=+sys_admin")
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    words = user(*right, "sh", "-c", script, "sh")
    run = test_words(bench, m, clone, *words)
    assert seen_at(run) == f"{ROOT}/src/part" and told(run) == [], run.describe()


def test_root_without_the_right_to_mount(bench):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    clone = bench.clone()
    m = bench.with_std("container")
    run = test_words(bench, m, clone, "setpriv", "--bounding-set=-sys_admin")
    assert seen_at(run) == str(clone / "part"), run.describe()
    assert [line.startswith(REFUSED) for line in told(run)] == [True], run.describe()
    assert "root without CAP_SYS_ADMIN" in told(run)[0]


def test_git_trusts_what_it_trusted(bench, first):
    """A checkout of another owner that the user's configuration names by its path."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make another owner")
    m = bench.machine
    clone = bench.clone()
    git = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a"}
    git |= {"GIT_COMMITTER_EMAIL": "a@b"}
    m.run("sh", "-c", "git init -q && git add . && git commit -qm x", cwd=clone, env=git).ok()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", clone], check=True)
    config = m.root / "gitconfig"
    config.write_text(f"[safe]\n\tdirectory = {clone}\n")
    words = ("-buildvcs=true", "-o", "out", ".")
    build(bench, clone, *words, env={"GIT_CONFIG_GLOBAL": str(config)}).ok()
    out = subprocess.run(["go", "version", "-m", clone / "out"], capture_output=True, text=True)
    assert "vcs.revision" in out.stdout, out.stdout
    # Whom git does not trust it does not trust here.
    run = build(bench, clone, *words).fails(1)
    assert "VCS" in run.stderr, run.describe()
