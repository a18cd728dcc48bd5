"""The encryption extension is loaded only as its maker signed it, and nothing else is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from appliance.memory import database
from appliance.memory.errors import StoreEngineMissing
from tests.unit.memory.material import KEY

_SIGNATURE = 256
"""Bytes at the end of the file."""


def _attached(folder: Path) -> duckdb.DuckDBPyConnection:
    return database.attach(folder / "store.duckdb", KEY, folder / "spill")


def _replaced(file: Path, data: bytes) -> None:
    """By another of the same size and time."""
    was = file.stat()
    file.unlink()  # the code of the older one is in use
    file.write_bytes(data)
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))


@pytest.fixture
def extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that stores are opened with."""
    copy = Path(shutil.copy(database.extension_path(), tmp_path))
    monkeypatch.setattr(database, "extension_path", lambda: copy)
    monkeypatch.setattr(database, "_found_good", set(database._found_good))
    return copy


@pytest.mark.parametrize("where", [0.1, 0.9], ids=["code", "data"])
def test_one_changed_byte_is_found_though_it_was_found_good_before(
    where: float, extension: Path, tmp_path: Path
) -> None:
    _attached(tmp_path).close()
    _attached(tmp_path).close()
    whole = bytearray(extension.read_bytes())
    whole[int(len(whole) * where)] ^= 1
    _replaced(extension, bytes(whole))
    for _ in range(2):
        with pytest.raises(StoreEngineMissing):
            _attached(tmp_path)


def test_one_without_a_signature_is_refused(extension: Path, tmp_path: Path) -> None:
    whole = extension.read_bytes()
    _replaced(extension, whole[:-_SIGNATURE] + bytes(_SIGNATURE))
    with pytest.raises(StoreEngineMissing):
        _attached(tmp_path)
    assert not (tmp_path / "store.duckdb").exists()


def test_one_that_is_exchanged_while_it_is_loaded_is_refused(
    extension: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter([database._file_of(extension), ("another",)])
    monkeypatch.setattr(database, "_file_of", lambda _path: next(seen))
    with pytest.raises(StoreEngineMissing):
        _attached(tmp_path)


def test_at_no_store_can_another_extension_be_loaded(extension: Path, tmp_path: Path) -> None:
    """Neither at the first nor at one for which the signature is known to be good."""
    other = shutil.copy(extension, tmp_path / "other.duckdb_extension")
    for _ in range(2):
        with _attached(tmp_path) as connection:
            for sql in (f"LOAD '{other}'", f"INSTALL '{other}'",
                        "SET allow_unsigned_extensions = true"):  # fmt: skip
                with pytest.raises(duckdb.Error):
                    connection.execute(sql)
