"""Architecture 1 on Dataproc: incident files to Parquet in Cloud Storage, announced on Pub/Sub.

    spark-submit job_parquet.py --input URI --run-id ID --shift-years N --as-of DATE-OR-EMPTY
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
        PipelineError: the input can't be read, or no row of it is an incident.
    """
    from crime_pipelines.clients import blob_at, publish
    from crime_pipelines.manifest import FILE
    from crime_pipelines.settings import Settings
    from crime_pipelines.spark.writing import write_rows

    options = attempt.options
    settings = Settings.from_environment(project=options.project, architecture=1)
    run = f"{options.output.rstrip('/')}/{options.run_id}"
    incidents, rejects = (f"{run}/attempts/{attempt.name}/{part}" for part in ("incidents", "rejects"))
    files = attempt.files()
    account = write_rows(attempt.spark, files, options.shift_years, incidents, rejects, with_source_file=True)
    manifest = attempt.manifest(1, files, account, incidents, rejects)
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
