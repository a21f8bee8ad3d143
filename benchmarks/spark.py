"""`python -m benchmarks.spark`: Spark against PySpark as people write it, and against the embedded engine.

The aims: at most 0.7 of the plain script's wall time on 2 million rows; at most three times the embedded
engine's on 8 million. Beside that stands what Spark takes for itself (`benchmarks.floor_pyspark`). Spark's
CPU and memory are Java's, a process of its own, and not in the table.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from benchmarks import tables
from benchmarks.aims import judged, measured
from benchmarks.variants import ENGINE, SPARK, SPARK_FLOOR, SPARK_SCRIPT

GREATEST_SHARE_OF_SCRIPT: Final = 0.7
GREATEST_RATIO_TO_ENGINE: Final = 3.0


def main() -> int:
    """Measure and print.

    Returns:
        0 if what was measured meets the aims, otherwise 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, metavar="N", help="against the script")
    parser.add_argument("--many", type=int, default=8_000_000, metavar="N", help="against the engine")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds")
    arguments = parser.parse_args()
    print(tables.header(arguments.repeat), "\n")

    few = measured([SPARK, SPARK_SCRIPT], arguments.rows, arguments.repeat)
    spark, script = few[SPARK.name].median, few[SPARK_SCRIPT.name].median
    many = measured([ENGINE, SPARK, SPARK_FLOOR], arguments.many, arguments.repeat)
    engine, spark_many, floor = (many[each.name].median for each in (ENGINE, SPARK, SPARK_FLOOR))
    aims = [
        (
            f"run --engine spark takes {spark.wall:.1f} s on {arguments.rows:,} rows, the plain script "
            f"{script.wall:.1f} s: {spark.wall / script.wall:.2f} of it; at most {GREATEST_SHARE_OF_SCRIPT}",
            spark.wall <= GREATEST_SHARE_OF_SCRIPT * script.wall,
        ),
        (
            f"it takes {spark_many.wall:.1f} s on {arguments.many:,} rows, the embedded engine "
            f"{engine.wall:.1f} s: {spark_many.wall / engine.wall:.2f} times; at most "
            f"{GREATEST_RATIO_TO_ENGINE} (Spark for itself {floor.wall:.1f} s: "
            f"{floor.wall / engine.wall:.2f} times)",
            spark_many.wall <= GREATEST_RATIO_TO_ENGINE * engine.wall,
        ),
    ]
    return judged(aims)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
