"""A writer of a store that dies in the middle of any write leaves a store that opens, whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults import dying
from tests.faults.side_by_side import side_by_side

ROUNDS = 100
SEEDS = (1, 2)


@pytest.mark.timeout(600)
def test_a_death_inside_any_write_loses_nothing_acknowledged(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.faults.store_deaths"]
    outputs = side_by_side(
        [[*program, str(tmp_path / f"store{seed}"), str(ROUNDS), str(seed)] for seed in SEEDS],
        dying.environment(dying.build(tmp_path)),
    )
    for output in outputs:
        assert int(output) > ROUNDS // 2, "too few writers died for this to say anything"
