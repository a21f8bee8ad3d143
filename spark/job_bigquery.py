"""Architecture 2 on Dataproc: incident files straight into BigQuery, and the answers from there.

    spark-submit job_bigquery.py --input URI --run-id ID --shift-years N --as-of DATE|latest --layout NAME|URI
        --dataset crime --answers-dataset crime_answers --topic TOPIC --project PROJECT

Google's connector appends the attempt's rows; each write is committed at once. The driver counts them, and
only then takes the rows of the run's earlier attempts away.
"""

from __future__ import annotations

from contextlib import closing

from crime_pipelines.spark import job


def to_warehouse(attempt: job.Attempt) -> None:
    """Do the job.

    Args:
        attempt: the attempt.

    Raises:
        PipelineError: the input can't be read, no row of it is an incident, or the counts do not fit.
    """
    from crime_pipelines.cloud.clients import publish, warehouse_client
    from crime_pipelines.cloud.settings import Settings
    from crime_pipelines.cloud.warehouse.answers import refresh_after
    from crime_pipelines.cloud.warehouse.attempts import note_attempt, settle
    from crime_pipelines.spark.bigquery_writer import append_rows
    from crime_pipelines.spark.counting.by_file import covered_to

    options = attempt.options
    settings = Settings.from_environment(
        project=options.project,
        architecture=2,
        dataset=options.dataset,
        answers_dataset=options.answers_dataset,
    )
    files = attempt.files()
    with append_rows(attempt.spark, files, options.shift_years) as rows:
        attempt.judge(files, rows.row_counts, rows.rejects)
        latest = covered_to(attempt.spark, rows.versions) if rows.row_counts.incidents else None
        manifest = attempt.manifest(2, files, rows.row_counts, latest)
        with closing(warehouse_client(settings)) as client:
            note_attempt(client, settings, manifest)
        rows.append(settings, manifest)
    settle(settings, manifest)
    as_of_run = refresh_after(settings, manifest)
    publish(settings, options.topic, {"run_id": as_of_run})


if __name__ == "__main__":
    parser = job.options_of("Incident files straight into BigQuery.")
    parser.add_argument("--dataset", required=True, help="the warehouse's dataset")
    parser.add_argument("--answers-dataset", required=True, help="the dataset of the answers")
    job.run(parser, to_warehouse)
