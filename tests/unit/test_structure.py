"""What import-linter can't say of the packages' structure."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = sorted((ROOT / "crime_pipelines" / "domain").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_the_domain_imports_the_standard_library_alone(path: Path) -> None:
    others = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("crime_pipelines.domain")
    ]
    assert others == []


def test_links_lead_to_the_engines() -> None:
    for name in ("spark", "beam"):
        link = ROOT / "crime_pipelines" / name
        assert link.is_symlink()
        assert link.resolve() == ROOT / name


PRODUCT = [
    path
    for folder in ("crime_pipelines", "spark", "beam")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not any(parent.is_symlink() for parent in path.parents)
]
#: Of a package, without its `__init__`; of a module, in lines (docs/decisions/0009).
MOST_MODULES = 14
MOST_LINES = 300


def test_no_module_is_long_and_no_package_has_many() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in PRODUCT
    }
    assert {name: number for name, number in lines.items() if number > MOST_LINES} == {}
    packages = Counter(path.parent for path in PRODUCT if path.name != "__init__.py")
    assert {str(path): number for path, number in packages.items() if number > MOST_MODULES} == {}


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_name_what_they_document(path: Path) -> None:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    riddles = [
        text.partition("\n")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, documented) and (text := ast.get_docstring(node))
        if re.match(r"(What|How|Where|Whether|That|Which|Who|When)\b", text)
    ]
    assert riddles == []
