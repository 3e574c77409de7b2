"""What a second, empty machine gets from what the first one made, and that nobody can tell from
go's behaviour.
"""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import write_tiny
from sluice_harness import (
    SHOP,
    check_gocache,
    compiled,
    files_of,
    fresh_checkout,
    github,
    linked,
    normalised,
    sha256,
    wait_until,
)

# Lookups that no other machine can answer: one link per program and test binary, and the module
# index of each package of a checkout, whose key holds the checkout's times.
SHOP_PACKAGES = 11


def test_build_hits_everything_but_the_link(machine, filled_store, checkout, first_machine, native):
    second = machine("second", store=filled_store)
    out = second.root / "shop"
    run = second.go("build", "-x", "-o", str(out), "./cmd/shop", cwd=checkout).ok()
    assert compiled(run) == []
    assert linked(run) == 1
    assert sha256(out) == sha256(native.binary) == sha256(first_machine.binary)
    summary = run.summary
    assert summary["misses"] <= SHOP_PACKAGES + 1, summary
    assert summary["lookups"] == summary["hits_local"] + summary["hits_remote"] + summary["misses"]
    assert run.hits > 100 and summary["bytes_down"] > 0, summary
    assert (
        summary["agent"] == "ok" and summary["mode"] == "cacheprog" and summary["faults"] == {}
    ), summary
    assert run.said == []
    check_gocache(second.gocache)


def test_vet_and_test_hit_too(machine, filled_store, checkout):
    second = machine("second", store=filled_store)
    vet = second.go("vet", "-x", "./...", cwd=checkout).ok()
    assert compiled(vet) == []
    assert not [line for line in vet.stderr.splitlines() if "/vet" in line and "vet.cfg" in line], (
        vet.describe()
    )
    test = second.go("test", "-x", "./...", cwd=checkout).ok()
    # The test mains and test variants came along; only links remain (and not for results that were
    # reused).
    assert compiled(test) == []
    assert "(cached)" in test.stdout, "no test result was reused"


def test_first_job_reported_cold(first_machine):
    summary = first_machine.build.summary
    assert summary["puts"] > 100 and summary["misses"] > 100, summary
    assert summary["hits_remote"] == 0 and summary["bytes_down"] == 0, summary
    assert len(first_machine.build.summary_lines) == 1
    assert first_machine.build.stderr.splitlines()[-1] == first_machine.build.summary_lines[0]
    assert first_machine.build.said == []


def test_second_commit(machine, filled_store, checkout_path, tmp_path, native):
    """Only what a commit changed, and what depends on it, is compiled on a new machine; the third
    gets that too.
    """
    source = tmp_path / "changed"
    fresh_checkout(SHOP, source)
    cart = source / "cart" / "cart.go"
    cart.write_text(cart.read_text().replace("const MaxQuantity = 999", "const MaxQuantity = 998"))
    fresh_checkout(source, checkout_path)
    second = machine("second", store=filled_store)
    out = second.root / "shop"
    run = second.go("build", "-x", "-o", str(out), "./cmd/shop", cwd=checkout_path).ok()
    assert set(compiled(run)) <= {
        f"example.com/shop/{p}" for p in ("cart", "pricing", "store", "web")
    } | {"main"}
    assert "example.com/shop/cart" in compiled(run)
    second.wait_uploads(cwd=checkout_path)
    want = tmp_path / "native-shop"
    native.plain_go("build", "-o", str(want), "./cmd/shop", cwd=checkout_path).ok()
    assert sha256(out) == sha256(want)
    third = machine("third", store=filled_store)
    fresh_checkout(source, checkout_path)
    run = third.go("build", "-x", "-o", str(out), "./cmd/shop", cwd=checkout_path).ok()
    assert compiled(run) == []
    assert sha256(out) == sha256(want)


