"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.extension_once import extension_checked_once


@pytest.fixture(scope="session", autouse=True)
def _extension_once() -> Iterator[None]:
    with extension_checked_once():
        yield
