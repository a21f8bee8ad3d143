"""Google's client libraries, set up from the settings and from Google's own variables.

`BIGQUERY_EMULATOR_HOST`, `STORAGE_EMULATOR_HOST` and `PUBSUB_EMULATOR_HOST` name other endpoints, as they do
for every program that uses these libraries; `BIGQUERY_STORAGE_EMULATOR_HOST` is our own. Where one is set, no
credentials are looked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from crime_pipelines.cloud.settings import Settings
from crime_pipelines.errors import InputError

if TYPE_CHECKING:
    from google.api_core.retry import Retry
    from google.auth.credentials import Credentials
    from google.cloud.bigquery import Client as WarehouseClient
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
    from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
    from google.cloud.storage import Blob
    from google.cloud.storage import Client as StorageClient

BIGQUERY_EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
#: Of our own: the library of BigQuery's storage interfaces has no such variable.
BIGQUERY_STORAGE_EMULATOR: Final = "BIGQUERY_STORAGE_EMULATOR_HOST"
STORAGE_EMULATOR: Final = "STORAGE_EMULATOR_HOST"
PUBSUB_EMULATOR: Final = "PUBSUB_EMULATOR_HOST"
_NO_DESCRIPTIONS: Final = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
PLAIN: Final = "http://"
#: A socket of this machine's file system, to which its folder says who may speak.
SOCKET: Final = "unix:"


def warehouse_client(settings: Settings) -> WarehouseClient:
    """BigQuery, whose jobs run in the settings' region, no query billed for more bytes than they say.

    Args:
        settings: the settings.

    Returns:
        The client.
    """
    from google.cloud.bigquery import Client, QueryJobConfig

    class PatientClient(Client):
        """The library's client; `patience_of` says how long its calls are to be repeated."""

        patience = retry_of(settings)

    return PatientClient(
        project=settings.project,
        location=settings.region,
        credentials=_credentials(BIGQUERY_EMULATOR),
        default_query_job_config=QueryJobConfig(maximum_bytes_billed=settings.maximum_bytes_billed),
    )


def write_client() -> BigQueryWriteClient:
    """BigQuery's Storage Write API.

    Returns:
        The client; nothing is sent before its first call.

    Raises:
        InputError: another endpoint is named for BigQuery, and none for this interface of it.
    """
    from google.cloud.bigquery_storage_v1 import BigQueryWriteClient

    endpoint = os.environ.get(BIGQUERY_STORAGE_EMULATOR)
    if not endpoint and os.environ.get(BIGQUERY_EMULATOR):
        raise InputError(
            f"{BIGQUERY_EMULATOR} is set and {BIGQUERY_STORAGE_EMULATOR} is not: rows would go to Google's "
            "BigQuery; set both"
        )
    if not endpoint:
        return BigQueryWriteClient()  # type: ignore[no-untyped-call]
    import grpc

    channel = grpc.insecure_channel(endpoint.removeprefix(PLAIN))
    transport = BigQueryWriteClient.get_transport_class("grpc")(channel=channel)
    return BigQueryWriteClient(transport=transport)  # type: ignore[no-untyped-call]


def storage_client(settings: Settings, endpoint: str | None = None) -> StorageClient:
    """Cloud Storage.

    Args:
        settings: the settings.
        endpoint: a stand-in's address; the one that Google's variable names, if any, unless given.

    Returns:
        The client.
    """
    from google.cloud.storage import Client

    # Or the library asks for buckets' descriptions, for traces that nobody takes; its caller may not.
    os.environ.setdefault(_NO_DESCRIPTIONS, "true")
    return Client(
        project=settings.project,
        credentials=_credentials(STORAGE_EMULATOR),
        client_options={"api_endpoint": endpoint} if endpoint else None,
    )


def blob_at(settings: Settings, uri: str) -> Blob:
    """Return an object in Cloud Storage, whether or not it exists.

    Args:
        settings: the settings.
        uri: its ``gs://`` URI.

    Returns:
        The object.
    """
    from google.cloud.storage import Blob

    return Blob.from_uri(uri, client=storage_client(settings))


def publisher() -> PublisherClient:
    """Pub/Sub, to publish and to see to topics.

    Returns:
        The client.
    """
    from google.cloud.pubsub_v1 import PublisherClient

    return PublisherClient()


def subscriber() -> SubscriberClient:
    """Pub/Sub, to receive and to see to subscriptions.

    Returns:
        The client.
    """
    from google.cloud.pubsub_v1 import SubscriberClient

    return SubscriberClient()


def topic_path(settings: Settings, topic: str) -> str:
    """Return a topic's full name.

    Args:
        settings: the settings.
        topic: its short name.

    Returns:
        ``projects/PROJECT/topics/TOPIC``.
    """
    return f"projects/{settings.project}/topics/{topic}"


def publish(settings: Settings, topic: str, message: dict[str, object]) -> str:
    """Publish one message and wait until Pub/Sub has it.

    Args:
        settings: the settings.
        topic: the topic's short name.
        message: what to say, as JSON.

    Returns:
        The message's id.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: it could not be published in `retry_seconds`.
    """
    import json

    client = publisher()
    future = client.publish(
        topic_path(settings, topic), json.dumps(message).encode(), timeout=settings.retry_seconds
    )
    return str(future.result(timeout=settings.retry_seconds))


def retry_of(settings: Settings) -> Retry:
    """For calls to BigQuery: repeat for as long as the settings say what fails for a passing reason.

    Args:
        settings: the settings.

    Returns:
        A retry, for the argument `retry` of the library's calls.
    """
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    return DEFAULT_RETRY.with_timeout(settings.retry_seconds)


def patience_of(client: WarehouseClient) -> Retry:
    """Return the retry policy of a client, as its settings say.

    Args:
        client: BigQuery.

    Returns:
        A retry, for the argument `retry` of the library's calls; the library's own for another client.
    """
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    retry: Retry = getattr(client, "patience", DEFAULT_RETRY)
    return retry


def is_plain(endpoint: str) -> bool:
    """Tell whether an endpoint is spoken to without TLS.

    Args:
        endpoint: ``HOST:PORT``, with or without ``http://`` before it, or ``unix:PATH``.

    Returns:
        True with ``http://``, and for a socket.
    """
    return endpoint.startswith((PLAIN, SOCKET))


def _credentials(variable: str) -> Credentials | None:
    if not os.environ.get(variable):
        return None  # the library finds the deployment's own
    from google.auth.credentials import AnonymousCredentials

    return AnonymousCredentials()  # type: ignore[no-untyped-call]
