"""A restore that is killed in any of its steps, and one of a backup that is damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance import restoring
from appliance.parcel.backup.keys import SUBKEY, BackupKeys
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.restoring import opened_backup
from appliance.parcel.backup.restoring import restore_files as real_restore_files
from appliance.parcel.errors import BackupDamaged, NoBackup, RestoreRefused
from appliance.restoring import Outcome, restore
from appliance.vault import recovered_vault
from tests.faults.office import furnished, now, unlocked
from tests.unit.vault.conftest import stretched_once  # noqa: F401  one slow derivation for all


@dataclass(frozen=True, slots=True)
class Backed:
    """A backup of two wards, each with a document; `gone` is the one whose files get damaged."""

    stick: Path
    code: str
    gone: str
    kept: str


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    stretched_once: None,  # noqa: F811
) -> Backed:
    folder = tmp_path_factory.mktemp("backed")
    (folder / "stick").mkdir()
    first = furnished(folder / "data")
    with closing(unlocked(first.data)) as office:
        second = office.desk.create_collection("Ward 10").id
        office.backups.create(folder / "stick")
        return Backed(folder / "stick", first.code, office.ward, second)


@pytest.fixture
def backed(made: Backed, tmp_path: Path) -> Backed:
    (tmp_path / "new").mkdir()
    stick = Path(shutil.copytree(made.stick, tmp_path / "stick"))
    return Backed(stick, made.code, made.gone, made.kept)


def again(backed: Backed, tmp_path: Path, *, salvage: bool = False) -> Outcome:
    return restore(backed.stick, tmp_path / "new", lambda: backed.code, now, salvage=salvage)


class Killed(BaseException):
    """Whatever ends the program there."""


@pytest.mark.parametrize(
    "step", ["restore_files", "_logged", "_marked", "_put_back_attempts", "conclude"]
)
def test_a_restore_killed_after_any_step_is_no_vault_or_a_whole_one(
    backed: Backed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(restoring, step)

    def dying(*arguments: object, **named: object) -> None:
        real(*arguments, **named)
        raise Killed

    with monkeypatch.context() as killed:
        killed.setattr(restoring, step, dying)
        with pytest.raises(Killed):
            again(backed, tmp_path)
    vault = tmp_path / "new" / "vault.json"
    if step == "conclude":
        with pytest.raises(RestoreRefused):
            again(backed, tmp_path)
    else:
        assert not vault.exists()
        assert again(backed, tmp_path).restorations == 1
    assert vault.exists()
    with closing(unlocked(tmp_path / "new")) as office:
        assert office.titles(backed.gone) == {"first"}
        assert office.actions().count("backup.restored") == 1


def damage(backed: Backed, wanted: Callable[[str], bool]) -> int:
    """Every chunk that such a file alone needs; how many."""
    place = Place.below(backed.stick)
    signed = place.manifest(1)
    with closing(recovered_vault(signed.manifest.recovery, backed.code)) as vault:
        opened = opened_backup(place, BackupKeys.of(vault.subkey(SUBKEY)), signed)
    others = {at for file in opened.files if not wanted(file.path) for at in file.chunks}
    hit = {at for file in opened.files if wanted(file.path) for at in file.chunks} - others
    for at in hit:
        path = place.chunk(opened.rows[at].name)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    return len(hit)


def test_what_is_whole_comes_back_and_what_is_lost_is_named_and_never_used(
    backed: Backed, tmp_path: Path
) -> None:
    store = f"collections/{backed.gone}/store.duckdb"
    assert damage(backed, lambda path: path == store) > 0
    with pytest.raises(BackupDamaged):
        again(backed, tmp_path)
    assert not (tmp_path / "new" / "vault.json").exists()
    outcome = again(backed, tmp_path, salvage=True)
    assert outcome.lost == (store,)
    with closing(unlocked(tmp_path / "new")) as office:
        assert dict(office.record("backup.restored").fields)["details.lost"] == "1"
        assert office.record("backup.file_lost").object == store
        problems = {one.id: bool(one.problem) for one in office.desk.collections()}
        assert problems == {backed.gone: True, backed.kept: False}


@pytest.mark.parametrize("needed", ["vault.json", "audit/"])
def test_without_its_people_or_its_log_nothing_is_salvaged(
    backed: Backed, tmp_path: Path, needed: str
) -> None:
    assert damage(backed, lambda path: path.startswith(needed)) > 0
    with pytest.raises(BackupDamaged):
        again(backed, tmp_path, salvage=True)
    assert not (tmp_path / "new" / "vault.json").exists()


def test_a_stick_pulled_out_is_not_taken_for_damage(
    backed: Backed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pulled(*arguments: object, **named: object) -> object:
        shutil.rmtree(backed.stick)
        return real_restore_files(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(restoring, "restore_files", pulled)
    with pytest.raises((NoBackup, BackupDamaged)):
        again(backed, tmp_path, salvage=True)
    assert not (tmp_path / "new" / "vault.json").exists()
