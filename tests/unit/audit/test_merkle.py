"""The tree against RFC 6962 vectors and against the definition, written naively."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.audit.errors import ProofWrong
from appliance.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, peaks_of, subtree_root
from appliance.audit.proofs import (
    consistency_proof,
    inclusion_proof,
    require_consistency,
    require_inclusion,
)

# The eight entries and roots that Certificate Transparency implementations share.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZES = st.integers(1, 140)


def naive_root(entries: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def entries_of(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def subtrees(entries: list[bytes], height: int, index: int) -> bytes:
    part = entries[index << height : (index + 1) << height]
    assert len(part) == 1 << height
    return naive_root(part)


def test_roots_are_those_of_the_shared_vectors() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        frontier.add(leaf_hash(entry))
        assert frontier.root().hex() == root


@given(SIZES)
def test_the_frontier_is_the_definition(size: int) -> None:
    frontier = Frontier()
    for entry in entries_of(size):
        frontier.add(leaf_hash(entry))
    assert frontier.root() == naive_root(entries_of(size))
    assert frontier.peaks == peaks_of([leaf_hash(entry) for entry in entries_of(size)])


@given(st.lists(st.integers(0, 700), max_size=5))
def test_what_is_appended_together_or_apart_is_one_tree(parts: list[int]) -> None:
    hashes = [leaf_hash(entry) for entry in entries_of(sum(parts))]
    frontier = Frontier()
    runs: list[bytes] = []
    for part in parts:
        runs += frontier.extend(hashes[frontier.size : frontier.size + part])
    assert frontier.size == len(hashes)
    assert frontier.peaks == peaks_of(hashes)
    whole = len(hashes) // 256 * 256
    assert runs == [subtree_root(hashes[at : at + 256]) for at in range(0, whole, 256)]


@given(SIZES, st.data())
def test_inclusion_proofs_hold_and_only_for_their_record(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    entries = entries_of(size)
    root = naive_root(entries)
    proof = inclusion_proof(lambda h, i: subtrees(entries, h, i), index, size)
    require_inclusion(leaf_hash(entries[index]), index, size, proof, root)
    with pytest.raises(ProofWrong):
        require_inclusion(leaf_hash(b"another"), index, size, proof, root)
    with pytest.raises(ProofWrong):
        require_inclusion(leaf_hash(entries[index]), index, size, (*proof, root), root)
    if proof:
        with pytest.raises(ProofWrong):
            require_inclusion(leaf_hash(entries[index]), index, size, proof[:-1], root)
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = (*proof[:at], bytes(32), *proof[at + 1 :])
        with pytest.raises(ProofWrong):
            require_inclusion(leaf_hash(entries[index]), index, size, wrong, root)


@settings(max_examples=300)
@given(SIZES, st.data())
def test_consistency_proofs_hold_and_only_for_their_trees(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    entries = entries_of(size)
    old_root, root = naive_root(entries[:old]), naive_root(entries)
    proof = consistency_proof(lambda h, i: subtrees(entries, h, i), old, size)
    require_consistency(old, size, old_root, root, proof)
    if 0 < old < size:
        for one, other in ((bytes(32), root), (old_root, bytes(32))):
            with pytest.raises(ProofWrong):
                require_consistency(old, size, one, other, proof)
        with pytest.raises(ProofWrong):
            require_consistency(old, size, old_root, root, proof[:-1])
        with pytest.raises(ProofWrong):
            require_consistency(old, size, old_root, root, (*proof, root))
    forked = naive_root([b"x", *entries[1:]])
    if old:
        with pytest.raises(ProofWrong):
            require_consistency(old, size, old_root, forked, proof)


def test_a_shorter_log_is_never_consistent() -> None:
    with pytest.raises(ProofWrong):
        require_consistency(5, 4, bytes(32), bytes(32), ())
    with pytest.raises(ProofWrong):
        require_inclusion(bytes(32), 4, 4, (), bytes(32))


def test_numbers_outside_a_tree_are_refused() -> None:
    entries = entries_of(4)
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(lambda h, i: subtrees(entries, h, i), 4, 4)
    with pytest.raises(ValueError, match="larger"):
        consistency_proof(lambda h, i: subtrees(entries, h, i), 5, 4)
    with pytest.raises(ValueError, match="power of two"):
        subtree_root([bytes(32)] * 3)
    with pytest.raises(ValueError, match="peak"):
        Frontier(3, [bytes(32)])
