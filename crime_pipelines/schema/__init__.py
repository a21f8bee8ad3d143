"""Tables, declared once: for Arrow, Spark, BigQuery and Terraform."""

from crime_pipelines.schema.columns import Column, ColumnType, Table
from crime_pipelines.schema.row_counts import FileRows, RowCounts

__all__ = ["Column", "ColumnType", "FileRows", "RowCounts", "Table"]
