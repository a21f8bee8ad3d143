"""`python -m tests.skips OUTCOMES...`: which tests ran nowhere, and why.

Reads what `pytest --outcomes FILE` wrote in one or more runs. Fails if a test was skipped for a part that can
be had: only what `ALLOWED` names may be missing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

#: Reasons for which a test may be skipped, as patterns, each with why the part can't be had everywhere.
ALLOWED: Final = {
    r"no real incident files at ": "the City's files are never committed",
    r"Google's Pub/Sub emulator is missing: ": "Google's own servers alone have it",
    r"gcloud is not installed": "Google's own servers alone have it",
    r"no Terraform provider here: ": "neither its registry nor a stand-in can be reached",
    r"a small disk can't be mounted here: ": "that needs the right to mount",
    r"this system lets no user make a network of his own": "that needs a kernel that allows it",
    r"there is no second disk here: ": "a container may have one file system alone",
    r"only Linux ends a process with the one that started it": "another system",
    r"no executable bits": "another system",
}


def nowhere(outcomes: Sequence[dict[str, object]]) -> dict[str, str]:
    """Find the tests that were skipped in every run that had them.

    Args:
        outcomes: what each run wrote.

    Returns:
        The reason by the test's id. A module that was skipped as a whole has the module's.
    """
    ran = {test for outcome in outcomes for test in outcome["ran"]}  # type: ignore[attr-defined]
    ran |= {test.partition("::")[0] for test in ran}
    skipped: dict[str, str] = {}
    for outcome in outcomes:
        skipped |= outcome["skipped"]  # type: ignore[operator]
    return {test: reason for test, reason in skipped.items() if test not in ran}


def summary(skipped: dict[str, str]) -> str:
    """Sum up in one line how many tests were skipped, and for which reasons."""
    if not skipped:
        return "0 tests skipped"
    counts = Counter(" ".join(reason.split()) for reason in skipped.values())
    reasons = "; ".join(f"{number}: {reason}" for reason, number in counts.most_common())
    return f"{len(skipped)} test{'s' * (len(skipped) > 1)} skipped, {reasons}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tests that should have run, then the summary as the last line.

    Returns:
        0, or 1 if a test was skipped for a reason that is not allowed.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.skips", description=__doc__)
    parser.add_argument("outcomes", type=Path, nargs="+", metavar="OUTCOMES", help="what --outcomes wrote")
    paths = parser.parse_args(arguments).outcomes
    skipped = nowhere([json.loads(path.read_text(encoding="utf-8")) for path in paths])
    avoidable = {
        test: reason
        for test, reason in skipped.items()
        if not any(re.match(each, reason) for each in ALLOWED)
    }
    for test, reason in sorted(avoidable.items()):
        print(f"skipped for a part that can be had: {test}: {reason}")
    print(summary(skipped))
    return int(bool(avoidable))


if __name__ == "__main__":
    sys.exit(main())
