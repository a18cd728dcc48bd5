"""No byte of a passage, a heading, a path, a question or a key lies in any file in the clear."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from appliance.memory import database
from appliance.memory.history import History
from appliance.memory.library import Library
from appliance.memory.store import Store
from appliance.values import Outcome, Turn
from tests.unit.memory.material import (
    KEY,
    NOON,
    Marks,
    add_texts,
    make_store,
    unit_vectors,
)

CANARIES = ("zebrafinch", "Quokkamycin", "hawthorne-scan", "wombatitis", "narwhalol")


def files_below(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file())


def require_clean(folder: Path, extra: tuple[bytes, ...] = ()) -> int:
    """Raises if a canary is in any file. Returns how many bytes were looked at."""
    looked = 0
    forms = [form for word in CANARIES for form in _forms(word)]
    for path in files_below(folder):
        data = path.read_bytes()
        looked += len(data)
        for form in (*forms, *extra, KEY, base64.b64encode(KEY)):
            assert form not in data, path.name
    return looked


def _forms(word: str) -> tuple[bytes, ...]:
    return tuple(
        form.encode(encoding)
        for form in {word, word.lower(), word.upper()}
        for encoding in ("utf-8", "utf-16-le", "utf-32-le")
    )


def test_a_whole_life_of_library_and_history_leaves_no_plaintext(tmp_path: Path) -> None:
    marks = Marks()
    library = Library(tmp_path / "collections", tmp_path / "spill", marks, exact_limit=10)
    library.create_collection("ward", KEY)
    job = library.begin_job("ward", ["/home/x/hawthorne-scan.pdf"], NOON)
    texts = [f"Give Quokkamycin {n} mg for wombatitis." for n in range(30)]
    info = add_texts(library, "ward", texts, title="zebrafinch protocol")
    library.find("narwhalol in wombatitis", unit_vectors(1), (), 5)
    history = History.create(
        tmp_path / "people" / "p" / "store.duckdb", KEY, spill=tmp_path / "spill" / "p", person="p"
    )
    history.save("c", Turn("How much narwhalol?", NOON, Outcome.ANSWERED, None, "wombatitis"))
    require_clean(tmp_path)  # with write-ahead logs
    library.finish_job(job)
    library.remove_document("ward", info.id)
    history.close()
    library.close()
    assert (tmp_path / "collections" / "ward" / "vectors.sealed").exists()
    assert require_clean(tmp_path) > 500_000
    opened = Library(tmp_path / "collections", tmp_path / "spill", marks)
    opened.open_collection("ward", KEY, marks.newest("collection/ward"))
    add_texts(opened, "ward", texts, title="zebrafinch protocol", seed=3)
    opened.abandon()
    require_clean(tmp_path)


def test_vectors_lie_nowhere_in_the_clear(tmp_path: Path) -> None:
    library = Library(tmp_path / "collections", tmp_path / "spill", Marks(), exact_limit=10)
    library.create_collection("ward", KEY)
    vectors = unit_vectors(20, 7)
    add_texts(library, "ward", [str(n) for n in range(20)], vectors=vectors)
    library.find("x", unit_vectors(1), (), 5)
    library.close()
    require_clean(tmp_path, tuple(row[:8].tobytes() for row in vectors))


def test_what_is_spilled_is_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure = database._config
    monkeypatch.setattr(database, "_config", lambda spill, _memory: configure(spill, "60MB"))
    store = make_store(tmp_path, Marks())
    with store.transaction() as transaction:
        transaction.execute(
            "INSERT INTO notes SELECT md5(i::VARCHAR) || ' Quokkamycin for wombatitis ' || "
            "md5((i * 7)::VARCHAR) FROM range(60000) r(i)"
        )
    assert _largest_spill(store, tmp_path / "spill") > 1_000_000
    store.close()
    assert not list(files_below(tmp_path / "spill"))


def _largest_spill(store: Store, spill: Path) -> int:
    """Sorts more than fits into memory, looking at the spill files all the while."""
    query = "SELECT count(DISTINCT a.text || b.i) FROM notes a, range(30) b(i)"
    sorting = threading.Thread(target=store.read, args=(query,))
    sorting.start()
    largest = 0
    while sorting.is_alive():
        with suppress(FileNotFoundError):  # DuckDB takes them away as it goes
            largest = max(largest, require_clean(spill))
        sorting.join(0.02)
    return largest
