"""Many messages to Pub/Sub: in batches, no more under way than memory is for."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Final

from crime_pipelines.cloud.clients import topic_path
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.domain.messages import DEPARTMENT
from crime_pipelines.errors import PipelineError

#: Bytes of a message. Pub/Sub takes requests of 10 MB, in which the topic's name stands as well.
MOST_BYTES: Final = 10_000_000 - 2_000
_UNDER_WAY: Final = 5_000


def publish_all(settings: Settings, topic: str, payloads: Iterable[bytes], department: str = "") -> int:
    """Publish messages and wait until Pub/Sub has all of them.

    Args:
        settings: the settings.
        topic: the topic's short name; it exists.
        payloads: the messages.
        department: the department that they are of, which stands in an attribute of each; none where empty.

    Returns:
        How many there were.

    Raises:
        PipelineError: some could not be published in `retry_seconds`; others may have been.
    """
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.cloud.pubsub_v1 import PublisherClient
    from google.cloud.pubsub_v1.types import LimitExceededBehavior, PublisherOptions, PublishFlowControl

    control = PublishFlowControl(
        message_limit=_UNDER_WAY, limit_exceeded_behavior=LimitExceededBehavior.BLOCK
    )
    client = PublisherClient(publisher_options=PublisherOptions(flow_control=control))
    path = topic_path(settings, topic)
    attributes: dict[str, Any] = {DEPARTMENT: department} if department else {}
    waiting: list[Future[Any]] = []
    number = 0
    try:
        for payload in payloads:
            waiting.append(client.publish(path, payload, timeout=settings.retry_seconds, **attributes))
            number += 1
            if len(waiting) >= 2 * _UNDER_WAY:
                _settle(waiting[:_UNDER_WAY], settings)
                del waiting[:_UNDER_WAY]
        _settle(waiting, settings)
    except (GoogleAPICallError, RetryError, TimeoutError) as error:
        raise PipelineError(f"topic {topic}: {' '.join(str(error).split()) or 'no answer'}") from error
    finally:
        client.stop()
    return number


def _settle(futures: list[Future[Any]], settings: Settings) -> None:
    for future in futures:
        future.result(timeout=settings.retry_seconds)
