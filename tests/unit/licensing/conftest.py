"""One authority is made once and copied; a passphrase that was stretched for one copy is not
stretched again for the next (the real result is remembered, nothing is weakened)."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from appliance.vault.suites import Argon2
from tests.unit.licensing.world import Clock, World


@pytest.fixture(scope="session", autouse=True)
def stretched_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Argon2, "derive", cache(Argon2.derive))
        yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, stretched_once: None) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(made: World, tmp_path: Path) -> World:
    shutil.copytree(made.folder, tmp_path / "world")
    own = copy.copy(made)
    own.folder = tmp_path / "world"
    own.authority_folder, own.anchors = own.folder / "authority", own.folder / "anchors"
    own.clock = Clock()
    return own
