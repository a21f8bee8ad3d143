"""The sections of significant clusters and of near repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crime_pipelines.analysis.near_repeats import MORE
from crime_pipelines.questions import Answer
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, counted, fixed, number, p_value, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash


class Clusters(Section):
    """Neighbouring cells with more incidents than chance makes, as a table."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "kind": TableColumn("Kind", shown, numeric=False, heads=True),
        "rank": TableColumn("Rank", str),
        "latitude": TableColumn("Latitude", lambda degrees: fixed(degrees, 4)),
        "longitude": TableColumn("Longitude", lambda degrees: fixed(degrees, 4)),
        "cells": TableColumn("Cells", count),
        "past_year": TableColumn("Incidents of the last 12 months", count),
        "expected": TableColumn("On average", number),
        "z": TableColumn("Greatest z", number),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Say how many clusters there are; see `Section.words`."""
        rows = answers["clusters"].records()
        if not rows:
            return Words("No cluster is more than chance makes.", "None", "no cluster")
        first = max(rows, key=lambda row: row["past_year"])
        kinds = counted(len({row["kind"] for row in rows}), "kind")
        cells, incidents = counted(first["cells"], "cell"), counted(first["past_year"], "incident")
        return Words(
            f"{counted(len(rows), 'cluster')} of {kinds} stand out. The largest, of the kind "
            f"{first['kind']}, held {incidents} of the last 12 complete months in {cells} "
            f"of 600 feet; so many cells have {number(first['expected'])} on average.",
            count(len(rows)),
            "clusters beyond chance",
        )


class NearRepeats(Section):
    """Pairs of crimes close in space and time, as a table."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "kind": TableColumn("Kind", shown, numeric=False, heads=True),
        "metres_from": TableColumn("Metres from", or_dash(number)),
        "metres_to": TableColumn("to", or_dash(number)),
        "days_from": TableColumn("Days from", or_dash(count)),
        "days_to": TableColumn("to", or_dash(count)),
        "pairs": TableColumn("Pairs", or_dash(count)),
        "expected": TableColumn("By chance", or_dash(number)),
        "ratio": TableColumn("Ratio", or_dash(lambda ratio: fixed(ratio, 2))),
        "p_value": TableColumn("p value", or_dash(lambda p: p_value(p).removeprefix("p\u00a0=\u00a0"))),
        "verdict": TableColumn("Verdict", shown, numeric=False),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Say where near repeats are; see `Section.words`."""
        rows = [
            row for row in answers["near_repeats"].records() if row["verdict"] == MORE and row["metres_from"]
        ]
        if not rows:
            return Words(
                "Away from the very same place, crimes do not follow others more often than by chance.",
                "None",
                "no near repeats",
            )
        first = max(rows, key=lambda row: row["ratio"])
        metres = f"{number(first['metres_from'])} to {number(first['metres_to'])} metres"
        return Words(
            f"{shown(first['kind'])} {metres} from another, {first['days_from']} to {first['days_to']} days "
            f"later, is {fixed(first['ratio'], 2)} times as frequent as by chance "
            f"({count(first['pairs'])} pairs, {number(first['expected'])} to be expected; "
            f"{p_value(first['p_value'])}).",
            f"{fixed(first['ratio'], 2)} times",
            f"{shown(first['kind'])} close to another",
        )
