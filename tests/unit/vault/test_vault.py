"""Unlocking: who gets in, what is refused, and what a damaged vault.json says."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import StorageFull, StorageReadOnly, StoreTampered
from appliance.values import Role
from appliance.vault import vault_file
from appliance.vault.canonical import canonical_json
from appliance.vault.errors import (
    NameRequired,
    NoVault,
    PassphraseTooWeak,
    RecoveryCodeMistyped,
    SessionClosed,
    VaultDamaged,
    VaultExists,
    WrongPassphrase,
)
from appliance.vault.primitives import sha256
from appliance.vault.suites import Argon2, Profile
from appliance.vault.vault import Vault
from tests.unit.vault.conftest import ANN, BOB, NOW, Sample


def test_the_right_passphrase_opens_and_the_session_says_who_it_is(sample: Sample) -> None:
    session = sample.ann()
    assert session.person.name == "Ann"
    assert set(session.person.roles) == {
        Role.MEMBER, Role.CURATOR, Role.AUDITOR, Role.ADMINISTRATOR
    }  # fmt: skip
    assert session.collections() == ((sample.ward, "Ward 9"),)
    assert [person.name for person in session.people()] == ["Ann", "Bob"]


def test_a_recovery_code_opens_as_the_passphrase_does(sample: Sample) -> None:
    with_code = Vault(sample.folder).unlock(sample.ann_code.lower().replace("-", " "), "ANN")
    assert with_code.person_key("store") == sample.ann().person_key("store")
    assert with_code.collection_key(sample.ward) == sample.ann().collection_key(sample.ward)


@pytest.mark.parametrize("secret", [BOB, ANN + " ", ANN.upper(), "", "x" * 100_000])
def test_a_wrong_passphrase_and_an_unknown_name_are_one_error(sample: Sample, secret: str) -> None:
    with pytest.raises(WrongPassphrase) as wrong:
        Vault(sample.folder).unlock(secret, "Ann")
    with pytest.raises(WrongPassphrase) as unknown:
        Vault(sample.folder).unlock(secret, "Nobody")
    assert (wrong.value.sentence, wrong.value.next_step) == (
        unknown.value.sentence,
        unknown.value.next_step,
    )


def test_an_unknown_name_costs_the_same_derivation(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[Argon2, int]] = []
    real = Argon2.derive

    def counted(self: Argon2, secret: bytes, salt: bytes) -> bytes:
        calls.append((self, len(salt)))
        return real(self, secret, salt)

    monkeypatch.setattr(Argon2, "derive", counted)
    for name in ("Ann", "Nobody"):
        with pytest.raises(WrongPassphrase):
            Vault(sample.folder).unlock("not the passphrase", name)
    assert calls[0] == calls[1]
    assert len(calls) == 2


def test_a_mistyped_code_is_found_before_any_derivation(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("derived for a typing error")

    monkeypatch.setattr(Argon2, "derive", never)
    wrong = ("1" if sample.ann_code[0] != "1" else "2") + sample.ann_code[1:]
    with pytest.raises(RecoveryCodeMistyped):
        Vault(sample.folder).unlock(wrong, "Ann")


def test_anothers_code_or_passphrase_does_not_open(sample: Sample) -> None:
    for secret in (sample.bob_code, BOB):
        with pytest.raises(WrongPassphrase):
            Vault(sample.folder).unlock(secret, "Ann")


def test_several_people_need_a_name_and_one_does_not(sample: Sample, tmp_path: Path) -> None:
    with pytest.raises(NameRequired):
        Vault(sample.folder).unlock(ANN)
    Vault(tmp_path / "one").create("Ann", ANN, now=NOW)
    assert Vault(tmp_path / "one").unlock(ANN).person.name == "Ann"
    assert Vault(tmp_path / "one").unlock(ANN, " ann ").person.name == "Ann"


def test_no_name_no_title_and_no_secret_stands_in_clear(tmp_path: Path) -> None:
    name, title, passphrase = "Annabella Quernstone", "Rheumatology guidelines", "staple battery 9"
    session, code = Vault(tmp_path).create(name, passphrase, now=NOW)
    session.create_collection(title, NOW)
    content = (tmp_path / "vault.json").read_bytes()
    fields = re.findall(rb'"([^"]*)"', content)
    seen = [content, *(base64.b64decode(field) for field in fields if len(field) % 4 == 0)]
    secrets = [name, title, passphrase, code, code.replace("-", ""), name.casefold()]
    for secret in secrets:
        assert not any(secret.encode() in text for text in seen)


def test_creating_twice_is_refused_and_changes_nothing(sample: Sample) -> None:
    before = sample.file.read_bytes()
    with pytest.raises(VaultExists):
        Vault(sample.folder).create("Eve", "quite another phrase", now=NOW)
    assert sample.file.read_bytes() == before


def test_a_weak_passphrase_makes_no_vault(tmp_path: Path) -> None:
    with pytest.raises(PassphraseTooWeak):
        Vault(tmp_path / "new").create("Ann", "too short", now=NOW)
    assert not Vault(tmp_path / "new").exists
    with pytest.raises(NoVault):
        Vault(tmp_path / "new").unlock("too short")


def test_a_fips_vault_uses_its_own_algorithms_and_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("Argon2id in the fips profile")

    monkeypatch.setattr(Argon2, "derive", never)
    session, code = Vault(tmp_path).create("Ann", ANN, profile=Profile.FIPS, now=NOW)
    ward = session.create_collection("Ward", NOW)
    bob, _ = session.add_person("Bob", BOB, (Role.MEMBER,), NOW)
    session.add_member(ward, bob.id)
    text = (tmp_path / "vault.json").read_text()
    assert "argon2" not in text
    assert "mlkem768" not in text
    opened = Vault(tmp_path).unlock(code, "Ann")
    assert opened.profile is Profile.FIPS
    assert Vault(tmp_path).unlock(BOB, "Bob").collections() == ((ward, "Ward"),)


def test_a_closed_session_gives_nothing_and_its_keys_are_overwritten(sample: Sample) -> None:
    session = sample.ann()
    session.collection_key(sample.ward)
    ring = session._keyring
    kept = [ring._private, ring._vault_key, ring._store_key, *ring._unwrapped.values()]
    session.close()
    session.close()
    assert all(not any(secret) for secret in kept)
    calls: list[Callable[[], object]] = [
        lambda: session.collection_key(sample.ward),
        lambda: session.person_key("store"),
        lambda: session.vault_subkey("log"),
        session.collections,
        lambda: session.person,
        lambda: session.create_collection("New", NOW),
        lambda: session.change_passphrase(ANN, "quite another phrase"),
        session.new_recovery_code,
        session.mend,
    ]
    for call in calls:
        with pytest.raises(SessionClosed):
            call()


# --- damage ----------------------------------------------------------------------------------


def opened_or_damaged(sample: Sample) -> None:
    """Nothing but "damaged" may come of it: above all neither a session nor "wrong passphrase"."""
    with pytest.raises(VaultDamaged) as caught:
        Vault(sample.folder).unlock(ANN, "Ann")
    assert isinstance(caught.value, StoreTampered)
    assert caught.value.next_step


def test_a_flipped_bit_anywhere_says_damaged_not_wrong_passphrase(sample: Sample) -> None:
    content = sample.file.read_bytes()
    for at in range(0, len(content), 61):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 7
        sample.file.write_bytes(changed)
        opened_or_damaged(sample)


def test_a_cut_or_grown_or_empty_file_says_damaged(sample: Sample) -> None:
    content = sample.file.read_bytes()
    for size in (0, 1, 2, 100, len(content) // 2, len(content) - 1):
        sample.file.write_bytes(content[:size])
        opened_or_damaged(sample)
    for more in (b" ", b"\n", b"\x00" * 4096, content):
        sample.file.write_bytes(content + more)
        opened_or_damaged(sample)


def test_a_file_of_any_size_is_read_within_bounds(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_file, "MAXIMUM_FILE", 1000)
    opened_or_damaged(sample)


Edit = Callable[[dict[str, Any]], object]

FORGERIES: list[Edit] = [
    lambda v: v.update(counter=v["counter"] + 1),
    lambda v: v.update(counter=v["counter"] - 1),
    lambda v: v["people"][1].update(roles=["administrator"]),
    lambda v: v["people"][0].update(roles=[]),
    lambda v: v["people"].pop(1),
    lambda v: v["people"].reverse(),
    lambda v: v["people"][0].update(name=v["people"][1]["name"]),
    lambda v: v["collections"].clear(),
    lambda v: v["recovery"].update(public=v["people"][1]["public"]),
    lambda v: v["recovery"].update(custodian=v["people"][1]["id"]),
    lambda v: v["people"][0].update(public=v["people"][1]["public"]),
    lambda v: v["people"][0].update(vault_key=v["people"][1]["vault_key"]),
    lambda v: v["people"][0].update(store_key=v["people"][1]["store_key"]),
    lambda v: v["people"][0].update(store_key=v["people"][0]["vault_key"]),
    lambda v: v.update(mac=v["salt"]),
    lambda v: v.pop("mac"),
    lambda v: v.update(extra=1),
    lambda v: v.update(version=3),
    lambda v: v.update(version=1),
    lambda v: v.update(version=0),
    lambda v: v.update(profile="none"),
    lambda v: v.update(people=[]),
    lambda v: v["people"][0]["slots"][0]["kdf"].update(memory=2**40),
    lambda v: v["people"][0]["slots"][0]["kdf"].update(passes=1),
    lambda v: v["people"][0]["slots"][0]["kdf"].update(name="none"),
    lambda v: v["people"][0].update(id="../../etc"),
    lambda v: v["people"][1].update(id=""),
]


@pytest.mark.parametrize("number", range(len(FORGERIES)))
def test_a_skilled_forgery_with_a_fitting_checksum_says_damaged(
    sample: Sample, number: int
) -> None:
    forge(sample.file, FORGERIES[number])
    opened_or_damaged(sample)


def forge(file: Path, edit: Edit) -> None:
    vault = json.loads(file.read_bytes())
    edit(vault)
    vault.pop("sha256")
    vault["sha256"] = sha256(canonical_json(vault)).hex()
    file.write_bytes(canonical_json(vault))


def test_a_slot_put_in_anothers_place_does_not_open(sample: Sample) -> None:
    def swap(vault: dict[str, Any]) -> None:
        one, two = vault["people"]
        one["slots"], two["slots"] = two["slots"], one["slots"]

    forge(sample.file, swap)
    for secret in (ANN, BOB):
        with pytest.raises(WrongPassphrase):
            Vault(sample.folder).unlock(secret, "Ann")


def test_another_vault_in_its_place_does_not_open(sample: Sample, tmp_path: Path) -> None:
    session, _ = Vault(tmp_path / "other").create("Ann", ANN, now=NOW)
    open_one = sample.ann()
    shutil.copy(tmp_path / "other" / "vault.json", sample.file)
    with pytest.raises(VaultDamaged):  # the session that was open sees another vault
        open_one.collections()
    assert Vault(sample.folder).unlock(ANN).vault_id == session.vault_id != open_one.vault_id


def test_an_older_file_put_back_is_refused_by_the_open_session_and_by_the_floor(
    sample: Sample,
) -> None:
    older = sample.file.read_bytes()
    session = sample.ann()
    session.create_collection("Ward 10", NOW)
    floor = session.counter
    sample.file.write_bytes(older)
    for call in (session.collections, lambda: session.create_collection("Ward 11", NOW)):
        with pytest.raises(VaultDamaged):
            call()
    again = sample.ann()  # nothing in the file itself can tell; the log's floor can
    with pytest.raises(VaultDamaged):
        again.require_counter(floor)
    again.require_counter(floor - 1)


def test_a_file_that_vanishes_while_open_is_damage(sample: Sample) -> None:
    session = sample.ann()
    sample.file.unlink()
    with pytest.raises(VaultDamaged):
        session.collections()
    with pytest.raises((VaultDamaged, NoVault)):
        session.create_collection("Ward", NOW)
    assert not sample.file.exists()


# --- the disk --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [StorageFull("full"), StorageReadOnly("read-only")])
def test_a_change_the_disk_refuses_leaves_file_and_session_as_they_were(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    session = sample.ann()
    before, counter = sample.file.read_bytes(), session.counter

    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(vault_file, "write_atomic", refuse)
        for change in (
            lambda: session.create_collection("Ward 10", NOW),
            lambda: session.change_passphrase(ANN, "quite another phrase"),
            session.new_recovery_code,
        ):
            with pytest.raises(type(error)):
                change()
    assert sample.file.read_bytes() == before
    assert session.counter == counter
    assert session.collections() == ((sample.ward, "Ward 9"),)
    session.create_collection("Ward 10", NOW)
    assert len(sample.ann().collections()) == 2


def test_a_read_only_disk_still_unlocks(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageReadOnly("read-only")

    monkeypatch.setattr(vault_file, "write_atomic", refuse)
    assert sample.ann().collections() == ((sample.ward, "Ward 9"),)
