"""An administrator with everything an administrator holds, and tools of their own, reads nothing.

What they hold: the data folder, older copies of it, their unlocked keys, the vault key and all that
derives from it, every private key that ever was in their hands. What they try: every key on every
sealed thing, and every way to be given one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from appliance.errors import CloisterError
from appliance.memory.building import Place
from appliance.memory.database import attach
from appliance.memory.errors import WrongStoreKey
from appliance.originals import context_of
from appliance.people import NotPrepared
from appliance.policy import PolicyEngine
from appliance.values import Obligations, Role, Verdict
from appliance.vault import (
    Context,
    NotAMember,
    NotPermitted,
    Session,
    Tampered,
    Vault,
    VaultDamaged,
    WrongPassphrase,
    hkdf,
    read_sealed,
    roster,
    seal,
    unseal,
    vault_file,
)
from appliance.vault import people as vault_people
from appliance.vault.document import Document, KeyEntry, Wrapped, with_collection
from appliance.vault.keyring import Keyring
from appliance.vault.suites import generate_pair
from appliance.vault.wraps import unwrap, wrap
from tests.people_at_work import CANARY, SECRETS, Hospital, found, founded, without_children


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    base = tmp_path_factory.mktemp("hospital")
    with without_children():
        yield founded(base / "data", base / "papers")


@pytest.fixture
def hospital(_made: Hospital, tmp_path: Path) -> Hospital:
    return _made.copied(tmp_path / "data")


@pytest.fixture
def dora(hospital: Hospital) -> Iterator[Session]:
    session = Vault(hospital.data).unlock(SECRETS["Dora"], "Dora")
    yield session
    session.close()


def keys_of(session: Session) -> list[bytes]:
    """Every 32 bytes the session holds or can make, and what the program derives from such."""
    ring: Keyring = session._keyring
    private = ring.private().raw
    held = [ring.vault_key, bytes(ring._store_key), *(bytes(k) for k in ring._unwrapped.values())]
    held += [private[at : at + 32] for at in range(0, len(private) - 31, 32)]
    purposes = ("audit", "history", "open", "models", "vectors", "collection", "store", "files")
    made = [session.vault_subkey(p) for p in purposes] + [session.person_key(p) for p in purposes]
    return held + made + [hkdf(key, "cloister/store/vectors/v1") for key in held]


def test_no_key_of_theirs_opens_a_store_an_original_or_a_payload(
    hospital: Hospital, dora: Session, tmp_path: Path
) -> None:
    ward = hospital.data / "collections" / hospital.ward
    anna = hospital.data / "people" / hospital.ids["Anna"]
    for key in keys_of(dora):
        for number, store in enumerate((ward / "store.duckdb", anna / "store.duckdb")):
            spill = tmp_path / f"spill-{number}"
            spill.mkdir(exist_ok=True)
            with pytest.raises((WrongStoreKey, duckdb.Error)):
                attach(store, Place.of(store, key).database_key, spill)
        for original in ward.glob("files/*.sealed"):
            with pytest.raises(Tampered):
                read_sealed(original, key, context_of(original.name.removesuffix(".sealed")))


def test_no_wrap_in_the_vault_opens_to_them_but_their_own(
    hospital: Hospital, dora: Session
) -> None:
    """Every wrap there is, under every context there could be."""
    document = dora._open.current()
    private, mine = dora._keyring.private(), hospital.ids["Dora"]
    holders = [entry.id for entry in document.people] + [document.recovery.id]
    tried = 0
    for wrapped, kind, name in wraps_of(document):
        for holder in holders:
            for context in (Context(kind, f"{name}/{holder}"), Context(kind, name)):
                with pytest.raises(Tampered):
                    unwrap(private, wrapped.wrap, context)
                tried += 1
    assert tried > 20
    own = next(entry for entry in document.people if entry.id == mine)
    assert unwrap(private, own.vault_key, Context("vault-key", f"{document.id}/{mine}"))


def wraps_of(document: Document) -> Iterator[tuple[Wrapped, str, str]]:
    for collection in document.collections:
        for key in collection.keys:
            for item in (*key.wraps, *key.emergency):
                yield item, "collection-key", f"{document.id}/{collection.id}/{key.id}"
                yield item, "emergency-key", f"{document.id}/{collection.id}/{key.id}"
    for payload in document.payloads:
        for item in payload.wraps:
            yield item, "payload-key", f"{document.id}/{payload.id}/{payload.person}"


def test_the_program_gives_them_nothing(hospital: Hospital) -> None:
    with hospital.desk("Dora") as desk, desk.people() as people:
        assert desk.collections() == ()
        assert people.breakable() == ()
        for act in (
            lambda: list(desk.ask("How many visitors are allowed?", collections=[hospital.ward])),
            lambda: people.join(hospital.ward, hospital.ids["Dora"]),
            lambda: people.prepare(hospital.ward, hospital.ids["Dora"]),
            lambda: people.appoint(hospital.ids["Dora"]),
            lambda: people.members(hospital.ward),
            lambda: people.hand_over(hospital.ids["Dora"]),
            lambda: desk.log_payload(3),
            lambda: desk.documents(hospital.ward),
        ):
            seen = ""
            try:
                seen = str(act())
            except Exception as error:  # noqa: BLE001  refused, whatever the error
                seen = str(error)
            assert "quernstone" not in seen
            assert "17 visitors" not in seen
    assert hospital.actions().count("member.added") == 0


def test_a_policy_of_their_own_that_allows_everything_gives_them_nothing(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is root lays down packs and signers: what keeps them out are the keys."""

    def allowed(engine: PolicyEngine, *_: object) -> Verdict:
        return Verdict(True, ("own.all",), engine.packs, engine.pack_hash, Obligations())

    with hospital.desk("Anna") as anna:
        assert CANARY in found(anna)
    monkeypatch.setattr(PolicyEngine, "_denied", allowed)
    ward, dora = hospital.ward, hospital.ids["Dora"]
    with hospital.desk("Dora") as desk, desk.people() as people:
        asked = [one.seq for one in desk.log_records(0, 10_000) if one.action == "ask.opened"]
        assert found(desk) == ""
        for act in (
            lambda: people.join(ward, dora),
            lambda: people.prepare(ward, dora),
            lambda: people.members(ward),
            lambda: people.break_glass(ward, "Because I can, being root.", 5),
            lambda: people.appoint(dora),
            lambda: people.hand_over(dora),
            lambda: desk.log_payload(asked[-1]),
        ):
            with pytest.raises((NotAMember, NotPermitted, NotPrepared)):
                act()
        with pytest.raises(CloisterError):
            desk.documents(ward)
        with desk.administration() as office, pytest.raises(CloisterError):
            office.pack_library(ward, hospital.data.parent / "ward")
        assert people.alerts() == ()
    with hospital.desk("Dora") as desk:
        assert desk.collections() == ()


