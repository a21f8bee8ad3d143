"""The record: one line for each permission that an account needed on a resource."""

from __future__ import annotations

import csv
import json
import os
import re
import threading
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

#: The record's file, in the local cloud's folder.
FILE: Final = "calls.jsonl"
_COLUMNS: Final = ("account", "permission", "resource")
_DIGIT: Final = re.compile("[0-9]")
_SUFFIX: Final = re.compile(r"\.[a-z]+$")
#: Below these, which file it is makes no difference to who may touch it.
_WHOLE_FOLDERS: Final = re.compile(r"(?<=/)(attempts/\*|charts|landed)/.*")


class Call(NamedTuple):
    """A permission that an account needed.

    Attributes:
        account: the account's short name.
        permission: Google's name of the permission.
        resource: what it was needed on, such as ``bucket/lake/arrivals/*/files.json`` or
            ``table/crime/rejects``.
    """

    account: str
    permission: str
    resource: str


class Calls:
    """Appends calls to a file, each once; several processes may append to the same file."""

    def __init__(self, path: Path) -> None:
        """Name the file.

        Args:
            path: the file, made at the first call.
        """
        self._path = path
        self._seen: set[Call] = set()
        self._lock = threading.Lock()

    def note(self, account: str, permission: str, resource: str) -> None:
        """Record a call; those of the user are not recorded.

        Args:
            account: the account's short name; empty for the user.
            permission: the permission.
            resource: what it is needed on.
        """
        call = Call(account, permission, resource)
        with self._lock:
            if not account or call in self._seen:
                return
            self._seen.add(call)
            # one write of one line: lines of two processes do not mix
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{json.dumps(call)}\n".encode())
            finally:
                os.close(descriptor)


def recorded(path: Path) -> list[Call]:
    """Read a record.

    Args:
        path: its file.

    Returns:
        The calls, sorted, each once; none where there is no file.
    """
    if not path.is_file():
        return []
    return sorted({Call(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()})


def as_csv(calls: Iterable[Call]) -> str:
    """Write calls as a table.

    Args:
        calls: the calls.

    Returns:
        CSV with a heading.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(calls)
    return text.getvalue()


def from_csv(text: str) -> list[Call]:
    """Read calls from a table.

    Args:
        text: the table, as `as_csv` writes it.

    Returns:
        The calls.
    """
    return [Call(**row) for row in csv.DictReader(StringIO(text))]


def pattern_of(name: str) -> str:
    """Return an object's name with an asterisk for each part that differs from run to run.

    Args:
        name: the name.

    Returns:
        The pattern.

    >>> pattern_of("markers/crimes-csv-baf5d6e642e8/1700000000.json")
    'markers/*/*.json'
    """
    parts = "/".join(_part(part) for part in name.split("/"))
    return _WHOLE_FOLDERS.sub(r"\1/*", parts)


def _part(part: str) -> str:
    if not _DIGIT.search(part):
        return part
    suffix = _SUFFIX.search(part)
    return f"*{suffix[0] if suffix else ''}"
