"""`sluice fsck` finds each way in which a store can be damaged, and `sluice clear` ends one."""

import json
import os
import time
from pathlib import Path

import pytest
from sluice_harness import files_of, fresh_checkout


@pytest.fixture
def built(machine, tmp_path, tiny):
    """A store in a folder that one job has filled, and who looks after it."""
    m = machine("m", store=tmp_path / "store")
    checkout = fresh_checkout(tiny, tmp_path / "checkout")
    m.go("build", "-o", str(m.root / "a"), ".", cwd=checkout).ok()
    m.wait_uploads(cwd=checkout).ok()
    m.stop()
    m.checkout = checkout
    m.store_files = tmp_path / "store/trusted/v1"
    return m


def check(m, *words: str, code: int = 0) -> dict:
    run = m.sluice_run("fsck", "--json", *words, cwd=m.checkout).fails(code)
    (domain,) = json.loads(run.stdout)["domains"]
    assert domain["domain"] == "trusted"
    return domain


def one(m, kind: str) -> Path:
    return sorted(p for p in (m.store_files / kind).rglob("*") if p.is_file())[0]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def test_a_whole_store(built):
    told = check(built)
    assert told["wrong"] == 0 and told["objects"] > 2 and told["heads"] > 0, told
    assert "all right" in built.sluice_run("fsck", cwd=built.checkout).ok().stdout


@pytest.mark.parametrize("kind", ["packs", "blobs", "manifests", "scopes"])
@pytest.mark.parametrize("how", ["flip", "cut", "gone"])
def test_every_way_of_damage(built, kind, how):
    path = one(built, kind)
    {"flip": flip, "cut": cut, "gone": os.unlink}[how](path)
    before = files_of(built.store_files)
    if kind == "scopes" and how == "gone":
        assert check(built)["wrong"] == 0  # nothing leads to what is not there
        return
    told = check(built, code=1)
    assert told["wrong"] >= 1 and all(f["done"] == "" for f in told["findings"])
    assert files_of(built.store_files) == before, "a look changes nothing"
    mended = check(built, "--repair", code=1)
    assert all(f["done"] for f in mended["findings"]), mended
    assert check(built)["wrong"] == 0
    # And a job makes what was dropped, and finds the rest.
    built.forget_local()
    run = built.go("build", "-o", str(built.root / "b"), ".", cwd=built.checkout).ok()
    built.wait_uploads(cwd=built.checkout).ok()
    built.stop()
    assert (built.root / "a").read_bytes() == (built.root / "b").read_bytes(), run.describe()
    assert check(built)["wrong"] == 0


def test_etags_of_s3_are_compared(machine, tmp_path, tiny, minio):
    bucket = minio.bucket(f"fsck-{os.getpid()}-{time.time_ns()}")
    env = minio.env(SLUICE_STORE=f"s3://{bucket}/ci")
    m = machine("m", store=None)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, env=env).ok()
    m.wait_uploads(cwd=tiny, env=env).ok()
    (domain,) = json.loads(m.sluice_run("fsck", "--json", env=env).ok().stdout)["domains"]
    assert domain["wrong"] == 0 and domain["etags_compared"] == domain["objects"] > 0, domain
    m.sluice_run("clear", "remote", "--yes", env=env).ok()
    assert json.loads(m.sluice_run("fsck", "--json", env=env).ok().stdout)["domains"] == []


def test_clear_asks_and_then_empties(built):
    def clear(*words: str, code: int = 0):
        return built.sluice_run("clear", *words, cwd=built.checkout, stdin="").fails(code)

    before = files_of(built.store_files)
    cache = files_of(built.gocache)
    for words in (["all"], ["remote"], ["local"]):
        assert "say --yes" in clear(*words, code=2).stderr
    for words in ([], ["everything"], ["all", "--yes", "--dry-run"]):
        clear(*words, code=2)
    told = json.loads(clear("all", "--dry-run", "--json").stdout)
    assert [c["objects"] > 0 for c in told["cleared"]] == [True, True], told
    assert files_of(built.store_files) == before and files_of(built.gocache) == cache
    # Another domain has nothing, and nothing of this one goes with it.
    clear("remote", "--trust-domain", "fork", "--yes")
    assert files_of(built.store_files) == before
    clear("remote", "--yes")
    assert files_of(built.store_files) == {}
    assert files_of(built.gocache) == cache
    clear("local", "--yes")
    assert not list(built.gocache.glob("??/*-[ad]"))
    run = built.go("build", "-o", str(built.root / "b"), ".", cwd=built.checkout).ok()
    assert run.hits == 0, run.describe()


def test_a_checkout_does_not_say_what_is_thrown_away(machine, tmp_path):
    m = machine("m", store=None)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "go.mod").write_text("module example.com/x\n\ngo 1.24\n")
    (checkout / "sluice.toml").write_text(f'store = "{(tmp_path / "store").as_uri()}"\n')
    run = m.sluice_run("clear", "remote", "--yes", cwd=checkout).fails(2)
    assert "named by the checkout only" in run.stderr
    run = m.sluice_run("clear", "remote", "--yes", cwd=checkout, env={"SLUICE_READ_ONLY": "1"})
    assert "read-only" in run.fails(2).stderr
