"""Taking a parcel in on a real desk: named first, logged, none older, each thing to its place."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from appliance import parcels, parcels_received, policies_in_force
from appliance.desk import NotAllowed
from appliance.engine.bundles.manifest import (
    BundleFile,
    Manifest,
    manifest_bytes,
    signature_bytes,
)
from appliance.errors import UsageError
from appliance.parcel.errors import (
    OriginUnknown,
    ParcelExpired,
    ParcelInterrupted,
    ParcelRefused,
    ParcelRolledBack,
)
from appliance.parcel.stick.contents import Kind
from appliance.parcel.stick.making import Addition, Workshop
from appliance.parcel.stick.mount import NAME, TARGETS, Mount
from appliance.parcels import inspect_parcel
from appliance.parcels_received import received_folder
from appliance.policy import (
    Action,
    PackMissing,
    PackRolledBack,
    load,
    load_packs,
    shipped_folder,
    trust,
)
from appliance.policy.errors import PackAltered
from appliance.values import Role, Verdict
from appliance.vault.signers import SignerKey
from tests.faults.office import Furnished, Office, now, unlocked
from tests.faults.sticks_at_a_desk import a_list, no_code, stick
from tests.unit.policy import packs
from tests.unit.vault.conftest import stretched_once  # noqa: F401  one slow derivation for all


def tree(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_looking_at_a_stick_changes_nothing_and_needs_no_login(
    made: Furnished, workshop: Workshop, tmp_path: Path
) -> None:
    folder = stick(workshop, tmp_path, (Kind.REVOCATION, "seats", "4", a_list(tmp_path)))
    before = tree(made.data)
    found = inspect_parcel(folder, made.data, now())
    assert [(item.id, item.here, item.whole) for item in found.items] == [
        ("revocation/seats@4", False, True)
    ]
    assert found.origin == "hospital"
    assert tree(made.data) == before


def test_a_list_is_put_where_seats_look_for_it_and_the_log_has_it(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    folder = stick(workshop, tmp_path, (Kind.REVOCATION, "seats", "4", a_list(tmp_path)))
    (taken,) = office.parcels.take_in(folder, ["revocation/seats@4"], code=no_code)
    assert taken.done
    assert "changed nothing" in taken.note  # no seat authority has signed it
    place = received_folder(office.data, Kind.REVOCATION) / "seats@4" / "list.json"
    assert place.read_text() == "revoked: 3"
    assert office.parcels.inspect(folder).items[0].here
    assert office.record("parcel.item.taken").object == "revocation/seats@4"
    assert not (office.data / "parcels" / "incoming").exists()


def test_only_what_was_named_is_taken(office: Office, workshop: Workshop, tmp_path: Path) -> None:
    path = a_list(tmp_path)
    folder = stick(
        workshop, tmp_path, (Kind.REVOCATION, "seats", "4", path), (Kind.UPDATE, "app", "2", path)
    )
    office.parcels.take_in(folder, ["update/app@2"], code=no_code)
    assert [item.here for item in office.parcels.inspect(folder).items] == [False, True]
    with pytest.raises(UsageError):
        office.parcels.take_in(folder, ["update/app@3"], code=no_code)


def test_a_parcel_that_took_the_place_of_the_one_shown_is_not_taken_in(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    folder = stick(workshop, tmp_path, (Kind.UPDATE, "app", "2", a_list(tmp_path, "harmless")))
    shown = office.parcels.inspect(folder)
    stick(workshop, tmp_path, (Kind.UPDATE, "app", "2", a_list(tmp_path, "another")))
    with pytest.raises(ParcelRefused):
        office.parcels.take_in(folder, ["update/app@2"], code=no_code, shown=shown)
    assert not received_folder(office.data, Kind.UPDATE).exists()
    again = office.parcels.inspect(folder)
    assert office.parcels.take_in(folder, ["update/app@2"], code=no_code, shown=again)[0].done


def test_an_older_parcel_is_refused_even_if_what_was_kept_of_the_newer_one_is_gone(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    folder = stick(workshop, tmp_path, (Kind.REVOCATION, "seats", "4", a_list(tmp_path)))
    older = Path(shutil.copytree(folder, tmp_path / "older"))
    newer = stick(workshop, tmp_path, (Kind.REVOCATION, "seats", "5", a_list(tmp_path)))
    office.parcels.take_in(newer, ["revocation/seats@5"], code=no_code)
    shutil.rmtree(office.data / "parcels" / "hospital")
    with pytest.raises(ParcelRolledBack):
        office.parcels.take_in(older, ["revocation/seats@4"], code=no_code)
    assert dict(office.record("parcel.refused").fields)["code"] == ParcelRolledBack.code


def test_a_clock_set_back_does_not_revive_a_parcel(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    path = a_list(tmp_path)
    long_ago = now() - timedelta(days=20)
    addition = Addition(Kind.REVOCATION, "seats", "4", path)
    folder = workshop.make(tmp_path / "stick", [addition], long_ago, days=10).folder
    office.desk.now = lambda: long_ago
    assert inspect_parcel(folder, office.data, long_ago).items  # by the clock alone it is good
    with pytest.raises(ParcelExpired):
        office.parcels.inspect(folder)


def test_an_origin_that_nobody_installed_is_not_asked_about(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = Workshop.create(tmp_path / "other" / "keys", now())
    folder = stick(stranger, tmp_path / "other", (Kind.UPDATE, "app", "2", a_list(tmp_path)))
    with pytest.raises(OriginUnknown):
        office.parcels.take_in(folder, ["update/app@2"], code=no_code)


def test_a_stick_pulled_out_is_said_and_the_next_time_goes_on(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    path = tmp_path / "app.bin"
    path.write_bytes(os.urandom(3_500_000))
    folder = stick(workshop, tmp_path, (Kind.UPDATE, "app", "2", path))
    (stored,) = (file for file in (folder / NAME / TARGETS).rglob("*") if file.is_file())
    seen: list[int] = []

    def pull(done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == 3:
            stored.rename(tmp_path / "aside")
            os.truncate(tmp_path / "aside", 1)

    with pytest.raises(ParcelInterrupted):
        office.parcels.take_in(folder, ["update/app@2"], code=no_code, progress=pull)
    assert not received_folder(office.data, Kind.UPDATE).exists()
    shutil.copy(path, stored)
    again: list[int] = []
    (taken,) = office.parcels.take_in(
        folder, ["update/app@2"], code=no_code, progress=lambda done, _: again.append(done)
    )
    assert taken.done
    assert hashlib.sha256(path.read_bytes()).hexdigest() in taken.note
    assert again[0] >= 2_000_000
    place = received_folder(office.data, Kind.UPDATE) / "app@2" / "app.bin"
    assert place.read_bytes() == path.read_bytes()


class Killed(BaseException):
    """Whatever ends the program there."""


@pytest.mark.parametrize("step", ["_remember", "fetch", "receive", "the move into place"])
def test_an_import_killed_after_any_step_goes_on_the_next_time(
    made: Furnished,
    workshop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    owner, name = {
        "_remember": (parcels.Parcels, "_remember"),
        "fetch": (Mount, "fetch"),
        "receive": (parcels, "receive"),
        "the move into place": (parcels_received, "_put"),
    }[step]
    pack, office = shipped_folder() / "baseline", made.opened(tmp_path / "data")
    serial = office.log.latest_value("pack", "baseline")
    item = f"policy/baseline@{serial}"
    folder = stick(workshop, tmp_path, (Kind.POLICY, "baseline", str(serial), pack))
    real = getattr(owner, name)

    def dying(*arguments: object, **named: object) -> None:
        real(*arguments, **named)
        raise Killed

    with monkeypatch.context() as killed:
        killed.setattr(owner, name, dying)
        with pytest.raises(Killed):
            office.parcels.take_in(folder, [item], code=no_code)
    office.close()
    with closing(unlocked(office.data)) as again:
        assert again.parcels.take_in(folder, [item], code=no_code)[0].done
        assert not (again.data / "parcels" / "incoming").exists()
    unlocked(office.data).close()


def test_what_is_refused_does_not_keep_the_rest_out(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    pack = Path(shutil.copytree(shipped_folder() / "baseline", tmp_path / "baseline"))
    with (pack / "cases.toml").open("a") as file:
        file.write("\n")
    model = tmp_path / "model"
    model.mkdir()
    (model / "mlc-chat-config.json").write_text("{}")
    folder = stick(
        workshop,
        tmp_path,
        (Kind.POLICY, "baseline", "99", pack),
        (Kind.MODEL, "m", "1", model),
        (Kind.REVOCATION, "seats", "4", a_list(tmp_path)),
    )
    wanted = [item.id for item in office.parcels.inspect(folder).items]
    taken = office.parcels.take_in(folder, wanted, code=no_code)
    assert [(one.id, one.done, one.code) for one in taken] == [
        ("revocation/seats@4", True, ""),
        ("policy/baseline@99", False, "pack_altered"),
        ("model/m@1", False, "bundle_untrusted"),
    ]
    assert not (office.data / "packs").exists()
    assert office.actions().count("parcel.item.refused") == 2


def test_who_may_not_takes_nothing_in_and_who_may_some_takes_that(
    office: Office, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_list(tmp_path)
    folder = stick(
        workshop, tmp_path, (Kind.REVOCATION, "seats", "4", path), (Kind.UPDATE, "app", "2", path)
    )
    both = ["revocation/seats@4", "update/app@2"]
    monkeypatch.setattr(office.desk, "person", replace(office.desk.person, roles=(Role.MEMBER,)))
    with pytest.raises(NotAllowed):
        office.parcels.take_in(folder, both, code=no_code)
    assert office.log.latest_values("parcel") == {}
    monkeypatch.undo()
    real = office.desk.require

    def without_policies(action: Action, resource: str = "") -> Verdict:
        if action is Action.MANAGE_POLICIES:
            raise NotAllowed("No.")
        return real(action, resource)

    monkeypatch.setattr(office.desk, "require", without_policies)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    taken = office.parcels.take_in(folder, both, code=no_code)
    assert [(one.done, one.code) for one in taken] == [(True, ""), (False, "not_allowed")]


def test_a_model_that_is_another_than_the_one_named_is_not_installed(
    office: Office, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, bundle = SignerKey.generate(), tmp_path / "bundle"
    monkeypatch.setattr(
        parcels_received, "trusted_signers", lambda: (key.public("The institution"),)
    )
    described = Manifest(
        name="other", version="2", family="llama", quantisation="q4f16_1", context=128,
        parameters=1, licence="MIT", source="a test", created="2026-11-25T12:00:00+00:00",
        files=(BundleFile("mlc-chat-config.json", 2, "0" * 64),),
    )  # fmt: skip
    bundle.mkdir()
    content = manifest_bytes(described)
    (bundle / "manifest.json").write_bytes(content)
    (bundle / "manifest.sig").write_bytes(signature_bytes(content, key))
    folder = stick(workshop, tmp_path, (Kind.MODEL, "wanted", "1", bundle))
    (taken,) = office.parcels.take_in(folder, ["model/wanted@1"], code=no_code)
    assert (taken.done, taken.code) == (False, "usage")
    assert "other@2" in taken.sentence


def test_what_lies_in_its_place_already_is_not_touched(
    office: Office, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between taking a pack in force away and putting it back would keep the vault shut."""
    pack = shipped_folder() / "baseline"
    serial = office.log.latest_value("pack", "baseline")
    item = f"policy/baseline@{serial}"
    folder = stick(workshop, tmp_path, (Kind.POLICY, "baseline", str(serial), pack))
    office.parcels.take_in(folder, [item], code=no_code)
    place = office.data / "packs" / f"baseline@{serial}" / "baseline"
    before = place.stat().st_ino
    assert office.parcels.take_in(folder, [item], code=no_code)[0].done
    assert place.stat().st_ino == before
    (place / "stray.cedar").write_text("permit(principal, action, resource);")
    with monkeypatch.context() as without:
        without.setattr(parcels_received, "require_usable", lambda *_: ("baseline", serial))
        without.setattr(parcels_received, "serial_in_force", lambda *_: serial)
        assert office.parcels.take_in(folder, [item], code=no_code)[0].done
    assert not (place / "stray.cedar").exists()


