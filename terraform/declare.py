"""Writes what Terraform takes from the code, terraform/declared/, and the modules' tables: `make declared`.

Names that a deployment chooses stand in declared/ as `${name}`, for Terraform's `templatefile`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final

from crime_pipelines import __version__
from crime_pipelines.cloud.dataproc.cluster import SHAPES
from crime_pipelines.cloud.dataproc.templates import as_json
from crime_pipelines.cloud.settings import Settings
from crime_pipelines.cloud.warehouse.department import department_row
from crime_pipelines.cloud.warehouse.setup import declarations
from crime_pipelines.layouts import BUNDLED, bundled
from crime_pipelines.schema.columns import Table
from crime_pipelines.schema.warehouse import AREAS, DEPARTMENT

FOLDER: Final = Path(__file__).parent / "declared"
MODULES: Final = sorted(path.parent for path in Path(__file__).parent.glob("modules/*/variables.tf"))
_MARK: Final = "<!-- made by make declared -->"
#: The settings that the workflow templates depend on, each in its place.
_OPEN: Final = Settings(
    project="${project}",
    region="${region}",
    lake_bucket="${lake_bucket}",
    code_bucket="${code_bucket}",
    staging_bucket="${staging_bucket}",
    dataset="${dataset}",
    answers_dataset="${answers_dataset}",
    finished_topic="${finished_topic}",
    answers_topic="${answers_topic}",
    dataproc_account="${account}",
    dataproc_subnetwork="${subnetwork}",
    dataproc_autoscaling="${autoscaling}",
    kms_key="${kms_key}",
)


def templates() -> str:
    """Return the workflow templates, as `crime-pipelines dataproc templates --print` shows them."""
    return (
        as_json(_OPEN).replace(f"crime_pipelines-{__version__}-", "crime_pipelines-${package_version}-")
        + "\n"
    )


def warehouse() -> str:
    """Tables by dataset and the views' queries, as `crime-pipelines warehouse schema` shows them."""
    return json.dumps(declarations(), indent=2, ensure_ascii=False) + "\n"


def rows_of(table: Table, rows: Iterable[Iterable[object]]) -> str:
    """Return rows of a table, one JSON object a line."""
    objects = (dict(zip(table.names, row, strict=True)) for row in rows)
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in objects)


def areas(layout: str) -> str:
    """Return the rows of the table of areas for a layout."""
    return rows_of(AREAS, bundled(layout).areas.all)


def department(layout: str) -> str:
    """Return the row of the table of the department for a layout."""
    return rows_of(DEPARTMENT, [department_row(bundled(layout))])


def shapes() -> str:
    """Return the shapes of clusters by name."""
    return json.dumps({name: asdict(shape) for name, shape in SHAPES.items()}, indent=2) + "\n"


#: What goes into which file.
DECLARED: Final = {
    "templates.json": templates,
    "warehouse.json": warehouse,
    **{f"{each}/areas.jsonl": partial(areas, each) for each in BUNDLED},
    **{f"{each}/department.jsonl": partial(department, each) for each in BUNDLED},
    "shapes.json": shapes,
}


def readme(module: Path) -> str:
    """Return a module's README: its prose as it stands, the tables of its variables and outputs made anew.

    Args:
        module: its folder.

    Returns:
        The text.
    """
    prose = (module / "README.md").read_text(encoding="utf-8").partition(_MARK)[0]
    return f"{prose}{_MARK}\n{_table(module, 'variable')}{_table(module, 'output')}"


def _table(module: Path, kind: str) -> str:
    text = (module / f"{kind}s.tf").read_text(encoding="utf-8")
    rows = []
    for name, body in re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}$', text, re.MULTILINE | re.DOTALL):
        said = re.search(r'^  description = "(.*)"$', body, re.MULTILINE)
        needed = "" if kind == "output" or re.search(r"^  default ", body, re.MULTILINE) else " Needed."
        rows.append(f"| `{name}` | {said[1] if said else ''}{needed} |\n")
    return f"\n| {kind} | what |\n|---|---|\n{''.join(rows)}"


def main() -> None:
    """Write the files."""
    for name, text in DECLARED.items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text(), encoding="utf-8")
    for module in MODULES:
        (module / "README.md").write_text(readme(module), encoding="utf-8")
    sys.stdout.write(f"terraform/declared: {', '.join(DECLARED)}; {len(MODULES)} README.md of modules\n")


if __name__ == "__main__":
    main()
