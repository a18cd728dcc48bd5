"""What a session may open and change: walls between collections, the auditors' keys, people."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from appliance.errors import UsageError
from appliance.values import Role
from appliance.vault.errors import (
    KeyErased,
    NameUnusable,
    NotAMember,
    NotPermitted,
    PassphraseTooWeak,
    PersonUnknown,
    Tampered,
    WrongPassphrase,
    WrongRecoveryCode,
)
from appliance.vault.sealed import Context
from appliance.vault.session import Session
from appliance.vault.vault import Vault
from tests.unit.vault.conftest import ANN, BOB, NOW, Sample

ENTRY = Context("log-payload", "17")
CAROL = "carol has a phrase"
DAN = "dan has another one"


def content(sample: Sample) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(sample.file.read_bytes())
    return loaded


# --- walls -----------------------------------------------------------------------------------


def test_who_is_no_member_sees_neither_key_nor_title(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()
    assert bob.collections() == ()
    for call in (bob.collection_key, bob.members, bob.finish_rotation):
        with pytest.raises(NotAMember):
            call(sample.ward)
    with pytest.raises(NotAMember):
        bob.add_member(sample.ward, sample.bob)
    with pytest.raises(NotAMember):
        bob.collection_key("0" * 32)  # one that does not exist reads the same
    assert ann.members(sample.ward) == (ann.person.id,)


def test_a_member_who_was_added_reads_what_the_adder_reads(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()
    ann.add_member(sample.ward, sample.bob)
    assert bob.collections() == ann.collections()  # the open session sees it, too
    assert bob.collection_key(sample.ward) == ann.collection_key(sample.ward)
    before = sample.file.read_bytes()
    ann.add_member(sample.ward, sample.bob)
    assert sample.file.read_bytes() == before  # adding twice changes nothing
    with pytest.raises(PersonUnknown):
        ann.add_member(sample.ward, "0" * 32)


def test_two_collections_and_two_people_have_keys_of_their_own(
    sample: Sample, ann: Session
) -> None:
    other = ann.create_collection("Ward 10", NOW)
    bob = sample.bobs()
    keys = [ann.collection_key(other), ann.collection_key(sample.ward)]
    keys += [ann.person_key("store"), ann.person_key("notes"), bob.person_key("store")]
    keys += [ann.vault_subkey("store"), ann.vault_subkey("log")]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {32}
    assert ann.vault_subkey("log") == bob.vault_subkey("log")


def test_removing_a_member_rotates_the_key_and_keeps_the_old_until_finished(
    sample: Sample, ann: Session
) -> None:
    bob = sample.bobs()
    ann.add_member(sample.ward, sample.bob)
    old = ann.collection_key(sample.ward)
    assert not ann.rotating(sample.ward)
    key_id = ann.remove_member(sample.ward, sample.bob)
    assert content(sample)["collections"][0]["keys"][-1]["id"] == key_id
    assert sample.bob not in json.dumps(content(sample)["collections"])
    assert bob.collections() == ()
    with pytest.raises(NotAMember):
        bob.collection_keys(sample.ward)
    new, kept = sample.ann().collection_keys(sample.ward)
    assert kept == old != new == ann.collection_key(sample.ward)
    assert ann.rotating(sample.ward)
    ann.finish_rotation(sample.ward)
    assert ann.collection_keys(sample.ward) == (new,)
    assert ann.collections() == ((sample.ward, "Ward 9"),)
    assert not ann.rotating(sample.ward)


def test_who_joins_during_a_rotation_gets_every_key_the_store_may_be_under(
    sample: Sample, ann: Session
) -> None:
    ann.add_member(sample.ward, sample.bob)
    ann.remove_member(sample.ward, sample.bob)
    ann.add_member(sample.ward, sample.bob)
    assert sample.bobs().collection_keys(sample.ward) == ann.collection_keys(sample.ward)


def test_the_last_member_and_strangers_cannot_be_removed(sample: Sample, ann: Session) -> None:
    with pytest.raises(UsageError):
        ann.remove_member(sample.ward, ann.person.id)
    with pytest.raises(NotAMember):
        ann.remove_member(sample.ward, sample.bob)


def test_unfinished_rotations_are_bounded(sample: Sample, ann: Session) -> None:
    for _ in range(7):
        ann.add_member(sample.ward, sample.bob)
        ann.remove_member(sample.ward, sample.bob)
    ann.add_member(sample.ward, sample.bob)
    with pytest.raises(UsageError, match="unfinished"):
        ann.remove_member(sample.ward, sample.bob)
    assert len(sample.ann().collection_keys(sample.ward)) == 8


@pytest.mark.parametrize("title", ["", "   ", "x" * 501, "a\x00b", "\ud800", "a\u202eb"])
def test_a_title_that_cannot_be_shown_is_refused(ann: Session, title: str) -> None:
    with pytest.raises(UsageError):
        ann.create_collection(title, NOW)
    assert len(ann.collections()) == 1


# --- the log's personal text -----------------------------------------------------------------


def test_auditors_read_what_was_sealed_and_nobody_else(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()
    sealed = bob.seal_to_auditors(b"a question", ENTRY)
    assert ann.open_as_auditor(sealed, ENTRY) == b"a question"
    with pytest.raises(NotPermitted):
        bob.open_as_auditor(sealed, ENTRY)
    with pytest.raises(Tampered):
        ann.open_as_auditor(sealed, Context("log-payload", "18"))
    with pytest.raises(Tampered):
        ann.open_as_auditor(sealed[:-1] + bytes((sealed[-1] ^ 1,)), ENTRY)
    for malformed in (b"", b"CLPL", sealed[:10], b"x" + sealed):
        with pytest.raises((Tampered, KeyErased)):
            ann.open_as_auditor(malformed, ENTRY)


def test_only_the_first_sealing_writes_the_vault(sample: Sample) -> None:
    bob = sample.bobs()
    bob.seal_to_auditors(b"one", ENTRY)
    counter = bob.counter
    for _ in range(20):
        bob.seal_to_auditors(b"more", ENTRY)
    assert bob.counter == counter == content(sample)["counter"]


def test_erasing_a_persons_key_erases_their_text_and_no_others(
    sample: Sample, ann: Session
) -> None:
    bob = sample.bobs()
    of_bob, of_ann = bob.seal_to_auditors(b"bob", ENTRY), ann.seal_to_auditors(b"ann", ENTRY)
    ann.accounts.erase(sample.bob, sealed_texts=True)
    for auditor in (ann, sample.ann()):
        with pytest.raises(KeyErased):
            auditor.open_as_auditor(of_bob, ENTRY)
        assert auditor.open_as_auditor(of_ann, ENTRY) == b"ann"


def test_a_later_auditor_reads_earlier_text_once_an_auditor_added_them(
    sample: Sample, ann: Session
) -> None:
    sealed = sample.bobs().seal_to_auditors(b"before", ENTRY)
    ann.add_person("Carol", CAROL, (Role.AUDITOR,), NOW)
    carol = Vault(sample.folder).unlock(CAROL, "Carol")
    assert carol.open_as_auditor(sealed, ENTRY) == b"before"
    assert {holder.id for holder in carol.auditors()} == {ann.person.id, carol.person.id}


def test_an_auditor_appointed_by_one_who_reads_nothing_gets_the_keys_at_the_next_login(
    sample: Sample, ann: Session
) -> None:
    sealed = sample.bobs().seal_to_auditors(b"before", ENTRY)
    carol, dan = two_auditors(sample, ann)
    strip_payloads(ann, carol.person.id)
    with pytest.raises(NotAMember):
        carol.open_as_auditor(sealed, ENTRY)
    sample.bobs().close()  # unlocking mends
    assert carol.open_as_auditor(sealed, ENTRY) == b"before"
    assert dan.open_as_auditor(sealed, ENTRY) == b"before"


def two_auditors(sample: Sample, ann: Session) -> tuple[Session, Session]:
    found = []
    for name, passphrase in (("Carol", CAROL), ("Dan", DAN)):
        ann.add_person(name, passphrase, (Role.AUDITOR,), NOW)
        found.append(Vault(sample.folder).unlock(passphrase, name))
    return found[0], found[1]


def strip_payloads(session: Session, auditor: str) -> None:
    """As if whoever appointed the auditor had held none of the log's keys."""
    session._open.change(
        lambda old: replace(
            old,
            payloads=tuple(
                replace(entry, wraps=tuple(w for w in entry.wraps if w.holder != auditor))
                for entry in old.payloads
            ),
        )
    )