def test_nothing_is_uploaded_twice(machine, filled_store, checkout):
    """A job that made nothing new sends no bodies; in particular no index of its fresh checkout."""
    second = machine("second", store=filled_store)
    run = second.go("build", "-o", str(second.root / "shop"), "./cmd/shop", cwd=checkout).ok()
    second.wait_uploads(cwd=checkout)
    second.stop()
    assert run.summary["puts"] >= SHOP_PACKAGES - 2, "the checkout's index was expected to be put"
    before = files_of(second.root.parent.parent / "store")
    third = machine("third", store=filled_store)
    fresh_checkout(SHOP, checkout)
    run = third.go("build", "-o", str(third.root / "shop"), "./cmd/shop", cwd=checkout).ok()
    third.wait_uploads(cwd=checkout)
    third.stop()
    after = files_of(filled_store)
    grown = sum((filled_store / name).stat().st_size for name in after if name not in before)
    # The manifest of the new job may be written; packs of index entries (about 40 KB here) may not.
    assert run.summary["bytes_up"] == 0 or run.summary["bytes_up"] < 100_000, run.summary
    assert run.summary["blobs_up"] == 0, run.summary
    assert grown < 200_000, sorted(set(after) - set(before))


@pytest.fixture
def new_tiny(tiny):
    """The tiny module with a change that no store has."""
    return write_tiny(tiny, "something new")


