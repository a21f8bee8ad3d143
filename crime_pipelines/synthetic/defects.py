"""Bad rows, and rows that only look bad: what a file of real life holds besides good rows.

Rows of a chunk go in pairs, an even one and the odd one after it. Only even rows are made defective, so the
row after an unterminated quote is always whole; repeats and other versions are copied from odd rows, each at
most once, so their twin is always good. The kinds take turns: their numbers are known without counting.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np

from .rows import Plan, Records, records

Fields = list[str]

# Place of a field in the City's file layout.
ID, DATE, LOCATION, ARREST, WARD, X, Y = 0, 2, 7, 8, 12, 15, 16
UPDATED, LATITUDE, PAIR = 18, 19, 21

LARGEST_SHARE = 0.4
_BAD_IDS = ("#REF!", "HV-103697", "id unknown", "84B4740")
_BAD_ARRESTS = ("maybe", "2", "N/K", "truefalse")
_MARKUP = (
    "<script>alert(1)</script>",
    '<img src="x" onerror="alert(1)">',
    "</td><b>STREET</b>",
    "&lt;STREET&gt; & CO",
)
_FORMULAS = (
    '=HYPERLINK("http://example.com/?id=1","STREET")',
    "@SUM(1+1)",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "=1+1",
)
_FOREIGN = ("CAFÉ / TERRASSE", "ŁÓDŹ GRILL", "図書館", "PIÑATA STORE 🎉", "NAI\u0308VE BAR")


def _line(fields: Fields) -> str:
    """Return the fields as the City's file writes them, without a line end."""
    return ",".join(
        '"' + field.replace('"', '""') + '"' if any(mark in field for mark in ',"\n') else field
        for field in fields
    )


def _set(place: int, *values: str) -> Callable[[Fields, int], str]:
    """Return a defect that puts one of these values, in turn, into a field."""

    def change(fields: Fields, turn: int) -> str:
        fields[place] = values[turn % len(values)]
        return _line(fields)

    return change


def _impossible_date(fields: Fields, turn: int) -> str:
    day = ("02/30", "13/05", "04/31", "00/12")[turn % 4]
    fields[DATE] = day + fields[DATE][5:]
    return _line(fields)


def _spreadsheet_date(fields: Fields, turn: int) -> str:
    text = fields[DATE]
    hour = int(text[11:13]) % 12 + (12 if text.endswith("PM") else 0)
    fields[DATE] = f"{text[3:5]}-{text[0:2]}-{text[6:10]} {hour:02d}:{text[14:16]}"
    return _line(fields)


def _date_without_time(fields: Fields, turn: int) -> str:
    text = fields[DATE]
    fields[DATE] = text[:10] if turn % 2 else f"{text[6:10]}-{text[0:2]}-{text[3:5]}"
    return _line(fields)


def _too_few(fields: Fields, turn: int) -> str:
    return _line(fields[: (15, 21, 8, 1)[turn % 4]])


def _too_many(fields: Fields, turn: int) -> str:
    return _line([*fields, "SURPLUS", "MORE"][: 23 + turn % 2])


def _unterminated(fields: Fields, turn: int) -> str:
    # No quote follows on this line. The next one, on the line below, opens a field: text stands right after
    # it, so no reading that takes the lines together can come to an end.
    fields[X] = fields[Y] = fields[LATITUDE] = fields[LATITUDE + 1] = fields[PAIR] = ""
    return _line(fields[:LOCATION]) + ',"STREET,' + _line(fields[ARREST:])


def _text_after_quote(fields: Fields, turn: int) -> str:
    return _line(fields[:LOCATION]) + ',"STREET"X,' + _line(fields[ARREST:])


def _same(fields: Fields, turn: int) -> str:
    return _line(fields)


