"""A demonstration: a file goes through a cloud on this machine until its answers are in BigQuery.

What every kind of demonstration shares stands here; how the file goes through is a drive of its own.
"""

from __future__ import annotations

import platform
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from crime_pipelines import __version__
from crime_pipelines.cloud.clients import storage_client, warehouse_client
from crime_pipelines.cloud.functions.charts import record_of
from crime_pipelines.cloud.functions.surges import SURGES_PUBLISHED
from crime_pipelines.cloud.warehouse.answers import read
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.domain.layouts.model import Layout
from crime_pipelines.errors import InputError
from crime_pipelines.layouts import layout_named
from crime_pipelines.localcloud.calls.record import as_csv
from crime_pipelines.localcloud.cloud import LocalCloud
from crime_pipelines.localcloud.demos import batch_demo, stream_demo
from crime_pipelines.localcloud.demos.demo_steps import Steps
from crime_pipelines.localcloud.pubsub_watch import Watch, watching
from crime_pipelines.output.atomic_replace import refuse_overlap, refuse_place, workplace
from crime_pipelines.output.known_names import names_of_a_demo
from crime_pipelines.output.layout import ANSWERS, REPORT
from crime_pipelines.output.record import RunRecord
from crime_pipelines.questions import Answer
from crime_pipelines.sources import SourceFile, resolve
from crime_pipelines.support.destinations import refuse_file
from crime_pipelines.support.interrupts import set_unfinished
from crime_pipelines.synthetic import generate

#: How a file goes through the cloud, by the architecture's name; each gives the run's id. The number is the
#: architecture that the cloud is set up for.
DRIVES: Final[dict[str, tuple[int, Callable[[LocalCloud, Watch, Steps, SourceFile], str]]]] = {
    "1": (1, batch_demo.drive),
    "2": (2, batch_demo.drive),
    "streaming": (1, stream_demo.drive),
}
_DEFECTS: Final = 0.005


@dataclass(slots=True)
class DemoRecord(RunRecord):
    """The record of a demonstration: `run.json`.

    Attributes:
        architecture: which way the file went.
        run_id: the run.
        steps: each step: its name, what it did, its seconds, and what it moved.
    """

    architecture: str = ""
    run_id: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """A demonstration that is over, and whose cloud is up.

    Attributes:
        record: what the demonstration says of itself.
        answers: the answers by name.
        variables: a shell script that points a shell's commands to the cloud.
    """

    record: DemoRecord
    answers: Mapping[str, Answer]
    variables: Path


