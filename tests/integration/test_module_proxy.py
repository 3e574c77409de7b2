"""The agent's module proxy: what restore did not bring, for a go that asks for it."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from module_proxy import ModuleMachine, ModuleProxy
from sluice_harness import files_of

TOOL = 'package main\n\nimport "example.org/Words"\n\nfunc main() { println(Words.One()) }\n'
WORDS = 'package Words\n\nfunc One() string { return "one" }\n'


@pytest.fixture
def proxy(tmp_path) -> ModuleProxy:
    proxy = ModuleProxy(tmp_path / "proxy")
    proxy.add("example.org/Words", "v0.3.0", {"words.go": WORDS, "sub/empty": ""})
    needs = "module example.org/tool\n\ngo 1.24\n\nrequire example.org/Words v0.3.0\n"
    for version in ("v1.0.0", "v1.1.0"):
        proxy.add("example.org/tool", version, {"go.mod": needs, "main.go": TOOL})
    return proxy


@pytest.fixture
def nowhere(tmp_path) -> Path:
    """A directory without a module."""
    (tmp_path / "nowhere").mkdir()
    return tmp_path / "nowhere"


def install(at: ModuleMachine, cwd: Path, version: str, **options):
    run = at.machine.go("install", f"example.org/tool@{version}", cwd=cwd, **options).ok()
    out = subprocess.run([at.machine.home / "go/bin/tool"], capture_output=True, text=True)
    assert out.stderr == "one\n"
    return run


def test_a_tool_that_no_go_sum_names(machine, proxy, nowhere, runtime_store, tmp_path):
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    install(first, nowhere, "v1.0.0")
    first.machine.wait_uploads(cwd=nowhere)
    first.machine.stop()
    listing = proxy.without_content(tmp_path / "list")
    second = ModuleMachine(machine("second", store=runtime_store), listing)
    run = install(second, nowhere, "v1.0.0")
    assert run.summary["bytes_down"] > 0
    # The one that is not there is go's to find, by the user's own list.
    run = second.machine.go("install", "example.org/tool@v1.1.0", cwd=nowhere).fails(1)
    assert "v1.1.0.zip: no such file" in run.stderr
    second.machine.env["GOPROXY"] = proxy.url
    install(second, nowhere, "v1.1.0")
    install(second, nowhere, "latest")


def test_go_checks_what_it_is_given(machine, proxy, nowhere, runtime_store, tmp_path):
    """The zip that is made of a tree has the sum that the author's has."""
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    install(first, nowhere, "v1.0.0")
    first.machine.wait_uploads(cwd=nowhere)
    listing = proxy.without_content(tmp_path / "list")
    second = ModuleMachine(machine("second", store=runtime_store), listing)
    install(second, nowhere, "v1.0.0")
    for module, version in (("example.org/tool", "v1.0.0"), ("example.org/Words", "v0.3.0")):
        one, other = (m.download(module, version, "ziphash") for m in (first, second))
        assert one.read_text() == other.read_text()
        assert files_of(first.tree(module, version)) == files_of(second.tree(module, version))
        with zipfile.ZipFile(second.download(module, version, "zip")) as archive:
            assert archive.testzip() is None


def test_what_was_restored_can_be_downloaded_and_verified(machine, proxy, runtime_store, tmp_path):
    program = tmp_path / "program"
    program.mkdir()
    (program / "go.mod").write_text(
        "module example.org/p\n\ngo 1.24\n\nrequire example.org/Words v0.3.0\n"
    )
    (program / "p.go").write_text('package p\n\nimport _ "example.org/Words"\n')
    first = ModuleMachine(machine("first", store=runtime_store), proxy)
    first.machine.plain_go("mod", "tidy", cwd=program, env={"GOFLAGS": "-mod=mod"}).ok()
    # Its .info, too, which no build reads, and go has not fetched for one.
    first.machine.go("mod", "download", cwd=program).ok()
    first.machine.wait_uploads(cwd=program)
    second = ModuleMachine(machine("second", store=runtime_store), None)
    second.machine.go("build", "./...", cwd=program).ok()
    assert not second.download("example.org/Words", "v0.3.0", "zip").exists()
    second.machine.go("mod", "download", cwd=program).ok()
    assert second.download("example.org/Words", "v0.3.0", "zip").exists()
    run = second.machine.plain_go("mod", "verify", cwd=program).ok()
    assert run.stdout == "all modules verified\n"


def test_the_user_s_list_keeps_its_meaning(machine, proxy, nowhere, runtime_store, tmp_path):
    """What go sees is the agent's address before that list; private modules never go there."""
    m = ModuleMachine(machine("m", store=runtime_store), proxy)
    seen = m.machine.go("list", "-m", "-versions", "example.org/tool", cwd=nowhere)
    assert "v1.0.0 v1.1.0" in seen.ok().stdout
    run = m.machine.go(
        "install", "example.org/tool@v1.0.0", cwd=nowhere, env={"GOPRIVATE": "example.org"}
    )
    run.fails(1)
    assert "127.0.0.1" not in run.stderr
    run = m.machine.sluice_run("run", "--", "go", "env", "GOPROXY", cwd=nowhere).ok()
    assert run.stdout.strip() == proxy.url


def test_only_who_knows_its_address_is_answered(machine, proxy, nowhere, runtime_store, tmp_path):
    m = ModuleMachine(machine("m", store=runtime_store), proxy)
    script = tmp_path / "bin" / "go"
    seen = tmp_path / "seen"
    script.parent.mkdir()
    real = subprocess.check_output(["go", "env", "GOROOT"], text=True).strip() + "/bin/go"
    script.write_text(f'#!/bin/sh\necho "$GOPROXY" >> {seen}\nexec {real} "$@"\n')
    script.chmod(0o755)
    env = {"PATH": f"{script.parent}:{os.environ['PATH']}"}
    install(m, nowhere, "v1.0.0", env=env)
    address = [line for line in seen.read_text().splitlines() if "sluice-modules" in line][0]
    url, theirs = address.split("|", 1)
    assert theirs == proxy.url
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/sluice-modules-[0-9a-f]{32}", url)
    assert m.machine.agents()
    module = "/example.org/!words/@v/v0.3.0.mod"
    for wrong in (url.rsplit("/", 1)[0], url[:-1] + ("0" if url[-1] != "0" else "1")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(wrong + module)
        assert refused.value.code == 404
    # Nothing that is shown or kept has it.
    status = m.machine.sluice_run("agent", "status", "--json", cwd=nowhere).ok().stdout
    secret = url.rsplit("-", 1)[1]
    assert secret not in status
    for path in [*m.machine.cache.rglob("*"), *m.machine.runtime.rglob("*")]:
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert json.loads(status)["agent"] == "ok"
