"""sluice journal: two machines' journals become one, and views see both."""

import json
import shutil
import sqlite3
import time

from asked import MODULE, Desk, causes, edit, write_module


def journal_file(machine, root):
    run = machine.sluice_run("journal", "path", cwd=root).ok()
    return run.stdout.strip()


def test_two_machines(machine, tmp_path):
    root = write_module(tmp_path / "work")
    store = tmp_path / "store"
    first = Desk(machine("one", store=store), root, {})
    build = ("build", "./leaf")
    first.machine.go(*build, cwd=root).ok()
    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 2 }\n")
    first.machine.go(*build, cwd=root).ok()
    first.machine.stop()
    taken = tmp_path / "box.db"
    shutil.copy(journal_file(first.machine, root), taken)
    bytes_before = taken.read_bytes()

    second = Desk(machine("two", store=None), root, {})
    # No journal yet: there is one afterwards.
    run = second.machine.sluice_run("journal", "path", cwd=root)
    assert run.code == 1 and "no journal yet" in run.stderr, run.describe()
    run = second.machine.sluice_run("journal", "merge", str(taken), cwd=root).ok()
    assert run.stdout == f"{taken}: 2 commands added, 2 jobs new (1 to 2)\n", run.describe()
    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 3 }\n")
    second.machine.go(*build, cwd=root).ok()
    own = second.why()
    # The other machine's result is what it compares with.
    assert causes(own, f"{MODULE}/leaf") == [("file", "leaf.go changed")]
    assert own["packages"][0]["against"]["job"] == 2

    third = Desk(machine("three", store=None), root, {})
    third.machine.go(*build, cwd=root).ok()
    mine = third.why()
    run = third.machine.sluice_run("journal", "merge", "--json", str(taken), cwd=root).ok()
    (merged,) = json.loads(run.stdout)["files"]
    assert merged["commands"] == merged["commands_added"] == merged["jobs_added"] == 2, merged
    assert merged["jobs"] == [2, 3]
    unknown = third.machine.sluice_run("stats", "--job", "nothing", cwd=root).fails(2)
    assert "the last ones are 3 (" in unknown.stderr, unknown.describe()
    # The last job is still this machine's own, and --job reaches the others.
    assert third.why()["uid"] == mine["uid"]
    assert third.why("--job", "last")["uid"] == mine["uid"]
    with sqlite3.connect(taken) as other:
        uids = [uid for (uid,) in other.execute("SELECT uid FROM job ORDER BY first_us")]
    theirs = third.why("--job", uids[1])
    assert causes(theirs, f"{MODULE}/leaf") == [("file", "leaf.go changed")]
    stats = third.machine.sluice_run("stats", "--job", uids[1], cwd=root).ok().stdout
    assert uids[1] in stats and "in 1 of 1 package\n" in stats, stats

    run = third.machine.sluice_run("journal", "merge", str(taken), cwd=root).ok()
    assert run.stdout == f"{taken}: 0 commands added; 2 commands known already\n"
    assert taken.read_bytes() == bytes_before


def test_killed(machine, tmp_path):
    """What a command had told when it was killed is read soon, not after an hour."""
    root = write_module(tmp_path / "work")
    desk = Desk(machine("one", store=tmp_path / "store"), root, {})
    script = "go build ./leaf; kill -9 $PPID"
    run = desk.machine.sluice_run("run", "--", "sh", "-c", script, cwd=root)
    assert run.code == -9, run.describe()
    killed = None
    for _ in range(100):
        run = desk.machine.sluice_run("stats", "--format", "json", cwd=root)
        killed = json.loads(run.stdout or "{}").get("commands_without_end")
        if killed:
            break
        time.sleep(0.1)
    assert killed == 1, run.describe()
    edit(root, "leaf/leaf.go", "package leaf\n\nfunc Of() int { return 2 }\n")
    desk.machine.go("build", "./leaf", cwd=root).ok()
    assert causes(desk.why(), f"{MODULE}/leaf") == [("file", "leaf.go changed")]


def test_refused(machine, tmp_path):
    root = write_module(tmp_path / "work")
    m = machine("one", store=None)
    m.go("build", "./leaf", cwd=root).ok()
    good = tmp_path / "good"
    good.mkdir()
    shutil.copy(journal_file(m, root), good / "journal.db")
    other = machine("two", store=None)
    other.go("build", "./leaf", cwd=root).ok()
    before = open(journal_file(other, root), "rb").read()

    later = tmp_path / "later.db"
    shutil.copy(good / "journal.db", later)
    with sqlite3.connect(later) as database:
        database.execute("PRAGMA user_version = 99")
    damaged = tmp_path / "damaged.db"
    content = (good / "journal.db").read_bytes()
    damaged.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    huge = tmp_path / "huge.db"
    shutil.copy(good / "journal.db", huge)
    with sqlite3.connect(huge) as database:
        database.execute("UPDATE command SET duration_us = 9223372036854775807")
    text = tmp_path / "text.db"
    text.write_text("no journal\n" * 1000)
    (tmp_path / "empty").mkdir()
    for file, said in (
        (later, "version 99"),
        (damaged, "damaged"),
        (huge, "a value of table command"),
        (text, "no journal of sluice"),
        (tmp_path / "none", "there is no such file"),
        (tmp_path / "empty", "there is no such file"),
        ("/dev/null", "no regular file"),
    ):
        # A good one before it is not merged either.
        run = other.sluice_run("journal", "merge", str(good), str(file), cwd=root)
        assert run.code == 2 and said in run.stderr and str(file) in run.stderr, run.describe()
        assert len(run.stderr.strip().splitlines()) == 1 and not run.stdout, run.describe()
    assert open(journal_file(other, root), "rb").read() == before
    for words in (["merge"], ["path", "more"], ["mrege"], []):
        run = other.sluice_run("journal", *words, cwd=root)
        assert run.code == 2 and len(run.stderr.strip().splitlines()) == 1, run.describe()
    run = other.sluice_run(
        "journal", "merge", str(good), cwd=root, env={"SLUICE_JOURNAL": "off"}
    )
    assert run.code == 1 and "switched off" in run.stderr, run.describe()
    # Its own.
    run = other.sluice_run("journal", "merge", journal_file(other, root), cwd=root).ok()
    assert "0 commands added; 1 command known already" in run.stdout
    run = other.sluice_run("journal", "merge", str(good), cwd=root).ok()
    assert "1 command added, 1 job new" in run.stdout, run.describe()
