"""--verify: a sample of hits is made again and compared."""

import hashlib

from sluice_harness import CacheProg, read_gocache, sha256


def test_nothing_differs(machine, tiny_store, tiny, tiny_first):
    m = machine("m", store=tiny_store)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--verify", "100%")).ok()
    assert run.summary["verify"]["checked"] > 10 and run.summary["verify"]["mismatched"] == 0, (
        run.summary
    )
    assert run.said == [], run.stderr
    assert sha256(m.root / "a") == sha256(tiny_first.native)


def test_zero_checks_nothing(machine, tiny_store, tiny):
    m = machine("m", store=tiny_store)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--verify", "0%")).ok()
    assert set(run.summary["verify"].values()) == {0}


def test_a_sample(machine, tiny_store, tiny):
    """Ten in a hundred checks some and not all."""
    m = machine("m", store=tiny_store)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--verify", "10%")).ok()
    assert 0 <= run.summary["verify"]["checked"] < run.summary["lookups"] / 2, run.summary


def poison(first, m, tiny) -> None:
    """Give m's store another output, well named, for the action that compiled
    example.com/tiny/part.
    """
    archives = [
        e
        for e in read_gocache(first.gocache)
        if e.data.is_file()
        and b"tiny one" in e.data.read_bytes()
        and e.data.read_bytes().startswith(b"!<arch>")
    ]
    assert archives
    p = CacheProg(m, cwd=tiny)
    for entry in archives:
        bad = entry.data.read_bytes().replace(b"tiny one", b"tiny 666")
        assert hashlib.sha256(bad).hexdigest() != entry.output
        assert "DiskPath" in p.put(bytes.fromhex(entry.action), bad)
    p.close()
    p.end()
    m.wait_uploads(cwd=tiny)
    m.stop()


def test_a_poisoned_store_is_told(machine, tiny_store, tiny, tiny_first):
    poison(tiny_first, machine("poisoner", store=tiny_store), tiny)
    m = machine("m", store=tiny_store)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--verify", "100%")).ok()
    assert run.summary["verify"]["mismatched"] >= 1, run.summary
    assert any("verif" in line or "differ" in line or "mismatch" in line for line in run.said), (
        run.stderr
    )


def test_a_poisoned_local_tier_is_told(machine, tiny_store, tiny, tiny_first):
    m = machine("m", store=tiny_store)
    m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny).ok()
    m.stop()
    # Another store: this one's agent would mend what it finds to differ.
    m.env["SLUICE_STORE"] = (m.root / "another-store").as_uri()
    poison(tiny_first, m, tiny)
    run = m.go("build", "-o", str(m.root / "a"), ".", cwd=tiny, flags=("--verify", "100%")).ok()
    assert run.summary["verify"]["mismatched"] >= 1, run.summary
    assert run.said, run.stderr
