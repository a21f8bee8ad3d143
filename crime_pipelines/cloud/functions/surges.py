"""The handler of fresh answers that publishes surges."""

from __future__ import annotations

import logging
from typing import Any

from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.surges import publish_surges

_log = logging.getLogger(__name__)


def on_answers(message: dict[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Publish the surges that are new, as of the data in the warehouse.

    Args:
        message: which run the answers are of.
        settings: the settings.

    Returns:
        The messages published.

    Raises:
        PipelineError: BigQuery or Pub/Sub does not answer, or refuses.
    """
    published = publish_surges(settings)
    fields = {"run_id": message.get("run_id"), "surges": len(published)}
    _log.info("surges published", extra=fields)
    return published
