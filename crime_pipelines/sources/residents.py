"""Files of incidents whose areas have residents from a file of a user's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crime_pipelines.layouts.population import read_population
from crime_pipelines.sources.file import SourceFile


def with_residents(files: list[SourceFile], population: Path | None) -> list[SourceFile]:
    """Put residents into the layouts of files.

    Args:
        files: the files, of one department.
        population: as for `read_population`; None to leave them as they are.

    Returns:
        The files.

    Raises:
        InputError: the residents can't be read, or are not those of its areas.
    """
    if population is None or not files:
        return files
    areas = read_population(population, files[0].layout.areas)
    return [replace(file, layout=replace(file.layout, areas=areas)) for file in files]
