"""The frame of both Dataproc jobs: their command line, the attempt, the files, and how they end.

Until `libraries.activate` has been called nothing but PySpark and the standard library may be imported.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from crime_pipelines.cloud.dataproc import driver_libraries as libraries
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.periods.as_of import LATEST, read_as_of
from crime_pipelines.errors import InputError, PipelineError, no_incident
from crime_pipelines.spark.session import configure

if TYPE_CHECKING:
    from crime_pipelines.cloud.manifest import Manifest
    from crime_pipelines.schema.row_counts import RowCounts
    from crime_pipelines.spark.files import Located

_MOMENT = "%Y-%m-%d %H:%M:%S"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a run.

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
        """The day of the answers; None for the end of the covered period.

        Raises:
            InputError: it is not a day.
        """
        try:
            day = read_as_of(self.options.as_of)
        except ValueError as error:
            raise InputError(f"--as-of {error}") from error
        return day.isoformat() if day else None

    def files(self) -> list[Located]:
        """Resolve the input to files.

        Raises:
            InputError: there are none, one can't be read or is of another department, or the layout can't be
                read.
        """
        from crime_pipelines.cloud.file_lists import files_of
        from crime_pipelines.cloud.layouts import layout_at
        from crime_pipelines.cloud.settings import Settings
        from crime_pipelines.sources import resolve_for_warehouse
        from crime_pipelines.spark.files import Located

        layout = layout_at(Settings(self.options.project), self.options.layout)
        found = [
            Located(file, file.location)
            for source in files_of(self.options.input)
            for file in resolve_for_warehouse(source, layout)
        ]
        for located in found:
            if not (located.file.form.is_plain or located.file.gzipped):
                raise InputError(
                    f"{located.file.uri}: is {located.file.form}; Dataproc jobs read comma-separated text, "
                    "plain or gzipped: save it as that, or read it by 'crime-pipelines run'"
                )
            if located.file.gzipped != located.is_packed:
                packed = "is" if located.file.gzipped else "is not"
                raise InputError(
                    f"{located.file.uri}: {packed} packed with gzip, which its name must say (.gz)"
                )
        return found

    def judge(self, files: Sequence[Located], row_counts: RowCounts, rejects: DataFrame) -> None:
        """Refuse an input with too many rejects, or in another layout than its headings say.

        Args:
            files: the files read.
            row_counts: what became of their rows.
            rejects: reason, source_file and raw_row of the rejects.

        Raises:
            PipelineError: the input is refused.
        """
        from pyspark.sql import functions as F  # noqa: N812 - as everyone writes it

        from crime_pipelines.quality.gate import Rejects, judge

        if row_counts.rejected:
            counts = rejects.groupBy("source_file", "reason").count().collect()
            examples = rejects.groupBy("reason").agg(F.min(F.struct("source_file", "raw_row"))).collect()
            known = Rejects(
                {(row[0], row[1]): row[2] for row in counts}, {row[0]: tuple(row[1]) for row in examples}
            )
        else:
            known = Rejects({}, {})
        rows = {file.name: file.rows_counted for file in row_counts.files}
        sources = [located.file for located in files]
        judge(self.options.input, sources, rows, row_counts.rejected, known, self.options.max_rejected)

    def manifest(
        self,
        architecture: int,
        files: Sequence[Located],
        row_counts: RowCounts,
        latest: datetime | None,
        incidents: str | None = None,
        rejects: str | None = None,
    ) -> Manifest:
        """Make the attempt's manifest.

        Args:
            architecture: 1 or 2.
            files: the files read.
            row_counts: what became of their rows.
            latest: the end of the covered period; None without incidents.
            incidents: where the versions are in the lake.
            rejects: where the rejects are in the lake.

        Returns:
            The manifest.

        Raises:
            PipelineError: no row is an incident, rows were lost, or a file was changed while it was read.
        """
        from crime_pipelines.cloud.manifest import Manifest
        from crime_pipelines.sources.storage import refuse_changed

        refuse_changed(located.file for located in files)
        if latest is None:
            raise no_incident(self.options.input, row_counts.rejected)
        return Manifest(
            run_id=self.options.run_id,
            attempt=self.name,
            architecture=architecture,
            source=self.options.input,
            layout=str(files[0].file.layout),
            department=files[0].file.layout.department,
            files=row_counts.files,
            engine="spark",
            started_at=self.started_at,
            finished_at=_now(),
            shift_years=self.options.shift_years,
            as_of=self.as_of,
            read=row_counts.read,
            versions=row_counts.incidents,
            rejected=row_counts.rejected,
            warnings=row_counts.warnings,
            latest=latest.isoformat(sep=" "),
            incidents=incidents,
            rejects=rejects,
        )


def options_of(description: str) -> argparse.ArgumentParser:
    """Return the options that both jobs have.

    Args:
        description: what the job does.

    Returns:
        The parser, for further options.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--input", required=True, metavar="URI", help="a file, folder or glob of CSV files")
    parser.add_argument("--run-id", required=True, metavar="ID", help="the run's name")
    parser.add_argument("--shift-years", type=int, required=True, metavar="N", help="years to move dates by")
    parser.add_argument(
        "--as-of",
        default=LATEST,
        metavar="DATE",
        help="day of the answers, YYYY-MM-DD [default: %(default)s, the end of the covered period]",
    )
    parser.add_argument(
        "--layout",
        default=CHICAGO.name,
        metavar="NAME|URI",
        help="the department's layout: a bundled one, or a .toml file's gs:// URI [default: %(default)s]",
    )
    parser.add_argument(
        "--max-rejected",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="share of the rows that may be rejected; with more, nothing is written [default: %(default)s]",
    )
    parser.add_argument("--topic", required=True, help="where to say that it is done")
    parser.add_argument("--project", required=True, help="the Google Cloud project")
    return parser


def run(parser: argparse.ArgumentParser, work: Callable[[Attempt], None]) -> NoReturn:
    """Do a job and end the process: 0 done, 1 failed, 2 the input or the call is wrong, 3 too many rejects.

    Args:
        parser: the command line.
        work: the job.
    """
    options = parser.parse_args()
    now = datetime.now(UTC)
    spark = SparkSession.builder.appName(f"crime-pipelines {options.run_id}").getOrCreate()
    configure(spark)
    libraries.activate(spark)
    from crime_pipelines.cloud.run_ids import checked
    from crime_pipelines.support.logs import log_fields, set_up_logs

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
