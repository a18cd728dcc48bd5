"""An open desk in this process, as an administrator finds it after the first run; a passphrase that
was stretched once is not stretched again (the real result is remembered, nothing is weakened)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from appliance.desk import Desk
from appliance.engine.encoder.client import EngineHost
from appliance.opening import open_desk
from appliance.place import Place
from appliance.provisioning.secret_files import Codes
from appliance.settings import Settings
from appliance.values import AirgapReport, Probe
from appliance.vault.vault import Vault
from tests.stretching import stretched_quickly

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
IDA, ANNA = "seven lanterns over quiet water", "nine copper kettles by the window"
AIRGAP = AirgapReport("test", ("seccomp",), (Probe("sockets", True, ""),), NOW)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with Ida's vault, closed."""
    data = tmp_path_factory.mktemp("founded")
    with stretched_quickly():
        session, _ = Vault(data).create("Ida", IDA, now=NOW)
        session.close()
    return data


@pytest.fixture(scope="module", autouse=True)
def stretched_once(founded: Path) -> Iterator[None]:
    with stretched_quickly():
        yield


@pytest.fixture
def desk(founded: Path, tmp_path: Path) -> Iterator[Desk]:
    """Ida's, who founded the vault. Nothing here needs the encoder, so there is none."""
    data = shutil.copytree(founded, tmp_path / "data")
    (data / "spill").mkdir(mode=0o700)
    session = Vault(data).unlock(IDA)
    opened = open_desk(
        Place(data), session, cast(EngineHost, None), airgap=AIRGAP, settings=Settings()
    )
    yield opened
    opened.close()


@pytest.fixture
def codes(tmp_path: Path) -> Codes:
    (tmp_path / "codes").mkdir(mode=0o700)
    return Codes(tmp_path / "codes")
