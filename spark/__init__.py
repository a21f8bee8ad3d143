"""Spark: the `spark` engine on a laptop, and the jobs of both architectures on Dataproc.

A row's way:

    files ── lines.py ──> one line, one row; files with quoted line breaks go through records.py
          ── reading.py ──> incident versions and rejects, by the domain's SQL
          ── writing.py ──> Parquet by year, rejects beside it, an row_counts of every row
    row_counts.py   the rows of each file, counted by other code, and held against what was read
    engine.py       that, and the questions, for `crime-pipelines run --engine spark`
    job_parquet.py  that, into the lake (architecture 1)
    job_bigquery.py that, straight into BigQuery (architecture 2)
"""
