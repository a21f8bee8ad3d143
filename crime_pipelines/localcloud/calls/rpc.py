"""Permissions that a call to a gRPC interface of Google's needs: Pub/Sub, Dataproc, BigQuery's storage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

#: By method: the permission, and the kind of resource it is needed on.
_NEEDED: Final = {
    "google.pubsub.v1.Publisher/Publish": ("pubsub.topics.publish", "topic"),
    "google.pubsub.v1.Publisher/GetTopic": ("pubsub.topics.get", "topic"),
    "google.pubsub.v1.Subscriber/Acknowledge": ("pubsub.subscriptions.consume", "subscription"),
    "google.pubsub.v1.Subscriber/GetSubscription": ("pubsub.subscriptions.get", "subscription"),
    "google.pubsub.v1.Subscriber/ModifyAckDeadline": ("pubsub.subscriptions.consume", "subscription"),
    "google.pubsub.v1.Subscriber/Pull": ("pubsub.subscriptions.consume", "subscription"),
    "google.pubsub.v1.Subscriber/StreamingPull": ("pubsub.subscriptions.consume", "subscription"),
    "google.cloud.dataproc.v1.BatchController/CreateBatch": ("dataproc.batches.create", "project"),
    "google.cloud.dataproc.v1.BatchController/GetBatch": ("dataproc.batches.get", "project"),
    "google.cloud.dataproc.v1.BatchController/ListBatches": ("dataproc.batches.list", "project"),
    "google.cloud.dataproc.v1.ClusterController/ListClusters": ("dataproc.clusters.list", "project"),
    "google.cloud.dataproc.v1.JobController/ListJobs": ("dataproc.jobs.list", "project"),
    "google.cloud.dataproc.v1.WorkflowTemplateService/GetWorkflowTemplate": (
        "dataproc.workflowTemplates.get",
        "project",
    ),
    "google.cloud.dataproc.v1.WorkflowTemplateService/InstantiateWorkflowTemplate": (
        "dataproc.workflowTemplates.instantiate",
        "project",
    ),
    "google.longrunning.Operations/CancelOperation": ("dataproc.operations.cancel", "project"),
    "google.longrunning.Operations/GetOperation": ("dataproc.operations.get", "project"),
    "google.cloud.bigquery.storage.v1.BigQueryRead/CreateReadSession": (
        "bigquery.readsessions.create",
        "project",
    ),
    "google.cloud.bigquery.storage.v1.BigQueryRead/ReadRows": ("bigquery.readsessions.getData", "project"),
    "google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows": ("bigquery.tables.updateData", "table"),
    "google.cloud.bigquery.storage.v1.BigQueryWrite/BatchCommitWriteStreams": (
        "bigquery.tables.updateData",
        "table",
    ),
    "google.cloud.bigquery.storage.v1.BigQueryWrite/CreateWriteStream": (
        "bigquery.tables.updateData",
        "table",
    ),
    "google.cloud.bigquery.storage.v1.BigQueryWrite/FinalizeWriteStream": (
        "bigquery.tables.updateData",
        "table",
    ),
    "google.cloud.bigquery.storage.v1.BigQueryWrite/GetWriteStream": ("bigquery.tables.get", "table"),
}
_FIRST_FIELD: Final = 0x0A
_MORE: Final = 0x80


def needed(method: str, request: bytes) -> Iterator[tuple[str, str]]:
    """List the permissions that a call needs.

    Args:
        method: the method, ``/SERVICE/METHOD``.
        request: its first message, serialized: each of them names its resource in its first field. A later
            message of a stream may name none.

    Yields:
        Permission and resource. A method that is not known is a permission of its own, which nobody has.
    """
    permission, kind = _NEEDED.get(method.lstrip("/"), (f"unknown: {method}", "project"))
    if kind == "project":
        yield permission, kind
        return
    parts = first_text(request).split("/")
    if len(parts) < 4:
        return
    yield permission, f"table/{parts[3]}/{parts[5]}" if kind == "table" else f"{kind}/{parts[3]}"


def first_text(message: bytes) -> str:
    """Return the first field of a serialized message, if it is a text.

    Args:
        message: the message.

    Returns:
        The text; empty where the message begins otherwise.
    """
    if not message or message[0] != _FIRST_FIELD:
        return ""
    length, shift, at = 0, 0, 1
    while True:
        byte = message[at]
        length |= (byte & ~_MORE) << shift
        at, shift = at + 1, shift + 7
        if not byte & _MORE:
            return message[at : at + length].decode(errors="replace")
