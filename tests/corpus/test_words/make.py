"""Makes `cases` beside this file: what `go test WORDS` tells a test binary, asked of go itself.

    python3 make.py GO...       # paths of go commands; all have to agree
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Words, and GOFLAGS.
CASES = [
    (["./p"], ""),
    ([], ""),
    (["-v", "./p"], ""),
    (["./p", "-v"], ""),
    (["-v=false", "./p"], ""),
    (["-v=test2json", "./p"], ""),
    (["-test.v", "./p"], ""),
    (["--run", "X", "./p"], ""),
    (["-run=X/a b", "-run", "Y", "-skip=^Z$", "./p"], ""),
    (["-timeout", "90s", "./p"], ""),
    (["-timeout=0", "./p"], ""),
    (["-test.timeout=1.5h", "./p"], ""),
    (["-timeout=100ms", "-timeout=1h", "./p"], ""),
    (["-short", "-failfast", "-fullpath", "-parallel", "4", "-cpu=1,2", "./p"], ""),
    (["-short=T", "-failfast=0", "./p"], ""),
    (["-count=1", "-shuffle=on", "./p"], ""),
    (["-shuffle", "-17", "-benchtime=2x", "./p"], ""),
    (["-race=false", "-tags", "x,y", "-vet=off", "./p"], ""),
    (["./p", "-args", "-v", "a b", "--"], ""),
    (["./p", "--args"], ""),
    (["./p", "--", "-v"], ""),
    (["./p", "-v", "word", "-short"], ""),
    (["./p", "-short", "-"], ""),
    (["-v", "./p"], "-short -count=2 -timeout=30s"),
    (["-count=3", "./p"], "-count=2 -test.run=X -mod=mod"),
    (["-test.count=3", "./p"], "-count=2"),
    (["./p"], "-v -timeout=0s"),
    (["./p"], "-tags=x -trimpath"),
    (["-json", "./p"], ""),
    (["-json", "-v", "-run", "X", "./p"], ""),
    (["-json", "./p"], "-v -short"),
    (["-json=false", "-v=0", "./p"], ""),
    (["-buildvcs=auto", "-p", "3", "-x=false", "./p"], ""),
    (["-bench=", "-outputdir=", "./p"], ""),
]


def told(go: str, words: list, goflags: str, module: Path) -> str:
    env = {**os.environ, "GOFLAGS": goflags, "GOTOOLCHAIN": "local"}
    directory = module if "./p" in words else module / "p"
    run = subprocess.run(
        [go, "test", "-n", *words], cwd=directory, env=env, capture_output=True, text=True
    )
    lines = run.stderr.splitlines() + run.stdout.splitlines()
    [line] = [line for line in lines if "-test.paniconexit0" in line]
    if line.startswith("{"):  # -json
        line = json.loads(line)["Output"]
    return line.partition("-test.paniconexit0")[2].strip()  # go quotes nothing


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        module = Path(scratch)
        (module / "go.mod").write_text("module example.com/words\n\ngo 1.24\n")
        (module / "p").mkdir()
        (module / "p/p_test.go").write_text("package p\n")
        lines = []
        for words, goflags in CASES:
            answers = [told(go, words, goflags, module) for go in sys.argv[1:]]
            if any(answer != answers[0] for answer in answers):
                raise SystemExit(f"{words}: releases differ: {answers}")
            case = {"words": words, "goflags": goflags, "arguments": answers[0]}
            lines.append(json.dumps(case) + "\n")
        (HERE / "cases").write_text("".join(lines))


main()
