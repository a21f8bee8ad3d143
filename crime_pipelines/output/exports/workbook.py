"""A workbook for spreadsheets: a sheet for each answer, one about the run, the incidents where they fit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.errors import InputError, PipelineError
from crime_pipelines.output.exports.contents import Contents
from crime_pipelines.output.record import RunRecord
from crime_pipelines.schema.columns import Column
from crime_pipelines.support.extras import how_to_install

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

#: What a sheet holds at most, its headings among the rows, and a cell.
_GREATEST_ROWS: Final = 1_048_576
_GREATEST_TEXT: Final = 32_767
#: Days before this one a workbook does not know.
_FIRST_DAY: Final = date(1900, 1, 1)
_WIDTHS: Final = {"text": 28, "datetime": 18, "date": 12}
_log = logging.getLogger(__name__)


def refuse_workbook(folder: Path, record: RunRecord, with_incidents: bool) -> None:
    """Refuse a workbook that can't be written.

    Args:
        folder: the run's output.
        record: what the run says of itself.
        with_incidents: whether the workbook is to hold the incidents.

    Raises:
        InputError: there are more incidents than a sheet has rows, or XlsxWriter is not installed.
    """
    if find_spec("xlsxwriter") is None:
        raise InputError(f"--to xlsx needs XlsxWriter: {how_to_install('excel')}")
    if with_incidents and record.incidents >= _GREATEST_ROWS:
        raise InputError(
            f"{folder}: has {record.incidents:,} incidents, and a sheet {_GREATEST_ROWS:,} rows; "
            "export them --to duckdb or sqlite"
        )


def write_workbook(contents: Contents, path: Path) -> None:
    """Write a workbook.

    Args:
        contents: what it holds.
        path: the file.

    Raises:
        PipelineError: it can't be written.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True,  # rows are written in order and not held
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(str(path), options)
    sheets = _Sheets(book)
    sheets.add_about(contents)
    for name, answer in contents.answers.items():
        sheets.add(name, answer.question.columns, [answer.rows])
    if contents.with_incidents:
        sheets.add("incidents", contents.incident_columns, contents.incidents())
    try:
        book.close()
    except FileCreateError as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, OSError):
            raise cause from error
        raise PipelineError(f"{path}: can't be written ({error})") from error


class _Sheets:
    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._bold: Format = book.add_format({"bold": True, "bottom": 1})
        self._day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._wrapped: Format = book.add_format({"text_wrap": True, "valign": "top"})

    def add_about(self, contents: Contents) -> None:
        """Add the sheet that says what the answers are."""
        sheet = self._book.add_worksheet("about")
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 100)
        lines = contents.about()
        for answer in contents.answers.values():
            question = answer.question
            lines.append((question.name, question.wording))
            lines += [(question.name, caveat) for caveat in question.caveats]
            lines += [(f"{question.name}.{each.name}", each.description) for each in question.columns]
        for row, (name, text) in enumerate(lines):
            sheet.write_string(row, 0, _fitting(name))
            sheet.write_string(row, 1, _fitting(text), self._wrapped)

    def add(self, name: str, columns: Sequence[Column], batches: Iterable[Sequence[tuple[Any, ...]]]) -> None:
        """Add a table."""
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for position, column in enumerate(columns):
            sheet.set_column(position, position, max(_WIDTHS.get(column.type, 10), len(column.name) + 3))
            sheet.write_string(0, position, column.name, self._bold)
        row = 0
        for rows in batches:
            for values in rows:
                row += 1
                for position, value in enumerate(values):
                    self._write(sheet, row, position, value)
        sheet.autofilter(0, 0, row, len(columns) - 1)

    def _write(self, sheet: Worksheet, row: int, column: int, value: Any) -> None:
        """Write a value by its type: a text stays a text, whatever it begins with."""
        match value:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, value)
            case int() | float():
                sheet.write_number(row, column, value)
            case date() if _day(value) < _FIRST_DAY:
                sheet.write_string(row, column, str(value))
            case datetime():
                sheet.write_datetime(row, column, value, self._moment)
            case date():
                sheet.write_datetime(row, column, value, self._day)
            case _:
                sheet.write_string(row, column, _fitting(str(value)))


def _fitting(text: str) -> str:
    """Cut a text to what a cell can hold."""
    if len(text) <= _GREATEST_TEXT:
        return text
    _log.warning("a text of %s characters is cut to the %s of a cell", len(text), _GREATEST_TEXT)
    return f"{text[: _GREATEST_TEXT - 3]}..."


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
