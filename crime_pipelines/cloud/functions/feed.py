"""The handler of the feed's schedule: it asks the City's API for what is new."""

from __future__ import annotations

import logging
from typing import Final

from crime_pipelines.cloud.feed.poll import Polled, poll
from crime_pipelines.cloud.settings import Settings

#: Pages of a call, so that it ends in time; the next tick goes on from there.
_MOST_PAGES: Final = 20

_log = logging.getLogger(__name__)


def on_tick(settings: Settings) -> Polled:
    """Publish what is new to the feed's topic; how far one has come is kept in the lake.

    Args:
        settings: the settings.

    Returns:
        What came of it.

    Raises:
        PipelineError: the API or Pub/Sub does not answer, or refuses.
    """
    done = poll(settings, f"gs://{settings.lake_bucket}/feed/watermark.json", most_pages=_MOST_PAGES)
    _log.info("feed polled", extra={"messages": done.messages, "pages": done.pages, "dead": done.dead})
    return done
