"""The gaps and placeholders in the data, which the report names beside the answers."""

from __future__ import annotations

from typing import Final

from crime_pipelines.questions.model import Column, Groups, Question, read_query

#: Later than the last whole second of its day. `as_of` is a last second unless it is the end of the covered
#: period, so an incident is later than `as_of` by its day and by this alone.
_PAST_DAYS_END: Final = (
    "EXTRACT(HOUR FROM occurred_at) = 23 AND EXTRACT(MINUTE FROM occurred_at) = 59 "
    "AND EXTRACT(SECOND FROM occurred_at) = 59 AND occurred_at > DATETIME_TRUNC(occurred_at, SECOND)"
)

QUESTION: Final = Question(
    name="data_quality",
    title="Data quality",
    wording="What must a reader know of the data?",
    columns=(
        Column("incidents", "integer", "Incidents."),
        Column("first_occurred_at", "datetime", "When the first of the covered period occurred."),
        Column("last_occurred_at", "datetime", "When the last of the covered period occurred."),
        Column(
            "outlying_dates",
            "integer",
            "Incidents outside the covered period, or dated more than a day later than their own update.",
        ),
        Column("after_as_of", "integer", "Incidents of the covered period later than as_of."),
        Column("at_midnight", "integer", "Incidents at exactly midnight, a placeholder for no known time."),
        Column("at_noon", "integer", "Incidents at exactly noon, likewise."),
        Column("late_night", "integer", "Incidents late at night."),
        Column("without_area", "integer", "Incidents without a known community area."),
        Column("without_location", "integer", "Incidents without a location description."),
        Column("without_type", "integer", "Incidents without a primary type."),
        Column("shifted_otherwise", "integer", "Incidents that carried another date shift than the run's."),
    ),
    sql=read_query(__name__),
    groups=Groups(
        alike=(
            "DATETIME_TRUNC(occurred_at, DAY)",
            _PAST_DAYS_END,
            "occurred_at = DATETIME_TRUNC(occurred_at, DAY)",
            "EXTRACT(HOUR FROM occurred_at) = 12 AND occurred_at = DATETIME_TRUNC(occurred_at, HOUR)",
            "is_late_night(occurred_at)",
            "community_area IS NULL",
            "location_description IS NULL",
            "primary_type IS NULL",
            "shift_years",
        ),
        carried=("community_area", "location_description", "primary_type", "shift_years"),
    ),
)
