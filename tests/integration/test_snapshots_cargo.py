"""Snapshots of a real cargo project for two targets: what each target has for itself, and what they
share. The toolchain is Debian's, for which there are two targets.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TARGETS = ("x86_64-unknown-linux-gnu", "wasm32-unknown-unknown")
KEY = "{triple}-{rustc}-release-{hash:Cargo.lock,Cargo.toml}"
FALLBACK = "{triple}-{rustc}-release-"
HOST = "host"  # build scripts and procedural macros: of this machine, for all targets
pytestmark = pytest.mark.xdist_group("cargo")


def write_project(root: Path, features: str = "") -> Path:
    """A library that needs a vendored one, of which a build script makes a part."""
    if root.exists():
        shutil.rmtree(root)
    for directory in ("src", "vendor/dep/src", ".cargo"):
        (root / directory).mkdir(parents=True)
    (root / "Cargo.toml").write_text(
        '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f'[dependencies]\ndep = {{ version = "1", features = [{features}] }}\n'
    )
    (root / "Cargo.lock").write_text(
        'version = 3\n\n[[package]]\nname = "app"\nversion = "0.1.0"\n'
        'dependencies = [\n "dep",\n]\n'
        '\n[[package]]\nname = "dep"\nversion = "1.0.0"\n'
        'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
    )
    (root / ".cargo/config.toml").write_text(
        '[source.crates-io]\nreplace-with = "vendored"\n\n[source.vendored]\ndirectory = "vendor"\n'
    )
    (root / "src/lib.rs").write_text("pub fn answer() -> u32 {\n    dep::VALUE\n}\n")
    dep = root / "vendor/dep"
    (dep / "Cargo.toml").write_text(
        '[package]\nname = "dep"\nversion = "1.0.0"\nedition = "2021"\n\n[features]\nloud = []\n'
    )
    (dep / "build.rs").write_text(
        "fn main() {\n"
        '    println!("cargo:rerun-if-changed=build.rs");  // and nothing of what it reads\n'
        '    let value = std::fs::read_to_string(std::env::var("DEP_VALUE").unwrap()).unwrap();\n'
        '    let out = std::env::var("OUT_DIR").unwrap() + "/value.rs";\n'
        '    std::fs::write(out, format!("pub const VALUE: u32 = {};", value.trim())).unwrap();\n'
        "}\n"
    )
    (dep / "src/lib.rs").write_text('include!(concat!(env!("OUT_DIR"), "/value.rs"));\n')
    (dep / ".cargo-checksum.json").write_text('{"files":{},"package":null}\n')
    # As what cargo unpacks from a registry has them.
    for path in dep.rglob("*"):
        os.utime(path, (1_153_704_088, 1_153_704_088))
    return root


class Runner:
    """An empty machine with a fresh checkout, always at one path."""

    def __init__(self, machine, project: Path, value: Path, features: str = ""):
        self.machine = machine
        self.project = write_project(project, features)
        self.env = {
            "PATH": "/usr/bin:/bin",
            "CARGO_HOME": str(machine.root / "cargo"),
            "CARGO_TARGET_DIR": "target-cache",
            "DEP_VALUE": str(value),
        }

    def snapshot(self, command: str, target: str, *words: str) -> str:
        """`sluice save` or `restore` of one target's part, or of what is the host's."""
        path = "target-cache/release" if target == HOST else f"target-cache/{target}/release"
        env = {**self.env, "CARGO_BUILD_TARGET": TARGETS[0] if target == HOST else target}
        if command == "restore":
            words = ("--fallback", FALLBACK, *words)
        run = self.machine.sluice_run(
            command, f"cargo-{target}", "--path", path, "--key", KEY, *words,
            cwd=self.project, env=env,
        )  # fmt: skip
        run.ok()
        return run.stdout + run.stderr

    def build(self, target: str) -> dict[str, str]:
        """What cargo says of each: Fresh, Compiling; and whether it ran the build script."""
        env = {**os.environ, **self.machine.env, **self.env}
        done = subprocess.run(
            ["cargo", "build", "--offline", "--locked", "--release", "-v", "--target", target],
            cwd=self.project, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        text = done.stderr
        said = {name: word for word, name in re.findall(r"(Fresh|Compiling) (app|dep) v", text)}
        said["script"] = "ran" if "/build-script-build`" in text else "kept"
        said["script compiled"] = "yes" if "--crate-name build_script_build" in text else "no"
        return said

    def library(self, target: str) -> bytes:
        return (self.project / f"target-cache/{target}/release/libapp.rlib").read_bytes()


@pytest.fixture
def cargo(machine, tmp_path):
    """Two targets built and saved; a function for the next machines."""
    value = tmp_path / "value"
    value.write_text("41")
    store = tmp_path / "store"
    project = tmp_path / "work" / "app"

    def runner(name: str, features: str = "") -> Runner:
        return Runner(machine(name, store=store), project, value, features)

    first = runner("first")
    for target in TARGETS:
        assert first.build(target)["dep"] == "Compiling"
    for part in (HOST, *TARGETS):
        assert "kept as" in first.snapshot("save", part)
    runner.value = value
    runner.libraries = {target: first.library(target) for target in TARGETS}
    return runner


def test_two_targets_share_the_hosts_part(cargo):
    second = cargo("second")
    for part in (HOST, *TARGETS):
        assert "exact" in second.snapshot("restore", part)
    for target in TARGETS:
        said = second.build(target)
        # Sources of the checkout are newer than what was made of them: cargo goes by times.
        assert said["app"] == "Compiling"
        assert said["dep"] == "Fresh"
        assert (said["script"], said["script compiled"]) == ("kept", "no")
        assert second.library(target) == cargo.libraries[target]


def test_one_target_brings_nothing_of_the_other(cargo):
    second = cargo("second")
    for part in (HOST, TARGETS[0]):
        second.snapshot("restore", part)
    assert sorted(path.name for path in (second.project / "target-cache").iterdir()) == [
        "release",
        TARGETS[0],
    ]
    assert second.build(TARGETS[0])["dep"] == "Fresh"
    said = second.build(TARGETS[1])
    assert (said["dep"], said["script"], said["script compiled"]) == ("Compiling", "ran", "no")


def test_output_of_build_scripts_is_dropped_for_one_target(cargo):
    """A script's input changed, and it has not told cargo of it."""
    cargo.value.write_text("42")
    second = cargo("second")
    second.snapshot("restore", HOST)
    second.snapshot("restore", TARGETS[0], "--exclude", "build/**")
    second.snapshot("restore", TARGETS[1])
    said = second.build(TARGETS[0])
    assert (said["dep"], said["script"], said["script compiled"]) == ("Compiling", "ran", "no")
    assert second.library(TARGETS[0]) != cargo.libraries[TARGETS[0]]
    said = second.build(TARGETS[1])
    assert (said["dep"], said["script"]) == ("Fresh", "kept")
    assert second.library(TARGETS[1]) == cargo.libraries[TARGETS[1]]


def test_features_are_part_of_the_key(cargo):
    second = cargo("second", features='"loud"')
    for part in (HOST, *TARGETS):
        assert "fallback" in second.snapshot("restore", part)
    said = second.build(TARGETS[0])
    assert said["dep"] == "Compiling"
    for part in (HOST, TARGETS[0]):
        second.snapshot("save", part)
    # With the other features what was made with them lies beside.
    third = cargo("third", features='"loud"')
    for part in (HOST, TARGETS[0]):
        assert "exact" in third.snapshot("restore", part)
    assert third.build(TARGETS[0])["dep"] == "Fresh"
