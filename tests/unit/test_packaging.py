from __future__ import annotations

import hashlib
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from crime_pipelines.cloud.dataproc import driver_libraries as libraries
from crime_pipelines.cloud.functions.package import build
from crime_pipelines.cloud.packaging import build_wheel, checkout, write_archive


@pytest.fixture
def path_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def archive_of(folder: Path, comment: str) -> Path:
    library = folder / "lib.py"
    library.write_text("VALUE = 17\n")
    archive = folder / "libraries.zip"
    write_archive(archive, [(library, f"{libraries.FOLDER}/crime_test_library/__init__.py")], comment)
    return archive


@pytest.mark.usefixtures("path_kept")
def test_libraries_can_be_imported_once_unpacked(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    libraries.unpack(archive_of(tmp_path, version), tmp_path / "there")
    from crime_test_library import VALUE  # type: ignore[import-not-found]

    assert VALUE == 17


@pytest.mark.usefixtures("path_kept")
def test_libraries_for_another_python_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match=r"for Python 2\.7, but this is 3\."):
        libraries.unpack(archive_of(tmp_path, "2.7"), tmp_path / "there")


def test_what_is_missing_or_too_old_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "LEAST", {"click": "1", "pytest": "9999.1", "no-such-library": "0.1"})
    assert libraries.lacking() == ["pytest", "no-such-library"]


@pytest.mark.parametrize(
    ("older", "newer"), [("0.14.4", "0.15.0"), ("9.0", "10.0"), ("2025.1", "2025.1.1"), ("3.0rc1", "3.1")]
)
def test_versions_compare_by_their_numbers(older: str, newer: str) -> None:
    assert libraries._numbers(older) < libraries._numbers(newer)


def test_an_archive_follows_from_its_content_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    files = [(tmp_path / name, name) for name in ("a", "b")]
    write_archive(one, files)
    write_archive(two, reversed(files))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
def test_the_wheel_and_the_functions_hold_what_runs_in_the_cloud(tmp_path: Path) -> None:
    wheel = build_wheel(checkout(), tmp_path)
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    root = checkout()
    for folder, package in (
        (root / "crime_pipelines", "crime_pipelines"),
        (root / "spark", "crime_pipelines/spark"),
    ):
        there = {f"{package}/{path.relative_to(folder)}" for path in folder.rglob("*.py")}
        assert not there - names
    assert "crime_pipelines/questions/monthly_trend/query.sql" in names
    archive = tmp_path / "functions.zip"
    build(archive, wheel)
    with zipfile.ZipFile(archive) as packed:
        assert set(packed.namelist()) == {"main.py", "requirements.txt", wheel.name}
        wanted = packed.read("requirements.txt").decode().splitlines()
        digest = hashlib.sha256(packed.read(wheel.name)).hexdigest()
    assert wanted[-1] == f"./{wheel.name} --hash=sha256:{digest}"
    assert any(line.startswith("functions-framework==") for line in wanted)


@pytest.mark.parametrize(
    "path",
    [
        *(
            str(path.relative_to(checkout()))
            for path in sorted(checkout().glob("requirements/*.txt"))
            if path.name != "constraints.txt"  # the versions alone, from which the lists are made
        ),
        "crime_pipelines/localcloud/bqemulator.txt",
    ],
)
def test_what_is_installed_from_a_list_is_checked_by_its_hash(path: str) -> None:
    text = (checkout() / path).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", line), line
        assert "--hash=sha256:" in line, line


def test_no_way_to_install_goes_by_names_alone() -> None:
    """Whatever calls pip names a list and asks for hashes, or installs what lies here."""
    root = checkout()
    files = [
        *(root / name for name in ("Makefile", "Dockerfile", "beam/template/Dockerfile", ".ci/run")),
        *root.glob(".github/workflows/*.yml"),
    ]
    found = []
    for file in files:
        for line in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            found += [(file.name, call) for call in re.findall(r"pip install .*?(?=&&|$)", line)]
    assert len(found) > 12
    hashed = re.compile(r"(--require-hashes|\$\(HASHED\)) .*--requirement ")
    here = re.compile(r"\$\(HERE\)|--no-deps .*(\.whl|dist/\*\.whl| \.) *$")
    assert not [each for each in found if not hashed.search(each[1]) and not here.search(each[1])]