# Each of these ends in its own way; sluice may not change the way.
BROKEN = {
    "build error": (
        ["build", "./..."],
        {"cart/cart.go": 'package cart\n\nfunc broken() int { return "x" }\n'},
    ),
    "syntax error": (["build", "./..."], {"cart/cart.go": "package cart\n\nfunc {\n"}),
    "missing package": (
        ["build", "./..."],
        {"cart/cart.go": 'package cart\n\nimport _ "example.com/shop/nothing"\n'},
    ),
    "vet finding": (
        ["vet", "./money"],
        {
            "money/bad.go": 'package money\n\nimport "fmt"\n\n'
            'func bad() { fmt.Printf("%d\\n", "x") }\n'
        },
    ),
    "test failure": (
        ["test", "-count=1", "./money"],
        {
            "money/bad_test.go": 'package money\n\nimport "testing"\n\n'
            'func TestBad(t *testing.T) { t.Error("bad") }\n'
        },
    ),
    "test panic": (
        ["test", "-count=1", "-run=Bad", "./money"],
        {
            "money/bad_test.go": 'package money\n\nimport "testing"\n\n'
            'func TestBad(t *testing.T) { panic("bad") }\n'
        },
    ),
    "unknown command": (["no-such-command"], {}),
    "unknown flag": (["build", "-no-such-flag"], {}),
    "no arguments": ([], {}),
    "program's own status": (["run", "./cmd/shop", "nonsense"], {}),
    "version": (["version"], {}),
    "env": (["env", "GOOS", "GOARCH", "GOMODCACHE"], {}),
    "list": (["list", "-deps", "./cmd/shop"], {}),
    "help": (["help", "build"], {}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_status_and_output_are_gos_own(name, machine, filled_store, checkout, native):
    args, changes = BROKEN[name]
    for file, text in changes.items():
        (checkout / file).write_text(text)
    own = native.plain_go(*args, cwd=checkout)
    ours = machine("second", store=filled_store).go(*args, flags=("--quiet",), cwd=checkout)
    assert ours.code == own.code, ours.describe()
    for name in ("stdout", "stderr"):
        assert _without_addresses(getattr(ours, name)) == _without_addresses(getattr(own, name))


def _without_addresses(text: str) -> str:
    # A panic prints addresses and goroutine numbers.
    return re.sub(r"0x[0-9a-f]+|goroutine \d+", "X", normalised(text))


def test_stdin_reaches_the_program(machine, filled_store, checkout):
    second = machine("second", store=filled_store)
    run = second.go(
        "run", "./cmd/shop", "price", cwd=checkout, stdin="CUP-SMALL 10\nFILTER-100 1\n"
    ).ok()
    assert json.loads(run.stdout)["total"] == "68.07 EUR"


def test_tests_are_not_told_that_sluice_is_there(machine, filled_store, checkout):
    """A test's environment is part of its cache key: what sluice adds for go is seen by the test
    binary as with plain GOCACHEPROG, and a variable that tests commonly read is unchanged. (GOFLAGS
    is not among them: the link cache's -toolexec stands there, docs/decisions/link-cache.md.)
    """
    (checkout / "money" / "env_test.go").write_text(
        'package money\n\nimport (\n\t"os"\n\t"testing"\n)\n\n'
        "func TestEnv(t *testing.T) {\n"
        '\tfor _, name := range []string{"HOME", "PATH", "GODEBUG", "TMPDIR"} {\n'
        '\t\tt.Logf("%s=%s", name, os.Getenv(name))\n\t}\n}\n'
    )
    second = machine("second", store=filled_store)
    ours = second.go("test", "-v", "-count=1", "-run=TestEnv", "./money", cwd=checkout).ok()
    own = second.plain_go("test", "-v", "-count=1", "-run=TestEnv", "./money", cwd=checkout).ok()
    assert normalised(ours.stdout) == normalised(own.stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_signals_reach_go(number, machine, filled_store, checkout):
    """A signal sent to sluice alone ends the program that `go run` started, and sluice by the same
    signal or status.
    """
    (checkout / "cmd" / "wait").mkdir()
    (checkout / "cmd" / "wait" / "main.go").write_text(
        'package main\n\nimport (\n\t"fmt"\n\t"time"\n)\n\n'
        'func main() {\n\tfmt.Println("ready")\n\ttime.Sleep(time.Minute)\n}\n'
    )
    second = machine("second", store=filled_store)
    out = second.root / "wait"
    second.go("build", "-o", str(out), "./cmd/wait", cwd=checkout).ok()

    def ended(*command: str) -> int:
        process = second.popen(
            *command,
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout.readline() == b"ready\n", process.stderr.read()
        started = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=30)
        assert time.monotonic() - started < 20
        return process.returncode

    # `sluice run` with the program itself: dies by the signal, and so does sluice.
    assert ended(second.sluice, "run", "--", str(out)) == -number


def test_sigterm_during_a_build(machine, filled_store, checkout, native):
    """sluice and go killed in the middle of a cold build: it ends by that signal, soon, and what it
    stored is whole.
    """
    m = machine("m", store=filled_store)
    out = m.root / "shop"
    command = ("build", "-o", str(out), "./cmd/shop")
    process = m.popen(m.sluice, "go", "--no-remote", *command, cwd=checkout)
    assert wait_until(lambda: len(list(m.gocache.glob("??/*-a"))) > 40, 60)
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM
    check_gocache(m.gocache)
    m.go(*command, cwd=checkout).ok()
    assert sha256(out) == sha256(native.binary)


def test_sluice_off(machine, tiny_store, tiny):
    second = machine("second", store=tiny_store)
    for value in ("off", "0", "false", "no"):
        run = second.go("list", "-m", cwd=tiny, env={"SLUICE": value}).ok()
        assert run.stdout == "example.com/tiny\n" and run.stderr == "", run.describe()
        run = second.sluice_run("run", "--", "env", cwd=tiny, env={"SLUICE": value}).ok()
        assert "GOCACHEPROG=" not in run.stdout and run.stderr == "", run.describe()
    assert second.agents() == []


def test_users_own_cacheprog_is_respected(machine, tiny_store, tiny):
    second = machine("second", store=tiny_store)
    other = "/usr/bin/other-cache --flag"
    run = second.sluice_run("run", "--", "env", cwd=tiny, env={"GOCACHEPROG": other}).ok()
    assert f"GOCACHEPROG={other}\n" in run.stdout
    assert len(run.said) == 1 and "GOCACHEPROG" in run.said[0], run.stderr
    # The same when it comes from `go env -w`.
    second.run("go", "env", "-w", f"GOCACHEPROG={other}", cwd=tiny).ok()
    run = second.sluice_run("run", "--", "env", cwd=tiny).ok()
    assert "cacheprog" not in run.stdout.split("GOCACHEPROG=")[-1].splitlines()[0]
    assert len(run.said) == 1 and "GOCACHEPROG" in run.said[0], run.stderr


def test_quiet(machine, tiny_store, tiny):
    second = machine("second", store=tiny_store)
    assert second.go("build", ".", cwd=tiny, flags=("--quiet",)).ok().stderr == ""
    assert second.go("build", ".", cwd=tiny, env={"SLUICE_QUIET": "1"}).ok().stderr == ""
    assert len(second.go("build", ".", cwd=tiny).ok().summary_lines) == 1


def test_agent_waits_and_is_shared(machine, tiny_store, new_tiny):
    """One agent serves all go commands of a job; waiting makes the upload complete; stopping ends
    it.
    """
    first = machine("first", store=tiny_store)
    first.go("build", "-o", str(first.root / "a"), ".", cwd=new_tiny).ok()
    agents = first.agents()
    assert len(agents) == 1
    first.go("vet", "./part", cwd=new_tiny).ok()
    assert first.agents() == agents
    status = json.loads(first.sluice_run("agent", "status", "--json", cwd=new_tiny).ok().stdout)
    assert status
    first.wait_uploads(cwd=new_tiny)
    first.sluice_run("agent", "stop", cwd=new_tiny).ok()
    assert wait_until(lambda: not first.agents(), 5)
    second = machine("second", store=tiny_store)
    run = second.go("build", "-x", "-o", str(second.root / "a"), ".", cwd=new_tiny).ok()
    assert compiled(run) == []


def test_an_emptied_local_tier_is_filled_again(machine, library, tmp_path):
    """An agent that lives has what it has itself published: `go clean -cache` costs downloads."""
    m = machine("m", store=tmp_path / "store")
    m.go("build", "./...", cwd=library).ok()
    m.wait_uploads(cwd=library)
    m.plain_go("clean", "-cache", cwd=library).ok()
    again = m.go("build", "./...", cwd=library).ok().summary
    assert again["misses"] == 0, again
    assert again["hits_remote"] > 0, again


def test_drain_detached_leaves_the_terminal(machine, tiny_store, new_tiny):
    """With --drain=detach the command's output ends with go, although the upload goes on behind."""
    first = machine("first", store=tiny_store)
    run = first.go(
        "build", "-o", str(first.root / "a"), ".", cwd=new_tiny, flags=("--drain=detach",)
    ).ok()
    # communicate() came back, so nobody holds the pipes; the agent is still there.
    assert first.agents()
    assert len(run.summary_lines) == 1
    first.wait_uploads(cwd=new_tiny)
    second = machine("second", store=tiny_store)
    run = second.go("build", "-x", "-o", str(second.root / "a"), ".", cwd=new_tiny).ok()
    assert compiled(run) == []


def test_ci_waits_by_itself(machine, tiny_store, new_tiny):
    """In a job whose machine dies with it, --drain=auto uploads before the command ends."""
    first = machine("first", store=tiny_store)
    run = first.go("build", "-o", str(first.root / "a"), ".", cwd=new_tiny, env=github()).ok()
    for pid in first.processes():
        os.kill(pid, signal.SIGKILL)
    assert run.summary["bytes_up"] > 0 and run.summary["blobs_up"] > 0, run.summary
    second = machine("second", store=tiny_store)
    again = second.go(
        "build", "-x", "-o", str(second.root / "a"), ".", cwd=new_tiny, env=github()
    ).ok()
    assert compiled(again) == []
