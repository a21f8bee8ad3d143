"""What a run says of itself: `run.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from crime_pipelines.errors import InputError

FILE: Final = "run.json"


@dataclass(slots=True)
class RunRecord:
    """What a run read, made and needed.

    Attributes:
        engine: the engine that ran.
        source: the SOURCE as given.
        files: the files read, as named to the user.
        read: rows read.
        incidents: rows of `incidents/`, one per incident.
        superseded: versions of incidents that a later one replaced, repeated rows among them.
        rejected: rows that can't be incidents, by reason.
        warnings: fields read as null because their text could not be read, by field; `encoding` counts
            rows with bytes that are not UTF-8.
        shift_years: calendar years that dates were moved by.
        as_of: the moment the answers are as of, local civil time.
        data_quality: the columns of the question `data_quality`.
        seconds: wall time by stage.
        versions: versions of the programs that took part.
    """

    engine: str
    source: str
    files: list[str]
    read: int
    incidents: int
    superseded: int
    rejected: dict[str, int]
    warnings: dict[str, int]
    shift_years: int
    as_of: datetime
    data_quality: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def rejects(self) -> int:
        """Rows rejected, for whatever reason."""
        return sum(self.rejected.values())

    def imbalance(self) -> int:
        """Rows that are unaccounted for: 0 in a sound run."""
        return self.read - self.incidents - self.superseded - self.rejects

    def write(self, folder: Path) -> None:
        """Write `run.json`.

        Args:
            folder: the folder to write it in.

        Raises:
            OSError: it can't be written.
        """
        text = json.dumps(asdict(self), indent=2, default=_moment_text, ensure_ascii=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> RunRecord:
        """Read `run.json` back.

        Args:
            folder: a run's output.

        Returns:
            What the run said of itself.

        Raises:
            OSError: there is none.
            ValueError: it is not one of ours.
        """
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        try:
            found["as_of"] = datetime.fromisoformat(found["as_of"])
            record = cls(**found)
            counts = (record.read, record.incidents, record.superseded, record.shift_years)
            by_name = (*record.rejected.values(), *record.warnings.values())
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a record of a run: {error}") from error
        for count in (*counts, *by_name):
            if type(count) is not int:
                raise ValueError(f"not a record of a run: {count!r} is no count")
        return record


def recorded(folder: Path) -> RunRecord:
    """What a run whose output is to be looked at said of itself.

    Args:
        folder: a run's output.

    Returns:
        The record.

    Raises:
        InputError: the folder is not a run's output.
    """
    try:
        return RunRecord.load(folder)
    except FileNotFoundError as error:
        raise InputError(f"{folder}: is not a run's output (it has no {FILE})") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / FILE}: can't be read ({error})") from error


def _moment_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    raise TypeError(f"no JSON for {type(value).__name__}")
