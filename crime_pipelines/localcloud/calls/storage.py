"""Permissions that a request to Cloud Storage's JSON API needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, unquote

from crime_pipelines.localcloud.calls.record import pattern_of

_OBJECTS: Final = re.compile(r"/(?:upload/|download/)?storage/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<name>[^/]+))?")
_COPY: Final = re.compile(
    r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)/(?:rewriteTo|copyTo)/b/(?P<to>[^/]+)/o/(?P<as>[^/]+)"
)
_COMPOSE: Final = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)/compose")
_BUCKET: Final = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)")
#: Parts of an upload that has begun; the permission was needed at its beginning.
_CONTINUED: Final = re.compile(r"/upload/(?:storage/v1/b/[^/]+/o\?.*upload_id=|resumable/).*")
_IN_BATCH: Final = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) (\S+)", re.MULTILINE)
_NAME: Final = re.compile(rb'"name"\s*:\s*("(?:[^"\\]|\\.)*")')
_ON_OBJECT: Final = {"GET": "get", "HEAD": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
_ON_BUCKET: Final = {"GET": "get", "HEAD": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
BATCH: Final = "/batch/storage/v1"


def needed(method: str, path: str, begin: bytes = b"") -> Iterator[tuple[str, str, str]]:
    """List the permissions that a request needs.

    Args:
        method: the HTTP method.
        path: its path and query.
        begin: the beginning of its body, with an upload's description.

    Yields:
        Permission, bucket and object; no object for a permission on the bucket. Whether an upload replaces an
        object, which takes ``storage.objects.delete`` too, is left to `may_replace`. A request that is not
        known is a permission of its own, which nobody has.
    """
    route, _, query = path.partition("?")
    if route == BATCH:
        for part_method, part_path in _IN_BATCH.findall(begin):
            yield from needed(part_method.decode(), _local(part_path.decode("latin-1")))
        return
    if _CONTINUED.fullmatch(path):
        return
    if (copy := _COPY.fullmatch(route)) is not None:
        yield "storage.objects.get", copy["bucket"], unquote(copy["name"])
        yield "storage.objects.create", copy["to"], unquote(copy["as"])
    elif (target := _COMPOSE.fullmatch(route)) is not None:
        yield "storage.objects.get", target["bucket"], unquote(target["name"])
        yield "storage.objects.create", target["bucket"], unquote(target["name"])
    elif (found := _OBJECTS.fullmatch(route)) is not None:
        if found["name"]:
            yield f"storage.objects.{_ON_OBJECT[method]}", found["bucket"], unquote(found["name"])
        elif method in ("POST", "PUT"):
            yield "storage.objects.create", found["bucket"], _uploaded_name(query, begin)
        else:
            yield "storage.objects.list", found["bucket"], ""
    elif (bucket := _BUCKET.fullmatch(route)) is not None:
        yield f"storage.buckets.{_ON_BUCKET[method]}", bucket["bucket"], ""
    else:
        yield f"unknown: {method} {pattern_of(route)}", "", ""


def may_replace(path: str) -> bool:
    """Tell whether a request that makes an object may replace one.

    Args:
        path: the request's path and query.

    Returns:
        False where the request asks that there be none.
    """
    return parse_qs(path.partition("?")[2]).get("ifGenerationMatch") != ["0"]


def resource(bucket: str, name: str, project: str) -> str:
    """Return a bucket or an object as the record has it.

    Args:
        bucket: the bucket.
        name: the object; empty for the bucket itself.
        project: the project, by which buckets are named.

    Returns:
        Such as ``bucket/lake`` or ``bucket/lake/arrivals/*/files.json``.
    """
    part = bucket.removeprefix(f"{project}-crime-")
    if part == "landing" and name:
        name = f"*{name[name.find('.') :]}" if "." in name else "*"  # whatever someone calls a file
    return "/".join(filter(None, ("bucket", part, pattern_of(name))))


def _local(address: str) -> str:
    return re.sub("^https?://[^/]+", "", address)


def _uploaded_name(query: str, begin: bytes) -> str:
    given = parse_qs(query).get("name")
    if given:
        return given[0]
    described = _NAME.search(begin)
    return str(json.loads(described[1])) if described else ""
