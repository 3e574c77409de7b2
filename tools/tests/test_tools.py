"""The smaller tools: demo, the binary's promises, the header list, the base of a change."""

import shutil
import subprocess

import binary_check
import check_steps
import demo
import header_review
import pytest
from house_checks.tree import File


def job(lookups: int, local: int, remote: int, down: int = 2048, **more) -> demo.Job:
    summary = {"lookups": lookups, "hits_local": local, "hits_remote": remote, **more}
    summary |= {"misses": lookups - local - remote, "bytes_down": down, "bytes_up": 0}
    return demo.Job(("build", "./..."), 1.5, summary)


def test_the_demo_says_when_the_second_machine_did_not_hit():
    assert demo.verdict([job(100, 0, 98)]) is None
    assert demo.verdict([job(100, 0, 98), job(100, 98, 0, down=0)]) is None
    assert "nothing came from the store" in demo.verdict([job(100, 99, 0, down=0)])
    assert "faults: store gone" in demo.verdict([job(100, 0, 0, 0, faults={"store gone": 3})])
    assert "only 50 of 100" in demo.verdict([job(100, 0, 50)])


def test_the_demo_table_shows_times_hits_and_bytes():
    shown = demo.table([job(100, 0, 0)], [job(100, 1, 97)])
    assert "1.50 s" in shown and "97" in shown and "2.0 KiB" in shown


def test_a_dynamic_program_breaks_the_promises():
    if shutil.which("readelf") is None:
        pytest.skip("readelf is missing")
    found = binary_check.check(binary_check.Path(shutil.which("ls")).resolve())
    assert "interpreter" in found["needs no loader"]
    assert "libc" in found["needs no library"]
    assert found["stack is not code"] is None


def test_an_absent_binary_is_said():
    assert list(binary_check.check(binary_check.Path("/absent"))) == ["exists"]


def test_the_header_list_names_what_is_not_stated():
    silent = "// Does things.\nnamespace sluice::a { Result<int> f(int); }\n"
    assert header_review.gaps(File("src/a/x.hpp", silent)) == [
        *("ownership", "threads", "errors", "units")
    ]
    spoken = (
        "// Does things. The caller owns them. One thread at a time. Code::io when it fails.\n"
        "namespace sluice::a { Result<int> f(int timeout_ms); }\n"
    )
    assert header_review.gaps(File("src/a/x.hpp", spoken)) == []
    assert header_review.first_sentence(File("src/a/x.hpp", spoken)) == "Does things."


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository of two commits; git(...) runs in it."""
    monkeypatch.setattr(check_steps.house, "ROOT", tmp_path)

    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        command = ["git", *who, *words]
        out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return out.stdout.strip()

    git("init", "-q", "-b", "main")
    for text in ("one", "two"):
        (tmp_path / "a").write_text(text)
        git("add", "a")
        git("commit", "-q", "-m", text)
    return git


def test_a_change_is_held_against_the_commit_before(checkout):
    assert check_steps.change_base() == checkout("rev-parse", "HEAD~1")


def test_a_branch_is_held_against_where_it_left_main(checkout):
    checkout("update-ref", "refs/remotes/origin/main", "HEAD~1")
    assert check_steps.change_base() == checkout("rev-parse", "HEAD~1")
    checkout("update-ref", "refs/remotes/origin/main", "HEAD")
    (check_steps.house.ROOT / "a").write_text("three")
    assert check_steps.change_base() == checkout("rev-parse", "HEAD")


def test_a_repository_without_history_is_all_new(tmp_path, monkeypatch):
    monkeypatch.setattr(check_steps.house, "ROOT", tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert check_steps.change_base() == check_steps.EMPTY_TREE
