"""Modules: one machine's module cache becomes the next one's, checked, without a proxy."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import by_toolchain
from module_proxy import ModuleMachine, ModuleProxy
from servers import free_port
from sluice_harness import files_of

# All of it needs only the runtime: cold in a few seconds.
GREETING = """package greet

import "example.org/Names"

func Text() string {{ return "{} " + Names.First() }}
"""
NAMES = 'package Names\n\nfunc First() string { return "Ada" }\n'
UNUSED = "package unused\n"
MAIN = 'package main\n\nimport "example.org/greet"\n\nfunc main() { println(greet.Text()) }\n'


@pytest.fixture
def proxy(tmp_path) -> ModuleProxy:
    proxy = ModuleProxy(tmp_path / "proxy")
    needs_names = "module example.org/greet\n\ngo 1.24\n\nrequire example.org/Names v0.1.0\n"
    for version, word in (("v1.0.0", "hello"), ("v1.1.0", "good day")):
        proxy.add(
            "example.org/greet",
            version,
            {"go.mod": needs_names, "greet.go": GREETING.format(word), "LICENSE": "none\n"},
        )
    proxy.add("example.org/Names", "v0.1.0", {"names.go": NAMES, "testdata/large": "x" * 3_000_000})
    proxy.add("example.org/unused", "v2.0.0+incompatible", {"unused.go": UNUSED})
    return proxy


@pytest.fixture
def program(tmp_path, machine, proxy) -> Path:
    """A module that needs the proxy's, with the go.sum that go makes of them."""
    root = tmp_path / "work" / "program"
    root.mkdir(parents=True)
    (root / "go.mod").write_text(
        "module example.org/program\n\ngo 1.24\n\nrequire example.org/greet v1.0.0\n"
    )
    (root / "main.go").write_text(MAIN)
    desk = ModuleMachine(machine("desk"), proxy)
    desk.machine.plain_go("mod", "tidy", cwd=root, env={"GOFLAGS": "-mod=mod"}).ok()
    return root


@pytest.fixture
def filled(runtime_store, machine, proxy, program) -> Path:
    """A store with the modules of the program: what one machine has built."""
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    first.machine.go("build", "./...", cwd=program).ok()
    first.machine.wait_uploads(cwd=program)
    first.machine.stop()
    return runtime_store


def restore(at: ModuleMachine, cwd: Path, *words: str, **options) -> dict:
    run = at.machine.sluice_run("mod", "restore", "--json", *words, cwd=cwd, **options).ok()
    assert run.said == [], run.describe()
    return json.loads(run.stdout)


@pytest.mark.parametrize("version", by_toolchain())
def test_the_next_machine_needs_no_proxy(machine, filled, program, toolchain, version):
    second = ModuleMachine(machine("second", store=filled), None)
    second.machine.env["GOTOOLCHAIN"] = "local"
    env = {"PATH": f"{toolchain_bin(toolchain(version))}:{os.environ['PATH']}"}
    run = second.machine.go("build", "-o", "program", ".", cwd=program, env=env).ok()
    assert run.said == []
    assert run.summary["modules_brought"] == 2
    assert "; 2 modules brought" in run.stderr
    assert said_by(program / "program") == "hello Ada\n"
    second.machine.go("vet", "./...", cwd=program, env=env).ok()
    # As go itself leaves them, but for the zip, which no build reads.
    tree = second.tree("example.org/Names", "v0.1.0")
    assert stat.S_IMODE(tree.stat().st_mode) == 0o555
    assert stat.S_IMODE((tree / "names.go").stat().st_mode) == 0o444
    assert not second.download("example.org/Names", "v0.1.0", "zip").exists()
    listed = second.machine.plain_go(
        "list", "-m", "-json", "example.org/greet", cwd=program, env=env
    ).ok()
    assert json.loads(listed.stdout)["Time"] == "2026-01-02T03:04:05Z"


