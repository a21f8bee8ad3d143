"""`python docs/generate.py`: write the pages of the reference that follow from the code.

A test fails where a page is not what this writes.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from python_reference import python_reference

from crime_pipelines.cli.common.errors import EXIT_CODES
from crime_pipelines.cli.common.options import variable_of
from crime_pipelines.cli.main import cli
from crime_pipelines.cloud.settings import VARIABLES
from crime_pipelines.cloud.warehouse.views import views
from crime_pipelines.domain.fields import FIELDS, Reason
from crime_pipelines.questions import ANALYSES, OPTIONAL_ANALYSES, QUESTIONS, Question
from crime_pipelines.schema import warehouse
from crime_pipelines.schema.columns import Column, Table
from crime_pipelines.schema.incidents import INCIDENTS, LAKE_REJECTS

DOCS = Path(__file__).parent
_NOTE = "<!-- Written by docs/generate.py from the code; `make docs-generated` writes it anew. -->\n"
_BLANKS = re.compile(r"\n{3,}")
_ONE_BLANK = "\n\n"
_COMMON = ("config", "log_format", "quiet", "verbose", "help")


def pages() -> dict[str, str]:
    """Return every generated page by its path in `docs/`."""
    return {
        path: f"{_NOTE}\n{_BLANKS.sub(_ONE_BLANK, text.strip())}\n"
        for path, text in {
            "reference/cli.md": _cli(),
            "reference/python.md": python_reference(),
            "reference/settings.md": _settings(),
            "reference/answers.md": _answers(),
            "reference/tables.md": _tables(),
            "reference/exit-codes.md": _exit_codes(),
            "explanation/questions.md": _questions(),
        }.items()
    }


def _cli() -> str:
    parts = [
        "# Command line",
        "`crime-pipelines COMMAND --help` prints the same. Options come from the command line, then from the "
        "variable named beside them, then from `crime-pipelines.toml` ([settings](settings.md)).",
        "## Options of every command",
        _options((), [each for each in cli.params if each.name in _COMMON]),
    ]
    for path, command in _commands(cli, ()):
        if not path:
            continue
        context = click.Context(command, info_name=" ".join(("crime-pipelines", *path)))
        parts += [
            f"{'#' * (len(path) + 1)} {' '.join(path)}",
            f"```text\n{' '.join(context.get_usage().split()).removeprefix('Usage: ')}\n```",
            _help(command),
            _options(path, [each for each in command.params if each.name not in _COMMON]),
        ]
    return "\n\n".join(filter(None, parts))


def _commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _commands(below, (*path, name))


def _help(command: click.Command) -> str:
    """Return a command's help as Markdown: a paragraph behind click's mark stays as it stands."""
    text = inspect.cleandoc(command.help or "")
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        f"```text\n{each.removeprefix(chr(8)).strip(chr(10))}\n```"
        if each.startswith("\b")
        else _escaped(each)
        for each in paragraphs
    )


def _options(path: tuple[str, ...], parameters: Sequence[click.Parameter]) -> str:
    rows = []
    for each in parameters:
        if not isinstance(each, click.Option) or each.name == "version":
            continue
        context = click.Context(click.Command("any"))
        record = each.get_help_record(context)
        names, text = record if record else ("", "")
        variable = "" if each.name == "help" else f"`{variable_of(path, each)}`"
        rows.append((f"`{names}`".replace("|", "\\|"), _cell(text), variable))
    return _table(("option", "what", "variable"), rows) if rows else ""


def _settings() -> str:
    cloud = [(f"`{name}`", f"`{variable}`") for name, variable in VARIABLES.items()]
    return "\n\n".join(
        [
            "# Settings",
            "Options of commands come from the command line, then from a variable, then from "
            "`crime-pipelines.toml` in the current folder or the nearest folder above it "
            "([everyday use](../how-to/everyday-use.md#settings)). The [command line](cli.md) lists each option "
            "with its variable.",
            "## The cloud's names",
            "The jobs, the functions and the commands that speak to Google Cloud read these; "
            "[the architecture](../architecture.md#names-and-settings) says what each is and what it is unless set.",
            _table(("setting", "variable"), cloud),
            "## This machine",
            _table(
                ("variable", "what"),
                [
                    ("`CRIME_PIPELINES_CACHE`", "Folder for what is made or fetched once for the machine."),
                    ("`CRIME_PIPELINES_CONFIG`", "The settings file, as `--config`."),
                    ("`NO_COLOR`", "Set to anything: no colours."),
                    ("`TMPDIR`", "Folder for temporary files."),
                ],
            ),
        ]
    )


def _answers() -> str:
    parts = [
        "# Answers and their columns",
        "`answers/NAME.csv` of an output, the table `crime_answers.NAME` in BigQuery, `result.answers[NAME]` in "
        "Python, a sheet or a table of an export. [The questions](../explanation/questions.md) shows how each is "
        "computed.",
    ]
    for question in QUESTIONS:
        parts += _described(question)
    parts.append("# Analyses\n\n`analysis/NAME.csv`, beside the answers; `--no-analysis` leaves them out.")
    for question in (*ANALYSES, *OPTIONAL_ANALYSES):
        parts += _described(question)
    parts.append("# Files of an output")
    parts.append("## incidents\n\n`incidents/year=YYYY/*.parquet`, one row per incident.")
    parts.append(_columns(INCIDENTS.columns))
    parts.append("## rejects\n\n`rejects/*.parquet`, one row per row that can't become an incident.")
    parts.append(_columns(LAKE_REJECTS.columns))
    return "\n\n".join(parts)


def _described(question: Question) -> list[str]:
    caveats = "\n".join(f"- {_escaped(each)}" for each in question.caveats)
    return [f"## {question.name}", _escaped(question.wording), _columns(question.columns), caveats]


def _columns(columns: Sequence[Column]) -> str:
    return _table(
        ("column", "type", "what"),
        [(f"`{each.name}`", each.type, _cell(each.description)) for each in columns],
    )


def _tables() -> str:
    parts = [
        "# Tables and views of the warehouse",
        "Tables of BigQuery's dataset `crime`, then its views; the answers' tables in `crime_answers` are "
        "[the answers](answers.md).",
    ]
    for table in (each for each in vars(warehouse).values() if isinstance(each, Table)):
        parts += [f"## {table.name}", _escaped(table.description), _columns(table.columns)]
    parts.append("# Views")
    for view in views("project", "crime"):
        parts += [f"## {view.name}", _escaped(view.description), _columns(view.columns)]
    return "\n\n".join(parts)


def _exit_codes() -> str:
    return "\n\n".join(
        [
            "# Exit codes and reject reasons",
            "An error that you can mend is one line on standard error: what, where, what to do.",
            _table(("code", "meaning"), [(str(code), text) for code, text in EXIT_CODES.items()]),
            "## Reject reasons",
            "A row that can't become an incident is kept whole in `rejects/` with one of",
            _table(
                ("reason", "what"),
                [(f"`{each.value}`", _REASONS[each]) for each in Reason],
            ),
            "## Fields",
            "Any other field that can't be read becomes null and is counted in `run.json` under `warnings`.",
            _table(
                ("field", "needed", "what"),
                [
                    (f"`{each.name}`", "yes" if each.needed else "", _cell(each.description))
                    for each in FIELDS
                ],
            ),
        ]
    )


_REASONS = {
    Reason.MALFORMED_ROW: "The row can't be split into its fields.",
    Reason.MISSING_ID: "It has no ID.",
    Reason.BAD_ID: "Its ID is no whole number.",
    Reason.MISSING_DATE: "It has no date.",
    Reason.BAD_DATE: "Its date can't be read, or is in no calendar.",
    Reason.DATE_WITHOUT_TIME: "Its date has no time of day.",
    Reason.BAD_ARREST: "It does not say whether there was an arrest.",
}


def _questions() -> str:
    parts = [
        "# The questions and their SQL",
        "Each question is a SELECT in BigQuery's dialect over the incidents; SQLGlot translates it for DuckDB and "
        "Spark. Where SQL can't express the answer, Python finishes it from the rows that the SQL gives. "
        "[Add a question](../how-to/add-a-question.md) says how a folder becomes one.",
    ]
    for question in (*QUESTIONS, *ANALYSES, *OPTIONAL_ANALYSES):
        finish = "" if question.is_sql_alone else "Python finishes the answer from these rows."
        sql = f"```sql\n{question.sql.strip()}\n```"
        parts += [f"## {question.name}", _escaped(question.wording), sql, finish]
    return "\n\n".join(filter(None, parts))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*").replace("[default", "\\[default")


def main() -> int:
    """Write the pages."""
    for path, text in pages().items():
        (DOCS / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