def test_giving_themselves_every_role_gives_them_no_key(hospital: Hospital) -> None:
    """Roles that the roster lets an administrator state open nothing by themselves."""
    with hospital.desk("Dora") as dora, dora.at_desk() as desk:
        roles = (Role.ADMINISTRATOR, Role.MEMBER, Role.CURATOR, Role.KIOSK)
        desk.session.accounts.set_roles(hospital.ids["Dora"], roles)  # `People` would refuse
        desk.note_vault()
    with hospital.desk("Dora") as desk:
        assert desk.collections() == ()
        assert CANARY not in found(desk)
    with hospital.desk("Anna"):
        pass  # a member's log-in wraps nothing to them
    with hospital.desk("Dora") as desk:
        assert CANARY not in found(desk)


def test_a_puppet_with_every_role_they_can_make_is_given_nothing(hospital: Hospital) -> None:
    with hospital.desk("Dora") as desk, desk.people() as people:
        with pytest.raises(NotPermitted):
            people.add("Mallory", "mallory has this phrase", (Role.AUDITOR,))
        people.add("Mallory", "mallory has this phrase", (Role.MEMBER, Role.CURATOR))
    for name in ("Anna", "Bert", "Egon"):
        with hospital.desk(name):
            pass
    puppet = Vault(hospital.data).unlock("mallory has this phrase", "Mallory")
    assert puppet.collections() == ()
    assert CANARY not in str(keys_of(puppet))


def test_a_recovery_key_of_their_own_is_never_wrapped_to(hospital: Hospital, dora: Session) -> None:
    """What once would have worked: everybody holds the vault's key, so everybody could write it."""
    public, private = generate_pair(dora.profile)
    old = dora._open.current()
    forged = replace(old, recovery=replace(old.recovery, public=public), counter=old.counter + 1)
    vault_file.save(hospital.data, forged, dora._keyring.vault_key)
    for name in ("Anna", "Bert", "Egon"):
        with pytest.raises(VaultDamaged):
            hospital.appliance().unlock(SECRETS[name], name)
    untouched = vault_file.load(hospital.data).document
    for wrapped, kind, name in wraps_of(untouched):
        with pytest.raises(Tampered):
            unwrap(private, wrapped.wrap, Context(kind, f"{name}/{old.recovery.id}"))


def test_a_person_they_lock_out_and_invite_again_brings_them_nothing(hospital: Hospital) -> None:
    """They can take an account over, and everybody sees it: what was the person's is gone."""
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.set_roles(hospital.ids["Bert"], (Role.MEMBER,))
        people.join(hospital.ward, hospital.ids["Bert"])
    with hospital.desk("Dora") as desk, desk.people() as people:
        _, code = people.invite_again(hospital.ids["Bert"])
    taken = hospital.appliance()
    taken.enrol(code, "Bert", "dora's idea of a phrase")
    assert taken.collections() == ()
    assert CANARY not in found(taken)
    taken.close()
    with pytest.raises(WrongPassphrase):
        hospital.appliance().unlock(SECRETS["Bert"], "Bert")


