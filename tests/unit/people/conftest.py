from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people_at_work import Hospital, founded, without_children


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    base = tmp_path_factory.mktemp("hospital")
    with without_children():
        yield founded(base / "data", base / "papers")


@pytest.fixture
def hospital(_made: Hospital, tmp_path: Path) -> Hospital:
    """A copy to do anything to."""
    return _made.copied(tmp_path / "data")
