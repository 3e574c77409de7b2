"""Every supported Go: a smoke test of each, and the whole matrix of versions and modes for `make
check`.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import TOOLCHAINS, Park
from sluice_harness import SHOP, check_gocache, compiled, fresh_checkout, linked, normalised, sha256


@pytest.mark.parametrize("version", TOOLCHAINS)
def test_smoke(version, machine, toolchain, tiny, tmp_path):
    """Cold, then a second machine, then plain go on the second machine's cache: one binary."""
    env = {"GOTOOLCHAIN": toolchain(version)}
    store = tmp_path / "store"
    first = machine("first", store=store)
    first.go("build", "-o", str(first.root / "a"), ".", cwd=tiny, env=env).ok()
    first.wait_uploads(cwd=tiny, env=env)
    first.stop()
    second = machine("second", store=store)
    run = second.go("build", "-x", "-o", str(second.root / "a"), ".", cwd=tiny, env=env).ok()
    assert compiled(run) == [] and run.summary["mode"] == "cacheprog"
    plain = second.plain_go(
        "build", "-x", "-o", str(second.root / "b"), ".", cwd=tiny, env=env
    ).ok()
    assert compiled(plain) == []
    assert sha256(first.root / "a") == sha256(second.root / "a") == sha256(second.root / "b")
    check_gocache(second.gocache)


# --- the matrix ---

OUT = "@out"

# name: (go arguments with OUT for the binary, environment, packages are compiled on a second
# machine)
MODES = {
    "plain": (["build", "-o", OUT, "./cmd/shop"], {}),
    "race": (["build", "-race", "-o", OUT, "./cmd/shop"], {}),
    "cover": (["build", "-cover", "-o", OUT, "./cmd/shop"], {}),
    "cgo-off": (["build", "-o", OUT, "./cmd/shop"], {"CGO_ENABLED": "0"}),
    "cgo-on": (["build", "-o", OUT, "./cmd/shop"], {"CGO_ENABLED": "1"}),
    "trimpath": (["build", "-trimpath", "-o", OUT, "./cmd/shop"], {}),
    "vet": (["vet", "./..."], {}),
    "test": (["test", "./..."], {}),
    "test-race": (["test", "-race", "./store", "./cart"], {}),
    "test-cover": (["test", "-cover", "./..."], {}),
    "test-binary": (["test", "-c", "-o", OUT, "./pricing"], {}),
    "list-export": (
        ["list", "-export", "-f", "{{.ImportPath}} {{.BuildID}}", "-deps", "./cmd/shop"],
        {},
    ),
    "run": (["run", "./cmd/shop", "about"], {}),
    "tool": (["tool", "gencurrency", "-in", "currency/currencies.csv"], {}),
}


class Lane:
    """One Go version: its native cache, its store and its checkout path, kept over all modes."""

    def __init__(self, version: str, root: Path, sluice: Path, go_env: dict):
        self.version = version
        self.root = root
        self.park = Park(root, sluice, {**go_env, "GOTOOLCHAIN": version})
        self.store = root / "store"
        self.checkout = root / "work" / "shop"
        self.native = self.park("native")


@pytest.fixture(scope="session")
def lanes(tmp_path_factory, sluice, go_env):
    made: dict[str, Lane] = {}

    def lane(version: str) -> Lane:
        if version not in made:
            made[version] = Lane(version, tmp_path_factory.mktemp(version), sluice, go_env)
        return made[version]

    yield lane
    for one in made.values():
        one.park.stop()


class Result:
    def __init__(self, run, out: Path):
        self.code = run.code
        self.stdout = re.sub(r"\(cached\)", "N.NNs", normalised(run.stdout))
        self.stderr = normalised(run.go_stderr)
        self.binary = sha256(out) if out.exists() else None

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return str(vars(self))


def go(m, args: list[str], cwd: Path, env: dict, plain: bool = False):
    out = m.root / "out"
    out.unlink(missing_ok=True)
    words = [str(out) if a == OUT else a for a in args]
    run = m.plain_go(*words, cwd=cwd, env=env) if plain else m.go(*words, cwd=cwd, env=env)
    return run, Result(run, out)


