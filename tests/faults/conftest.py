"""An open desk, and a sender whose root is installed on its machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.parcel.stick.making import Workshop
from tests.faults.office import Furnished, Office, furnished, now


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return furnished(tmp_path_factory.mktemp("office") / "data")


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """Another vault of the same furnishing."""
    return furnished(tmp_path_factory.mktemp("elsewhere") / "data")


@pytest.fixture
def office(made: Furnished, tmp_path: Path) -> Iterator[Office]:
    opened = made.opened(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """An origin whose root is installed here."""
    made = Workshop.create(tmp_path / "keys", now())
    roots = tmp_path / "settings" / "cloister" / "parcel-roots"
    roots.mkdir(parents=True)
    shutil.copy(made.root, roots / "hospital.json")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return made
