#!/usr/bin/env python3
"""Formats every C++ file with clang-format 19, or says which are not formatted.

tools/format.py [--check]
"""

import argparse
import subprocess
import sys

import house


def format_files(check: bool) -> bool:
    files = [str(path) for path in house.git_files("*.cpp", "*.hpp")]
    if not files:
        return True
    options = ["--dry-run", "--Werror"] if check else ["-i"]
    return subprocess.run(["clang-format-19", *options, *files], cwd=house.ROOT).returncode == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    sys.exit(0 if format_files(parser.parse_args().check) else 1)
