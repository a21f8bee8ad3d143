"""`python docs/pictures.py`: draw the documentation's pictures from a real run, with Chromium.

`--check` says whether they are older than the code that draws what they show.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import crime_pipelines
from crime_pipelines.report.printing import find_browser

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
_DIGEST = IMAGES / "code.sha256"
_DRAWN_BY = ("crime_pipelines/report", "crime_pipelines/synthetic", "docs/pictures.py")
_ROWS = 60_000
_SIZE = (1200, 1250)
_GREATEST_BYTES = 400_000


def digest() -> str:
    """Return a digest of the code that draws the pictures."""
    found = hashlib.sha256()
    for name in _DRAWN_BY:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix in (".py", ".js", ".css", ".html"):
                found.update(f"{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def draw() -> None:
    """Run the pipeline over a generated file, and take a picture of the head of its report."""
    browser = find_browser()
    if browser is None:
        sys.exit("docs/pictures.py needs Chromium, Chrome or Edge")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = crime_pipelines.generate(Path(folder, "crimes.csv.gz"), _ROWS)
        result = crime_pipelines.run(made.path, Path(folder, "out"))
        shot = Path(folder, "report.png")
        command = [
            browser, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--virtual-time-budget=10000", f"--window-size={_SIZE[0]},{_SIZE[1]}",
            f"--user-data-dir={folder}/profile", f"--screenshot={shot}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            (result.out / "report" / "index.html").as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        content = shot.read_bytes()
    if len(content) > _GREATEST_BYTES:
        sys.exit(f"the picture has {len(content):,} bytes, more than {_GREATEST_BYTES:,}")
    (IMAGES / "report.png").write_bytes(content)
    _DIGEST.write_text(f"{digest()}\n", encoding="utf-8")


def is_current() -> bool:
    """Tell whether the pictures were drawn by the code as it is now."""
    return _DIGEST.is_file() and _DIGEST.read_text(encoding="utf-8").strip() == digest()


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if is_current() else "docs/images: older than the code that draws them; run make pictures")
    draw()
