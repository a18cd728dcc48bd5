"""The encryption extension is loaded only as its maker signed it, at every store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from appliance.memory import database
from appliance.memory.errors import StoreEngineMissing
from tests.extension_once import as_in_the_product
from tests.unit.memory.material import KEY

_SIGNATURE = 256
"""Bytes at the end of the file."""


def _attached(folder: Path) -> None:
    database.attach(folder / "store.duckdb", KEY, folder / "spill").close()


def _replaced(file: Path, data: bytes) -> None:
    file.unlink()  # the code of the older one is in use
    file.write_bytes(data)


@pytest.fixture
def extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a store is opened with, as in the product."""
    copy = Path(shutil.copy(database.extension_path(), tmp_path))
    monkeypatch.setattr(database, "_config", as_in_the_product)
    monkeypatch.setattr(database, "extension_path", lambda: copy)
    return copy


def test_a_copy_as_it_was_signed_is_loaded(extension: Path, tmp_path: Path) -> None:
    assert extension.parent == tmp_path
    _attached(tmp_path)


@pytest.mark.parametrize("where", [0.1, 0.9], ids=["code", "data"])
def test_one_changed_byte_is_found_though_another_store_is_open(
    where: float, extension: Path, tmp_path: Path
) -> None:
    _attached(tmp_path)
    whole = bytearray(extension.read_bytes())
    whole[int(len(whole) * where)] ^= 1
    _replaced(extension, whole)
    with pytest.raises(StoreEngineMissing):
        _attached(tmp_path)


def test_one_without_a_signature_is_refused(extension: Path, tmp_path: Path) -> None:
    whole = extension.read_bytes()
    _replaced(extension, whole[:-_SIGNATURE] + bytes(_SIGNATURE))
    with pytest.raises(StoreEngineMissing):
        _attached(tmp_path)
    assert not (tmp_path / "store.duckdb").exists()
