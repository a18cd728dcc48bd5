from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people_at_work import Hospital, founded, without_children


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    base = tmp_path_factory.mktemp("hospital")
    with without_children():
        return founded(base / "data", base / "papers")


@pytest.fixture(scope="module")
def alone(_made: Hospital) -> Iterator[None]:
    """No longer than for the tests of one file: other ones must meet the real parts."""
    with without_children():
        yield


@pytest.fixture
def hospital(_made: Hospital, alone: None, tmp_path: Path) -> Hospital:
    """A copy to do anything to."""
    return _made.copied(tmp_path / "data")
