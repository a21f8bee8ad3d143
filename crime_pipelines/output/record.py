"""The record of a run: `run.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Area, Areas, Layout
from crime_pipelines.domain.periods.as_of import end_of_day
from crime_pipelines.domain.periods.covered_period import CoveredPeriod
from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.layouts import BUNDLED, bundled
from crime_pipelines.output.ownership import files_below
from crime_pipelines.quality.options import refuse_shift
from crime_pipelines.quality.warnings import InputWarning
from crime_pipelines.questions import DATA_QUALITY, EARLIEST_AS_OF
from crime_pipelines.schema.row_counts import FileRows, RowCounts, unaccounted
from crime_pipelines.sources.own_output import RECORD

FILE: Final = RECORD


class DemoOutputError(ValueError):
    """A record of a demo, which writes no incidents beside it."""


@dataclass(slots=True)
class RunRecord:
    """The record of a run: what it read, made and needed.

    Attributes:
        engine: the engine that ran.
        source: the SOURCE as given.
        files: the files read, and the rows of each, counted in two ways.
        read: rows read, as counted apart from the reader.
        incidents: rows of `incidents/`, one per incident.
        superseded: versions of incidents that a later one replaced, repeated rows among them, and those of
            deleted incidents.
        rejected: rows that can't be incidents, by reason.
        warnings: fields read as null because their text could not be read, by field; `encoding` counts
            rows with bytes that are not UTF-8.
        shift_years: calendar years that dates were moved by.
        as_of: the moment the answers are as of, local civil time.
        layout: the layout of the files, or the file that describes it.
        department: the department that they are of.
        has_arrests: whether they say of each incident whether there was an arrest.
        areas: the areas, where the layout did not come with the package or their residents not with it.
        population: the file that the residents are from; empty for those of the layout.
        covered_period: its ends, and how many incidents are outlying; None in records of earlier releases.
        input_warnings: what is wrong with the input as a whole.
        data_quality: the columns of the question `data_quality`.
        seconds: wall time by stage.
        versions: versions of the programs that took part.
        deleted: incidents that the input says are deleted, whose rows are superseded.
        files_written: the files of the output, by their paths in it. The next run into the same folder
            replaces these, and no others.
    """

    engine: str
    source: str
    files: list[FileRows]
    read: int
    incidents: int
    superseded: int
    rejected: dict[str, int]
    warnings: dict[str, int]
    shift_years: int
    as_of: datetime
    layout: str = CHICAGO.name
    department: str = CHICAGO.department
    has_arrests: bool = True
    areas: list[Area] | None = None
    population: str = ""
    covered_period: CoveredPeriod | None = None
    input_warnings: list[InputWarning] = field(default_factory=list)
    data_quality: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    deleted: int = 0
    files_written: list[str] = field(default_factory=list)

    @property
    def rejects(self) -> int:
        """Rows rejected, for whatever reason."""
        return sum(self.rejected.values())

    @property
    def known_areas(self) -> Areas:
        """The areas of the department."""
        return bundled(self.layout).areas if self.areas is None else Areas(tuple(self.areas))

    def imbalance(self) -> int:
        """Rows that are unaccounted for: 0 in a sound run."""
        return unaccounted(self.read, self.incidents + self.superseded, self.rejected)

    def write(self, folder: Path) -> None:
        """Write `run.json`, with a list of the files that are in the folder.

        Args:
            folder: the folder to write it in.

        Raises:
            OSError: it can't be written.
        """
        self.files_written = sorted({*files_below(folder), FILE})
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
            DemoOutputError: a demo wrote it, without incidents beside it.
            ValueError: it is not one of ours.
        """
        content = (folder / FILE).read_bytes()
        try:
            found = msgspec.json.decode(content)
            if isinstance(found, dict) and "architecture" in found:
                raise DemoOutputError
            record = msgspec.convert(found, cls)
            if unknown := found.keys() - {each.name for each in fields(cls)}:
                raise ValueError(f"not a record of a run: unknown {', '.join(sorted(unknown))}")
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(f"not a record of a run: {error}") from error
        record._refuse_impossible()
        return record

    def _refuse_impossible(self) -> None:
        """Refuse values of the right types that no run writes."""
        if self.areas is None and self.layout not in BUNDLED:
            raise ValueError(f"its layout {self.layout!r} is not known, and it has no areas")
        period = self.covered_period
        moments = [self.as_of, *((period.first, period.last) if period else ())]
        for column in DATA_QUALITY.columns:
            value = self.data_quality.get(column.name)
            if value is None:
                continue
            if column.type == "datetime" and isinstance(value, str):
                moments.append(datetime.fromisoformat(value))
            elif column.type == "datetime" or type(value) is not int:
                raise ValueError(f"not a record of a run: {value!r} is no {column.name}")
        if any(moment.tzinfo for moment in moments) or self.as_of < EARLIEST_AS_OF:
            raise ValueError("not a record of a run: one of its moments is no local civil time")
        refuse_shift(self.shift_years)


def new_record(
    engine: str,
    source: str,
    ingested: RowCounts,
    shift_years: int,
    as_of: date | None,
    period: CoveredPeriod,
    layout: Layout,
    population: Path | None = None,
) -> RunRecord:
    """Begin the record of a run that has read its files.

    Args:
        engine: the engine's name.
        source: the SOURCE, as shown.
        ingested: the row counts.
        shift_years: calendar years that dates were moved by.
        as_of: the day that the answers are as of; None for the end of the covered period.
        period: the covered period.
        layout: the files' layout.
        population: the file that its areas' residents are from; None where they are the layout's own.

    Returns:
        The record.

    Raises:
        InputError: the answers would look back to before the calendar.
        PipelineError: rows are unaccounted for.
    """
    moment = period.last if as_of is None else end_of_day(as_of)
    if moment < EARLIEST_AS_OF:
        raise InputError(
            f"{source}: answers as of {moment.date()} would look back to before year 1"
            f"{'' if as_of else ', and no incident is later'}"
        )
    record = RunRecord(
        engine=engine,
        source=source,
        files=ingested.files,
        read=ingested.read,
        incidents=ingested.incidents,
        superseded=ingested.superseded,
        rejected=ingested.rejected,
        warnings=ingested.warnings,
        shift_years=shift_years,
        as_of=moment,
        layout=str(layout),
        department=layout.department,
        has_arrests=layout.has_arrests,
        areas=list(layout.areas.all) if layout.origin or population else None,
        population=population.name if population else "",
        covered_period=period,
        deleted=ingested.deleted,
    )
    if record.imbalance():
        raise PipelineError(
            f"{record.imbalance():,} of {record.read:,} rows are unaccounted for; nothing was written"
        )
    return record


def recorded(folder: Path) -> RunRecord:
    """Read the record of a run whose output is to be looked at.

    Args:
        folder: a run's output.

    Returns:
        The record.

    Raises:
        InputError: the folder is not a run's output.
    """
    try:
        return RunRecord.load(folder)
    except DemoOutputError as error:
        raise InputError(
            f"{folder}: is a demo's output, whose incidents are in the demo's warehouse; "
            "name the output of 'crime-pipelines run'"
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"{folder}: is not a run's output (it has no {FILE})") from error
    except (OSError, ValueError, InputError) as error:
        raise InputError(f"{folder / FILE}: can't be read ({error})") from error


def _moment_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    raise TypeError(f"no JSON for {type(value).__name__}")