def test_workflows_use_actions_by_commit() -> None:
    """A tag can be moved to other code; the comment beside the commit tells people which release it is."""
    files = list(checkout().glob(".github/workflows/*.yml"))
    used = [
        line.strip()
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]
    assert len(used) > 10
    by_commit = re.compile(r"(?:- )?uses: (\S+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+")
    assert [line for line in used if not by_commit.fullmatch(line)] == []
    assert len(set(used)) == len({line.partition("@")[0] for line in used})  # one release of each


def test_the_locks_have_the_versions_of_the_constraints() -> None:
    folder = checkout() / "requirements"

    def pins(name: str) -> set[tuple[str, str]]:
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
        found = set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE))
        # a lock with hashes names it where a package needs it, one without does not
        return {each for each in found if each[0] != "setuptools"}

    constraints = pins("constraints")
    assert len(constraints) > 150
    assert pins("all") == constraints
    for name in ("base", "image", "dev", "dataproc", "functions", "stream"):
        assert pins(name), name
        assert pins(name) <= constraints, name


VULNERABLE = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
WELL = {"name": "y", "version": "1", "vulns": []}
UNKNOWN = {"name": "z", "version": "1", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("dependencies", "unread", "code", "last"),
    [
        ([WELL], {}, 0, "1 packages of 1 lists, 0 known vulnerabilities"),
        ([WELL, VULNERABLE], {}, 1, "2 packages of 1 lists, 1 known vulnerabilities"),
        ([WELL, UNKNOWN], {}, 0, "1 packages of 1 lists, 0 known vulnerabilities"),
        (
            [UNKNOWN],
            {},
            3,
            "not audited: the database of vulnerabilities can't be reached (it knows none of 1 packages)",
        ),
        (
            [WELL],
            {"l": "timed out"},
            3,
            "not audited: the database of vulnerabilities can't be reached (timed out)",
        ),
    ],
)
def test_an_audit_that_could_not_look_says_so(
    dependencies: list[object], unread: dict[str, str], code: int, last: str
) -> None:
    verdict = runpy.run_path(str(checkout() / "requirements" / "audit.py"))["verdict"]
    lines, found = verdict({"list": {"dependencies": dependencies}}, unread)
    assert (found, lines[-1]) == (code, last)
    assert ("x 1: PYSEC-1, mended in 2" in lines) == (VULNERABLE in dependencies)


@pytest.mark.slow
def test_the_package_runs_from_the_zip_that_spark_gets(tmp_path: Path) -> None:
    archive = build_wheel(checkout(), tmp_path).rename(tmp_path / "package.zip")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from crime_pipelines import questions\n"
        "from crime_pipelines.cloud import run_ids\n"
        "from crime_pipelines.cloud.dataproc import driver_libraries as libraries\n"
        "from crime_pipelines.domain import fields\n"
        "assert 'SELECT' in questions.QUESTIONS[0].sql\n"
        "assert libraries.__file__.startswith(sys.argv[1])\n"
        "assert 'scipy' in libraries.lacking()\n"
    )
    # No site-packages: the executors have the standard library and the package.
    subprocess.run([sys.executable, "-I", "-S", "-c", code, archive], check=True)


def test_a_checkout_without_links_is_refused_in_one_line(tmp_path: Path) -> None:
    shutil.copy2(checkout() / "setup.py", tmp_path)
    (tmp_path / "crime_pipelines").mkdir()
    (tmp_path / "crime_pipelines" / "spark").write_text(
        "../spark"
    )  # as git leaves a link where there are none
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "crime_pipelines/spark is no link to ../spark: this checkout was made without"
    )
    assert done.stderr.count("\n") == 1
