"""Run a program that ends when the process that started it does, however that one ends.

usage: python die_with_parent.py PARENT PROGRAM [ARGUMENT ...]

It imports the standard library alone, so that it is there at once. On Linux the kernel sees to it; elsewhere
the program just runs, and an orderly end stops it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Linux, linux/prctl.h


def main() -> None:
    """Tie this process to its parent and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(1)  # it ended before the tie was made
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
