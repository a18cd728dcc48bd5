"""Backups of a desk while its stores are written to, and what a restore makes of them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from appliance.audit import Record
from appliance.audit.holding import HeldLog
from appliance.audit.verify import verify
from appliance.backups import check_with_code, list_backups
from appliance.parcel.backup.keys import BackupKeys
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.restoring import conclude, opened_backup, restore_files
from appliance.parcel.errors import (
    BackupForeign,
    BackupMisplaced,
    BackupRolledBack,
    NoBackup,
    RestoreRefused,
)
from appliance.parcel.restored import SUBKEY, read_restored
from appliance.restoring import OLDER, Outcome, restore
from appliance.shelves import Shelves
from appliance.values import Outcome as Asked
from appliance.values import Question, Turn
from appliance.vault import (
    RecoveryCodeMistyped,
    Tampered,
    WrongRecoveryCode,
    recovered_vault,
)
from appliance.vault.recovery import new_code, shown
from tests.faults.office import Furnished, Office, now, unlocked
from tests.unit.vault.conftest import stretched_once  # noqa: F401  one slow derivation for all


@pytest.fixture
def office(made: Furnished, tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "stick").mkdir()
    opened = made.opened(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def code(made: Furnished) -> str:
    return made.code


def restored(folder: Path, code: str, number: int | None = None) -> tuple[Office, Outcome]:
    data = folder / "new"
    data.mkdir()
    outcome = restore(folder / "stick", data, lambda: code, now, number=number)
    return unlocked(data), outcome


def test_after_a_total_loss_everything_is_there_and_the_log_goes_on(
    office: Office, code: str, tmp_path: Path
) -> None:
    office.add("second")
    retired = office.library.documents(office.ward)[0]
    Shelves(office.desk).retire(office.ward, retired.id)
    written = office.backups.create(tmp_path / "stick")
    size, key = office.log.size, office.log.public_key
    shutil.rmtree(office.data / "audit")  # the rest would not help either
    again, outcome = restored(tmp_path, code)
    with closing(again):
        assert again.titles() == {"first", "second"}
        kept = again.library.document(again.ward, retired.id)
        assert kept.retired is not None
        assert again.library.counts(again.ward)[0] == 1
        assert again.read(retired.id) == retired.title.encode()
        said = again.record("backup.restored")
        assert said.seq == outcome.record == written.manifest.log_size
        assert said.seq < size
        fields = dict(said.fields)
        assert (fields["details.number"], fields["details.manifest"]) == ("1", written.sha256)
        assert "code" not in fields
        third = again.add("third")
        assert again.read(third) == b"third"
    assert verify(tmp_path / "new" / "audit", key).size > said.seq


def test_an_older_backup_says_that_it_is_older(office: Office, code: str, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    office.add("second")
    office.backups.create(tmp_path / "stick")
    again, outcome = restored(tmp_path, code, number=1)
    with closing(again):
        assert outcome.older
        assert again.titles() == {"first"}
        fields = dict(again.record("backup.restored").fields)
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


def test_a_log_that_goes_on_while_a_backup_is_taken_is_the_log_of_one_moment(
    office: Office, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of records, new keys and a change of the vault, just before and just after."""
    real = office.log.held

    def busy() -> None:
        for _ in range(3):
            office.log.append_batch([Record("something.happened")] * 200)
        office.log.advance_keys()
        office.session.new_recovery_code()
        office.desk.note_vault()

    def held() -> HeldLog:
        busy()
        found = real()
        busy()
        return found

    monkeypatch.setattr(office.log, "held", held)
    written = office.backups.create(tmp_path / "stick")
    fresh = office.session.new_recovery_code()
    assert fresh != code
    data = tmp_path / "new"
    data.mkdir()
    keys = BackupKeys.of(office.session.vault_subkey("backup"))
    signed = Place.below(tmp_path / "stick").manifest(1)
    opened = opened_backup(Place.below(tmp_path / "stick"), keys, signed)
    restore_files(opened, data)
    conclude(opened, data)
    again = unlocked(data)
    with closing(again):
        assert again.titles() == {"first"}
        assert again.log.size >= written.manifest.log_size
        assert verify(data / "audit", again.log.public_key)


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
                office.desk.originals(office.ward).path(document).unlink()
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
                assert again.read(info.id) == info.title.encode()
        shutil.rmtree(tmp_path / "new")


