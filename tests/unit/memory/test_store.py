"""A store's life: marks, generations, transactions, closing."""

from __future__ import annotations

import hashlib
import importlib.util
import stat
import threading
from pathlib import Path

import duckdb
import pytest

from appliance.errors import AlreadyRunning, CloisterError, LogUnwritable
from appliance.memory import database
from appliance.memory.errors import StoreClosed, StoreEngineMissing, StoreExists, StoreFailed
from appliance.memory.store import Store
from appliance.values import MarkState, StoreMark
from tests.unit.memory.material import (
    KEY,
    OTHER_KEY,
    Marks,
    RefusingMarks,
    make_store,
    notes,
    open_store,
    write_note,
)


def test_what_was_written_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "first")
    store.close()
    again = open_store(tmp_path, marks.all[-1], marks)
    assert notes(again) == ["first"]
    again.close()


def test_every_commit_raises_the_generation_and_sends_its_mark(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    for count in range(3):
        write_note(store, str(count))
    store.abandon()
    assert [(mark.state, mark.generation) for mark in marks.all] == [
        (MarkState.CHECKPOINT, 1),
        (MarkState.COMMIT, 2),
        (MarkState.COMMIT, 3),
        (MarkState.COMMIT, 4),
    ]
    wal = (tmp_path / "store.duckdb.wal").read_bytes()
    assert marks.all[-1].wal_size == len(wal)
    assert marks.all[-1].wal_sha256 == hashlib.sha256(wal).hexdigest()


def test_a_checkpoint_is_recorded_with_the_files_hash(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "x")
    store.close()
    states = [mark.state for mark in marks.all]
    assert states == [
        MarkState.CHECKPOINT,
        MarkState.COMMIT,
        MarkState.CHECKPOINT,
        MarkState.CLOSED,
    ]
    main = (tmp_path / "store.duckdb").read_bytes()
    closed = marks.all[-1]
    assert (closed.size, closed.sha256) == (len(main), hashlib.sha256(main).hexdigest())


def test_no_write_ahead_log_remains_after_a_clean_close(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    write_note(store, "x")
    store.close()
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["lock", "store.duckdb"]


def test_the_main_file_is_replaced_at_a_checkpoint_and_never_written_to(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    before = (tmp_path / "store.duckdb").read_bytes()
    with store.transaction() as transaction:
        transaction.execute(
            "INSERT INTO notes SELECT repeat(i::VARCHAR, 40) FROM range(100000) r(i)"
        )
        transaction.execute("INSERT INTO notes SELECT repeat('x', 3000000) FROM range(20)")
    held = (tmp_path / "store.duckdb").open("rb")
    store.checkpoint()
    with held:
        assert held.read() == before
    assert (tmp_path / "store.duckdb").read_bytes() != before
    store.abandon()


def test_a_failed_transaction_changes_nothing_and_sends_no_mark(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    sent = len(marks.all)

    def fail() -> None:
        with store.transaction() as transaction:
            transaction.execute("INSERT INTO notes VALUES ('half')")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        fail()
    assert notes(store) == []
    assert store.generation == 1
    assert len(marks.all) == sent
    store.abandon()


def test_an_error_of_the_database_repeats_nothing_of_the_values(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())

    def fail() -> None:
        with store.transaction() as transaction:
            transaction.execute("SELECT CAST(? AS INTEGER)", ["Mrs Hawthorne"])

    with pytest.raises(StoreFailed) as failure:
        fail()
    assert "Hawthorne" not in str(failure.value)
    assert failure.value.__cause__ is None
    store.abandon()


def test_the_key_is_in_no_setting_and_no_error(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    settings = repr(store.read("SELECT name, value FROM duckdb_settings()"))
    databases = repr(store.read("SELECT * FROM duckdb_databases()"))
    for form in (KEY.hex(), repr(KEY)[2:-1], "AAECAwQF"):
        assert form not in settings + databases
    store.abandon()


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH 'other.duckdb' AS other",
        "COPY (SELECT 1) TO 'out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "LOAD fts",
        "INSTALL fts",
        "SET temp_file_encryption = false",
        "SET temp_directory = '/'",
        "SET enable_external_access = true",
    ],
)
def test_the_connection_can_reach_nothing_but_its_file(tmp_path: Path, sql: str) -> None:
    store = make_store(tmp_path, Marks())
    with pytest.raises(CloisterError):
        store.read(sql)
    store.abandon()


def test_spill_encryption_is_on_and_below_the_given_folder(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    settings = {
        str(name): str(value)
        for name, value in store.read("SELECT name, value FROM duckdb_settings()")
    }
    assert settings["temp_file_encryption"] == "true"
    assert settings["temp_directory"] == str(tmp_path / "spill" / "collection-ward")
    assert settings["enable_external_access"] == "false"
    assert settings["lock_configuration"] == "true"
    store.abandon()


def test_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    write_note(store, "x")
    for name in ("store.duckdb", "store.duckdb.wal"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    store.abandon()


def test_a_stores_spill_folder_is_emptied_at_open_and_no_other(tmp_path: Path) -> None:
    marks = Marks()
    make_store(tmp_path, marks).close()
    for owner in ("collection-ward", "person-other"):
        (tmp_path / "spill" / owner).mkdir()
        (tmp_path / "spill" / owner / "left.tmp").write_bytes(b"x")
    store = open_store(tmp_path, marks.all[-1])
    left = [path for path in (tmp_path / "spill").rglob("*") if path.is_file()]
    assert left == [tmp_path / "spill" / "person-other" / "left.tmp"]
    store.close()


def test_a_second_opener_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "one")
    with pytest.raises(AlreadyRunning):
        open_store(tmp_path, marks.all[-1])
    write_note(store, "two")
    assert notes(store) == ["one", "two"]
    store.close()


def test_creating_over_a_store_is_refused(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.close()
    for key in (KEY, OTHER_KEY):
        with pytest.raises(StoreExists):
            make_store(tmp_path, Marks(), key=key)
    store = open_store(tmp_path, marks.all[-1])
    assert notes(store) == ["kept"]
    store.close()


def test_creating_goes_on_where_a_crash_kept_the_first_mark_out_of_the_log(tmp_path: Path) -> None:
    def no_log(_mark: StoreMark) -> None:
        raise LogUnwritable("The log is full.")

    with pytest.raises(LogUnwritable):
        Store.create(
            tmp_path / "store.duckdb",
            KEY,
            spill=tmp_path / "spill",
            kind="collection",
            id="ward",
            schema=("CREATE TABLE notes (text VARCHAR)",),
            on_mark=no_log,
        )
    store = make_store(tmp_path, Marks())
    write_note(store, "goes on")
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        notes(store)
    with pytest.raises(StoreClosed):
        write_note(store, "late")


def test_a_mark_the_log_refused_is_sent_again_before_the_next_write(tmp_path: Path) -> None:
    marks = RefusingMarks()
    store = make_store(tmp_path, marks)
    marks.refuse = True
    with pytest.raises(LogUnwritable):
        write_note(store, "committed, not acknowledged")
    with pytest.raises(LogUnwritable):
        write_note(store, "never written")
    marks.refuse = False
    write_note(store, "after")
    assert notes(store) == ["committed, not acknowledged", "after"]
    assert [mark.generation for mark in marks.all] == [1, 2, 3]
    store.abandon()


def test_without_the_encryption_extension_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(StoreEngineMissing):
        make_store(tmp_path, Marks())
    assert not (tmp_path / "store.duckdb").exists()


def test_the_extension_is_of_this_database_version() -> None:
    assert f"v{duckdb.__version__}" in str(database.extension_path())


def test_readers_and_a_writer_work_side_by_side(tmp_path: Path) -> None:
    store = make_store(tmp_path, Marks())
    failures: list[BaseException] = []

    ended = threading.Event()

    def read() -> None:
        try:
            seen = 0
            while not ended.is_set():
                count = len(notes(store))
                assert count >= seen
                seen = count
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for count in range(40):
            write_note(store, str(count))
            if count % 4 == 0:
                store.checkpoint()
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert len(notes(store)) == 40
    store.close()
