"""Vectors: exact search, the graph, and both together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from appliance.memory import graph
from appliance.memory.graph import Graph, GraphBusy
from appliance.memory.postings import run_of
from appliance.memory.shelf import Segment, Shelf
from appliance.values import Vectors
from appliance.vault.errors import SealedMissing, Tampered
from tests.unit.memory.material import KEY, OTHER_KEY, unit_vectors


def shelf_of(
    vectors: Vectors, *, size: int = 50, exact_limit: int = 10**9, start: int = 1
) -> Shelf:
    """Documents of `size` passages, keys from `start`."""
    shelf = Shelf(exact_limit)
    for at in range(0, len(vectors), size):
        part = vectors[at : at + size]
        words = run_of(at + start, [Counter({at: 1})] * len(part))
        shelf.add([Segment(at + start, f"d{at // size}", part, words)])
    return shelf


def grow(shelf: Shelf) -> Graph:
    while shelf.grow_graph():
        pass
    assert shelf.graph is not None
    return shelf.graph


def plain_order(vectors: Vectors, query: Vectors, limit: int) -> list[int]:
    return [int(slot) for slot in np.argsort(-(vectors @ query[0]), kind="stable")[:limit]]


def test_exact_search_finds_the_nearest() -> None:
    vectors, query = unit_vectors(500), unit_vectors(1, 9)
    shelf = shelf_of(vectors)
    found = shelf.nearest(query, 20, shelf.allowed(None), filtered=False)
    assert found.slots.tolist() == plain_order(vectors, query, 20)
    np.testing.assert_allclose(found.similarities, (vectors @ query[0])[found.slots], atol=1e-6)


def test_the_graph_finds_what_exact_search_finds() -> None:
    vectors = unit_vectors(3000)
    shelf = shelf_of(vectors, exact_limit=100)
    assert shelf.graph_due
    grow(shelf)
    assert not shelf.graph_due
    allowed, hits = shelf.allowed(None), 0
    for seed in range(50):
        query = unit_vectors(1, 1000 + seed)
        near = vectors[seed * 7][None] * 0.7 + query * 0.3  # as questions are: near something
        near /= np.linalg.norm(near)
        found = shelf.nearest(near.astype(np.float32), 10, allowed, filtered=False)
        hits += len(set(found.slots.tolist()) & set(plain_order(vectors, near, 10)))
    assert hits / 500 >= 0.95


def test_what_the_graph_has_not_reached_is_searched_exactly() -> None:
    vectors = unit_vectors(1000)
    shelf = shelf_of(vectors[:600], exact_limit=100)
    grow(shelf)
    for at in range(600, 1000, 50):
        words = run_of(at + 1, [Counter({at: 1})] * 50)
        shelf.add([Segment(at + 1, f"late{at}", vectors[at : at + 50], words)])
    for slot in (0, 599, 600, 999):
        found = shelf.nearest(vectors[slot][None], 1, shelf.allowed(None), filtered=False)
        assert found.slots.tolist() == [slot]


def test_removed_documents_are_found_by_neither() -> None:
    vectors = unit_vectors(1000)
    for limit in (10**9, 100):
        shelf = shelf_of(vectors, exact_limit=limit)
        if shelf.graph_due:
            grow(shelf)
        shelf.remove("d3")
        found = shelf.nearest(vectors[160][None], 50, shelf.allowed(None), filtered=False)
        assert not set(found.slots.tolist()) & set(range(150, 200))
        assert shelf.passages == 950


def test_a_document_removed_before_the_graph_came_to_it_is_not_found() -> None:
    vectors = unit_vectors(1000)
    shelf = shelf_of(vectors, exact_limit=100)
    shelf.remove("d0")
    shelf.remove("d19")
    made = grow(shelf)
    assert made.count == 900
    found = shelf.nearest(vectors[960][None], 5, shelf.allowed(None), filtered=False)
    assert 960 not in found.slots


def test_a_shelf_of_removed_documents_alone_finds_nothing() -> None:
    shelf = shelf_of(unit_vectors(300), exact_limit=100)
    grow(shelf)
    for number in range(6):
        shelf.remove(f"d{number}")
    assert len(shelf.nearest(unit_vectors(1), 5, shelf.allowed(None), filtered=False).slots) == 0
    assert not shelf.grow_graph()


def test_a_filter_lets_nothing_else_through() -> None:
    vectors = unit_vectors(1000)
    shelf = shelf_of(vectors, exact_limit=100)
    grow(shelf)
    allowed = shelf.allowed(["d2", "unknown"])
    found = shelf.nearest(vectors[0][None], 100, allowed, filtered=True)
    assert sorted(found.slots.tolist()) == list(range(100, 150))


def test_a_busy_graph_refuses_and_the_shelf_answers_exactly() -> None:
    vectors = unit_vectors(500)
    shelf = shelf_of(vectors, exact_limit=100)
    made = grow(shelf)
    with made._lock:
        with pytest.raises(GraphBusy):
            made.nearest(vectors[:1], 5)
        found = shelf.nearest(vectors[7][None], 1, shelf.allowed(None), filtered=False)
    assert found.slots.tolist() == [7]


def test_a_worn_graph_is_built_anew() -> None:
    shelf = shelf_of(unit_vectors(2500), exact_limit=100, size=100)
    made = grow(shelf)
    for number in range(15):
        shelf.remove(f"d{number}")
    assert made.worn
    assert shelf.graph_due
    assert grow(shelf).count == 1000
    assert not shelf.graph_due


def snapshot(folder: Path, count: int = 400) -> tuple[Path, Shelf]:
    shelf = shelf_of(unit_vectors(count), exact_limit=100)
    path = folder / "vectors.sealed"
    grow(shelf).save(path, KEY, "ward")
    return path, shelf


def test_a_snapshot_comes_back_whole(tmp_path: Path) -> None:
    path, shelf = snapshot(tmp_path)
    loaded = graph.load(path, KEY, "ward", shelf.alive_keys)
    assert loaded.count == 400
    assert loaded.covered == 400
    assert not loaded.changed
    keys, similarities = loaded.nearest(unit_vectors(400)[33][None], 1)
    assert keys.tolist() == [34]
    assert similarities[0] == pytest.approx(1.0, abs=1e-5)


def test_a_snapshot_older_than_the_store_is_brought_up_to_it(tmp_path: Path) -> None:
    path, shelf = snapshot(tmp_path)
    more = unit_vectors(50, 5)
    shelf.add([Segment(401, "late", more, run_of(401, [Counter({1: 1})] * 50))])
    shelf.remove("d1")
    shelf.graph = graph.load(path, KEY, "ward", shelf.alive_keys)
    assert shelf.graph.count == 350
    assert shelf.graph_due
    assert grow(shelf).count == 400
    found = shelf.nearest(more[7][None], 1, shelf.allowed(None), filtered=False)
    assert shelf.keys_of(found.slots).tolist() == [408]
    # And once more, with the removed ones already marked in the snapshot.
    shelf.graph.save(path, KEY, "ward")
    again = graph.load(path, KEY, "ward", shelf.alive_keys)
    assert (again.count, again.changed) == (400, False)


def test_a_snapshot_damaged_cut_swapped_or_missing_is_not_loaded(tmp_path: Path) -> None:
    path, shelf = snapshot(tmp_path)
    whole = path.read_bytes()
    for other, key in (("deal", KEY), ("ward", OTHER_KEY)):
        with pytest.raises(Tampered):
            graph.load(path, key, other, shelf.alive_keys)
    for place in range(0, len(whole), len(whole) // 25):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(Tampered):
            graph.load(path, KEY, "ward", shelf.alive_keys)
    path.write_bytes(whole[:-1])
    with pytest.raises(Tampered):
        graph.load(path, KEY, "ward", shelf.alive_keys)
    path.unlink()
    with pytest.raises(SealedMissing):
        graph.load(path, KEY, "ward", shelf.alive_keys)
