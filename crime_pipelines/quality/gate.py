"""The gate: a run most of whose rows can't be read must end loudly, and leave what was there as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from crime_pipelines.domain.fields import Reason
from crime_pipelines.domain.records.csv_records import BrokenQuotingError, OpenQuoteError, split_record
from crime_pipelines.errors import GateError, no_incident
from crime_pipelines.quality.layout_checks import refuse_wrong_layout
from crime_pipelines.sources import SourceFile
from crime_pipelines.sources.formats.form import Content
from crime_pipelines.sources.formats.separated import exchanged_text

#: Characters of a row, and of a value, that a message shows.
_ROW_SHOWN: Final = 160
_VALUE_SHOWN: Final = 40
#: The field whose value is to blame for a reason.
_FIELDS: Final = {
    Reason.MISSING_ID: "id",
    Reason.BAD_ID: "id",
    Reason.MISSING_DATE: "occurred_at",
    Reason.BAD_DATE: "occurred_at",
    Reason.DATE_WITHOUT_TIME: "occurred_at",
    Reason.BAD_ARREST: "arrest",
}
#: A date that says its zone.
_ZONE: Final = re.compile(r"\d[\d:.]*\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)", re.IGNORECASE)
ZONE_HINT: Final = (
    "it has a time zone; if that is only a label, choose a layout that says so, such as chicago_bigquery, "
    "with --layout"
)


@dataclass(frozen=True, slots=True)
class Rejects:
    """The rejects of a run, as far as they are judged.

    Attributes:
        by_file: their number by file and reason.
        examples: a file and a row of it for each reason.
    """

    by_file: Mapping[tuple[str, str], int]
    examples: Mapping[str, tuple[str, str]]


def has_zone(text: str) -> bool:
    """Tell whether a date says its time zone.

    Args:
        text: the text of a date.

    Returns:
        True for ``2016-01-05T14:10:00Z`` and its like.
    """
    return _ZONE.search(text.strip()) is not None


def judge(
    source: str,
    files: Sequence[SourceFile],
    rows: Mapping[str, int],
    rejected: Mapping[str, int],
    rejects: Rejects,
    max_rejected: float,
) -> None:
    """Refuse an input that is in another layout than its headings say, or has too many rejects.

    Args:
        source: the source as given.
        files: its files.
        rows: the rows of each file, by name.
        rejected: the rejected rows, by reason.
        rejects: what is known of them.
        max_rejected: the share of all rows that may be rejected, 0 to 1.

    Raises:
        InputError: no row is an incident, or a file's rows do not fit its headings.
        GateError: more rows are rejected than may be.
    """
    refuse_wrong_layout(files, rows, rejects.by_file)
    number, total = sum(rejected.values()), sum(rows.values())
    if not total or number <= total * max_rejected:
        if number == total:
            raise no_incident(source, rejected)
        return
    by_uri = {file.uri: file for file in files}
    told = "; ".join(
        f"{count:,} {reason}{_example(reason, by_uri, rejects.examples.get(reason))}"
        for reason, count in sorted(rejected.items(), key=lambda each: -each[1])
    )
    raise GateError(
        f"{source}: {number:,} of {total:,} rows ({100 * number / total:.1f} %) are rejected, more than the "
        f"{100 * max_rejected:g} % that --max-rejected allows; nothing was written: {told}"
    )


def _example(reason: str, files: Mapping[str, SourceFile], example: tuple[str, str] | None) -> str:
    if example is None:
        return ""
    uri, row = example
    field = _FIELDS.get(Reason(reason))
    shown = _shown(row, _ROW_SHOWN)
    if field is None or uri not in files:
        return f", such as the row {shown!r}"
    text = value_of(row, files[uri], field)
    hint = f" ({ZONE_HINT})" if reason == Reason.BAD_DATE and has_zone(text) else ""
    return f", such as {_shown(text, _VALUE_SHOWN)!r}{hint} in the row {shown!r}"


def value_of(row: str, file: SourceFile, field: str) -> str:
    """Take a field's text out of a row.

    Args:
        row: the row.
        file: the file that it stands in.
        field: the field.

    Returns:
        The text; empty where the row has none.
    """
    column = dict(file.columns).get(field)
    return column.text(_fields(row, file)) if column else ""


def _fields(row: str, file: SourceFile) -> list[str]:
    """Split a row as its file has it; of a row that can't be split every field is empty."""
    form, width = file.form, len(file.headings)
    fields: list[str] = []
    if form.content is not Content.CSV:
        return [_json_text(row, key) for key in file.headings]
    with suppress(BrokenQuotingError, OpenQuoteError):
        record = split_record(exchanged_text(row, form.separator))
        fields = [exchanged_text(each, form.separator) for each in record]
    return [*fields[:width], *[""] * (width - len(fields))]


def _json_text(row: str, key: str) -> str:
    try:
        value = json.loads(row).get(key)
    except (AttributeError, RecursionError, ValueError):
        return ""
    return "" if value is None else str(value)


def _shown(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