def said_by(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr


def toolchain_bin(name: str) -> Path:
    """Where a toolchain of the shared module cache has its go."""
    out = subprocess.run(
        ["go", "env", "GOROOT"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={**os.environ, "GOTOOLCHAIN": name},
    )
    return Path(out.stdout.strip()) / "bin"


def test_they_are_what_go_would_have_fetched(machine, proxy, filled, program):
    second = ModuleMachine(machine("second", store=filled), None)
    assert restore(second, program)["brought"] == 2
    gos = ModuleMachine(machine("gos"), proxy)
    gos.machine.plain_go("mod", "download", cwd=program).ok()
    for module, version in (("example.org/greet", "v1.0.0"), ("example.org/Names", "v0.1.0")):
        assert files_of(second.tree(module, version)) == files_of(gos.tree(module, version))
        for suffix in ("mod", "info", "ziphash"):
            mine, theirs = (m.download(module, version, suffix) for m in (second, gos))
            assert mine.read_bytes() == theirs.read_bytes(), suffix
    # go does not mind to find them there, and adds what it misses.
    second.machine.env["GOPROXY"] = proxy.url
    second.machine.plain_go("mod", "download", cwd=program).ok()
    second.machine.plain_go("mod", "verify", cwd=program).ok()


def test_what_is_there_is_not_brought_again(machine, filled, program):
    second = ModuleMachine(machine("second", store=filled), None)
    first = restore(second, program)
    assert (first["needed"], first["there"], first["brought"]) == (2, 0, 2)
    assert first["bytes_down"] > 0
    again = restore(second, program)
    assert (again["there"], again["brought"], again["bytes_down"]) == (2, 0, 0)
    text = second.machine.sluice_run("mod", "restore", cwd=program).ok().stdout
    assert text == "2 modules needed, 2 there; 0 brought\n"
    run = second.machine.go("build", "./...", cwd=program).ok()
    assert run.summary["modules_brought"] == 0


def test_what_the_store_has_not_go_fetches_and_the_store_keeps(machine, proxy, filled, program):
    go_mod = program / "go.mod"
    go_mod.write_text(go_mod.read_text().replace("greet v1.0.0", "greet v1.1.0"))
    desk = ModuleMachine(machine("desk"), proxy)
    desk.machine.plain_go("mod", "tidy", cwd=program, env={"GOFLAGS": "-mod=mod"}).ok()
    second = ModuleMachine(machine("second", store=filled), proxy)
    assert restore(second, program)["not_stored"] == 1
    second.machine.go("build", "./...", cwd=program).ok()
    second.machine.wait_uploads(cwd=program)
    third = ModuleMachine(machine("third", store=filled), None)
    run = third.machine.go("build", "./...", cwd=program).ok()
    assert run.summary["modules_brought"] == 2


def test_the_store_is_not_asked_before_every_command(machine, proxy, program, runtime_store):
    # The test's module is needed by go.mod alone; nothing that is built reads its tree.
    second = ModuleMachine(machine("second", store=runtime_store), proxy)
    before = restore(second, program)
    assert before["not_stored"] == 2
    run = second.machine.go("version", cwd=program).ok()
    notes = list((second.machine.cache / "sluice/modules").iterdir())
    assert len(notes) == 1 and run.summary is None
    # Another list of what is missing is another question.
    shutil.rmtree(second.cache, ignore_errors=True)
    second.machine.go("build", "./...", cwd=program).ok()
    second.machine.wait_uploads(cwd=program)
    assert restore(second, program)["there"] == 2


def test_another_sum_is_another_module(machine, filled, program):
    """Not what go.sum says: it is not asked for, whoever wrote it."""
    go_sum = program / "go.sum"
    lines = go_sum.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if "Names v0.1.0 " in line)
    lines[at] = re.sub(r"h1:.{4}", "h1:AAAA", lines[at])
    go_sum.write_text("\n".join(lines) + "\n")
    second = ModuleMachine(machine("second", store=filled), None)
    numbers = restore(second, program)
    assert (numbers["brought"], numbers["not_stored"]) == (1, 1)
    assert not second.tree("example.org/Names", "v0.1.0").exists()


def test_one_whose_tree_somebody_changed_is_not_kept(machine, proxy, program, runtime_store):
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    first.machine.plain_go("mod", "download", cwd=program).ok()
    source = first.tree("example.org/Names", "v0.1.0") / "names.go"
    source.chmod(0o644)
    source.write_text(NAMES.replace("Ada", "Eve"))
    first.machine.go("build", "./...", cwd=program).ok()
    first.machine.wait_uploads(cwd=program)
    second = ModuleMachine(machine("second", store=runtime_store), None)
    assert restore(second, program)["not_stored"] == 1


def test_commands_that_fetch_while_it_restores(machine, proxy, filled, program):
    for _ in range(3):
        second = ModuleMachine(machine("second", store=filled), proxy)
        go = second.machine.popen("go", "build", "./...", cwd=program)
        restore(second, program)
        assert go.wait(120) == 0
        assert restore(second, program)["there"] == 2
        second.machine.plain_go("mod", "verify", cwd=program, env={"GOPROXY": "off"})
        second.machine.stop()


def test_switched_off_and_on(machine, filled, program, proxy, tmp_path):
    second = ModuleMachine(machine("second", store=filled), proxy)
    run = second.machine.go("build", "./...", cwd=program, env={"SLUICE_MODULES": "off"}).ok()
    assert run.summary["modules_brought"] == 0
    # Beside the module cache of one machine nothing is kept twice, unless it is asked for.
    alone = ModuleMachine(machine("alone"), proxy)
    alone.machine.go("build", "./...", cwd=program).ok()
    alone.machine.wait_uploads(cwd=program)
    shutil.rmtree(alone.cache, ignore_errors=True)
    assert restore(alone, program)["not_stored"] == 2
    alone.machine.go("build", "./...", flags=("--modules=on",), cwd=program).ok()
    alone.machine.wait_uploads(cwd=program)
    make_writable(alone.cache)
    shutil.rmtree(alone.cache)
    assert restore(alone, program)["brought"] == 2


def make_writable(root: Path) -> None:
    for path in [root, *root.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def test_packages_from_vendor_need_none(machine, proxy, filled, program):
    desk = ModuleMachine(machine("desk"), proxy)
    desk.machine.plain_go("mod", "vendor", cwd=program).ok()
    second = ModuleMachine(machine("second", store=filled), None)
    run = second.machine.sluice_run("mod", "restore", cwd=program).ok()
    assert run.stdout == "no module of the module cache is needed\n"
    second.machine.go("build", "./...", cwd=program).ok()
    assert not second.tree("example.org/greet", "v1.0.0").exists()
    # Not from there, and that is said on the command line.
    run = second.machine.go("build", "-mod=readonly", "./...", cwd=program).ok()
    assert run.summary["modules_brought"] == 2


def test_a_workspace_and_a_directory_in_a_module_s_place(machine, proxy, filled, program):
    other = program.parent / "names"
    other.mkdir()
    (other / "go.mod").write_text("module example.org/Names\n\ngo 1.24\n")
    (other / "names.go").write_text(NAMES.replace("Ada", "Grace"))
    (program.parent / "go.work").write_text("go 1.24\n\nuse (\n\t./program\n\t./names\n)\n")
    second = ModuleMachine(machine("second", store=filled), None)
    second.machine.go("build", "-o", "program", ".", cwd=program).ok()
    assert said_by(program / "program") == "hello Grace\n"


def test_a_store_that_is_down_leaves_it_to_go(machine, proxy, program):
    down = ModuleMachine(machine("down", store=f"http://127.0.0.1:{free_port()}/store"), proxy)
    run = down.machine.go("build", "./...", cwd=program).ok()
    assert run.summary["modules_brought"] == 0
    run = down.machine.sluice_run("mod", "restore", "--json", cwd=program).ok()
    assert json.loads(run.stdout)["brought"] == 0


def test_what_cannot_be_restored_is_refused(machine, filled, program, tmp_path):
    second = ModuleMachine(machine("second", store=filled), None)
    refused = second.machine.sluice_run
    (tmp_path / "nothing").mkdir()
    run = refused("mod", "restore", cwd=tmp_path / "nothing").fails(2)
    assert run.said == [
        f"sluice: mod restore: {tmp_path}/nothing: no go.mod and no go.work here or above"
    ]
    run = refused("mod", "restore", cwd=program, env={"SLUICE_NO_REMOTE": "1"}).fails(2)
    assert run.said == ["sluice: mod restore: no store is used (SLUICE_NO_REMOTE)"]
    run = refused("mod", "restoer", cwd=program).fails(2)
    assert len(run.said) == 1 and "restore" in run.said[0]
    run = refused("mod", cwd=program).fails(2)
    assert len(run.said) == 1
    (program / "go.sum").write_text("example.org/greet\n")
    run = refused("mod", "restore", cwd=program).fails(2)
    assert run.said == [f"sluice: mod restore: {program}/go.sum:1: no module, version and sum"]
    assert not second.cache.exists()
