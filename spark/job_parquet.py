"""Architecture 1 on Dataproc: incident files to Parquet in Cloud Storage, announced on Pub/Sub.

    spark-submit job_parquet.py --input URI --run-id ID --shift-years N --as-of DATE|latest --layout NAME|URI
        --output gs://LAKE/runs --topic TOPIC --project PROJECT

An attempt writes into a folder of its own. The manifest names that folder; it is written last, in one
request, and readers follow nothing else. So half a run is never seen, and a repeated one replaces the first.
"""

from __future__ import annotations

from crime_pipelines.spark import job


def to_lake(attempt: job.Attempt) -> None:
    """Do the job.

    Args:
        attempt: the attempt.

    Raises:
        PipelineError: the input can't be read, no row of it is an incident, or rows were lost.
    """
    from crime_pipelines.cloud.clients import blob_at, publish
    from crime_pipelines.cloud.manifest import FILE
    from crime_pipelines.cloud.settings import Settings
    from crime_pipelines.errors import PipelineError
    from crime_pipelines.spark.counting.by_file import covered_to, read_versions
    from crime_pipelines.spark.files import delete, reader
    from crime_pipelines.spark.parquet_writer import write_rows

    options = attempt.options
    settings = Settings.from_environment(project=options.project, architecture=1)
    run = f"{options.output.rstrip('/')}/{options.run_id}"
    folder = f"{run}/attempts/{attempt.name}"
    incidents, rejects = f"{folder}/incidents", f"{folder}/rejects"
    files = attempt.files()
    try:
        row_counts = write_rows(
            attempt.spark, files, options.shift_years, incidents, rejects, with_source_file=True
        )
        attempt.judge(files, row_counts, reader(attempt.spark).parquet(rejects))
        versions = read_versions(attempt.spark, incidents)
        latest = covered_to(attempt.spark, versions) if row_counts.incidents else None
        manifest = attempt.manifest(1, files, row_counts, latest, incidents, rejects)
    except PipelineError:
        delete(attempt.spark, folder)
        raise
    blob = blob_at(settings, f"{run}/{FILE}")
    blob.upload_from_string(manifest.to_json(), content_type="application/json")
    publish(
        settings,
        options.topic,
        {"run_id": options.run_id, "architecture": 1, "manifest": f"{run}/{FILE}"},
    )


if __name__ == "__main__":
    parser = job.options_of("Incident files to Parquet in Cloud Storage.")
    parser.add_argument("--output", required=True, metavar="URI", help="the folder of runs in the lake")
    job.run(parser, to_lake)
