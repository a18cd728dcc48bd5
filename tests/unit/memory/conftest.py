from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.memory.library import Library
from tests.unit.memory.material import KEY, Marks, make_library


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def library(tmp_path: Path, marks: Marks) -> Iterator[Library]:
    made = make_library(tmp_path, marks)
    made.create_collection("ward", KEY)
    yield made
    made.close()
