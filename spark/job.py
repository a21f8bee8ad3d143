"""What both Dataproc jobs share: their command line, the attempt, the files, and how they end.

Until `libraries.activate` has been called nothing but PySpark and the standard library may be imported.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NoReturn

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from crime_pipelines import libraries
from crime_pipelines.errors import InputError, PipelineError, no_incident
from crime_pipelines.spark.session import configure

if TYPE_CHECKING:
    from crime_pipelines.manifest import Manifest
    from crime_pipelines.spark.lines import Located
    from crime_pipelines.spark.writing import Account

_MOMENT = "%Y-%m-%d %H:%M:%S"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run.

    Attributes:
        spark: the session.
        options: the job's command line.
        name: tells it apart from the run's other attempts.
        started_at: when it began, UTC.
    """

    spark: SparkSession
    options: argparse.Namespace
    name: str
    started_at: str

    @property
    def as_of(self) -> str | None:
        """The day of the answers; None for the latest incident.

        Raises:
            InputError: it is no day.
        """
        text: str = self.options.as_of
        try:
            return date.fromisoformat(text).isoformat() if text else None
        except ValueError as error:
            raise InputError(f"--as-of {text}: not a day such as 2021-10-31") from error

    def files(self) -> list[Located]:
        """The files that the input means, looked at.

        Raises:
            InputError: there are none, or one can't be read.
        """
        from crime_pipelines.sources import resolve
        from crime_pipelines.spark.lines import Located

        found = resolve(self.options.input)
        for file in found:
            if file.gzipped != file.uri.endswith(".gz"):
                packed = "is" if file.gzipped else "is not"
                raise InputError(f"{file.uri}: {packed} packed with gzip, which its name must say (.gz)")
        return [Located(file, file.uri) for file in found]

    def manifest(
        self,
        architecture: int,
        files: Sequence[Located],
        account: Account,
        incidents: str | None = None,
        rejects: str | None = None,
    ) -> Manifest:
        """What the attempt says of itself.

        Args:
            architecture: 1 or 2.
            files: the files read.
            account: what became of their rows.
            incidents: where the versions are in the lake.
            rejects: where the rejects are in the lake.

        Returns:
            The manifest.

        Raises:
            InputError: no row is an incident.
        """
        from crime_pipelines.manifest import Manifest

        if account.latest is None:
            raise no_incident(self.options.input, account.rejected)
        return Manifest(
            run_id=self.options.run_id,
            attempt=self.name,
            architecture=architecture,
            source=self.options.input,
            files=[located.file.uri for located in files],
            engine="spark",
            started_at=self.started_at,
            finished_at=_now(),
            shift_years=self.options.shift_years,
            as_of=self.as_of,
            read=account.read,
            versions=account.versions,
            rejected=account.rejected,
            warnings=account.warnings,
            latest=account.latest.isoformat(sep=" "),
            incidents=incidents,
            rejects=rejects,
        )


def options_of(description: str) -> argparse.ArgumentParser:
    """The options that both jobs have.

    Args:
        description: what the job does.

    Returns:
        The parser, for further options.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--input", required=True, metavar="URI", help="a file, folder or glob of CSV files")
    parser.add_argument("--run-id", required=True, metavar="ID", help="the run's name")
    parser.add_argument("--shift-years", type=int, required=True, metavar="N", help="years to move dates by")
    parser.add_argument("--as-of", default="", metavar="DATE", help="day of the answers; empty: the latest")
    parser.add_argument("--topic", required=True, help="where to say that it is done")
    parser.add_argument("--project", required=True, help="the Google Cloud project")
    return parser


def run(parser: argparse.ArgumentParser, work: Callable[[Attempt], None]) -> NoReturn:
    """Do a job and end the process: 0 done, 1 failed, 2 the input or the call is wrong.

    Args:
        parser: the command line.
        work: the job.
    """
    options = parser.parse_args()
    now = datetime.now(UTC)
    spark = SparkSession.builder.appName(f"crime-pipelines {options.run_id}").getOrCreate()
    configure(spark)
    libraries.activate(spark)
    from crime_pipelines.logs import log_fields, set_up_logs
    from crime_pipelines.run_ids import checked

    set_up_logs("json")
    code = 0
    with log_fields(run_id=options.run_id):
        try:
            checked(options.run_id)
            work(
                Attempt(spark, options, f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", now.strftime(_MOMENT))
            )
        except PipelineError as error:
            code = _failed(str(error), error.exit_code)
        except (PySparkException, Py4JJavaError) as error:
            code = _failed(" ".join(str(error).split()), 1)
    spark.stop()
    sys.exit(code)


def _failed(why: str, code: int) -> int:
    """Say why, for the log and for whoever reads the job's last line."""
    _log.error("run failed", extra={"why": why})
    sys.stderr.write(f"Error: {why}\n")
    return code


def _now() -> str:
    return datetime.now(UTC).strftime(_MOMENT)
