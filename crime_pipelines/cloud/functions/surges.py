"""The handler of fresh answers that publishes surges."""

from __future__ import annotations

import logging
from typing import Any, Final

from crime_pipelines.cloud import run_ids
from crime_pipelines.cloud.functions.events import text_of
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.surges import publish_surges

#: The log says so when a run's surges are published, be there none.
SURGES_PUBLISHED: Final = "surges published"
_log = logging.getLogger(__name__)


def on_answers(message: dict[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Publish the surges that are new.

    They are looked for in all incidents of the warehouse at this moment, those after the run among them. So a
    late or repeated message publishes nothing that was published, and brings back nothing older.

    Args:
        message: which run the answers are of.
        settings: the settings.

    Returns:
        The messages published.

    Raises:
        InputError: the message is none of ours, or the note of what was published is none.
        PipelineError: BigQuery or Pub/Sub does not answer, or refuses.
        google.api_core.exceptions.GoogleAPICallError: Cloud Storage fails, or another process has noted its
            surges meanwhile; the message may be delivered again.
    """
    run_id = run_ids.checked(text_of(message, "run_id"))
    published = publish_surges(settings)
    _log.info(SURGES_PUBLISHED, extra={"run_id": run_id, "surges": len(published)})
    return published