def test_an_ask_under_way_while_a_backup_is_made_is_closed_where_it_is_restored(
    office: Office, code: str, tmp_path: Path
) -> None:
    asked = Question("ab" * 16, "Where do staff park?", office.desk.person, now())
    ledger = office.desk.ledger
    ledger.open_ask(asked, office.desk.policy.decide(asked))
    office.backups.create(tmp_path / "stick")
    ledger.close_ask(asked, Asked.CANCELLED, None)
    again, _ = restored(tmp_path, code)
    with closing(again):
        closed = again.record("ask.closed")
        fields = dict(closed.fields)
        assert (fields["ask"], closed.outcome) == (asked.id, Asked.FAILED.value)
        assert fields["code"] == "interrupted"
    assert office.record("ask.closed").outcome == Asked.CANCELLED.value


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
            restore(tmp_path / "stick", data, partial(str, wrong), now)
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
        assert check_with_code(tmp_path / "stick", partial(str, right), number=number).opened
        with pytest.raises(WrongRecoveryCode):
            check_with_code(tmp_path / "stick", partial(str, wrong), number=number)


def test_backups_that_were_taken_away_are_missed(office: Office, tmp_path: Path) -> None:
    office.backups.create(tmp_path / "stick")
    office.backups.create(tmp_path / "stick")
    for path in (tmp_path / "stick" / "cloister-backup" / "backups").glob("00000002.*"):
        path.unlink()
    for call in (office.backups.create, office.backups.check):
        with pytest.raises(BackupRolledBack):
            call(tmp_path / "stick")
    said = office.record("backup.not_created")
    assert dict(said.fields)["code"] == BackupRolledBack.code


def test_a_backup_says_that_a_store_in_it_is_not_what_the_log_recorded(
    made: Furnished, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(made.data, tmp_path / "data"))
    (store,) = data.glob("collections/*/store.duckdb")
    store.write_bytes(store.read_bytes()[:-4_096])
    (tmp_path / "stick").mkdir()
    with closing(unlocked(data)) as office:
        assert office.backups.create(tmp_path / "stick").refused == 1


def test_old_backups_are_cleared_and_the_log_says_so(office: Office, tmp_path: Path) -> None:
    for _ in range(3):
        office.backups.create(tmp_path / "stick")
    assert office.backups.clear(tmp_path / "stick", keep=1).gone == (1, 2)
    said = dict(office.record("backup.cleared").fields)
    assert (said["details.gone"], said["details.first"], said["details.last"]) == ("2", "3", "3")
    assert office.backups.create(tmp_path / "stick").manifest.number == 4
    assert office.backups.check(tmp_path / "stick").first == 3
    with pytest.raises(NoBackup):
        office.backups.clear(tmp_path, keep=1)
    assert dict(office.record("backup.not_cleared").fields)["code"] == NoBackup.code
    assert not (tmp_path / "cloister-backup").exists()


def test_what_is_logged_after_a_backup_is_signed_by_keys_that_are_not_in_it(
    office: Office, code: str, tmp_path: Path
) -> None:
    """Who has the backup and its code can go on with the log from there, not from later on."""
    office.backups.create(tmp_path / "stick")
    again, _ = restored(tmp_path, code)
    with closing(again):
        office.log.append(Record("something.happened"))
        again.log.append(Record("something.happened"))
        ours, theirs = (
            {path.name: path.read_bytes() for path in (one.data / "audit" / "epochs").iterdir()}
            for one in (office, again)
        )
    shared = {name for name in ours if theirs.get(name) == ours[name]}
    latest = max(ours, key=lambda name: int(name.partition(".")[0]))
    assert shared
    assert latest not in shared
    assert max(theirs, key=lambda name: int(name.partition(".")[0])) not in shared


def test_backups_are_not_put_into_what_they_are_of(office: Office) -> None:
    (office.data / "mine").mkdir()
    with pytest.raises(BackupMisplaced):
        office.backups.create(office.data / "mine")


def test_two_vaults_do_not_share_a_folder(
    office: Office, elsewhere: Furnished, tmp_path: Path
) -> None:
    office.backups.create(tmp_path / "stick")
    before = list_backups(tmp_path / "stick")
    second = elsewhere.opened(tmp_path / "second")
    with closing(second), pytest.raises(BackupForeign):
        second.backups.create(tmp_path / "stick")
    assert list_backups(tmp_path / "stick") == before


def test_an_envelope_holds_no_name_and_opens_to_the_vaults_key_alone(
    office: Office, code: str
) -> None:
    envelope = office.session.recovery_envelope()
    assert b'"Ann"' not in envelope  # quoted: three letters stand in base64 by chance
    with closing(recovered_vault(envelope, code)) as vault:
        assert vault.vault == office.session.vault_id
        assert vault.subkey("audit") == office.session.vault_subkey("audit")
    for at in range(0, len(envelope), 97):
        changed = bytearray(envelope)
        changed[at] ^= 1
        with pytest.raises((Tampered, WrongRecoveryCode)):
            recovered_vault(bytes(changed), code)
