"""What Terraform takes from the code is up to date, and what it says of itself is whole."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("google.cloud.dataproc_v1", reason="needs the extra gcp: make dev")


from tests.terraform.plans import TERRAFORM


def _declare() -> ModuleType:
    spec = spec_from_file_location("declare", TERRAFORM / "declare.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DECLARE = _declare()


@pytest.mark.parametrize("name", sorted(DECLARE.DECLARED))
def test_what_is_declared_is_what_the_code_says(name: str) -> None:
    written = (DECLARE.FOLDER / name).read_text(encoding="utf-8")
    assert written == DECLARE.DECLARED[name](), "make declared"


def _lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    """All lists in a JSON value, with their paths."""
    if isinstance(value, list):
        yield path, value
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _lists(part, f"{path}/{name}")


@pytest.mark.parametrize("architecture", ["1", "2"])
def test_no_list_of_a_template_holds_an_empty_string(architecture: str) -> None:
    """Google's provider drops it without an error: what comes after it moves by one."""
    (template,) = (
        each
        for each in json.loads((DECLARE.FOLDER / "templates.json").read_text(encoding="utf-8"))
        if each["labels"]["architecture"] == architecture
    )
    lists = dict(_lists(template))
    assert "--as-of" in lists["/jobs/0/pysparkJob/args"]
    assert [path for path, values in lists.items() if "" in values] == []


def test_every_open_name_is_filled_in() -> None:
    for name, module in (("templates.json", "dataproc"), ("warehouse.json", "bigquery")):
        text = (DECLARE.FOLDER / name).read_text(encoding="utf-8")
        json.loads(text)
        assert "%{" not in text  # a directive of Terraform's templates
        wiring = (TERRAFORM / "modules" / module / "main.tf").read_text(encoding="utf-8")
        names = (TERRAFORM / "modules" / module / "variables.tf").read_text(encoding="utf-8")
        for open_name in set(re.findall(r"\$\{(\w+)\}", text)):
            assert re.search(rf"^\s+{open_name}\s+= ", wiring + names, re.MULTILINE), open_name


@pytest.mark.parametrize("module", DECLARE.MODULES, ids=lambda each: each.name)
def test_every_module_says_what_it_takes_and_gives(module: Path) -> None:
    assert (module / "README.md").read_text(encoding="utf-8") == DECLARE.readme(module), "make declared"
    for kind in ("variables", "outputs"):
        text = (module / f"{kind}.tf").read_text(encoding="utf-8")
        blocks = re.findall(r"^(?:variable|output) .*?^}$", text, re.MULTILINE | re.DOTALL)
        assert blocks
        for block in blocks:
            assert "\n  description = " in block, block
            assert kind == "outputs" or "\n  type" in block, block


def test_every_policy_that_is_passed_over_has_its_reason() -> None:
    lines = (TERRAFORM / ".checkov.yaml").read_text(encoding="utf-8").splitlines()
    passed_over = [at for at, line in enumerate(lines) if re.match(r"\s+- CKV", line)]
    assert passed_over
    for at in passed_over:
        assert lines[at - 1].lstrip().startswith("# "), lines[at]
    inline = [
        found
        for path in TERRAFORM.glob("modules/*/*.tf")
        for found in re.findall(r"#checkov:skip=(\w+):(.+)", path.read_text(encoding="utf-8"))
    ]
    for check, reason in inline:
        assert len(reason) > 20
        assert f"#   {check} (" in "\n".join(lines), check


@pytest.mark.skipif(sys.platform == "win32", reason="no executable bits")
def test_scripts_can_be_run() -> None:
    for path in TERRAFORM.rglob("*.sh"):
        assert path.stat().st_mode & 0o111, path
