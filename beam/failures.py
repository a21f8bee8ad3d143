"""Errors of ours that a worker raised, as the runner hands them on."""

from __future__ import annotations

import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apache_beam as beam
from apache_beam.runners.worker import sdk_worker

from crime_pipelines.errors import PipelineError

_Hook = Callable[[threading.ExceptHookArgs], object]

_BEAM: Final = str(Path(beam.__file__).parent)
#: What the runner adds: the step.
_STEP: Final = re.compile(r" \[while running .*", re.DOTALL)


def our_error(error: BaseException) -> PipelineError | None:
    """Find the error that a worker raised.

    Args:
        error: what the runner raised: the error itself with the step in its text, or another with the
            worker's traceback as its text.

    Returns:
        The error as the worker raised it, with its exit code; None if it is none of ours.
    """
    if isinstance(error, PipelineError):
        return type(error)(_STEP.sub("", str(error)))
    kinds = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in _kinds(PipelineError)}
    names = "|".join(map(re.escape, kinds))
    quoted = re.findall(rf"(?:^|\s)({names}): (.*)", str(error))
    if not quoted:
        return None
    # What came first is the cause; it was raised again in better words.
    name, text = quoted[-1]
    return kinds[name](_STEP.sub("", text))


def _kinds(kind: type[PipelineError]) -> Iterator[type[PipelineError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


@contextmanager
def errors_in_words(ends_with_its_error: bool) -> Iterator[None]:
    """Raise an error of ours as a worker raised it; the runner logs it at length, and wraps it.

    Args:
        ends_with_its_error: whether nothing of the pipeline goes on once its error is raised. Otherwise
            threads of this process may still stumble over it; they are kept silent afterwards, too.

    Yields:
        While a pipeline runs.

    Raises:
        PipelineError: a worker raised it.
    """
    logger = logging.getLogger("apache_beam")
    level, hook = logger.level, threading.excepthook
    handlers = logging.getLogger().handlers
    logger.setLevel(logging.CRITICAL)
    threading.excepthook = _but_for_the_runners(hook)
    # A worker in this process prints what goes wrong, beside telling the runner, which tells us.
    vars(sdk_worker)["print"] = lambda *_, **__: None
    for handler in handlers:
        handler.addFilter(_is_not_the_runners)
    goes_on = False
    try:
        yield
    except Exception as error:
        goes_on = not ends_with_its_error
        ours = our_error(error)
        if ours is None:
            raise
        raise ours from error
    finally:
        if not goes_on:
            for handler in handlers:
                handler.removeFilter(_is_not_the_runners)
            threading.excepthook = hook
            logger.setLevel(level)
            vars(sdk_worker).pop("print", None)


def _is_not_the_runners(record: logging.LogRecord) -> bool:
    """Tell whether a record comes from elsewhere: Prism's does not go by Beam's name."""
    return not record.pathname.startswith(_BEAM)


def _but_for_the_runners(hook: _Hook) -> _Hook:
    """Leave out the runner's threads: a pipeline that fails breaks their connections."""

    def told(arguments: threading.ExceptHookArgs) -> None:
        frames = traceback.walk_tb(arguments.exc_traceback)
        if not any(frame.f_code.co_filename.startswith(_BEAM) for frame, _ in frames):
            hook(arguments)

    return told
