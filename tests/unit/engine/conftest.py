"""The real bundle and one real engine host for all tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.engine.quoting.words import Rarity, read_rarity
from tests.unit.engine import reading_model


@pytest.fixture(scope="session")
def bundle_folder() -> Path:
    return default_encoder_folder()


@pytest.fixture(scope="session")
def engine(bundle_folder: Path) -> Iterator[EngineHost]:
    host = EngineHost(bundle_folder)
    yield host
    host.close()


@pytest.fixture(scope="session")
def reader_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of the test model."""
    return reading_model.write(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="session")
def rarity(bundle_folder: Path) -> Rarity:
    return read_rarity((bundle_folder / "tokenizer.json").read_bytes())


@pytest.fixture
def linked_bundle(bundle_folder: Path, tmp_path: Path) -> Path:
    """A copy of the bundle whose files are links, so that one can be replaced cheaply."""
    copy = tmp_path / "bundle"
    for path in bundle_folder.rglob("*"):
        there = copy / path.relative_to(bundle_folder)
        if path.is_file():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.symlink_to(path)
    return copy
