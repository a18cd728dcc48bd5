"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _extension_once() -> Iterator[None]:
    # Late: it brings numpy, which neither the process that deals the tests out nor most tests need.
    from tests.extension_once import extension_checked_once

    with extension_checked_once():
        yield
