"""The signature of the database's encryption extension, checked at the first store of a process.

DuckDB checks it whenever a store is opened, over 21 MB: 50 ms of processor, and most of what a
small store costs. Here it is checked as in the product until it was found good once; from then on
the same file is loaded unchecked. That the product checks it, at every store, is tested with
`as_in_the_product` in tests/unit/memory/test_extension.py; the real program in tests/e2e checks it
as it does anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.memory import database

if TYPE_CHECKING:
    import duckdb

as_in_the_product = database._config
_secured: Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyConnection] = database._secured
_good: list[bool] = []


@contextmanager
def extension_checked_once() -> Iterator[None]:
    """For the stores of this process; not of the ones it starts."""
    database._config, database._secured = _config, _checked
    try:
        yield
    finally:
        database._config, database._secured = as_in_the_product, _secured


def extension_taken_as_good() -> None:
    """For a program that forks a desk for each round, which would be the first of its process."""
    database._config = _config
    _good.append(True)


def _config(spill: Path, memory: str) -> dict[str, str | bool | int | float | list[str]]:
    return {**as_in_the_product(spill, memory), "allow_unsigned_extensions": bool(_good)}


def _checked(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    made = _secured(connection)
    _good.append(True)
    return made
