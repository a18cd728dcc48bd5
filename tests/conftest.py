"""What holds for every test: the order is random, but what takes longest comes first.

Each of two processes has half of the tests, and takes over from the other's end when its own are
done. A test of a minute that came last would be waited for by a processor with nothing to do.
"""

from __future__ import annotations

import pytest

LONGEST = frozenset(
    {"test_kill.py", "test_store_deaths.py", "test_store_kills.py", "test_kiosk_under_x.py"}
)
"""Modules in which one test takes half a minute and more."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)  # stable: the rest stays shuffled
