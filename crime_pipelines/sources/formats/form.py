"""The form that a file is stored in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: The endings of names that a folder as SOURCE takes.
TEXT_ENDINGS: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
PACKED_ENDINGS: Final = (".gz", ".bz2", ".xz", ".zst")
ENDINGS: Final = (
    *TEXT_ENDINGS,
    *(text + packed for text in TEXT_ENDINGS for packed in PACKED_ENDINGS),
    ".parquet",
    ".zip",
)


class Packing(StrEnum):
    """The packing of a file."""

    NONE = "plain"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    ZIP = "zip"


class Content(StrEnum):
    """The rows of a file, once it is unpacked."""

    CSV = "CSV"
    JSON_ARRAY = "a JSON array"
    JSON_LINES = "JSON lines"
    PARQUET = "Parquet"


@dataclass(frozen=True, slots=True)
class Form:
    """The form that a file is stored in.

    Attributes:
        packing: how it is packed.
        content: its rows.
        separator: what separates the fields of `Content.CSV`.
        member: the name of the file in a zip archive.
    """

    packing: Packing = Packing.NONE
    content: Content = Content.CSV
    separator: str = ","
    member: str = ""

    @property
    def is_plain(self) -> bool:
        """Tell whether the stored bytes are comma-separated text."""
        return self == PLAIN

    @property
    def is_rewritten(self) -> bool:
        """Tell whether its rows, unpacked, are no comma-separated text."""
        return self.content is not Content.CSV or self.separator != ","

    def __str__(self) -> str:
        """Name the form as in ``semicolon-separated text packed with xz``."""
        names = {",": "comma", "\t": "tab", ";": "semicolon"}
        is_csv = self.content is Content.CSV
        rows = f"{names[self.separator]}-separated text" if is_csv else str(self.content)
        return rows if self.packing is Packing.NONE else f"{rows} packed with {self.packing}"


PLAIN: Final = Form()
