"""Logs on standard error: for people, or as Cloud Logging reads them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from pythonjsonlogger.json import JsonFormatter

LOG_FORMATS: Final = ("text", "json")
#: Libraries that log at length what we say in one line.
_TALKATIVE: Final = ("gcsfs", "fsspec", "google", "urllib3", "asyncio", "py4j")

_fields: ContextVar[dict[str, str]] = ContextVar("fields", default={})  # noqa: B039  # never changed in place


@contextmanager
def log_fields(**fields: str) -> Iterator[None]:
    """Put fields into every entry that is logged inside, in the format `json`.

    Args:
        fields: the fields.

    Yields:
        Nothing.
    """
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


class CloudFormatter(JsonFormatter):
    """A formatter of one JSON object a line, in the fields that Cloud Logging gives a meaning to.

    Source: https://cloud.google.com/logging/docs/structured-logging
    """

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill in an entry.

        Args:
            log_data: the entry.
            record: what is logged.
            message_dict: fields given in place of a message.
        """
        super().add_fields(log_data, record, message_dict)
        for name, value in _fields.get().items():
            log_data.setdefault(name, value)
        log_data["severity"] = record.levelname
        trace = log_data.pop("exc_info", None)
        if trace:
            log_data["stack_trace"] = trace  # the name that Error Reporting looks for
        log_data["logging.googleapis.com/sourceLocation"] = {
            "file": record.pathname,
            "line": str(record.lineno),
            "function": record.funcName,
        }


def set_up_logs(log_format: str, *, is_verbose: bool = False, is_quiet: bool = False) -> None:
    """Send the logs to standard error.

    Args:
        log_format: `text` for people, warnings and worse; `json` for machines, each stage as well.
        is_verbose: log each stage for people, too.
        is_quiet: log warnings and worse alone for machines, too.
    """
    handler = logging.StreamHandler()
    if log_format == "json":
        handler.setFormatter(CloudFormatter("%(message)s", timestamp="time"))
    else:
        handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    is_detailed = is_verbose or (log_format == "json" and not is_quiet)
    root.setLevel(logging.INFO if is_detailed else logging.WARNING)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
