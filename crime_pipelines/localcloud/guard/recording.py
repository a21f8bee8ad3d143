"""Requests to Cloud Storage as they pass: what they need is recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import quote

from crime_pipelines.localcloud.calls import storage
from crime_pipelines.localcloud.calls.record import Calls

#: Within so many bytes an upload says what it is.
_DESCRIPTION: Final = 1 << 14


class Request(NamedTuple):
    """A request.

    Attributes:
        method: its method.
        path: its path and query.
        account: the short name of the account that calls.
        project: the project, by which buckets are named.
    """

    method: str
    path: str
    account: str
    project: str


async def recorded(
    request: Request,
    body: AsyncIterator[bytes] | None,
    calls: Calls,
    exists: Callable[[str], Awaitable[bool]],
) -> AsyncIterator[bytes] | None:
    """Record the permissions that a request needs.

    Args:
        request: the request.
        body: its body.
        calls: where they are recorded.
        exists: tells whether there is an object, by its path in the API.

    Returns:
        The body, whose beginning was read for that.
    """
    begin = b""
    while body is not None and request.method == "POST" and len(begin) < _DESCRIPTION:
        chunk = await anext(body, b"")
        if not chunk:
            break
        begin += chunk
    for permission, bucket, name in storage.needed(request.method, request.path, begin):
        resource = storage.resource(bucket, name, request.project)
        calls.note(request.account, permission, resource)
        there = f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        may_replace = permission == "storage.objects.create" and storage.may_replace(request.path)
        if may_replace and await exists(there):
            calls.note(request.account, "storage.objects.delete", resource)
    return None if body is None else _chained(begin, body)


async def _chained(begin: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if begin:
        yield begin
    async for chunk in rest:
        yield chunk
