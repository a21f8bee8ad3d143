"""The page as PDF, printed by a browser of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from crime_pipelines.errors import PipelineError

#: Browsers that print without a window, by the names of their programs.
BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
_SECONDS: Final = 120


def find_browser() -> str | None:
    """Return a browser that can print the page; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_page(browser: str, page: Path, pdf: Path) -> None:
    """Print the page.

    Args:
        browser: the browser's program.
        page: the page.
        pdf: the file to write.

    Raises:
        PipelineError: the browser did not do it.
    """
    with tempfile.TemporaryDirectory() as profile:
        new = pdf.with_name(f".{pdf.name}.new")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--no-pdf-header-footer",
            # On the page's own clock, which does not tick while it works: its script fills its tables first.
            "--virtual-time-budget=10000",
            f"--user-data-dir={profile}",
            f"--print-to-pdf={new.resolve()}",
            # Its sandbox does not run as root, as in a container; the page holds no script but its own.
            *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
            page.resolve().as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603
            new.replace(pdf)
        except (OSError, subprocess.SubprocessError) as error:
            raise PipelineError(f"{browser}: could not print {page} ({error})") from error
        finally:
            new.unlink(missing_ok=True)
