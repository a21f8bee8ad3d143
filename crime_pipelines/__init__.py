"""Batch and stream pipelines over a police department's incident file, on Google Cloud and on a laptop.

>>> import tempfile
>>> from pathlib import Path
>>> import crime_pipelines
>>> with tempfile.TemporaryDirectory() as folder:
...     made = crime_pipelines.generate(Path(folder, "crimes.csv"), 500)
...     result = crime_pipelines.run(made.path, Path(folder, "out"))
...     problems = [finding for finding in crime_pipelines.check(result.out) if finding.problem]
>>> result.record.read, result.record.incidents, problems
(500, 500, [])
>>> result.answers["theft_locations"].records()[0]["rank"]
1

What is named in `__all__` is the public interface and follows semantic versioning; it is imported when it is
first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crime_pipelines.errors import InputError, PipelineError
    from crime_pipelines.output.checks import Finding
    from crime_pipelines.output.checks import check_output as check
    from crime_pipelines.output.exports import export
    from crime_pipelines.output.record import RunRecord
    from crime_pipelines.pipeline import run
    from crime_pipelines.questions import Answer
    from crime_pipelines.result import RunResult
    from crime_pipelines.synthetic import Generated, generate

    __version__: str

__all__ = [
    "Answer",
    "Finding",
    "Generated",
    "InputError",
    "PipelineError",
    "RunRecord",
    "RunResult",
    "__version__",
    "check",
    "export",
    "generate",
    "run",
]

_MODULES: Final = {
    "Answer": "questions",
    "Finding": "output.checks",
    "Generated": "synthetic",
    "InputError": "errors",
    "PipelineError": "errors",
    "RunRecord": "output.record",
    "RunResult": "result",
    "export": "output.exports",
    "generate": "synthetic",
    "run": "pipeline",
}


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        value = _version()
    elif name == "check":
        value = import_module(f"{__name__}.output.checks").check_output
    elif name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("crime-pipelines")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0+unknown"