def test_members_wraps_copied_into_their_own_name_open_nothing(
    hospital: Hospital, dora: Session
) -> None:
    old = dora._open.current()
    entry = old.collections[0]
    key = entry.keys[-1]
    stolen = replace(
        key, wraps=(*key.wraps, *(Wrapped(hospital.ids["Dora"], w.wrap) for w in key.wraps))
    )
    forged = with_collection(old, replace(entry, keys=(stolen,)))
    vault_file.save(
        hospital.data, replace(forged, counter=old.counter + 1), dora._keyring.vault_key
    )
    again = Vault(hospital.data).unlock(SECRETS["Dora"], "Dora")
    with pytest.raises((Tampered, NotAMember)):
        again.collection_key(hospital.ward)


def test_a_key_of_their_own_making_is_never_the_collections(
    hospital: Hospital, dora: Session
) -> None:
    """Put last in the file and wrapped to every member, so that the next of them to log in would
    move the collection to it."""
    old = dora._open.current()
    entry, public = old.collections[0], {one.id: one.public for one in old.people}
    mine = bytes(range(32))
    key = KeyEntry("ab" * 16, tuple(
        Wrapped(who, wrap(public[who], mine, Context(
            "collection-key", f"{old.id}/{entry.id}/{'ab' * 16}/{who}"
        )))
        for who in (hospital.ids["Anna"], hospital.ids["Dora"])
    ))  # fmt: skip
    title = seal(mine, b"Ward 9", Context("collection-title", f"{old.id}/{entry.id}/{key.id}"))
    forged = with_collection(old, replace(entry, title=title, keys=(*entry.keys, key)))
    written(hospital, dora, forged)
    with hospital.desk("Anna") as anna:
        assert [one.problem != "" for one in anna.collections()] == [True]
    store = hospital.data / "collections" / hospital.ward / "store.duckdb"
    with pytest.raises((WrongStoreKey, duckdb.Error)):
        attach(store, Place.of(store, mine).database_key, hospital.data / "spill")


def test_their_name_among_the_members_brings_them_no_new_key(
    hospital: Hospital, dora: Session
) -> None:
    """A wrap that opens to nobody, and a change of key that they make fall due."""
    old = dora._open.current()
    (entry,), (key,) = old.collections, old.collections[0].keys
    false = Wrapped(hospital.ids["Dora"], key.wraps[0].wrap)
    key = replace(key, wraps=(*key.wraps, false), emergency=(*key.emergency, false))
    written(hospital, dora, with_collection(old, replace(entry, keys=(key,), due=True)))
    with hospital.desk("Anna") as anna, anna.people() as people:
        assert CANARY in found(anna)
        assert [one.name for one in people.members(hospital.ward).members] == ["Anna"]
    with hospital.desk("Dora") as desk, desk.people() as people:
        assert (desk.collections(), people.breakable()) == ((), ())
    assert "collection.rekeyed" in hospital.actions()


def written(hospital: Hospital, forger: Session, document: Document) -> None:
    newer = replace(document, counter=document.counter + 1)
    vault_file.save(hospital.data, newer, forger._keyring.vault_key)


def test_older_copies_of_the_vault_bring_no_key_back(hospital: Hospital) -> None:
    """Dora was a member once, kept that vault.json, and was taken out: what is there now is under
    a key that no copy of hers holds. (What she could read then she may have copied.)"""
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.join(hospital.ward, hospital.ids["Dora"])
    older = (hospital.data / "vault.json").read_bytes()
    with hospital.desk("Anna") as anna, anna.people() as people:
        people.leave(hospital.ward, hospital.ids["Dora"])
    kept = hospital.data.parent / "kept"
    kept.mkdir()
    (kept / "vault.json").write_bytes(older)
    keys = Vault(kept).unlock(SECRETS["Dora"], "Dora").collection_keys(hospital.ward)
    ward = hospital.data / "collections" / hospital.ward
    for key in keys:
        with pytest.raises((WrongStoreKey, duckdb.Error)):
            attach(ward / "store.duckdb", Place.of(ward / "store.duckdb", key).database_key, kept)
        for original in ward.glob("files/*.sealed"):
            with pytest.raises(Tampered):
                read_sealed(original, key, context_of(original.name.removesuffix(".sealed")))
    (hospital.data / "vault.json").write_bytes(older)
    with pytest.raises(VaultDamaged):  # and put back, it is noticed
        hospital.appliance().unlock(SECRETS["Dora"], "Dora")


def test_titles_and_names_of_others_texts_stay_sealed(hospital: Hospital, dora: Session) -> None:
    document = dora._open.current()
    for entry in document.collections:
        for key in keys_of(dora):
            with pytest.raises(Tampered):
                unseal(
                    key, entry.title,
                    Context("collection-title", f"{document.id}/{entry.id}/{entry.keys[-1].id}"),
                )  # fmt: skip
    assert [one.name for one in dora.people()] == ["Anna", "Bert", "Dora", "Egon"]  # these they see
    assert vault_people.auditors_of(document)
    assert roster.followed(document, None).serial == len(document.roster)
