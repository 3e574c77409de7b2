"""docs/guide/store.md: every command of the page, in its order, against a real MinIO."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from servers import ENGINES, REPO, free_port

K_PAGE_S = 300


def commands_of(page: Path) -> str:
    """The indented blocks of the page, as one script that stops at the first failure."""
    lines = ["set -eo pipefail", "set +m"]
    for line in page.read_text().splitlines():
        if line.startswith("    "):
            lines.append(line[4:])
    return "\n".join(lines) + "\n"


def test_every_command_of_the_page(machine, tiny, tmp_path):
    if not (ENGINES / "minio").exists() or not (ENGINES / "mc").exists():
        pytest.skip("no MinIO or mc: tools/bootstrap.py test builds them")
    port = free_port()
    script = commands_of(REPO / "docs" / "guide" / "store.md").replace("9000", str(port))
    one = machine("one")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sluice").symlink_to(one.sluice)
    one.env["PATH"] = f"{tools}:{ENGINES}:{one.env['PATH']}"
    one.env["MINIO_UPDATE"] = "off"
    # The server of the page ends with the page.
    script = script.replace(
        "export MC_HOST_store", "trap 'kill %1' EXIT\nexport MC_HOST_store", 1
    )
    process = one.popen(
        "bash", "-c", script, cwd=tiny, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said, _ = process.communicate(timeout=K_PAGE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
    assert process.returncode == 0, said
    # The trusted job was in order, wrote, and read nothing yet.
    first = said[said.index("store       s3://ci-cache/go/") :]
    assert "write       yes" in first and "if-match    honoured" in first, said
    assert re.search(r"remove +no \(a job does without\)", first), said
    assert "as it should be" in said
    # The fork's user writes in its own domain.
    assert "domain      fork\nread        yes\nwrite       yes" in said, said
    assert re.search(r"Removed `store/ci-cache/go/trusted/", said), said