# --- people ----------------------------------------------------------------------------------


def test_changing_a_passphrase_rewrites_one_slot_and_nothing_else(sample: Sample) -> None:
    before = content(sample)
    session = sample.ann()
    session.change_passphrase(ANN, "quite another phrase")
    after = content(sample)
    slot = before["people"][0]["slots"][0]
    assert slot["kind"] == "passphrase"
    assert after["people"][0]["slots"][0] != slot
    after["people"][0]["slots"][0] = slot
    for member in ("counter", "mac", "sha256"):
        assert after.pop(member) != before.pop(member)
    assert after == before
    with pytest.raises(WrongPassphrase):
        sample.ann()
    opened = Vault(sample.folder).unlock("quite another phrase", "Ann")
    assert opened.person_key("store") == session.person_key("store")


def test_changing_a_passphrase_needs_the_old_one_or_the_code(sample: Sample, ann: Session) -> None:
    before = sample.file.read_bytes()
    for old in (BOB, "", sample.bob_code):
        with pytest.raises(WrongPassphrase):
            ann.change_passphrase(old, "quite another phrase")
    with pytest.raises(PassphraseTooWeak):
        ann.change_passphrase(ANN, "short")
    assert sample.file.read_bytes() == before
    ann.change_passphrase(sample.ann_code, "quite another phrase")
    assert Vault(sample.folder).unlock("quite another phrase", "Ann").person.name == "Ann"


