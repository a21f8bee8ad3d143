"""The section of the weather."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from crime_pipelines.questions import Answer
from crime_pipelines.report.coverage import Facts
from crime_pipelines.report.formatting import change, count, fixed, month, shown
from crime_pipelines.report.sections.default import Section, Words
from crime_pipelines.report.tables import TableColumn, or_dash


class Weather(Section):
    """The share of each month's incidents that goes with unusual temperatures, as a table."""

    columns: ClassVar[Mapping[str, TableColumn]] = {
        "month": TableColumn("Month", or_dash(month), numeric=False, heads=True),
        "temperature": TableColumn("Temperature (\u00b0F)", or_dash(lambda degrees: fixed(degrees, 1))),
        "usual_temperature": TableColumn("Usual", or_dash(lambda degrees: fixed(degrees, 1))),
        "incidents": TableColumn("Incidents", or_dash(count)),
        "effect": TableColumn("With the weather", or_dash(change)),
        "effect_low": TableColumn("95\u00a0% interval from", or_dash(change)),
        "effect_high": TableColumn("to", or_dash(change)),
        "note": TableColumn("Note", lambda note: shown(note) if note else "", numeric=False),
    }

    def words(self, answers: Mapping[str, Answer], facts: Facts) -> Words:
        """Say what the last month's weather did; see `Section.words`."""
        rows = answers["weather"].records()
        known = [row for row in rows if row["effect"] is not None]
        if not known:
            note = rows[0]["note"] if rows else "there is no incident"
            return Words(f"What the weather does can't be told: {note}.", "Not known", "too few days")
        last = known[-1]
        per_ten = [change(last[name]) for name in ("per_10_degrees", "per_10_low", "per_10_high")]
        effect = [change(last[name]) for name in ("effect", "effect_low", "effect_high")]
        distance = last["temperature"] - last["usual_temperature"]
        unusual = f"{fixed(abs(distance), 1)} \u00b0F {'warmer' if distance > 0 else 'colder'}"
        return Words(
            f"Days 10 \u00b0F warmer than usual for the season have {per_ten[0]} incidents "
            f"(95\u00a0% interval {per_ten[1]} to {per_ten[2]}). {month(last['month'])}, the last month with "
            "temperatures, was "
            f"{unusual} than usual: this goes with {effect[0]} of its incidents ({effect[1]} to "
            f"{effect[2]}).",
            per_ten[0],
            "for 10 \u00b0F above the usual",
        )
