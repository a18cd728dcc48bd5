"""Sealed originals beside their collection."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from appliance.errors import StorageReadOnly
from appliance.originals import Originals

KEY = bytes(range(32))


def test_an_original_comes_back_under_its_own_document_alone(tmp_path: Path) -> None:
    originals = Originals(tmp_path, KEY)
    originals.write("a" * 32, b"%PDF the original")
    assert originals.read("a" * 32) == b"%PDF the original"
    assert b"original" not in originals.path("a" * 32).read_bytes()


def test_a_folder_that_may_not_be_written_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = Originals(tmp_path, KEY)
    originals.write("a" * 32, b"kept")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageReadOnly) as failure:
        originals.remove("a" * 32)
    assert failure.value.next_step
    with pytest.raises(StorageReadOnly):
        originals.write("b" * 32, b"new")
    assert originals.sweep(set()) == 1  # tried, and left for a later opening
    assert originals.read("a" * 32) == b"kept"


def test_what_no_document_claims_is_swept(tmp_path: Path) -> None:
    originals = Originals(tmp_path, KEY)
    for document in ("a" * 32, "b" * 32):
        originals.write(document, b"x")
    assert originals.sweep({"a" * 32}) == 1
    assert originals.path("a" * 32).exists()
    assert not originals.path("b" * 32).exists()
