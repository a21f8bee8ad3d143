"""The Apache Beam library: PTransforms over incidents, for batch and for streams. Needs the extra `beam`.

    import apache_beam as beam
    from crime_pipelines.beam import AnswerQuestions, LatestVersions, ReadIncidents, WriteIncidents

    with beam.Pipeline() as pipeline:
        read = pipeline | ReadIncidents("gs://bucket/crimes/*.csv.gz")
        incidents = read.incidents | LatestVersions()
        incidents | WriteIncidents("gs://bucket/out/incidents")
        incidents | AnswerQuestions() | beam.Map(lambda answer: print(answer.to_csv()))

Incidents are Arrow tables, many rows an element, because Beam's cost is by element; `ReadIncidents(...,
rows=True)` gives rows with a Beam schema (`Incident`) instead. Every step takes either. What is named in
`__all__` is the public interface and is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crime_pipelines.beam.arrow import IncidentTable
    from crime_pipelines.beam.library.incident import Deletion, Incident, rows_of, table_of
    from crime_pipelines.beam.library.incidents import AnswerQuestions, LatestVersions, WriteIncidents
    from crime_pipelines.beam.library.messages import MessagesRead, ReadMessages
    from crime_pipelines.beam.library.reading import ReadIncidents
    from crime_pipelines.beam.transforms import IncidentsRead, WriteRejects

__all__ = [
    "AnswerQuestions",
    "Deletion",
    "Incident",
    "IncidentTable",
    "IncidentsRead",
    "LatestVersions",
    "MessagesRead",
    "ReadIncidents",
    "ReadMessages",
    "WriteIncidents",
    "WriteRejects",
    "rows_of",
    "table_of",
]

_MODULES: Final = {
    "AnswerQuestions": "library.incidents",
    "Deletion": "library.incident",
    "Incident": "library.incident",
    "IncidentTable": "arrow",
    "IncidentsRead": "transforms",
    "LatestVersions": "library.incidents",
    "MessagesRead": "library.messages",
    "ReadIncidents": "library.reading",
    "ReadMessages": "library.messages",
    "WriteIncidents": "library.incidents",
    "WriteRejects": "transforms",
    "rows_of": "library.incident",
    "table_of": "library.incident",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
