"""The data that the report shows beside the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import REPORT_QUESTIONS, Answer, Question
from crime_pipelines.report.charts.geojson import bundled_outlines
from crime_pipelines.report.charts.hexagons import Rings, area_shapes
from crime_pipelines.report.filters.counts import Counts


@dataclass(frozen=True, slots=True)
class Extras:
    """The data that the report shows beside the answers.

    Attributes:
        answers: the answers to `REPORT_QUESTIONS` by name; without one of them, what it feeds is left out.
        shapes: the areas' true outlines, from a file; None for those that come with the package, or else
            shapes put together of hexagons.
        live: the version of what is shown, where the page is served and asks its server for news.
        analyses: the analyses by name; a page without them shows none.
        title: the page's title; empty for the usual one.
        note: what the page's maker tells its readers; empty for nothing.
        published: for a page that is made to be published, what each answer leaves out, by its name; None for
            any other page.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    shapes: Mapping[int, Rings] | None = None
    live: str = ""
    analyses: Mapping[str, Answer] = field(default_factory=dict)
    title: str = ""
    note: str = ""
    published: Mapping[str, str] | None = None

    def outlines(self, record: RunRecord) -> Mapping[int, Rings]:
        """Return the areas' outlines, true or of hexagons; none where neither is known."""
        if self.shapes is not None:
            return self.shapes
        if outlines := bundled_outlines(record.department, record.known_areas):
            return outlines
        hexagons = self.answers.get("hexagons")
        return area_shapes(hexagons) if hexagons else {}

    def counts(self) -> Counts | None:
        """Return the counts that the filters add up; None where not known."""
        counts = self.answers.get("filter_counts")
        return Counts.of(counts) if counts and counts.rows else None


def report_questions(record: RunRecord, shapes: Mapping[int, Rings] | None) -> tuple[Question, ...]:
    """Return the questions that a report asks beside the answers.

    Args:
        record: what the run says of itself.
        shapes: the areas' true outlines, from a file; None without one.

    Returns:
        `REPORT_QUESTIONS`, without the hexagons where the outlines are known.
    """
    known = shapes is not None or bundled_outlines(record.department, record.known_areas)
    return tuple(each for each in REPORT_QUESTIONS if each.name != "hexagons" or not known)
