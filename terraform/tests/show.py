"""Prints what `terraform test -json` says, as `terraform test` would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    said = json.loads(line)
    kind = said["type"]
    run = said.get("test_run", {})
    if kind == "test_run" and run.get("progress") == "complete":
        sys.stdout.write(f"{run['path']}  {run['run']}: {run['status']}\n")
    elif kind == "diagnostic":
        found = said["diagnostic"]
        place = found.get("range", {})
        where = f"{place['filename']}:{place['start']['line']}: " if place else ""
        sys.stdout.write(f"{found['severity']}: {where}{found['summary']}\n    {found['detail']}\n")
    elif kind == "test_summary":
        sys.stdout.write(f"{said['@message']}\n")
