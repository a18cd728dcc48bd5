"""Inclusion and consistency proofs (RFC 9162, 2.1.3 and 2.1.4): making and checking.

Rules kept here: a check raises ProofWrong; proofs are made from the roots of complete subtrees
alone, so that tiles are enough to make them; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from appliance.audit.errors import ProofWrong
from appliance.audit.merkle import node_hash

Subtree: TypeAlias = Callable[[int, int], bytes]
"""(height, index) -> the root of leaves [index·2^height, (index+1)·2^height), all present."""

_LONGEST = 64


def range_root(subtree: Subtree, start: int, end: int) -> bytes:
    """MTH(D[start:end]) where start is a multiple of the largest power of two within end-start."""
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return subtree(height, start >> height)
    split = _split(count)
    return node_hash(
        range_root(subtree, start, start + split), range_root(subtree, start + split, end)
    )


def inclusion_proof(subtree: Subtree, index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, D[0:size]) (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the record is not in a tree of this size")
    return tuple(_path(subtree, index, 0, size))


def consistency_proof(subtree: Subtree, old: int, size: int) -> tuple[bytes, ...]:
    """PROOF(old, D[0:size]) (RFC 9162, 2.1.4.1). Empty where old is 0 or size."""
    if not 0 <= old <= size:
        raise ValueError("the older tree is larger than the newer one")
    if old in (0, size):
        return ()
    return tuple(_subproof(subtree, old, 0, size, whole=True))


def require_inclusion(
    leaf: bytes, index: int, size: int, untrusted_proof: Sequence[bytes], root: bytes
) -> None:
    """Raises ProofWrong unless the leaf hash is the index-th of the tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or len(untrusted_proof) > _LONGEST:
        raise ProofWrong("An inclusion proof is for a record outside its tree.")
    first, last, computed = index, size - 1, leaf
    for step in untrusted_proof:
        if last == 0:
            raise ProofWrong(f"The inclusion proof of record {index} is too long.")
        if first & 1 or first == last:
            computed = node_hash(step, computed)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            computed = node_hash(computed, step)
        first, last = first >> 1, last >> 1
    if last or computed != root:
        raise ProofWrong(f"The inclusion proof of record {index} does not lead to the root.")


def require_consistency(
    old: int, size: int, old_root: bytes, root: bytes, untrusted_proof: Sequence[bytes]
) -> None:
    """Raises ProofWrong unless the tree of `old` leaves begins the one of `size` (2.1.4.2).

    An empty older tree begins every tree."""
    if not 0 <= old <= size or len(untrusted_proof) > 2 * _LONGEST:
        raise ProofWrong("A consistency proof is for a log that became shorter.")
    if old in (0, size):
        if untrusted_proof or (old == size and old_root != root):
            raise ProofWrong(f"The log of {old} records does not begin the log of {size}.")
        return
    steps = [old_root] if old & (old - 1) == 0 else []
    steps += untrusted_proof
    if not steps or _replayed(old, size, steps) != (old_root, root):
        raise ProofWrong(f"The log of {old} records does not begin the log of {size}.")


def _replayed(old: int, size: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The older and the newer root that the steps lead to (RFC 9162, 2.1.4.2, steps 3 to 7)."""
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise ProofWrong("A consistency proof is too long.")
        if first & 1 or first == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        first, last = first >> 1, last >> 1
    if last:
        raise ProofWrong("A consistency proof is too short.")
    return older, newer


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (RFC 9162, 2.1.1), count > 1."""
    return 1 << (count - 1).bit_length() - 1


def _path(subtree: Subtree, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(subtree, index, start, middle), range_root(subtree, middle, end)]
    return [*_path(subtree, index, middle, end), range_root(subtree, start, middle)]


def _subproof(subtree: Subtree, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [range_root(subtree, start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        return [
            *_subproof(subtree, old, start, middle, whole=whole),
            range_root(subtree, middle, end),
        ]
    return [*_subproof(subtree, old, middle, end, whole=False), range_root(subtree, start, middle)]
