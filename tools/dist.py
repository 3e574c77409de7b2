#!/usr/bin/env python3
"""What people download, under build/dist: for each architecture a tarball and a deb of the static
binary with manual pages, completions and the licences of what is linked in; SHA256SUMS; install.sh.

    tools/dist.py [--arch ARCH]... [--output DIR]

Without --arch all of them: amd64 and arm64. The release presets must be built. The same commit
gives the same bytes, in any directory, at any time.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import build
import house

PRESETS = {"amd64": "release", "arm64": "release-arm64"}
SHELLS = {"bash": "sluice.bash", "zsh": "_sluice", "fish": "sluice.fish"}
SUMMARY = "Go builds and tests that take what another machine already made"


def version() -> str:
    text = subprocess.run([house.BINARY, "version"], capture_output=True, text=True, check=True)
    return text.stdout.split()[1]


def output_of(*words: str) -> bytes:
    return subprocess.run([house.BINARY, *words], capture_output=True, check=True).stdout


# --- licences ---


def linked_files(preset: str) -> set[str]:
    """Headers and archives of the system that the binary is made of, as the build knows them."""
    directory = house.BUILD / preset

    def ask(*words: str) -> str:
        command = ["ninja", "-C", str(directory), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    found = set(re.findall(r"^\s+(/usr/\S+)$", ask("-t", "deps"), re.M))
    found |= set(re.findall(r"(/usr/\S+\.a)\b", ask("-t", "commands", "sluice")))
    compiler = "g++" if preset == "release" else "aarch64-linux-gnu-g++"
    for name in ("libstdc++.a", "libgcc.a", "libgcc_eh.a", "libc.a", "rcrt1.o", "crtbeginS.o"):
        command = [compiler, f"-print-file-name={name}"]
        where = subprocess.run(command, capture_output=True, text=True, check=True)
        found.add(str(Path(where.stdout.strip()).resolve()))
    return {str(Path(path).resolve()) for path in found}


@cache
def licences(preset: str) -> dict[str, bytes]:
    """Debian package -> its copyright file, for every package that linked_files come from."""
    files = sorted(linked_files(preset))
    packages: set[str] = set()
    for start in range(0, len(files), 500):
        command = ["dpkg-query", "-S", *files[start : start + 500]]
        owners = subprocess.run(command, capture_output=True, text=True, check=False)
        if owners.returncode != 0:
            house.fail(f"no package has these: {owners.stderr.strip()[:500]}")
        packages |= {line.split(":")[0] for line in owners.stdout.splitlines()}
    found = {}
    for package in sorted(packages):
        text = Path("/usr/share/doc") / package / "copyright"
        if not text.is_file():
            house.fail(f"{package} is linked in, and {text} is missing: install its documents")
        found[package] = text.read_bytes()
    return found


# --- what is in them ---


def pages() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="sluice-dist-") as directory:
        subprocess.run([house.BINARY, "man", "--directory", directory], check=True)
        return {path.name: path.read_bytes() for path in sorted(Path(directory).iterdir())}


def completions() -> dict[str, bytes]:
    return {file: output_of("completion", shell) for shell, file in SHELLS.items()}


def tarball_files(binary: bytes, preset: str) -> dict[str, bytes]:
    files = {"sluice": binary}
    files |= {f"man/man1/{name}": text for name, text in pages().items()}
    files |= {f"completions/{name}": text for name, text in completions().items()}
    files |= {f"licences/{package}": text for package, text in licences(preset).items()}
    return files


def deb_files(binary: bytes, preset: str) -> dict[str, bytes]:
    places = {
        "sluice.bash": "usr/share/bash-completion/completions/sluice",
        "_sluice": "usr/share/zsh/vendor-completions/_sluice",
        "sluice.fish": "usr/share/fish/vendor_completions.d/sluice.fish",
    }
    files = {"usr/bin/sluice": binary}
    for name, text in pages().items():
        files[f"usr/share/man/man1/{name}.gz"] = gzip.compress(text, mtime=0)
    files |= {places[name]: text for name, text in completions().items()}
    for package, text in licences(preset).items():
        files[f"usr/share/doc/sluice/licences/{package}"] = text
    return files


# --- packing ---


def tarball(root: str, files: dict[str, bytes], time: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        directories = {str(parent) for name in files for parent in Path(name).parents}
        for directory in sorted(directories):
            member = tarfile.TarInfo(str(Path(root) / directory))
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, time
            tar.addfile(member)
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{root}/{name}")
            member.mode = 0o755 if name == "sluice" else 0o644
            member.size, member.mtime = len(content), time
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), compresslevel=9, mtime=time)


def deb(files: dict[str, bytes], arch: str, release: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="sluice-deb-") as scratch:
        root = Path(scratch) / "root"
        for name, content in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o755 if name == "usr/bin/sluice" else 0o644)
        for directory in (root, *(path for path in root.rglob("*") if path.is_dir())):
            directory.chmod(0o755)
        size_kib = sum(len(content) for content in files.values()) // 1024
        control = root / "DEBIAN" / "control"
        control.parent.mkdir(mode=0o755)
        control.write_text(
            f"Package: sluice\nVersion: {release}\nArchitecture: {arch}\n"
            "Maintainer: the sluice project <noreply@localhost>\n"
            f"Installed-Size: {size_kib}\nSection: devel\nPriority: optional\n"
            f"Recommends: ca-certificates\nDescription: {SUMMARY}\n"
            " One static program: a build cache for go that machines share, over S3, HTTP or a\n"
            " folder, and the reasons for every miss.\n"
        )
        control.chmod(0o644)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build"]
        # Times of files are no later than SOURCE_DATE_EPOCH, and these all are.
        subprocess.run(
            [*command, str(root), str(target)],
            env=build.environment(), stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip


def make(arch: str, release: str, time: int, output: Path) -> list[Path]:
    preset = PRESETS[arch]
    binary = house.BUILD / preset / "sluice"
    if not binary.is_file():
        house.fail(f"{binary.relative_to(house.ROOT)} is missing: tools/build.py {preset}")
    content = binary.read_bytes()
    name = f"sluice-{release}-linux-{arch}"
    packed = output / f"{name}.tar.gz"
    packed.write_bytes(tarball(name, tarball_files(content, preset), time))
    package = output / f"sluice_{release}_{arch}.deb"
    deb(deb_files(content, preset), arch, release, package)
    return [packed, package]


def dist(archs: list[str], output: Path) -> None:
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    release, time = version(), int(build.commit_time())
    made = [path for arch in archs for path in make(arch, release, time, output)]
    script = output / "install.sh"
    shutil.copy2(house.ROOT / "install.sh", script)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted([*made, script])
    ]
    (output / "SHA256SUMS").write_text("".join(lines))
    for line in lines:
        house.say(line.rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", action="append", choices=[*PRESETS])
    parser.add_argument("--output", type=Path, default=house.BUILD / "dist")
    arguments = parser.parse_args()
    dist(arguments.arch or [*PRESETS], arguments.output)


if __name__ == "__main__":
    main()
