"""One vault of two people is made once (each passphrase is stretched for real) and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.values import Role
from appliance.vault.session import Session
from appliance.vault.vault import Vault

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANN = "staple battery nine"
BOB = "another long phrase"


@dataclass(frozen=True, slots=True)
class Sample:
    """Ann founded the vault and made "Ward 9"; Bob is a member of nothing."""

    folder: Path
    ann_code: str
    bob_code: str
    bob: str
    ward: str

    @property
    def file(self) -> Path:
        return self.folder / "vault.json"

    def ann(self) -> Session:
        return Vault(self.folder).unlock(ANN, "Ann")

    def bobs(self) -> Session:
        return Vault(self.folder).unlock(BOB, "Bob")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("vault")
    session, ann_code = Vault(folder).create("Ann", ANN, now=NOW)
    ward = session.create_collection("Ward 9", NOW)
    person, bob_code = session.add_person("Bob", BOB, (Role.MEMBER,), NOW)
    session.close()
    return Sample(folder, ann_code, bob_code, person.id, ward)


@pytest.fixture
def sample(made: Sample, tmp_path: Path) -> Sample:
    folder = tmp_path / "data"
    shutil.copytree(made.folder, folder)
    return Sample(folder, made.ann_code, made.bob_code, made.bob, made.ward)


@pytest.fixture
def ann(sample: Sample) -> Iterator[Session]:
    session = sample.ann()
    yield session
    session.close()
