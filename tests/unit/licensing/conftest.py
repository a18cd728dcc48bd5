"""One authority is made once and copied; a passphrase that was stretched for one copy is not
stretched again for the next (the real result is remembered, nothing is weakened)."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stretching import stretched_quickly
from tests.unit.licensing.world import Clock, World


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    with stretched_quickly():
        return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module", autouse=True)
def stretched_once(made: World) -> Iterator[None]:
    with stretched_quickly():
        yield


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    shutil.copytree(made.folder, tmp_path / "world")
    own = copy.copy(made)
    own.folder = tmp_path / "world"
    own.authority_folder, own.anchors = own.folder / "authority", own.folder / "anchors"
    own.clock = Clock()
    return own
