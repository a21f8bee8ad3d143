"""The documentation: generated pages follow from the code, links lead somewhere, commands exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import click
import pytest

from crime_pipelines.cli.main import cli

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
_LINK = re.compile(r"!?\[[^\]]*\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^ *(?:\$ |\d[\d *]* )?(?:\.venv/bin/)?crime-pipelines +(.*)$", re.MULTILINE)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def loaded(name: str) -> ModuleType:
    """A script of the documentation, as a module; it imports what lies beside it, as when it is run."""
    if str(DOCS) not in sys.path:
        sys.path.append(str(DOCS))
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[ \t]", "-", re.sub(r"[^\w\- ]", "", each.lower()).strip()) for each in headings}


def test_the_generated_pages_are_what_the_code_says() -> None:
    for path, text in loaded("generate").pages().items():
        found = (DOCS / path).read_text(encoding="utf-8")
        assert found == text, f"docs/{path} is out of date: python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    lost = []
    for path, anchor in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(f"{path}#{anchor}" if anchor else path)
    assert lost == []


def test_every_page_has_its_place_in_the_site() -> None:
    listed = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = {each.relative_to(DOCS).as_posix() for each in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(each for each in pages if not each.startswith("decisions/"))


def commands_of(text: str) -> Iterator[list[str]]:
    for line in _COMMAND.findall(text):
        try:
            words = shlex.split(line.replace("...", ""), comments=True)
        except ValueError:
            continue  # goes on on the next line
        yield words[: next((at for at, word in enumerate(words) if word in ("|", "&&", ">")), None)]


def refuse_unknown(command: click.Command, words: list[str]) -> None:
    """Parse a call as the command line does, without its values being looked at."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        context.allow_interspersed_args = False
        _, rest, _ = command.make_parser(context).parse_args(list(words))
        if rest and re.fullmatch(r"[a-z]+", rest[0]):
            assert rest[0] in command.commands, f"no command {rest[0]}"
            refuse_unknown(command.commands[rest[0]], rest[1:])
    else:
        command.make_parser(context).parse_args(list(words))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    for words in commands_of(page.read_text(encoding="utf-8")):
        try:
            refuse_unknown(cli, words)
        except (click.ClickException, AssertionError) as error:
            pytest.fail(f"crime-pipelines {shlex.join(words)}: {error}")


def test_pictures_are_small_and_know_the_code_that_drew_them() -> None:
    pictures = loaded("pictures")
    assert re.fullmatch(r"[0-9a-f]{64}", pictures.digest())
    found = {
        path.suffix for path in (DOCS.parent / "crime_pipelines" / "report").rglob("*") if path.is_file()
    }
    assert found - {".pyc"} <= pictures.SUFFIXES
    for path in (DOCS / "images").iterdir():
        assert path.stat().st_size < 400_000, path
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        elif path.suffix == ".svg":
            assert ElementTree.parse(path).getroot().tag.endswith("}svg")
