"""Look for known vulnerabilities in what is installed, and write a bill of materials: `make audit`.

usage: python audit.py SBOM, with pip-audit and cyclonedx-bom installed beside this Python

Exit codes: 0 none is known, 1 some are, 3 the database of vulnerabilities can't be reached. The bill of
materials (CycloneDX, JSON) is of everything that `make dev` installs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
#: Lists that others hold: every package of theirs stands in `all.txt` too.
_WITHIN_ALL: Final = frozenset({"base.txt", "constraints.txt", "dev.txt", "image.txt"})
LISTS: Final = (
    *(path for path in sorted(ROOT.glob("requirements/*.txt")) if path.name not in _WITHIN_ALL),
    ROOT / "crime_pipelines" / "localcloud" / "bqemulator.txt",
)
_BEYOND_REACH: Final = 3


def verdict(reports: Mapping[str, Mapping[str, Any]], unread: Mapping[str, str]) -> tuple[list[str], int]:
    """Judge what pip-audit said.

    Args:
        reports: its report on each list.
        unread: why there is no report, by list.

    Returns:
        Lines to print, and the exit code. A package that the database does not know at all was not looked
        up: where that is so of every package, it is the database that is not there.
    """
    found, skipped, audited = set(), set(), set()
    for report in reports.values():
        for package in report["dependencies"]:
            name = f"{package['name']} {package.get('version', '')}".strip()
            if "skip_reason" in package:
                skipped.add(name)
                continue
            audited.add(name)
            for each in package["vulns"]:
                remedy = ", ".join(each.get("fix_versions", [])) or "no version yet"
                found.add(f"{name}: {each['id']}, mended in {remedy}")
    lines = sorted(found)
    if unread or not audited:
        why = next(iter(unread.values()), f"it knows none of {len(skipped):,} packages")
        lines.append(f"not audited: the database of vulnerabilities can't be reached ({why})")
        return lines, _BEYOND_REACH
    if skipped:
        lines.append(f"not audited, as the database does not know them: {', '.join(sorted(skipped))}")
    lines.append(f"{len(audited):,} packages of {len(reports)} lists, {len(found):,} known vulnerabilities")
    return lines, int(bool(found))


def _report(path: Path) -> subprocess.CompletedProcess[str]:
    call = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(path),
        "--disable-pip",
        "--require-hashes",
    ]
    return subprocess.run(  # noqa: S603
        [*call, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def main() -> None:
    """Write the bill of materials, and print what is known of what it lists."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    call = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements"]
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", "-o", str(target)]
    subprocess.run([*call, *options, str(ROOT / "requirements" / "all.txt")], check=True)  # noqa: S603
    print(target)
    reports, unread = {}, {}
    for path in LISTS:
        done = _report(path)
        try:
            reports[path.name] = json.loads(done.stdout)
        except ValueError:
            unread[path.name] = _last_line(done.stderr)
    lines, code = verdict(reports, unread)
    print("\n".join(lines))
    sys.exit(code)


if __name__ == "__main__":
    main()
