"""Accounts and their reach: which tables and columns a test has put out of reach of whom.

The account is what the bearer token says: ``Authorization: Bearer crime-stream@p.iam.gserviceaccount.com``. A
call without one may do anything. Rules stand in a JSON file, which is read for every call:

    {"crime.incidents": ["crime-charts@..."], "crime.incidents.block": []}

A table or column that is named there is out of reach of every account but those listed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class Reach:
    """The rules for one account.

    Attributes:
        account: the account; empty for a call that names none.
        rules: the accounts that reach a table or column, by its name without the project.
    """

    account: str
    rules: Mapping[str, Collection[str]]

    @classmethod
    def of(cls, file: Path | None, authorization: str) -> Self:
        """Read the rules for a call.

        Args:
            file: the file of rules; there are none where it does not exist.
            authorization: the call's header of that name.

        Returns:
            The rules.
        """
        account = authorization[len(_BEARER) :].strip() if authorization.lower().startswith(_BEARER) else ""
        rules = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}
        return cls(account if "@" in account else "", rules)

    def refusal(self, name: str, columns: Collection[str]) -> str | None:
        """Return why a table may not be touched.

        Args:
            name: the table, ``project.dataset.table``.
            columns: the columns that are read of it.

        Returns:
            Google's words; None where all is within reach.
        """
        _, _, short = name.partition(".")
        if not self._reaches(short):
            return (
                f"Access Denied: Table {name.replace('.', ':', 1)}: User does not have permission to query "
                f"table {name.replace('.', ':', 1)}, or perhaps it does not exist."
            )
        hidden = sorted(f"{name}.{column}" for column in columns if not self._reaches(f"{short}.{column}"))
        if hidden:
            return (
                "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get "
                f"permission to get data protected by policy tag on columns {', '.join(hidden)}."
            )
        return None

    def _reaches(self, name: str) -> bool:
        return not self.account or name not in self.rules or self.account in self.rules[name]
