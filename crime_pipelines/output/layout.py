"""The folders of a run's output, beside those that an engine writes (`engines.base`)."""

from __future__ import annotations

from typing import Final

ANSWERS: Final = "answers"
ANALYSIS: Final = "analysis"
REPORT: Final = "report"
#: All of it, and nothing else, is fit to be published.
PUBLIC: Final = "public"
#: The page of the report, and of what is to be published.
PAGE: Final = "index.html"
