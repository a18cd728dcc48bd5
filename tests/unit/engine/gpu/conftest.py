from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled models lie while tests run."""
    return tmp_path_factory.mktemp("gpu-libraries")
