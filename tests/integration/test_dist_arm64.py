"""The release for arm64, run by qemu: what it writes an amd64 machine reads, and the other way
round.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from sluice_harness import REPO

pytestmark = pytest.mark.matrix
QEMU = "qemu-aarch64-static"


@pytest.fixture(scope="module")
def arm64(tmp_path_factory) -> Path:
    """The program out of the tarball."""
    place = tmp_path_factory.mktemp("arm64")
    command = [sys.executable, "tools/dist.py", "--output", str(place / "dist")]
    subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True)
    names = sorted(path.name for path in (place / "dist").iterdir())
    assert sum("arm64" in name for name in names) == 2 == sum("amd64" in name for name in names)
    [tarball] = (place / "dist").glob("*-linux-arm64.tar.gz")
    with tarfile.open(tarball) as tar:
        tar.extractall(place)
    return place / tarball.name.removesuffix(".tar.gz") / "sluice"


def under_qemu(arm64: Path, home: Path, *words: str, cwd: Path) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        [QEMU, str(arm64), *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_it_is_a_static_program_of_arm64(arm64, tmp_path):
    head = subprocess.check_output(["readelf", "-hld", str(arm64)], text=True)
    assert "AArch64" in head and "INTERP" not in head and "NEEDED" not in head
    assert "GNU_RELRO" in head
    native = subprocess.check_output([REPO / "build" / "sluice", "version"], text=True)
    assert under_qemu(arm64, tmp_path, "version", cwd=tmp_path) == native
    assert "Usage" in under_qemu(arm64, tmp_path, "help", "go", cwd=tmp_path)


def test_what_one_architecture_keeps_the_other_restores(arm64, tmp_path, sluice):
    store = f"file://{tmp_path}/store"
    work = tmp_path / "work"
    work.mkdir()
    (work / "tree").mkdir()
    content = os.urandom(3 << 20)
    (work / "tree" / "large").write_bytes(content)
    words = ("--store", store, "tool", "--path", "tree", "--key")
    under_qemu(arm64, tmp_path, "save", *words, "from-arm64", cwd=work)
    (work / "tree").rename(work / "before")
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    native = [str(sluice), "restore", *words, "from-arm64"]
    subprocess.run(native, cwd=work, env=env, check=True, capture_output=True)
    assert (work / "tree" / "large").read_bytes() == content
    (work / "tree" / "large").write_bytes(content[::-1])
    native = [str(sluice), "save", *words, "from-amd64"]
    subprocess.run(native, cwd=work, env=env, check=True, capture_output=True)
    (work / "tree" / "large").unlink()
    (work / "tree").rmdir()
    assert "exact" in under_qemu(arm64, tmp_path, "restore", *words, "from-amd64", cwd=work)
    assert (work / "tree" / "large").read_bytes() == content[::-1]
