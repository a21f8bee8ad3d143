"""Where things are kept that are made or fetched once for a machine."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from crime_pipelines.support.cache import CACHE, cache_folder


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this system keeps such things."""
    monkeypatch.delenv(CACHE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "system"))
    return tmp_path / "system"


def test_what_the_user_names_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "shared"
    named.mkdir()
    named.chmod(0o777)
    monkeypatch.setenv(CACHE, str(named))
    assert cache_folder() == named


@pytest.mark.usefixtures("system")
def test_otherwise_it_is_this_users_alone() -> None:
    folder = cache_folder()
    assert folder.name == "crime-pipelines"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert cache_folder() == folder


@pytest.mark.usefixtures("system")
def test_a_folder_that_others_may_write_in_is_refused() -> None:
    folder = cache_folder()
    folder.chmod(0o770)
    with pytest.raises(PermissionError, match="others may write in it") as refused:
        cache_folder()
    assert refused.value.filename == str(folder)


def test_a_place_that_cannot_be_made_is_told(system: Path) -> None:
    system.touch()
    with pytest.raises(OSError, match="Not a directory"):
        cache_folder()
