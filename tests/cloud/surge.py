"""Incidents with a surge, for a warehouse."""

from __future__ import annotations

import json
import warnings
from datetime import datetime, timedelta
from typing import Any, Final

from crime_pipelines.analysis.surges import FIRST_DAYS, LEAST_DAYS
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.questions.surges.question import RECENT_DAYS

FIRST: Final = datetime(2020, 1, 1, 12)
#: The least days in which surges are told, and the one that ends the data.
DAYS: Final = FIRST_DAYS + LEAST_DAYS + RECENT_DAYS + 1
#: Incidents of an area on the day of its surge, and on every other day.
MANY, FEW = 30, 2
AREAS: Final = (8, 32)


def day(number: int) -> str:
    """A day by its number, as ISO writes it; the data begin with day 0."""
    return (FIRST + timedelta(days=number)).date().isoformat()


def id_of(area: int, number: int) -> str:
    """The id of the message of a sudden surge."""
    return f"{day(number)}-{area}-sudden"


def incidents(
    settings: Settings, first: int = 0, last: int = DAYS, surge: tuple[int, int] = (8, DAYS - 1)
) -> str:
    """The statement that inserts a few incidents of each area a day, and many where there is a surge.

    A surge is an area and a day's number; incidents of every day have ids of their own.
    """
    columns = "id, occurred_at, arrest, community_area, shift_years, updated_on, run_id, attempt"
    moment = f"DATETIME_ADD(DATETIME '{FIRST}', INTERVAL (day_number * 1440 + number) MINUTE)"
    many = f"area = {surge[0]} AND day_number = {surge[1]}"
    return (
        f"INSERT INTO `{settings.dataset}`.`incidents` ({columns}) "
        f"SELECT 10000 * day_number + 100 * area + number, {moment}, FALSE, area, 0, "
        "DATETIME '2030-01-01 00:00:00', 'r', 'a' "
        f"FROM UNNEST(GENERATE_ARRAY({first}, {last})) AS day_number, UNNEST({list(AREAS)}) AS area, "
        f"UNNEST(GENERATE_ARRAY(1, IF({many}, {MANY}, {FEW}))) AS number"
    )


def received(subscription: str) -> list[dict[str, Any]]:
    """Every message that waits in a subscription; none of them waits afterwards."""
    from crime_pipelines.cloud.clients import subscriber

    found: list[dict[str, Any]] = []
    with subscriber() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of `return_immediately`
        while got := client.pull(
            subscription=subscription, max_messages=100, return_immediately=True
        ).received_messages:
            found += [json.loads(each.message.data) for each in got]
            client.acknowledge(subscription=subscription, ack_ids=[each.ack_id for each in got])
    return found
