"""The sections of the hot spots, and of how good they would have been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crime_pipelines.analysis.hot_spots import BASELINE, DECAYED, FLAGGED
from crime_pipelines.questions import Answer
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import count, fixed, number, percent_of, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash


class HotSpots(Section):
    """The cells where most incidents are to be expected."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "kind": TableColumn("Kind", shown, numeric=False, heads=True),
        "rank": TableColumn("Rank", str),
        "latitude": TableColumn("Latitude", lambda degrees: fixed(degrees, 4)),
        "longitude": TableColumn("Longitude", lambda degrees: fixed(degrees, 4)),
        "past_year": TableColumn("Incidents of the last 12 months", count),
        "score": TableColumn("Score", number),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Say how good such cells were; see `Section.words`."""
        rows = answers["hot_spots"].records()
        if not rows:
            return Words("No incident has coordinates, so there are no hot spots.", "None", "no coordinates")
        tested = [row for row in answers["hot_spot_accuracy"].records() if row["method"] == DECAYED]
        known = [row for row in tested if row["incidents"]]
        cells = f"{FLAGGED} cells of 600 feet, half a square mile"
        if not known:
            return Words(
                f"For each kind the {cells} where most is to be expected. How good they are can't be tested: "
                "that needs three years of data.",
                "Not tested",
                "less than three years of data",
            )
        best = max(known, key=lambda row: row["pai"])
        share = percent_of(best["hits"], best["incidents"])
        return Words(
            f"For each kind the {cells} where most is to be expected. In the last {best['months']} months "
            f"such cells, named before each month, held {share} of incidents of the kind {best['kind']}, "
            f"{fixed(best['pai'], 0)} times as many as so much of the area holds by chance.",
            share,
            f"of {best['kind']} in half a square mile",
        )


class HotSpotAccuracy(Section):
    """The accuracy of hot spots, beside the simplest method."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "kind": TableColumn("Kind", shown, numeric=False, heads=True),
        "method": TableColumn("Method", shown, numeric=False),
        "incidents": TableColumn("Incidents", count),
        "hits": TableColumn("In the cells", count),
        "pai": TableColumn("Accuracy index (PAI)", or_dash(number)),
        "pei": TableColumn("Efficiency index (PEI)", or_dash(number)),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Compare the two methods; see `Section.words`."""
        rows = [row for row in answers["hot_spot_accuracy"].records() if row["pai"] is not None]
        own = {row["kind"]: row["pai"] for row in rows if row["method"] == DECAYED}
        simple = {row["kind"]: row["pai"] for row in rows if row["method"] == BASELINE}
        if not own:
            return Words("Hot spots can't be tested: that needs three years of data.", "None", "not tested")
        better = sum(pai > simple[kind] for kind, pai in own.items())
        return Words(
            f"For {better} of {len(own)} kinds the {DECAYED} found more than the {BASELINE}.",
            f"{better} of {len(own)}",
            "kinds better than the simplest method",
        )
