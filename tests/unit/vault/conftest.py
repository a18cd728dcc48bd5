"""One vault of two people is made once and copied; its passphrases are stretched once, those of
slots that a test makes hardly at all (tests/stretching.py)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.values import Role
from appliance.vault.session import Session
from appliance.vault.suites import Argon2
from appliance.vault.vault import Vault
from tests.stretching import stretched_once, stretched_quickly

__all__ = ["stretched_once"]  # for tests that found vaults of their own

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
        return self.session(ANN, "Ann")

    def bobs(self) -> Session:
        return self.session(BOB, "Bob")

    def session(self, passphrase: str, name: str) -> Session:
        """As at a desk, which mends once the log has confirmed the vault."""
        session = Vault(self.folder).unlock(passphrase, name)
        session.mend()
        return session


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Opened by other processes as well, so its slots are real."""
    assert Argon2.derive.__qualname__ == "Argon2.derive", "another file's tests left a fake behind"
    folder = tmp_path_factory.mktemp("vault")
    session, ann_code = Vault(folder).create("Ann", ANN, now=NOW)
    ward = session.create_collection("Ward 9", NOW)
    person, bob_code = session.add_person("Bob", BOB, (Role.MEMBER,), NOW)
    session.close()
    return Sample(folder, ann_code, bob_code, person.id, ward)


@pytest.fixture(scope="module", autouse=True)
def stretched(made: Sample) -> Iterator[None]:
    with stretched_quickly():
        yield


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