# Kind, and the reason it is rejected for; None where the row is read.
_KINDS: Mapping[str, tuple[Callable[[Fields, int], str], str | None]] = {
    "missing_id": (_set(ID, "", "  "), "missing_id"),
    "bad_id": (_set(ID, *_BAD_IDS), "bad_id"),
    "missing_date": (_set(DATE, "", " "), "missing_date"),
    "impossible_date": (_impossible_date, "bad_date"),
    "spreadsheet_date": (_spreadsheet_date, "bad_date"),
    "date_without_time": (_date_without_time, "date_without_time"),
    "bad_arrest": (_set(ARREST, *_BAD_ARRESTS), "bad_arrest"),
    "too_few_fields": (_too_few, "malformed_row"),
    "too_many_fields": (_too_many, "malformed_row"),
    "unterminated_quote": (_unterminated, "malformed_row"),
    "text_after_quote": (_text_after_quote, "malformed_row"),
    "repeated_row": (_same, None),
    "newer_version": (_same, None),
    "older_version": (_same, None),
    "quoted_newline": (_set(LOCATION, "PARKING LOT\nREAR", "STREET\n", "BAR, OR\nTAVERN"), None),
    "doubled_quotes": (_set(LOCATION, 'CTA "L" TRAIN', '"THE HIDEOUT" BAR', 'BAR "HIDEOUT"'), None),
    "unreadable_ward": (_set(WARD, "abc", "ward 7", "?"), None),
    "unreadable_coordinate": (_set(X, "n/a", "1,166,102 ft", "x"), None),
    "markup": (_set(LOCATION, *_MARKUP), None),
    "formula": (_set(LOCATION, *_FORMULAS), None),
    "non_ascii": (_set(LOCATION, *_FOREIGN), None),
}
KINDS = tuple(_KINDS)
REASONS: Mapping[str, str] = MappingProxyType({kind: why for kind, (_, why) in _KINDS.items() if why})
"""The reject reason that a kind of defect leads to; a kind that is not in it is no reason to reject a row."""
COPIES = ("repeated_row", "newer_version", "older_version")
"""Kinds that add another copy of a good row: one of the two is superseded."""
WARNINGS: Mapping[str, str] = MappingProxyType(
    {"unreadable_ward": "ward", "unreadable_coordinate": "x_coordinate"}
)
"""The field that a kind leaves unreadable, and so without a value."""


def number(rows: int, share: float) -> int:
    """Return the number of rows that get a defect: the share, rounded, at most every other row."""
    return min(round(rows * share), rows // 2)


def counts(defects: int) -> dict[str, int]:
    """Count the defects of each kind among so many defects."""
    every, more = divmod(defects, len(KINDS))
    return {kind: every + (position < more) for position, kind in enumerate(KINDS)}


def chunk_text(plan: Plan, chunk: int) -> bytearray:
    """Return the text of a chunk of rows, with its share of the file's defects."""
    if not plan.defects:
        return records(plan, chunk, np.empty(0, dtype=np.int64)).data.translate(None, b"\0")
    first, end = plan.bounds(chunk)
    turns = range(first * plan.defects // plan.rows, end * plan.defects // plan.rows)
    bits = np.random.PCG64(np.random.SeedSequence([plan.seed, 3, chunk])).random_raw(2 * ((end - first) // 2))
    pairs = len(bits) // 2
    places = np.argsort(bits[:pairs], kind="stable")[: len(turns)] * 2
    twins = (int(row) for row in np.argsort(bits[pairs:], kind="stable") * 2 + 1)
    made = records(plan, chunk, (places + 1).astype(np.int64))
    for turn, place in zip(turns, places, strict=True):
        _spoil(plan, made, turn, int(place), twins)
    return made.data.translate(None, b"\0")


def _spoil(plan: Plan, made: Records, turn: int, place: int, twins: Iterator[int]) -> None:
    """Put a defect into a row, or another version of a good row in its place."""
    kind = KINDS[turn % len(KINDS)]
    source = next(twins) if kind in COPIES else place
    record = made.data[source * made.width : (source + 1) * made.width]
    fields = next(csv.reader([record.translate(None, b"\0").decode().rstrip("\r\n")]))
    variant = turn // len(KINDS)
    if kind in ("newer_version", "older_version"):
        # Publication is seven days after the incident at the soonest: an earlier version comes after it too.
        days = variant % 30 + 1 if kind == "newer_version" else -(variant % 6 + 1)
        fields[UPDATED] = plan.days.updated_text[made.updated[source] + days].decode().rstrip(",")
        fields[ARREST] = "false" if fields[ARREST] == "true" else "true"
    text = (_KINDS[kind][0](fields, variant) + plan.newline).encode()
    if len(text) > made.width:
        raise AssertionError(f"no room for a row of {len(text)} bytes in {made.width}")
    made.data[place * made.width : (place + 1) * made.width] = text.ljust(made.width, b"\0")
