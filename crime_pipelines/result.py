"""The result of a run, for programs and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.support.locales import written_as


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run; everything in it was also written to `out`.

    Attributes:
        record: the content of `run.json`: row counts, files, versions.
        answers: the answers by name, such as ``monthly_trend``.
        analyses: the analyses by name, such as ``changes``; none where they were left out.
        out: the output folder.
        locale: the locale that the run was shown in; None for our own way to write.
    """

    record: RunRecord
    answers: Mapping[str, Answer]
    analyses: Mapping[str, Answer]
    out: Path
    locale: str | None = None

    @property
    def warnings(self) -> Sequence[str]:
        """The warnings about the input, one line each."""
        return [warning.text for warning in self.record.input_warnings]

    def _repr_html_(self) -> str:
        """Show the run in a notebook: its row counts, and each question with its answer in a sentence."""
        from crime_pipelines.report.coverage import Facts
        from crime_pipelines.report.formatting import count, in_locale
        from crime_pipelines.report.sections import words

        record = self.record
        with written_as(self.locale):
            items = "".join(
                f"<dt>{escape(in_locale(self.answers[name].question.wording))}</dt>"
                f"<dd>{escape(in_locale(each.sentence))}</dd>"
                for name, each in words(self.answers, Facts.of(record), self.analyses).items()
            )
            return (
                f"<p>{escape(record.source)}: {count(record.read)} rows read, {count(record.incidents)} "
                f"incidents, {count(record.superseded)} superseded, {count(record.rejects)} rejected; "
                f"as of {record.as_of}</p><dl>{items}</dl>"
            )
