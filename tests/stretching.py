"""Passphrases stretched once, or hardly: Argon2id takes 64 MiB and a tenth of a second each time.

A slot that is made inside the block opens by a quick derivation, in it and in another such block;
its salt says so. Every other one opens by the real one, whose results are remembered. What Argon2id
does itself is tested in tests/unit/vault/test_keys.py, with the vectors, and by the real program in
tests/e2e.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from appliance.vault import slots
from appliance.vault.primitives import hkdf, random_bytes
from appliance.vault.suites import SALT_SIZE, Argon2, Pbkdf2

_MARK = b"quick!"


@contextmanager
def stretched_quickly() -> Iterator[None]:
    """For slots that are made from here on, in this process and the ones it forks."""

    def marked(count: int) -> bytes:
        made = random_bytes(count)
        return made if count != SALT_SIZE else _MARK + made[len(_MARK) :]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "random_bytes", marked)
        for slow in (Argon2, Pbkdf2):
            patch.setattr(slow, "derive", _quick(cache(slow.derive)))
        yield


def _quick(
    real: Callable[[object, bytes, bytes], bytes],
) -> Callable[[object, bytes, bytes], bytes]:
    def derive(slow: object, secret: bytes, salt: bytes) -> bytes:
        if salt.startswith(_MARK):
            return hkdf(secret or b"\0", f"stretched quickly: {slow}", salt=salt)
        return real(slow, secret, salt)

    return derive


@pytest.fixture(scope="module")
def stretched_once() -> Iterator[None]:
    with stretched_quickly():
        yield
