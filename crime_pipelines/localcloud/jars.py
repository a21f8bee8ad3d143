"""Jars for the local cloud, fetched from Maven Central and checked by their hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crime_pipelines.errors import PipelineError
from crime_pipelines.support.cache import cache_folder, locked

#: The variable by which a user says where jars are fetched from.
MAVEN: Final = "CRIME_PIPELINES_MAVEN"
_MAVEN_CENTRAL: Final = "https://repo1.maven.org/maven2"
_PATIENCE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar on Maven Central.

    Attributes:
        path: its path in the repository.
        sha256: its hash.
    """

    path: str
    sha256: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.path.rpartition("/")[2]


#: Google's connectors, of the versions that Dataproc's image 2.3 brings.
JARS: Final = (
    Jar(
        "com/google/cloud/spark/spark-3.5-bigquery/0.42.1/spark-3.5-bigquery-0.42.1.jar",
        "7b2ebefdf3f4db3874419b2f1d80d28774bc46f26387362f02c9990b002e759a",
    ),
    Jar(
        "com/google/cloud/bigdataoss/gcs-connector/hadoop3-2.2.25/gcs-connector-hadoop3-2.2.25-shaded.jar",
        "a24d5c385b4a4879ccd47c627d4860d7fcd9f7a21f2bda3c262b14193108a92f",
    ),
)


def fetched(jar: Jar) -> Path:
    """Fetch a jar unless it is here.

    Args:
        jar: which.

    Returns:
        The file, whose content is what its hash says.

    Raises:
        PipelineError: it can't be fetched, or is another file.
    """
    folder = cache_folder() / "jars"
    folder.mkdir(exist_ok=True)
    target = folder / jar.name
    with locked("jars"):
        if target.is_file() and _sha256(target) == jar.sha256:
            return target
        url = f"{os.environ.get(MAVEN, _MAVEN_CENTRAL)}/{jar.path}"
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
            try:
                with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310
                    shutil.copyfileobj(answer, part)
            except OSError as error:
                Path(part.name).unlink()
                raise PipelineError(
                    f"{url}: can't be fetched ({error}); put the file into {folder}, or name another "
                    f"Maven repository in {MAVEN}"
                ) from error
        found = _sha256(Path(part.name))
        if found != jar.sha256:
            Path(part.name).unlink()
            raise PipelineError(f"{url}: is not the file that was expected (SHA-256 {found})")
        Path(part.name).replace(target)
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
