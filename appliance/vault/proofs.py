"""What shows that a key was handed on by somebody who held it.

Everybody who works with a vault can write the file with a MAC that fits, and wrap whatever they
like to anybody's public key: a wrap alone says nothing of who made it.

Rules kept here: who holds a collection counts only with a proof made with the collection's key, so
that nobody puts themselves among its members; a newer key counts only with a proof made with the
one before it, so that nobody has a collection moved to a key of their own making.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from appliance.vault import contexts
from appliance.vault.document import KeyEntry, Wrapped
from appliance.vault.errors import Tampered, VaultDamaged
from appliance.vault.primitives import hkdf, mac, require_mac
from appliance.vault.sealed import Context


def with_proof(wrapped: Wrapped, key: bytes, context: Context) -> Wrapped:
    """context: the wrap's own."""
    return replace(wrapped, proof=mac(_holders(key), context.encoded()))


def proved(wrapped: Wrapped, key: bytes, context: Context) -> bool:
    """Whether somebody with the key made it for this holder. What is not is as if it were not
    there; it is no reason to refuse the rest."""
    try:
        require_mac(_holders(key), context.encoded(), wrapped.proof)
    except Tampered:
        return False
    return True


def following(context: Context, key: bytes, newer: bytes) -> bytes:
    """The proof that the key `newer` comes after `key`. context: contexts.next_key."""
    return mac(_next(key), context.encoded() + newer)


def require_chain(vault: str, collection: str, keys: Iterable[tuple[KeyEntry, bytes]]) -> None:
    """keys: oldest first, those that one person holds. Raises VaultDamaged unless each was made by
    somebody who held the one before it."""
    before: tuple[KeyEntry, bytes] | None = None
    for entry, key in keys:
        if before is not None:
            context = contexts.next_key(vault, collection, before[0].id, entry.id)
            try:
                require_mac(_next(before[1]), context.encoded() + key, entry.follows)
            except Tampered:
                raise VaultDamaged(
                    "A collection was given a key by something other than Cloister."
                ) from None
        before = (entry, key)


def _holders(key: bytes) -> bytes:
    return hkdf(key, "cloister/collection/holder/v1")


def _next(key: bytes) -> bytes:
    return hkdf(key, "cloister/collection/next/v1")