def second_commit(target: Path) -> None:
    cart = target / "cart" / "cart.go"
    cart.write_text(cart.read_text().replace("MaxQuantity = 999", "MaxQuantity = 500"))
    fresh_checkout(target, target.with_name("copy"))
    fresh_checkout(target.with_name("copy"), target)


@pytest.mark.matrix
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", TOOLCHAINS)
def test_matrix(version, mode, lanes, toolchain):
    toolchain(version)
    args, env = MODES[mode]
    lane = lanes(version)
    fresh_checkout(SHOP, lane.checkout)
    _, want = go(lane.native, args, lane.checkout, env, plain=True)
    assert want.code == 0, want

    # Cold for this mode: an empty machine; the store holds at most what other modes left.
    cold = lane.park("cold", store=lane.store)
    run, got = go(cold, args, lane.checkout, env)
    assert got == want, run.describe()
    cold.wait_uploads(cwd=lane.checkout, env=env)
    cold.stop()
    check_gocache(cold.gocache)

    # A second machine with a checkout of its own.
    fresh_checkout(SHOP, lane.checkout)
    second = lane.park("second", store=lane.store)
    run, got = go(second, args, lane.checkout, env)
    assert got == want, run.describe()
    assert run.hits > 0 or run.summary["mode"] == "restore", run.summary
    if args[0] in ("build", "vet", "test", "run"):
        traced = lane.park("traced", store=lane.store)
        shown, _ = go(traced, [args[0], "-x", *args[1:]], lane.checkout, env)
        assert compiled(shown.ok()) == []
        if args[0] == "run":
            assert linked(shown) == 0
        traced.stop()
        shutil.rmtree(traced.root)

    # The next commit, on the machine that has the last one.
    second_commit(lane.checkout)
    _, want_next = go(lane.native, args, lane.checkout, env, plain=True)
    run, got = go(second, args, lane.checkout, env)
    assert got == want_next, run.describe()

    # Next to plain go on the same cache, from empty.
    third = lane.park("third", store=lane.store)
    plain = third.popen(
        "go",
        *[str(third.root / "plain-out") if a == OUT else a for a in args],
        cwd=lane.checkout,
        env={**env, "GOCACHE": str(third.gocache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    run, got = go(third, args, lane.checkout, env)
    out, err = plain.communicate(timeout=300)
    assert plain.returncode == 0, err.decode()
    assert got == want_next, run.describe()
    if want_next.binary:
        assert sha256(third.root / "plain-out") == want_next.binary
    for m in (second, third):
        m.stop()
        check_gocache(m.gocache)
    for m in (cold, second, third):
        shutil.rmtree(m.root)


@pytest.mark.matrix
@pytest.mark.parametrize("version", TOOLCHAINS)
def test_matrix_eight_jobs(version, lanes, toolchain):
    """Eight sluice jobs of different kinds at once on one machine that starts empty."""
    toolchain(version)
    lane = lanes(version)
    fresh_checkout(SHOP, lane.checkout)
    m = lane.park("busy", store=lane.store)
    kinds = ["plain", "vet", "test", "plain", "list-export", "cgo-off", "test-binary", "run"]
    jobs = []
    for n, kind in enumerate(kinds):
        args, env = MODES[kind]
        words = [str(m.root / f"out-{n}") if a == OUT else a for a in args]
        jobs.append(
            (
                kind,
                n,
                m.popen(
                    m.sluice,
                    "go",
                    "--quiet",
                    *words,
                    cwd=lane.checkout,
                    env=env,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                ),
            )
        )
    for kind, n, process in jobs:
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, (kind, err.decode())
    m.stop()
    check_gocache(m.gocache)
    for kind, n, _ in jobs:
        args, env = MODES[kind]
        if OUT in args:
            _, want = go(lane.native, args, lane.checkout, env, plain=True)
            assert sha256(m.root / f"out-{n}") == want.binary, kind
    shutil.rmtree(m.root)
