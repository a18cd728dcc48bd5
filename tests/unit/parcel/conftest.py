from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.parcel.backup.place import Place
from tests.unit.parcel.material import Desk, furnished
from tests.unit.parcel.sticks import Seat, Sender


@pytest.fixture(scope="session")
def _backed_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two backups of a small folder that changed in between."""
    folder = tmp_path_factory.mktemp("backed-up")
    desk = furnished(folder)
    (folder / "stick").mkdir()
    desk.back_up()
    (desk.data / "collections" / "c1" / "files" / "d2.sealed").write_bytes(b"new" * 1_000)
    desk.back_up()
    return folder


@pytest.fixture
def desk(_backed_up: Path, tmp_path: Path) -> Desk:
    """A copy of it to do anything to."""
    shutil.copytree(_backed_up, tmp_path, dirs_exist_ok=True)
    return Desk(tmp_path / "data", Place(tmp_path / "stick" / "cloister-backup"))


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    return Sender(tmp_path)


@pytest.fixture
def seat(sender: Sender) -> Seat:
    return Seat(sender.workshop.root.read_bytes())
