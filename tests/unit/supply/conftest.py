"""What builds and proves a release lies outside of any package; its folder is named here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from supply.components import Gathered

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "packaging"), str(ROOT / "packaging" / "vendor")]


@pytest.fixture(scope="session")
def found() -> Gathered:
    """What the product is made of, as it is installed here: every native file looked into once."""
    from supply.components import gathered

    from appliance.engine.encoder.bundle import default_encoder_folder

    return gathered(engine=default_encoder_folder())
