"""What each question asks: its wording, its columns and its caveats, each said once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

from crime_pipelines.questions.trend import Trend, trend_of

#: What `monthly_trend` looks back on, 59 months before as_of's, begins in year 1 with this.
EARLIEST_AS_OF: Final = datetime(5, 12, 1)

ColumnType = Literal["date", "datetime", "integer", "decimal", "text", "boolean"]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer.

    Attributes:
        name: its name.
        type: its type.
        description: what it says, with its unit.
    """

    name: str
    type: ColumnType
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """One of the five questions.

    Attributes:
        name: the name of its table, its file and its view.
        title: a heading.
        wording: the question as an analyst asks it.
        columns: the columns of its answer, in order.
        caveats: what a reader of the answer must know.
        finish: makes the answer's rows of those that the SQL gives.
    """

    name: str
    title: str
    wording: str
    columns: tuple[Column, ...]
    caveats: tuple[str, ...]
    finish: Callable[[Sequence[Row]], list[Row]] = list

    @property
    def is_sql_alone(self) -> bool:
        """Whether the SQL gives the answer's rows as they stand."""
        return self.finish is list

    @property
    def sql(self) -> str:
        """The question in BigQuery's dialect, over the tables `incidents` and `areas`."""
        return files(__package__).joinpath("sql", f"{self.name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with the rows that answer it.

    Attributes:
        question: the question.
        rows: its rows in the question's order, values in the order of its columns.
    """

    question: Question
    rows: list[Row]

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.question.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def write_csv(self, path: Path) -> None:
        """Write the answer as CSV: headings, ISO dates, true/false, empty for null.

        Args:
            path: the file to write.

        Raises:
            OSError: the file can't be written.
        """
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(self.to_csv())

    def to_csv(self) -> str:
        """The answer as CSV: headings, ISO dates, true/false, empty for null."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column.name for column in self.question.columns)
        writer.writerows([as_text(value) for value in row] for row in self.rows)
        return text.getvalue()


def as_text(value: object) -> str:
    """A value of an answer as its CSV has it: ISO dates, true/false, empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _finish_trend(months: Sequence[Row]) -> list[Row]:
    trend = trend_of([(month, incidents) for month, incidents in months])
    return [astuple(trend)]


MONTHLY_TREND: Final = Question(
    "monthly_trend",
    "Monthly trend",
    "How many incidents did each month of the past five years have?",
    (
        Column("month", "date", "First day of the month."),
        Column("incidents", "integer", "Incidents that occurred in the month."),
        Column("complete", "boolean", "False for the last month where the data end before its last day."),
    ),
    ("The last month is incomplete where the data end before its last day, and can't be compared.",),
)
THEFT_LOCATIONS: Final = Question(
    "theft_locations",
    "Worst theft locations",
    "Which ten kinds of location had the most thefts in each of the past three years?",
    (
        Column("year", "integer", "Calendar year."),
        Column("rank", "integer", "1 for the location with most thefts; ties go by name."),
        Column("location", "text", "Location description."),
        Column("thefts", "integer", "Thefts there in that year."),
    ),
    (
        "Thefts are incidents of type THEFT; motor vehicle theft, burglary and robbery are not among them.",
        "Incidents without a location description are left out.",
        "A location is a kind of place, not an address: common kinds lead because there are many of them.",
        "The current year is counted up to the end of the data.",
    ),
)
CRIME_TREND: Final = Question(
    "crime_trend",
    "Rising or falling",
    "Is crime rising or falling?",
    (
        Column("direction", "text", "increasing, decreasing or no significant trend, at 5 %."),
        Column(
            "change_per_year", "decimal", "Change a year as a share: -0.03 is 3 % fewer incidents a year."
        ),
        Column("change_low", "decimal", "Lower end of the change's 95 % interval."),
        Column("change_high", "decimal", "Upper end of the change's 95 % interval."),
        Column("p_value", "decimal", "Two-sided p value of no trend."),
        Column("first_month", "date", "First month tested."),
        Column("last_month", "date", "Last month tested."),
        Column("months", "integer", "Number of months tested."),
    ),
    (
        "Only complete months that the data cover are tested; season and serial correlation are allowed for.",
        "A steady change over the whole span is tested: a rise and a fall within it can cancel out.",
    ),
    _finish_trend,
)
SAFEST_AREAS: Final = Question(
    "safest_areas",
    "Safest areas late at night",
    "Which areas are safest between 22:00 and 04:00?",
    (
        Column("rank", "integer", "1 for the safest area; ties go by area number."),
        Column("area", "integer", "Community area."),
        Column("name", "text", "Its name."),
        Column("late_night_incidents", "integer", "Incidents from 22:00:00 up to 03:59:59."),
        Column("incidents", "integer", "Incidents at any time."),
        Column("residents", "integer", "Residents, census of 2020."),
        Column(
            "late_night_per_1000_residents_per_year",
            "decimal",
            "Late-night incidents per 1,000 residents and year of data.",
        ),
    ),
    (
        "Rates are per resident: where many come to work or to go out, they overstate a person's risk.",
        "An unknown time is often recorded as exactly midnight, which counts as late night, or noon, which "
        "does not.",
        "Incidents without a known area belong to none of the areas.",
    ),
)
ARREST_RATES: Final = Question(
    "arrest_rates",
    "Arrest rates 2016-2019",
    "Which types of crime had the highest arrest rates in 2016-2019?",
    (
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("incidents", "integer", "Incidents of the type, 2016-2019."),
        Column("arrests", "integer", "Those with an arrest."),
        Column("arrest_rate", "decimal", "Arrests as a share of incidents."),
        Column("rate_low", "decimal", "Lower end of the rate's 95 % interval (Wilson)."),
        Column("rate_high", "decimal", "Upper end of the rate's 95 % interval (Wilson)."),
    ),
    (
        "Ordered by the lower end of the interval, so that a few incidents with many arrests do not lead.",
        "Some types, such as narcotics, mostly come to light by the arrest itself.",
        "The years are those of the shifted dates.",
    ),
)

#: Not one of the five: what the report says about the data beside the answers.
DATA_QUALITY: Final = Question(
    "data_quality",
    "Data quality",
    "What must a reader know of the data?",
    (
        Column("incidents", "integer", "Incidents."),
        Column("first_occurred_at", "datetime", "When the first occurred."),
        Column("last_occurred_at", "datetime", "When the last occurred."),
        Column("after_as_of", "integer", "Incidents later than as_of."),
        Column("at_midnight", "integer", "Incidents at exactly midnight, a placeholder for no known time."),
        Column("at_noon", "integer", "Incidents at exactly noon, likewise."),
        Column("late_night", "integer", "Incidents late at night."),
        Column("without_area", "integer", "Incidents without a known community area."),
        Column("without_location", "integer", "Incidents without a location description."),
        Column("without_type", "integer", "Incidents without a primary type."),
        Column("shifted_otherwise", "integer", "Incidents that carried another date shift than the run's."),
    ),
    (),
)

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
#: Not of the five either: what the report's filters add up.
INCIDENT_COUNTS: Final = Question(
    "incident_counts",
    "Incidents by year, type and area",
    "How many incidents did each year, type of crime and area have, by month and by hour?",
    (
        Column("year", "integer", "Calendar year."),
        Column("primary_type", "text", "Type of crime; empty where the incident has none."),
        Column("area", "integer", "Community area; empty where it is not known."),
        Column("incidents", "integer", "Incidents."),
        Column("arrests", "integer", "Those with an arrest."),
        Column("late_night", "integer", "Those from 22:00:00 up to 03:59:59."),
        *(Column(name, "integer", f"Those in {name.capitalize()}.") for name in _MONTHS),
        *(
            Column(f"hour_{hour:02d}", "integer", f"Those from {hour:02d}:00:00 up to {hour:02d}:59:59.")
            for hour in range(24)
        ),
    ),
    ("Combinations that do not occur have no row.",),
)
#: Not of the five either: the report's map.
HEXAGONS: Final = Question(
    "hexagons",
    "Map of the areas",
    "Where do the incidents lie, and which area does each place belong to?",
    (
        Column("hexagon_column", "integer", "Half steps of 0.54 km to the east; odd in odd rows."),
        Column("hexagon_row", "integer", "Rows of 0.47 km to the north."),
        Column("area", "integer", "The area that most of its incidents with a known area lie in."),
        Column("incidents", "integer", "Incidents in it."),
        Column("late_night", "integer", "Those from 22:00:00 up to 03:59:59."),
        Column("longitude", "decimal", "Degrees east of its centre."),
        Column("latitude", "decimal", "Degrees north of its centre."),
    ),
    ("Incidents without coordinates are in none.",),
)

#: What the report asks beside the five and `DATA_QUALITY`.
REPORT_QUESTIONS: Final = (INCIDENT_COUNTS, HEXAGONS)
#: The five questions, in the order of the report.
QUESTIONS: Final = (MONTHLY_TREND, THEFT_LOCATIONS, CRIME_TREND, SAFEST_AREAS, ARREST_RATES)

if tuple(column.name for column in CRIME_TREND.columns) != tuple(field.name for field in fields(Trend)):
    raise AssertionError("the columns of crime_trend are not the fields of Trend")


def question(name: str) -> Question:
    """The question of a name.

    Args:
        name: such as ``monthly_trend``.

    Returns:
        The question.

    Raises:
        KeyError: there is none of that name.
    """
    return {each.name: each for each in QUESTIONS}[name]


def first_of_month(day: date) -> date:
    """The first day of a date's month."""
    return day.replace(day=1)
