"""What people download: the same bytes each time, all that belongs to it, and installed only when
it is what it is said to be. Of amd64; `make check` makes arm64 as well, and runs it.
"""

import functools
import gzip
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from sluice_harness import REPO

pytestmark = pytest.mark.xdist_group("dist")
ENV = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def make(output: Path) -> Path:
    command = [sys.executable, "tools/dist.py", "--arch", "amd64", "--output", str(output)]
    subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True)
    return output


@pytest.fixture(scope="module")
def release(tmp_path_factory, sluice) -> Path:
    if Path(sluice).resolve() != (REPO / "build" / "sluice").resolve():
        pytest.fail("the release is made of build/sluice", pytrace=False)
    return make(tmp_path_factory.mktemp("dist") / "one")


def tarball_of(release: Path) -> Path:
    [path] = release.glob("*.tar.gz")
    return path


@pytest.fixture
def copy(release, tmp_path) -> Path:
    return Path(shutil.copytree(release, tmp_path / "release"))


def install(release, *words: str, env: dict | None = None) -> subprocess.CompletedProcess:
    command = ["sh", str(REPO / "install.sh"), "--from", str(release), *words]
    return subprocess.run(
        command, env={**ENV, **(env or {})}, capture_output=True, text=True, check=False
    )


def test_the_same_bytes_again(release, tmp_path):
    again = make(tmp_path / "elsewhere" / "two")
    names = sorted(path.name for path in release.iterdir())
    assert [name.split("-")[0].split("_")[0] for name in names] == [
        "SHA256SUMS",
        "install.sh",
        "sluice",
        "sluice",
    ]
    for name in names:
        assert (release / name).read_bytes() == (again / name).read_bytes(), name


def test_tarball_has_the_program_its_pages_completions_and_licences(release, sluice):
    with tarfile.open(tarball_of(release)) as tar:
        root = tarball_of(release).name.removesuffix(".tar.gz")
        names = {member.name.removeprefix(root + "/") for member in tar if member.isfile()}
        assert all((m.uid, m.gid, m.uname) == (0, 0, "") for m in tar)
        program = tar.extractfile(f"{root}/sluice").read()
        licence = tar.extractfile(f"{root}/licences/libssl-dev").read()
    assert program == Path(sluice).read_bytes()
    assert b"Apache" in licence
    wanted = {"man/man1/sluice.1", "man/man1/sluice-go.1", "completions/_sluice"}
    wanted |= {"completions/sluice.bash", "completions/sluice.fish"}
    # What is linked in, C and C++ library included.
    wanted |= {
        f"licences/{package}"
        for package in (
            "libboost1.81-dev", "libc6-dev", "libcli11-dev", "libfmt-dev", "libspdlog-dev",
            "libsqlite3-dev", "libssl-dev", "libstdc++-12-dev", "libtomlplusplus-dev",
            "libyaml-dev", "libzstd-dev",
        )
    }  # fmt: skip
    assert wanted <= names, wanted - names


def test_deb_installs_in_an_empty_root(release, tmp_path):
    [package] = release.glob("*.deb")
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
    version = subprocess.check_output([str(root / "usr/bin/sluice"), "version"], text=True)
    fields = subprocess.check_output(["dpkg-deb", "--field", str(package)], text=True)
    assert f"Version: {version.split()[1]}\n" in fields
    assert "Architecture: amd64\n" in fields
    assert "Depends" not in fields
    page = gzip.decompress((root / "usr/share/man/man1/sluice.1.gz").read_bytes())
    assert page.startswith(b".TH sluice 1")


def test_install_from_a_directory_and_again(release, tmp_path):
    place = tmp_path / "with space" / "bin"
    for _ in range(2):
        done = install(release, "--to", str(place))
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["sluice"]
    assert f"is at {place}/sluice" in done.stdout
    assert "is not in PATH" in done.stderr
    digest = hashlib.sha256(tarball_of(release).read_bytes()).hexdigest()
    done = install(release, "--sha256", digest, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".local/bin/sluice").exists()


def test_install_over_http(release, tmp_path):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(release))
    handler.log_message = lambda *_: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = install(url, "--to", str(tmp_path / "bin"))
        assert done.returncode == 0, done.stderr
        done = install(f"{url}/nowhere", "--to", str(tmp_path / "none"))
        assert done.returncode == 1 and "nowhere/SHA256SUMS could not be had" in done.stderr
        assert not (tmp_path / "none").exists()
    finally:
        server.shutdown()
        server.server_close()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("what", ["damaged", "swapped", "unlisted", "no program", "no sums"])
def test_nothing_is_installed_that_is_not_what_it_should_be(copy, tmp_path, what):
    tarball = tarball_of(copy)
    sums = copy / "SHA256SUMS"
    words: tuple[str, ...] = ()
    if what == "damaged":
        damage(tarball)
        said = "is damaged: SHA-256"
    elif what == "swapped":  # by somebody who can write SHA256SUMS as well
        words = ("--sha256", "0" * 64)
        said = "is not what was asked for: SHA-256"
    elif what == "unlisted":
        sums.write_text(sums.read_text().replace("-linux-amd64", "-linux-riscv64"))
        said = "names no tarball for amd64"
    elif what == "no program":
        with tarfile.open(tarball, "w:gz"):
            pass
        digest = hashlib.sha256(tarball.read_bytes()).hexdigest()
        sums.write_text(f"{digest}  {tarball.name}\n")
        said = "has no "
    else:
        sums.unlink()
        said = "SHA256SUMS could not be read"
    place = tmp_path / "bin"
    place.mkdir()
    (place / "sluice").write_text("the old one")
    done = install(copy, "--to", str(place), *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert (place / "sluice").read_text() == "the old one"
    assert sorted(path.name for path in place.iterdir()) == ["sluice"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say where the release lies"),
        (("--from",), "--from wants a value"),
        (("--from", "x", "--sha256", "12"), "wants 64 hex digits"),
        (("--from", "x", "--sha256", "Z" * 64), "wants 64 hex digits"),
        (("--form", "x"), "--form: unknown"),
    ],
)
def test_wrong_words(words, said):
    command = ["sh", str(REPO / "install.sh"), *words]
    done = subprocess.run(command, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr and done.stderr.count("\n") == 1