def demo(
    source: str | None,
    out: Path,
    architecture: str,
    told: Callable[[str], None],
    *,
    rows: int = 20_000,
    seed: int = 1,
    layout: str | None = None,
    keep: Callable[[Kept], None] | None = None,
    calls: Path | None = None,
) -> tuple[DemoRecord, Mapping[str, Answer]]:
    """Send a file through a local cloud and read the answers back from BigQuery.

    Args:
        source: the file; without one, a generated file.
        out: the folder for the output; what an earlier run wrote there is replaced at the end, at once, or
            left as it was. Files that no run wrote stay.
        architecture: one of `DRIVES`.
        told: called with a line for each thing that happens.
        rows: rows of the generated file.
        seed: its seed.
        layout: the layout of the file, by its name or its TOML file; told by its headings unless given, and
            the City of Chicago's for a generated file.
        keep: called at the end, while the cloud is up; it goes down when this returns or is interrupted.
        calls: the file for what each service account called, as CSV.

    Returns:
        What the demonstration says of itself, and the answers by name.

    Raises:
        InputError: the input can't be read, the output can't be put there, or this machine lacks something.
        PipelineError: something goes wrong on the way.
    """
    for_architecture, drive = DRIVES[architecture]
    if calls is not None:
        refuse_file(calls)
    refuse_place(out, names_of_a_demo())
    known = layout_named(layout or CHICAGO.name)
    files = _one_file(source, out, known if layout else None) if source else []
    steps = Steps(told)
    with workplace(out) as place, ExitStack() as up:
        if not files:
            with steps.step("generate", "a file of incidents is made up") as moved:
                made = generate(
                    place.scratch / "crimes.csv.gz",
                    rows,
                    seed=seed,
                    defects=_DEFECTS if known == CHICAGO else 0,
                    layout=str(known),
                )
                moved.update(rows=made.rows, bytes=made.bytes)
            files = resolve(str(made.path), layout=known)
        own = str(files[0].layout)
        cloud = up.enter_context(_started(place.scratch / "cloud", for_architecture, own, steps))
        watch = up.enter_context(watching(cloud))
        client = up.enter_context(closing(warehouse_client(cloud.settings)))
        run_id = drive(cloud, watch, steps, files[0])
        with steps.step("report", "render_charts draws the report") as moved:
            moved.update(_fetch_report(cloud, watch, run_id, place.folder / REPORT))
        with steps.step("surges", "watch_surges publishes areas with far more incidents than usual") as moved:
            done, *_ = watch.until(lambda: watch.logged("watch_surges", SURGES_PUBLISHED, run_id))
            moved.update(surges=done["surges"])
        with steps.step("answers", "the answers are read back from BigQuery") as moved:
            answers = read(cloud.settings, client)
            moved.update({name: len(answer.rows) for name, answer in answers.items()})
        if calls is not None:
            calls.write_text(as_csv(cloud.calls), encoding="utf-8")
        told_of = record_of(client, cloud.settings, run_id)
        if keep is None:
            with steps.step("down", "the local cloud goes down"):
                up.close()
        (place.folder / ANSWERS).mkdir()
        for name, answer in answers.items():
            answer.write_csv(place.folder / ANSWERS / f"{name}.csv")
        record = _record(told_of, source or "a generated file", architecture, run_id, steps)
        record.write(place.folder)
        aside = place.publish()
        if keep is not None:
            variables = place.scratch / "variables.sh"
            lines = (f"export {name}={shlex.quote(value)}\n" for name, value in cloud.environment.items())
            variables.write_text("".join(lines), encoding="utf-8")
            set_unfinished()
            with suppress(KeyboardInterrupt):
                keep(Kept(record, answers, variables))
    if aside:
        told(f"{out}: files that were put there meanwhile are now in {aside}")
    return record, answers


def _one_file(source: str, out: Path, layout: Layout | None) -> list[SourceFile]:
    if not Path(source).is_file():
        raise InputError(f"{source}: is not a file on this machine")
    files = resolve(source, layout=layout)
    refuse_overlap(out, [file.uri for file in files])
    return list(files)


@contextmanager
def _started(folder: Path, architecture: int, layout: str, steps: Steps) -> Iterator[LocalCloud]:
    folder.mkdir()
    cloud = LocalCloud(folder, architecture, steps.tell, layout=layout)
    with steps.step("up", "the local cloud comes up"):
        cloud.__enter__()
    try:
        yield cloud
    finally:
        cloud.close()


def _fetch_report(cloud: LocalCloud, watch: Watch, run_id: str, folder: Path) -> dict[str, Any]:
    """Wait for the report, whose page is written last, and fetch it."""
    storage = storage_client(cloud.settings)
    bucket = storage.bucket(cloud.settings.report_bucket)
    # The page under latest/ is written after all under runs/.
    watch.until(lambda: bucket.blob("latest/index.html").exists())
    files, size, prefix = 0, 0, f"runs/{run_id}/"
    for blob in storage.list_blobs(bucket, prefix=prefix):
        target = folder / blob.name.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(str(target))
        files, size = files + 1, size + target.stat().st_size
    return {"files": files, "bytes": size}


def _record(told_of: RunRecord, source: str, architecture: str, run_id: str, steps: Steps) -> DemoRecord:
    told = {each.name: getattr(told_of, each.name) for each in fields(told_of)}
    own = {
        "source": source,
        "seconds": {each.name: each.seconds for each in steps.done},
        "versions": {"crime-pipelines": __version__, "python": platform.python_version()},
    }
    return DemoRecord(
        **{**told, **own},
        architecture=architecture,
        run_id=run_id,
        steps=[
            {"step": each.name, "what": each.what, "seconds": each.seconds, "moved": each.moved}
            for each in steps.done
        ],
    )