def test_a_policy_pack_is_in_force_from_the_next_login_and_is_missed_when_it_is_gone(
    made: Furnished, workshop: Workshop, tmp_path: Path
) -> None:
    office = made.opened(tmp_path / "data")
    pack = shipped_folder() / "baseline"
    serial = office.log.latest_value("pack", "baseline")
    folder = stick(workshop, tmp_path, (Kind.POLICY, "baseline", str(serial), pack))
    (taken,) = office.parcels.take_in(folder, [f"policy/baseline@{serial}"], code=no_code)
    office.close()
    assert taken.done
    assert (office.data / "packs" / f"baseline@{serial}" / "baseline" / "pack.toml").exists()
    unlocked(office.data).close()
    # A folder of a greater serial that is not what it says keeps the vault shut, not open.
    shutil.copytree(office.data / "packs" / f"baseline@{serial}", office.data / "packs/baseline@99")
    assert policies_in_force.serial_in_force(office.data, "baseline") == 99
    with pytest.raises(PackAltered):
        unlocked(office.data)


def test_a_pack_that_came_in_and_is_gone_or_older_keeps_the_vault_shut(
    made: Furnished, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = (*trust.TRUSTED, *packs.trusted())
    for name, loading in (("load", load), ("load_packs", load_packs)):
        monkeypatch.setattr(policies_in_force, name, partial(loading, trusted=trusted))
    older = packs.write(tmp_path / "older", "small", serial=1)
    newer = packs.write(tmp_path / "newer", "small", serial=2)
    office = made.opened(tmp_path / "data")
    folder = stick(workshop, tmp_path, (Kind.POLICY, "small", "2", newer))
    assert office.parcels.take_in(folder, ["policy/small@2"], code=no_code)[0].done
    office.close()

    office = unlocked(office.data)
    assert office.log.latest_values("pack")["small"] == 2
    folder = stick(workshop, tmp_path, (Kind.POLICY, "small", "1", older))
    (refused,) = office.parcels.take_in(folder, ["policy/small@1"], code=no_code)
    assert (refused.done, refused.code) == (False, PackRolledBack.code)
    office.close()

    shutil.move(office.data / "packs", tmp_path / "aside")
    with pytest.raises(PackMissing):
        unlocked(office.data)
    shutil.copytree(older, office.data / "packs" / "small@1" / "small")
    with pytest.raises(PackRolledBack):
        unlocked(office.data)
    shutil.rmtree(office.data / "packs")
    shutil.move(tmp_path / "aside", office.data / "packs")
    unlocked(office.data).close()
