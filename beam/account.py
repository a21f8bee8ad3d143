"""The account of every row, added up over workers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

import apache_beam as beam

from crime_pipelines.engine import Ingested


class AccountFn(beam.CombineFn):
    """Adds up accounts of different rows; in any order."""

    def create_accumulator(self) -> Ingested:
        """No rows."""
        return Ingested(0, 0, 0)

    def add_input(self, mutable_accumulator: Ingested, element: Ingested, *args: object) -> Ingested:
        """Add an account."""
        return added([mutable_accumulator, element])

    def merge_accumulators(self, accumulators: Iterable[Ingested], *args: object) -> Ingested:
        """Add up accounts."""
        return added(accumulators)

    def extract_output(self, accumulator: Ingested, *args: object) -> Ingested:
        """The account of all rows."""
        return accumulator


def added(accounts: Iterable[Ingested]) -> Ingested:
    """Add up accounts of different rows.

    Args:
        accounts: the accounts.

    Returns:
        The account of all rows.
    """
    total = Ingested(0, 0, 0)
    rejected: Counter[str] = Counter()
    warnings: Counter[str] = Counter()
    for each in accounts:
        total.read += each.read
        total.incidents += each.incidents
        total.superseded += each.superseded
        rejected.update(each.rejected)
        warnings.update(each.warnings)
        if each.latest is not None:
            total.latest = each.latest if total.latest is None else max(total.latest, each.latest)
    total.rejected = dict(sorted(rejected.items()))
    total.warnings = dict(sorted(warnings.items()))
    return total


def as_json(account: Ingested) -> bytes:
    """An account as JSON.

    Args:
        account: the account.

    Returns:
        UTF-8; see `from_json`.
    """
    latest = account.latest.isoformat() if account.latest else None
    return json.dumps({**asdict(account), "latest": latest}, indent=2).encode()


def from_json(text: bytes) -> Ingested:
    """The account that `as_json` wrote.

    Args:
        text: what it wrote.

    Returns:
        The account.
    """
    fields = json.loads(text)
    latest = datetime.fromisoformat(fields.pop("latest")) if fields["latest"] else None
    return Ingested(**{**fields, "latest": latest})
