"""xgrammar without the machine-learning frameworks it declares.

Rules kept here: the only module that imports xgrammar (0.2.8). It names torch and transformers in
annotations and in functions that work on torch's tensors; Cloister gives it numpy arrays and its
own vocabulary, so nothing of either is ever called. Two stand-in modules take their names while
xgrammar is imported and are gone afterwards: nobody else finds them. Both would weigh 2 GB.

- tvm_ffi is imported first: it uses torch's interface where it finds a module of that name.
- A framework that is really there and loaded is left alone.
- `tests/unit/engine/test_grammar.py` pins all of this; look here first when the version changes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import tvm_ffi  # noqa: F401 - before the stand-ins, see above

_STOOD_IN_FOR = ("torch", "transformers")


class _StandIn(ModuleType):
    """Has every name: a class for one that begins with a capital, else a function that returns
    nothing. xgrammar uses them while it is imported only, to annotate and to name a constant."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {}) if name[0].isupper() else _nothing


def _nothing(*_positional: object, **_named: object) -> None:
    return None


@contextmanager
def _stand_ins() -> Iterator[None]:
    added = [name for name in _STOOD_IN_FOR if name not in sys.modules]
    for name in added:
        sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        for name in added:
            del sys.modules[name]


def load() -> ModuleType:
    """The module xgrammar. The first call takes some tenths of a second."""
    with _stand_ins():
        return importlib.import_module("xgrammar")
