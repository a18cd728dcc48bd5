"""One real engine host for the whole suite; everything else is made anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.vault import Session, Vault
from tests.contract.fakes import NOON


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineHost]:
    host = EngineHost(default_encoder_folder())
    yield host
    host.close()


@pytest.fixture(scope="session")
def vault_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("vault")
    session, _ = Vault(folder).create("Anna", "seven lanterns over quiet water", now=NOON)
    yield session
    session.close()