def test_only_administrators_add_people_and_names_are_never_shared(
    sample: Sample, ann: Session
) -> None:
    with pytest.raises(NotPermitted):
        sample.bobs().add_person("Carol", CAROL, (), NOW)
    for name in ("bob", " BOB ", "Ｂｏｂ", "", "x" * 201, "a\nb\x00", "\ud800"):
        with pytest.raises(NameUnusable):
            ann.add_person(name, CAROL, (), NOW)
    person, code = ann.add_person("Zoë van Dijk", CAROL, (Role.MEMBER, Role.MEMBER), NOW)
    assert person.name == "Zoë van Dijk"
    assert person.roles == (Role.MEMBER,)
    assert Vault(sample.folder).unlock(code, "zoe\u0308 VAN dijk").person == person


def test_a_new_code_replaces_the_old_and_opens_the_same(sample: Sample) -> None:
    bob = sample.bobs()
    code = bob.new_recovery_code()
    with pytest.raises(WrongPassphrase):
        Vault(sample.folder).unlock(sample.bob_code, "Bob")
    assert Vault(sample.folder).unlock(code, "Bob").person_key("s") == bob.person_key("s")


# --- the institution's recovery key ----------------------------------------------------------


def test_the_custodians_code_brings_back_a_collection_its_members_lost(sample: Sample) -> None:
    bob = sample.bobs()
    ward = bob.create_collection("Bob's own", NOW)
    sealed = bob.seal_to_auditors(b"text", ENTRY)
    ann = sample.ann()
    assert (ward, "Bob's own") not in ann.collections()
    for wrong in (sample.bob_code,):
        with pytest.raises(WrongRecoveryCode):
            ann.recover_collection(ward, wrong)
    assert set(ann.recoverable(sample.ann_code)) == {(sample.ward, "Ward 9"), (ward, "Bob's own")}
    ann.recover_collection(ward, sample.ann_code)
    assert ann.collection_key(ward) == bob.collection_key(ward)
    assert ann.open_as_auditor(sealed, ENTRY) == b"text"


def test_a_new_custodians_code_rotates_the_institutions_key(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()
    ward = bob.create_collection("Bob's own", NOW)
    old = content(sample)["recovery"]
    code = ann.new_recovery_code()
    assert content(sample)["recovery"]["public"] != old["public"]
    holding = content(sample)
    del holding["roster"]  # it names every recovery key there ever was, and holds none
    assert old["id"] not in json.dumps(holding)
    with pytest.raises(WrongRecoveryCode):
        ann.recoverable(sample.ann_code)
    assert ann.recoverable(code) == ((sample.ward, "Ward 9"),)
    with pytest.raises(NotAMember):
        ann.recover_collection(ward, code)
    assert bob.mend()  # what only Bob holds, Bob's next login brings back under the new key
    assert {title for _, title in ann.recoverable(code)} == {"Ward 9", "Bob's own"}


def test_a_lost_auditors_keys_come_back_with_the_custodians_code(
    sample: Sample, ann: Session
) -> None:
    sealed = sample.bobs().seal_to_auditors(b"text", ENTRY)
    carol, _ = two_auditors(sample, ann)
    strip_payloads(ann, carol.person.id)
    with pytest.raises(NotAMember):
        carol.open_as_auditor(sealed, ENTRY)
    carol.recover_payloads(sample.ann_code)
    assert carol.open_as_auditor(sealed, ENTRY) == b"text"
    with pytest.raises(NotPermitted):
        sample.bobs().recover_payloads(sample.ann_code)
