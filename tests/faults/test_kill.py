"""`kill -9` at random moments of importing and asking: what was acknowledged is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.faults.side_by_side import side_by_side

KILLS = 100
SEEDS = (1, 2)


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_the_log_verifies_after_200_kills(tmp_path: Path) -> None:
    folders = [tmp_path / str(seed) for seed in SEEDS]
    for folder in folders:
        folder.mkdir()
    program = [sys.executable, "-m", "tests.faults.crashing"]
    outputs = side_by_side(
        [
            [*program, str(folder), str(KILLS), str(seed)]
            for folder, seed in zip(folders, SEEDS, strict=True)
        ]
    )
    for output in outputs:
        said = json.loads(output.splitlines()[-1])
        assert said["verified"], said
        assert said["uneven"] == 0, "an ask without exactly one closing record"
        assert said["documents"] > 20
        assert said["answers"] > 20
