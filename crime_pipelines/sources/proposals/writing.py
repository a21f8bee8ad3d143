"""A proposed layout as the text of a TOML file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from crime_pipelines.domain.fields import normal_heading
from crime_pipelines.domain.layouts.personal import is_personal
from crime_pipelines.domain.values import identifier
from crime_pipelines.errors import InputError
from crime_pipelines.sources.file import SourceFile
from crime_pipelines.sources.proposals.choosing import Choice
from crime_pipelines.sources.proposals.columns import ColumnSample

_NEEDED: Final = ("id", "occurred_at")
_MAY_BE_ABSENT: Final = ("primary_type", "location_description", "arrest", "community_area")
_OPTIONAL: Final = ("block", "latitude", "longitude", "updated_on")
_SHOWN: Final = 3


def proposed_text(file: SourceFile, choice: Choice) -> str:
    """Write a proposed layout.

    Args:
        file: the file that it is for.
        choice: the columns of its fields.

    Returns:
        The text of a TOML file, with a remark on each column.

    Raises:
        InputError: no column looks like a number of the incident, or like its date.
    """
    columns = choice.columns
    for name in _NEEDED:
        if name not in columns:
            what = "numbers the incidents" if name == "id" else "says when an incident occurred"
            raise InputError(
                f"{file.uri}: no column {what}, so no layout can be proposed; its columns are "
                f"{', '.join(file.headings)}"
            )
    absent = [name for name in _MAY_BE_ABSENT if name not in columns]
    lines = [
        f"# Proposed from {file.uri}, by the names of its columns and by what they hold. Look at every line.",
        f"title = {_text(f'Files such as {PurePath(file.uri).name}')}",
    ]
    if absent:
        lines += ["# No column looks like these.", f"absent = {_list(absent)}"]
    lines += ["", "[fields]", f"id = {_text(columns['id'].heading)}{_remark(columns['id'])}"]
    for name in ("location_description", *_OPTIONAL):
        if name in columns:
            lines.append(f"{name} = {_plain(name, columns[name])}{_remark(columns[name])}")
    lines += _moment(columns["occurred_at"], choice.time, file.headings)
    lines += _type(choice)
    lines += _arrest(choice)
    lines += _areas(choice)
    if left_out := [heading for heading in file.headings if is_personal(heading)]:
        lines += ["", f"# About persons, and never read: {', '.join(left_out)}"]
    return "\n".join(lines) + "\n"


def _plain(name: str, column: ColumnSample) -> str:
    if name != "updated_on":
        return _text(column.heading)
    return "{ " + ", ".join([f"heading = {_text(column.heading)}", *_order(column)]) + " }"


def _order(column: ColumnSample) -> list[str]:
    order = {True: ['order = "day first"'], False: ['order = "month first"'], None: []}[column.day_first]
    return [*order, *(['zone = "label"'] if column.has_zone else [])]


def _moment(day: ColumnSample, time: ColumnSample | None, headings: Sequence[str]) -> list[str]:
    lines = ["", "[fields.occurred_at]"]
    lines.append(f"{'heading' if time is None else 'date'} = {_text(day.heading)}{_remark(day)}")
    if sum(normal_heading(heading) == normal_heading(day.heading) for heading in headings) > 1:
        lines.append("first = true # of the columns with this heading")
    if time is not None:
        lines.append(f"time = {_text(time.heading)}{_remark(time)}")
        if time.is_hours_minutes:
            lines.append('times = "hours and minutes"')
    return [*lines, *_order(day)]


def _type(choice: Choice) -> list[str]:
    column = choice.columns.get("primary_type")
    if column is None:
        return []
    lines = ["", "[fields.primary_type]", f"heading = {_text(column.heading)}{_remark(column)}"]
    if choice.thefts or choice.vehicle_thefts:
        lines += [
            "",
            "# What counts as a theft; all other types stay as they are.",
            "[fields.primary_type.lookup]",
        ]
    for name, texts in (("THEFT", choice.thefts), ("MOTOR VEHICLE THEFT", choice.vehicle_thefts)):
        if texts:
            lines += [f'"{name}" = [', *(f"    {_text(text)}," for text in texts), "]"]
    return lines


def _arrest(choice: Choice) -> list[str]:
    column = choice.columns.get("arrest")
    if column is None:
        return []
    lines = ["", "[fields.arrest]", f"heading = {_text(column.heading)}{_remark(column)}"]
    if choice.arrests:
        lines += [f'lookup = {{ "true" = {_list(choice.arrests)} }}', 'otherwise = "false"']
    return lines


def _areas(choice: Choice) -> list[str]:
    column = choice.columns.get("community_area")
    if column is None:
        return []
    lines = ["", "[fields.community_area]", f"heading = {_text(column.heading)}{_remark(column)}", ""]
    lines.append("# Add 'residents = N' to each where you know them: rates need those of all.")
    if column.is_number:
        numbers = sorted({number for text in column.counts if (number := identifier(text))})
        names = {identifier(text): name for text, name in choice.area_names.items()}
        for number in numbers:
            name = names.get(number, f"Area {number}")
            lines += ["[[areas]]", f"number = {number}", f"name = {_text(name)}"]
    else:
        for number, name in enumerate(sorted(column.counts), 1):
            lines += [
                "[[areas]]",
                f"number = {number}",
                f"name = {_text(name)}",
                f"spellings = {_list([name])}",
            ]
    return lines


def _remark(column: ColumnSample) -> str:
    examples = "; ".join(text[:30] for text, _ in column.counts.most_common(_SHOWN))
    return f" # such as {' '.join(examples.split())}" if examples else ""


def _text(text: str) -> str:
    """Return a TOML string; JSON's are such, but for characters beyond the basic plane and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
