"""Backups of a real vault, log and stores, while they are written to, and what a restore makes of
them. The desk is the real one but for its engine, reader and policy, which a backup never asks."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from appliance.audit import Log, Record
from appliance.audit.holding import HeldLog
from appliance.audit.verify import verify
from appliance.backups import Backups, check_with_code, list_backups
from appliance.desk import Desk, Place
from appliance.ledger import Ledger
from appliance.memory import History, Library, new_document_id
from appliance.originals import Originals
from appliance.parcel.errors import BackupForeign, BackupRolledBack, RestoreRefused
from appliance.parcel.restored import SUBKEY, read_restored
from appliance.policy import Action
from appliance.restoring import OLDER, Outcome, restore
from appliance.values import LogRecord, Turn
from appliance.values import Outcome as Asked
from appliance.vault import (
    RecoveryCodeMistyped,
    Session,
    Tampered,
    Vault,
    WrongRecoveryCode,
    recovered_vault,
)
from appliance.vault.recovery import new_code, shown
from tests.unit.memory.material import add_texts
from tests.unit.vault.conftest import stretched_once  # noqa: F401  one slow derivation for all

PASSPHRASE = "seven lanterns over quiet water"


def now() -> datetime:
    return datetime.now(UTC)


class Office:
    """A data folder with one collection, opened as `open_desk` does."""

    def __init__(self, data: Path, session: Session, ward: str) -> None:
        self.data, self.session, self.ward = data, session, ward
        place = Place(data)
        key = session.vault_subkey("audit")
        fresh = not place.audit.exists()
        if fresh:
            self.log = Log.create(place.audit, f"cloister/{session.vault_id}", key, now)
        else:
            self.log = Log.open(place.audit, key, now)
        session.require_counter(self.log.latest_value("vault", session.vault_id) or 0)
        ledger = Ledger(self.log, session)
        self.library = Library(place.collections, place.spill, ledger.mark)
        person, own = session.person.id, session.person_key("history")
        path = place.history(person)
        if fresh:
            path.parent.mkdir(parents=True)
            self.library.create_collection(ward, session.collection_key(ward))
            self.history = History.create(
                path, own, spill=place.spill, person=person, on_mark=ledger.mark
            )
        else:
            marks = self.log.latest_store
            self.library.open_collection(
                ward, session.collection_key(ward), marks(f"collection/{ward}")
            )
            self.history = History.open(
                path, own, spill=place.spill, person=person, mark=marks(f"person/{person}"),
                on_mark=ledger.mark,
            )  # fmt: skip
        self.log.note_value("vault", session.vault_id, session.counter)
        self.originals = Originals(place.collections / ward, session.collection_key(ward))
        desk = SimpleNamespace(
            place=place, session=session, ledger=ledger, library=self.library,
            history=self.history, now=now, require=self.require, collections=lambda: (),
        )  # fmt: skip
        self.backups = Backups(cast("Desk", desk))

    def require(self, action: Action, _resource: str = "") -> None:
        assert action is Action.BACK_UP

    def add(self, text: str) -> str:
        """A document as an import adds it: the original first."""
        document = new_document_id()
        self.originals.write(document, text.encode())
        add_texts(self.library, self.ward, (text,), title=text, document=document)
        return document

    def titles(self) -> set[str]:
        return {info.title for info in self.library.documents(self.ward)}

    def close(self) -> None:
        self.library.close()
        self.history.close()
        self.log.close()
        self.session.close()


@pytest.fixture(scope="module")
def _made(
    tmp_path_factory: pytest.TempPathFactory,
    stretched_once: None,  # noqa: F811
) -> tuple[Path, str, str]:
    data = tmp_path_factory.mktemp("office") / "data"
    session, code = Vault(data).create("Ann", PASSPHRASE, now=now())
    ward = session.create_collection("Ward 9", now())
    with closing(Office(data, session, ward)) as office:
        office.add("first")
    return data, ward, code


@pytest.fixture
def office(_made: tuple[Path, str, str], tmp_path: Path) -> Iterator[Office]:
    data = Path(shutil.copytree(_made[0], tmp_path / "data"))
    (tmp_path / "stick").mkdir()
    opened = Office(data, Vault(data).unlock(PASSPHRASE), _made[1])
    yield opened
    opened.close()


@pytest.fixture
def code(_made: tuple[Path, str, str]) -> str:
    return _made[2]


def restored(folder: Path, code: str, number: int | None = None) -> tuple[Office, Outcome]:
    data = folder / "new"
    data.mkdir()
    outcome = restore(folder / "stick", data, lambda: code, now, number=number)
    session = Vault(data).unlock(PASSPHRASE)
    (ward, _), *_rest = session.collections()
    return Office(data, session, ward), outcome


def record(office: Office, action: str) -> LogRecord:
    found = [one for one in office.log.records(0, office.log.size) if one.action == action]
    return found[-1]


def test_after_a_total_loss_everything_is_there_and_the_log_goes_on(
    office: Office, code: str, tmp_path: Path
) -> None:
    office.add("second")
    written = office.backups.create(tmp_path / "stick")
    size, key = office.log.size, office.log.public_key
    shutil.rmtree(office.data / "audit")  # the rest would not help either
    again, outcome = restored(tmp_path, code)
    with closing(again):
        assert again.titles() == {"first", "second"}
        said = record(again, "backup.restored")
        assert said.seq == outcome.record == written.manifest.log_size
        assert said.seq < size
        fields = dict(said.fields)
        assert (fields["details.number"], fields["details.manifest"]) == ("1", written.sha256)
        assert "code" not in fields
        third = again.add("third")
        assert again.originals.read(third) == b"third"
    assert verify(tmp_path / "new" / "audit", key).size > said.seq


def test_an_older_backup_says_that_it_is_older(office: Office, code: str, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    office.add("second")
    office.backups.create(tmp_path / "stick")
    again, outcome = restored(tmp_path, code, number=1)
    with closing(again):
        assert outcome.older
        assert again.titles() == {"first"}
        fields = dict(record(again, "backup.restored").fields)
        assert fields["code"] == OLDER
        assert (fields["details.number"], fields["details.newest"]) == ("1", "2")


def test_a_backup_goes_on_in_the_same_folder_after_a_restore(
    office: Office, code: str, tmp_path: Path
) -> None:
    office.backups.create(tmp_path / "stick")
    again, _ = restored(tmp_path, code)
    with closing(again):
        assert again.backups.create(tmp_path / "stick").manifest.number == 2
        assert again.backups.check(tmp_path / "stick").last == 2


def test_each_restore_is_counted_in_the_log_and_in_the_marker(
    office: Office, code: str, tmp_path: Path
) -> None:
    vault, marker_key = office.session.vault_id, office.session.vault_subkey(SUBKEY)
    assert read_restored(office.data) is None
    office.backups.create(tmp_path / "stick")
    again, outcome = restored(tmp_path, code)
    with closing(again):
        marker = read_restored(again.data, marker_key)
        assert marker is not None
        assert (marker.vault, marker.restorations, marker.backup) == (vault, 1, 1)
        assert again.log.latest_value("restored", vault) == outcome.restorations == 1
        again.backups.create(tmp_path / "stick")
    shutil.rmtree(tmp_path / "new")
    again, outcome = restored(tmp_path, code)
    with closing(again):
        assert outcome.restorations == 2
        assert again.log.latest_value("restored", vault) == 2


def test_a_marker_that_was_changed_is_not_believed(
    office: Office, code: str, tmp_path: Path
) -> None:
    key = office.session.vault_subkey(SUBKEY)
    office.backups.create(tmp_path / "stick")
    again, _ = restored(tmp_path, code)
    with closing(again):
        path = again.data / "restored.json"
        path.write_bytes(path.read_bytes().replace(b'"restorations":1', b'"restorations":7'))
        with pytest.raises(Tampered):
            read_restored(again.data, key)
        path.write_bytes(b"{}")
        with pytest.raises(Tampered):
            read_restored(again.data)


def test_a_backup_made_while_documents_come_and_go_is_of_one_moment(
    office: Office, code: str, tmp_path: Path
) -> None:
    """A restored store opens only if it is exactly what the restored log says it must be."""
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            document = office.add(f"number {number}")
            if number % 3 == 0:
                office.library.remove_document(office.ward, document)
                office.originals.path(document).unlink()
            office.log.append(record_of_something())

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            office.backups.create(tmp_path / "stick")
    finally:
        stop.set()
        worker.join()
    for number in (1, 3):
        again, _ = restored(tmp_path, code, number=number)
        with closing(again):
            for info in again.library.documents(again.ward):
                assert again.originals.read(info.id) == info.title.encode()
        shutil.rmtree(tmp_path / "new")


def test_nothing_is_written_at_the_moment_a_backup_is_of(
    office: Office, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers = [
        threading.Thread(target=office.add, args=("too late",)),
        threading.Thread(
            target=office.history.save, args=("ab" * 12, Turn("late", now(), Asked.FAILED, None))
        ),
    ]
    real = office.log.held

    def held() -> HeldLog:
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(0.4)
            assert writer.is_alive(), "a store was written to"
        return real()

    monkeypatch.setattr(office.log, "held", held)
    office.backups.create(tmp_path / "stick")
    for writer in writers:
        writer.join()
    assert office.titles() == {"first", "too late"}
    again, _ = restored(tmp_path, code)
    with closing(again):
        assert again.titles() == {"first"}


def record_of_something() -> Record:
    return Record("something.happened")


def test_the_wrong_code_opens_nothing(office: Office, code: str, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    data = tmp_path / "new"
    data.mkdir()
    for wrong, error in (
        (shown(new_code()), WrongRecoveryCode),
        (code[:-1] + ("0" if code[-1] != "0" else "1"), RecoveryCodeMistyped),
        ("not a code", RecoveryCodeMistyped),
    ):
        with pytest.raises(error):
            restore(tmp_path / "stick", data, lambda wrong=wrong: wrong, now)
    assert [path.name for path in data.iterdir()] == ["lock"]
    assert check_with_code(tmp_path / "stick", lambda: code).opened


def test_the_code_is_not_asked_for_in_vain(office: Office, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")

    def asked() -> str:
        raise AssertionError("asked")

    with pytest.raises(RestoreRefused):
        restore(tmp_path / "stick", office.data / "collections" / "..", asked, now)


def test_after_a_new_code_the_next_backup_opens_with_that_and_the_old_with_the_old(
    office: Office, code: str, tmp_path: Path
) -> None:
    office.backups.create(tmp_path / "stick")
    fresh = office.session.new_recovery_code()
    office.backups.create(tmp_path / "stick")
    for number, right, wrong in ((1, code, fresh), (2, fresh, code)):
        assert check_with_code(tmp_path / "stick", lambda right=right: right, number=number).opened
        with pytest.raises(WrongRecoveryCode):
            check_with_code(tmp_path / "stick", lambda wrong=wrong: wrong, number=number)


def test_backups_that_were_taken_away_are_missed(office: Office, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    office.backups.create(tmp_path / "stick")
    for path in (tmp_path / "stick" / "cloister-backup" / "backups").glob("00000002.*"):
        path.unlink()
    for call in (office.backups.create, office.backups.check):
        with pytest.raises(BackupRolledBack):
            call(tmp_path / "stick")
    said = record(office, "backup.not_created")
    assert dict(said.fields)["code"] == BackupRolledBack.code


def test_two_vaults_do_not_share_a_folder(office: Office, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    before = list_backups(tmp_path / "stick")
    session, _ = Vault(tmp_path / "second").create("Bob", "another long phrase", now=now())
    ward = session.create_collection("Ward 10", now())
    second = Office(tmp_path / "second", session, ward)
    with closing(second), pytest.raises(BackupForeign):
        second.backups.create(tmp_path / "stick")
    assert list_backups(tmp_path / "stick") == before


def test_an_envelope_holds_no_name_and_opens_to_the_vaults_key_alone(
    office: Office, code: str
) -> None:
    envelope = office.session.recovery_envelope()
    assert b"Ann" not in envelope
    with closing(recovered_vault(envelope, code)) as vault:
        assert vault.vault == office.session.vault_id
        assert vault.subkey("audit") == office.session.vault_subkey("audit")
    for at in range(0, len(envelope), 97):
        changed = bytearray(envelope)
        changed[at] ^= 1
        with pytest.raises((Tampered, WrongRecoveryCode)):
            recovered_vault(bytes(changed), code)
