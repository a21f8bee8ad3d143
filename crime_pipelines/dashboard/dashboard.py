"""The report, made anew when what it shows has changed."""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.reader import read_output
from crime_pipelines.output.record import FILE, RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.questions.model import as_json
from crime_pipelines.report.charts.geojson import read_boundaries
from crime_pipelines.report.extras import Extras
from crime_pipelines.report.page import page_text

#: Of gzip's levels the one beyond which a page of a megabyte hardly gets smaller.
_LEVEL: Final = 6
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Body:
    """A text that is served, in both forms.

    Attributes:
        plain: its bytes.
        packed: the same, packed with gzip.
    """

    plain: bytes
    packed: bytes

    @classmethod
    def of(cls, text: str) -> Self:
        """Pack a text."""
        plain = text.encode()
        return cls(plain, gzip.compress(plain, _LEVEL))


@dataclass(frozen=True, slots=True)
class Shown:
    """A version of the report.

    Attributes:
        page: the page.
        record: what the run, or the warehouse, says of itself.
        answers: the answers by name.
    """

    page: str
    record: RunRecord
    answers: Mapping[str, Answer]


class Source(Protocol):
    """The source of a dashboard's page."""

    def version(self) -> str:
        """Return a text that changes whenever there is something new to show.

        Raises:
            PipelineError: it can't be told.
        """
        ...

    def show(self, version: str) -> Shown:
        """Return the report.

        Args:
            version: its version.

        Returns:
            The report.

        Raises:
            PipelineError: it can't be made.
        """
        ...


class OutputFolder:
    """A run's output: a new run into the same folder shows by itself."""

    def __init__(self, folder: Path, boundaries: Path | None = None) -> None:
        """Name the folder.

        Args:
            folder: a run's output.
            boundaries: a GeoJSON file of the areas' true outlines, if any.
        """
        self._folder = folder
        self._boundaries = boundaries

    def version(self) -> str:
        """Return the identity of the run's output; see `Source`."""
        try:
            found = (self._folder / FILE).stat()
        except OSError as error:
            raise InputError(f"{self._folder}: is not a run's output (it has no {FILE})") from error
        return f"{found.st_ino}-{found.st_mtime_ns}"

    def show(self, version: str) -> Shown:
        """Return the report; see `Source`."""
        output = read_output(self._folder)
        shapes = read_boundaries(self._boundaries, output.record.known_areas) if self._boundaries else None
        extras = Extras(output.beside, shapes, version, output.analyses)
        page = page_text(output.record, output.answers, extras)
        return Shown(page, output.record, output.answers)


class Dashboard:
    """A report that is kept up to date."""

    def __init__(self, source: Source) -> None:
        """Make the report.

        Args:
            source: what it shows.

        Raises:
            PipelineError: it can't be made.
        """
        self._source = source
        self._lock = threading.Lock()
        self._version = source.version()
        self._bodies = _bodies(source.show(self._version))
        self._problem = ""

    def body(self, path: str) -> Body | None:
        """Return what stands under a path, as it is now.

        Args:
            path: such as ``/`` or ``/answers.json``.

        Returns:
            The text; None where there is nothing.
        """
        self._refresh()
        if path == "/state":
            return Body.of(json.dumps({"version": self._version, "problem": self._problem}))
        return self._bodies.get(path)

    def _refresh(self) -> None:
        """Make the report anew where there is something new; if that fails, the last one stands."""
        with self._lock:
            try:
                version = self._source.version()
                if version != self._version:
                    self._bodies = _bodies(self._source.show(version))
                    self._version = version
                    _log.info("report made anew", extra={"version": version})
                self._problem = ""
            except (PipelineError, OSError) as error:
                self._problem = " ".join(str(error).split())


def _bodies(shown: Shown) -> dict[str, Body]:
    """Return what is served, by path; it is packed once for each version."""
    about = {"source": shown.record.source, "as_of": shown.record.as_of.isoformat()}
    answers = {name: _as_json(answer) for name, answer in shown.answers.items()}
    return {
        "/": Body.of(shown.page),
        "/answers.json": Body.of(json.dumps({**about, "answers": answers}, ensure_ascii=False)),
        **{
            f"/answers/{name}.json": Body.of(json.dumps({**about, **answer}, ensure_ascii=False))
            for name, answer in answers.items()
        },
    }


def _as_json(answer: Answer) -> dict[str, Any]:
    question = answer.question
    return {
        "question": question.wording,
        "columns": [
            {"name": each.name, "type": each.type, "description": each.description}
            for each in question.columns
        ],
        "rows": [{name: as_json(value) for name, value in row.items()} for row in answer.records()],
    }
