"""Keys that somebody hands out who does not hold them: to themselves, or of their own making.

The forger works with the vault, so they have its key and everybody's public key: they write the
file with a MAC that fits, and wrap what they like to whom they like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from appliance.values import Role
from appliance.vault import contexts, people, roster
from appliance.vault.document import (
    CollectionEntry,
    Document,
    KeyEntry,
    Link,
    LinkKind,
    PayloadEntry,
    Wrapped,
    with_collection,
    with_person,
)
from appliance.vault.errors import NotAMember, Tampered, VaultDamaged
from appliance.vault.primitives import random_bytes
from appliance.vault.sealed import seal, unseal
from appliance.vault.session import Session
from appliance.vault.suites import generate_pair
from appliance.vault.wraps import wrap
from tests.unit.vault.conftest import NOW, Sample
from tests.unit.vault.test_roster import DAN, ENTRY, dan, entry_of, forced, refused

__all__ = ["DAN", "dan"]  # the fixture
OWN = bytes(range(32))


def ward_of(document: Document, sample: Sample) -> CollectionEntry:
    return next(entry for entry in document.collections if entry.id == sample.ward)


def wrapped(document: Document, sample: Sample, key: KeyEntry, holder: str) -> Wrapped:
    """The forger's own key, as if it were the collection's."""
    context = contexts.collection_key(document.id, sample.ward, key.id, holder)
    return Wrapped(holder, wrap(entry_of(document, holder).public, OWN, context))


def with_own_key(document: Document, sample: Sample, ann: str, **changed: object) -> Document:
    entry = ward_of(document, sample)
    key = KeyEntry(people.new_id(), ())
    key = replace(
        key, wraps=tuple(wrapped(document, sample, key, who) for who in (ann, sample.bob))
    )
    title = seal(OWN, b"Ward 9", contexts.collection_title(document.id, entry.id, key.id))
    entry = replace(entry, title=title, keys=(*entry.keys, key))
    return with_collection(document, replace(entry, **changed))  # type: ignore[arg-type]


def test_who_writes_themselves_among_the_members_gets_no_new_key(
    sample: Sample, ann: Session
) -> None:
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        entry = ward_of(old, sample)
        (key,) = entry.keys
        false = Wrapped(sample.bob, b"CLWR any")
        key = replace(key, wraps=(*key.wraps, false), emergency=(*key.emergency, false))
        return with_collection(old, replace(entry, keys=(key,), due=True))

    forced(sample, bob, edit)
    assert ann.members(sample.ward) == (ann.person.id,)
    assert ann.emergency.holders(sample.ward) == ()
    ann.begin_rotation(sample.ward)
    newest = ward_of(ann._open.current(), sample).keys[-1]
    assert sample.bob not in {item.holder for item in (*newest.wraps, *newest.emergency)}
    ann.finish_rotation(sample.ward)
    with pytest.raises(NotAMember):
        bob.collection_key(sample.ward)
    with pytest.raises(NotAMember):
        bob.emergency.keys(sample.ward)


def test_a_key_of_the_forgers_own_making_is_never_taken_for_the_newest(
    sample: Sample, ann: Session
) -> None:
    bob = sample.bobs()
    forced(sample, bob, lambda old: with_own_key(old, sample, ann.person.id))
    with pytest.raises(VaultDamaged):
        sample.ann().collection_keys(sample.ward)


@pytest.mark.parametrize("due", [False, True])
def test_an_open_session_goes_on_with_no_key_but_one_that_follows(
    sample: Sample, ann: Session, due: bool
) -> None:
    """Also where the true key was taken out of the file, so that nothing is there to follow."""
    bob = sample.bobs()
    ann.collection_key(sample.ward)

    def edit(old: Document) -> Document:
        grown = with_own_key(old, sample, ann.person.id, due=due)
        entry = ward_of(grown, sample)
        first = replace(entry.keys[0], wraps=())
        return with_collection(grown, replace(entry, keys=(first, *entry.keys[1:])))

    forced(sample, bob, edit)
    for act in (ann.begin_rotation, ann.collection_keys):
        with pytest.raises(VaultDamaged):
            act(sample.ward)


def test_an_older_key_put_after_the_newest_is_refused(sample: Sample, ann: Session) -> None:
    """By somebody who was a member once and knows it."""
    ann.add_member(sample.ward, sample.bob)
    bob = sample.bobs()
    older = ward_of(bob._open.current(), sample)
    ann.remove_member(sample.ward, sample.bob)
    ann.finish_rotation(sample.ward)

    def edit(old: Document) -> Document:
        entry = ward_of(old, sample)
        keys = (*entry.keys, *older.keys)
        return with_collection(old, replace(entry, title=older.title, keys=keys))

    forced(sample, bob, edit)
    with pytest.raises(VaultDamaged):
        sample.ann().collection_keys(sample.ward)


def test_a_member_who_was_forged_away_can_be_added_again(sample: Sample, ann: Session) -> None:
    """What somebody wrote into the place of a wrap keeps nobody from the real one."""
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        entry = ward_of(old, sample)
        (key,) = entry.keys
        false = wrapped(old, sample, key, sample.bob)
        return with_collection(old, replace(entry, keys=(replace(key, wraps=(*key.wraps, false)),)))

    forced(sample, bob, edit)
    ann.add_member(sample.ward, sample.bob)
    assert sample.bobs().collection_key(sample.ward) == ann.collection_key(sample.ward)


# --- texts sealed to the auditors ----------------------------------------------------------------


def test_nobody_seals_with_a_key_of_another_ones_making(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        payload = people.new_id()
        wraps = tuple(
            Wrapped(
                holder,
                wrap(
                    people.public_of_holder(old, holder), OWN,
                    contexts.payload_key(old.id, payload, ann.person.id, holder),
                ),
            )
            for holder in (ann.person.id, old.recovery.id)
        )  # fmt: skip
        own = seal(random_bytes(32), OWN + bytes(8), ENTRY)
        return replace(old, payloads=(PayloadEntry(payload, ann.person.id, wraps, own),))

    forced(sample, bob, edit)
    sealed = ann.seal_to_auditors(b"a question", ENTRY)
    with pytest.raises(Tampered):
        unseal(OWN, sealed[21:], ENTRY)
    assert ann.open_as_auditor(sealed, ENTRY) == b"a question"


def test_who_was_an_auditor_reads_nothing_that_is_sealed_afterwards(
    sample: Sample, ann: Session, dan: Session
) -> None:
    """Whatever key they kept, and whatever older list of keys they put back."""
    bob = sample.bobs()
    ann.accounts.set_roles(dan.person.id, (Role.ADMINISTRATOR, Role.AUDITOR))
    sealed = bob.seal_to_auditors(b"before", ENTRY)
    older = dan._open.current().payloads
    kept = [dan._keyring.payload_key(entry) for entry in older]
    ann.accounts.set_roles(dan.person.id, (Role.ADMINISTRATOR,))
    forced(sample, dan, lambda old: replace(old, payloads=older))
    later = bob.seal_to_auditors(b"afterwards", ENTRY)
    assert unseal(kept[-1], sealed[21:], ENTRY) == b"before"
    for key in kept:
        with pytest.raises(Tampered):
            unseal(key, later[21:], ENTRY)
    assert [ann.open_as_auditor(text, ENTRY) for text in (sealed, later)] == [
        b"before", b"afterwards",
    ]  # fmt: skip


# --- people --------------------------------------------------------------------------------------


def replaced_keys(old: Document, person: str, forger: Session) -> Document:
    """Another's keys exchanged for the forger's, with a statement that the forger signs."""
    public, private = generate_pair(old.profile)
    entry = replace(entry_of(old, person), public=public)
    link = Link(
        LinkKind.PERSON, person, forger._keyring.holder, roster.public_hash(public),
        roster.signing_key(private).public.raw, entry.roles, name=entry.lookup,
    )  # fmt: skip
    return with_person(signed_by(old, link, forger), entry)


def signed_by(old: Document, link: Link, forger: Session) -> Document:
    message = roster._message(old.id, roster.followed(old, None), link)
    signature = roster.signing_key(forger._keyring.private()).sign(message)
    return replace(old, roster=(*old.roster, replace(link, signature=signature)))


def test_an_administrator_cannot_exchange_a_members_keys_for_their_own(
    sample: Sample, ann: Session, dan: Session
) -> None:
    """The next change of key would have wrapped the collection to them."""
    ann.add_member(sample.ward, sample.bob)
    forced(sample, dan, lambda old: replaced_keys(old, sample.bob, dan))
    refused(sample)


def swapped(old: Document, one: str, other: str) -> Document:
    first, second = entry_of(old, one), entry_of(old, other)
    for entry, name in ((first, second), (second, first)):
        old = with_person(old, replace(entry, lookup=name.lookup, name=name.name))
    return old


def renamed(old: Document, forger: Session, person: str, name: bytes) -> Document:
    entry = entry_of(old, person)
    listed = roster.followed(old, None).people[person]
    link = Link(
        LinkKind.PERSON, person, forger._keyring.holder, listed.public, listed.signing,
        entry.roles, name=name,
    )  # fmt: skip
    return with_person(signed_by(old, link, forger), replace(entry, lookup=name))


@pytest.mark.parametrize(
    "edit",
    [
        lambda old, dan, bob: swapped(old, dan.person.id, bob),
        lambda old, dan, bob: renamed(old, dan, dan.person.id, entry_of(old, bob).lookup),
        lambda old, dan, bob: renamed(old, dan, dan.person.id, bytes(32)),
    ],
)
def test_nobody_takes_anothers_name_or_changes_one(
    sample: Sample,
    ann: Session,
    dan: Session,
    edit: Callable[[Document, Session, str], Document],
) -> None:
    """A member who adds `Bob` would have added the forger."""
    forced(sample, dan, lambda old: edit(old, dan, sample.bob))
    with pytest.raises(VaultDamaged):
        sample.ann()


def test_a_name_that_is_not_the_one_stated_is_not_shown(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        name = people.sealed_name("Ann", sample.bob, old.id, bob._keyring.vault_key)
        return with_person(old, replace(entry_of(old, sample.bob), name=name))

    forced(sample, bob, edit)
    with pytest.raises(VaultDamaged):
        ann.people()


def test_two_people_never_have_one_name(sample: Sample, ann: Session, dan: Session) -> None:
    def edit(old: Document) -> Document:
        puppet = people.new_person(
            "bob", "mallory has this phrase", (Role.MEMBER,), NOW,
            vault=old.id, salt=old.salt, vault_key=dan._keyring.vault_key, profile=old.profile,
        )  # fmt: skip
        link = Link(
            LinkKind.PERSON, puppet.entry.id, dan._keyring.holder,
            roster.public_hash(puppet.entry.public),
            roster.signing_key(puppet.private).public.raw, (Role.MEMBER,), name=puppet.entry.lookup,
        )  # fmt: skip
        return signed_by(replace(old, people=(puppet.entry, *old.people)), link, dan)

    forced(sample, dan, edit)
    with pytest.raises(VaultDamaged):
        sample.ann()
