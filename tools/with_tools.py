#!/usr/bin/env python3
"""Runs a command with the project's environment: its private Go first in PATH where there is one.

tools/with_tools.py COMMAND [ARGUMENT]...
"""

import os
import sys

import house

if __name__ == "__main__":
    if len(sys.argv) < 2:
        house.fail("no command given")
    try:
        os.execvpe(sys.argv[1], sys.argv[1:], house.environment())
    except OSError as error:
        house.fail(f"{sys.argv[1]}: {error.strerror}")
