"""The signed roster: what nobody can make of themselves or of others, whatever they hold.

The forger has the file, the vault key and the keys of an account of their own, and uses no program
of ours: they write whatever document they like, with a MAC that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from appliance.values import Role, Standing
from appliance.vault import people, roster, vault_file
from appliance.vault.document import Document, Link, LinkKind, PersonEntry, with_person
from appliance.vault.errors import (
    NotAMember,
    NotPermitted,
    PersonUnknown,
    VaultDamaged,
    WrongPassphrase,
    WrongRecoveryCode,
)
from appliance.vault.sealed import Context
from appliance.vault.session import Session
from appliance.vault.suites import generate_pair
from appliance.vault.vault import Vault
from tests.unit.vault.conftest import ANN, BOB, NOW, Sample

DAN = "dan has another one"
ENTRY = Context("log-payload", "17")


@pytest.fixture
def dan(sample: Sample, ann: Session) -> Session:
    """An administrator and nothing else."""
    ann.add_person("Dan", DAN, (Role.ADMINISTRATOR,), NOW)
    return Vault(sample.folder).unlock(DAN, "Dan")


def forced(sample: Sample, forger: Session, edit: Callable[[Document], Document]) -> None:
    """Writes a document past every check of the program."""
    old = forger._open.current()
    new = edit(old)
    vault_file.save(sample.folder, replace(new, counter=old.counter + 1), forger._keyring.vault_key)


def entry_of(document: Document, person: str) -> PersonEntry:
    return people.person_by_id(document, person)


def with_roles(document: Document, person: str, *roles: Role) -> Document:
    return with_person(document, replace(entry_of(document, person), roles=roles))


def stated(
    document: Document, person: str, forger: Session, roles: tuple[Role, ...], by: str = ""
) -> Document:
    """With a link that the forger signs with the keys they have, whatever the rules say."""
    roll = roster.followed(document, None)
    private = forger._keyring.private()
    listed = roll.people.get(person)
    entry = entry_of(document, person)
    link = Link(
        LinkKind.PERSON, person, by or forger._keyring.holder, roster.public_hash(entry.public),
        listed.signing if listed else roster.signing_key(private).public.raw, roles,
        name=entry.lookup,
    )  # fmt: skip
    signature = roster.signing_key(private).sign(roster._message(document.id, roll, link))
    return replace(document, roster=(*document.roster, replace(link, signature=signature)))


def refused(sample: Sample) -> None:
    for passphrase, name in ((ANN, "Ann"), (BOB, "Bob")):
        with pytest.raises(VaultDamaged):
            Vault(sample.folder).unlock(passphrase, name)


def a_stranger(document: Document, roles: tuple[Role, ...], session: Session) -> PersonEntry:
    return people.new_person(
        "Mallory", "mallory has this phrase", roles, NOW,
        vault=document.id, salt=document.salt, vault_key=session._keyring.vault_key,
        profile=document.profile,
    ).entry  # fmt: skip


# --- forging with the vault key ----------------------------------------------------------------


def test_a_role_that_was_written_but_not_stated_is_refused(sample: Sample) -> None:
    bob = sample.bobs()
    forced(sample, bob, lambda old: with_roles(old, sample.bob, Role.ADMINISTRATOR))
    refused(sample)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.CURATOR])
def test_nobody_states_a_role_for_themselves(sample: Sample, role: Role) -> None:
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        return with_roles(stated(old, sample.bob, bob, (role,)), sample.bob, role)

    forced(sample, bob, edit)
    refused(sample)


def test_nobody_states_a_role_in_anothers_name(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        said = stated(old, sample.bob, bob, (Role.AUDITOR,), by=ann.person.id)
        return with_roles(said, sample.bob, Role.AUDITOR)

    forced(sample, bob, edit)
    refused(sample)


def test_a_recovery_key_of_the_forgers_own_is_refused(sample: Sample) -> None:
    bob = sample.bobs()
    public, _ = generate_pair(bob.profile)
    forced(
        sample, bob,
        lambda old: replace(old, recovery=replace(old.recovery, public=public)),
    )  # fmt: skip
    refused(sample)


def test_a_recovery_key_that_the_forger_states_is_refused(sample: Sample, dan: Session) -> None:
    public, _ = generate_pair(dan.profile)

    def edit(old: Document) -> Document:
        changed = replace(old.recovery, public=public, custodian=dan.person.id)
        roll, private = roster.followed(old, None), dan._keyring.private()
        link = Link(
            LinkKind.RECOVERY, changed.id, dan.person.id, roster.public_hash(public),
            custodian=dan.person.id,
        )  # fmt: skip
        signature = roster.signing_key(private).sign(roster._message(old.id, roll, link))
        chain = (*old.roster, replace(link, signature=signature))
        return replace(old, recovery=changed, roster=chain)

    forced(sample, dan, edit)
    refused(sample)


def test_an_administrator_cannot_make_an_auditor_by_any_means(
    sample: Sample, ann: Session, dan: Session
) -> None:
    with pytest.raises(NotPermitted, match="Only an auditor"):
        dan.accounts.set_roles(sample.bob, (Role.AUDITOR,))
    with pytest.raises(NotPermitted, match="Only an auditor"):
        dan.add_person("Eve", "eve has her own phrase", (Role.AUDITOR,), NOW)

    def edit(old: Document) -> Document:
        entry = a_stranger(old, (Role.AUDITOR,), dan)
        grown = replace(old, people=(*old.people, entry))
        return stated(grown, entry.id, dan, (Role.AUDITOR,))

    forced(sample, dan, edit)
    refused(sample)


def test_a_person_nobody_admitted_is_refused(sample: Sample) -> None:
    bob = sample.bobs()
    forced(
        sample, bob,
        lambda old: replace(old, people=(*old.people, a_stranger(old, (Role.MEMBER,), bob))),
    )  # fmt: skip
    refused(sample)


def test_a_person_left_out_of_the_file_is_missed(sample: Sample) -> None:
    bob = sample.bobs()
    forced(sample, bob, lambda old: replace(old, people=old.people[1:]))
    with pytest.raises(VaultDamaged):
        Vault(sample.folder).unlock(BOB, "Bob")


def test_a_roster_taken_away_is_missed_by_everybody(sample: Sample) -> None:
    bob = sample.bobs()
    forced(sample, bob, lambda old: replace(old, roster=()))
    refused(sample)


def test_a_roster_cut_back_is_missed_by_who_has_followed_it(sample: Sample, ann: Session) -> None:
    before = ann._open.current()
    ann.accounts.set_roles(sample.bob, (Role.MEMBER, Role.CURATOR))
    bob = sample.bobs()  # follows it
    ann.accounts.set_roles(sample.bob, (Role.MEMBER,))
    forced(sample, bob, lambda old: replace(old, roster=before.roster, people=tuple(
        replace(entry, roles=(Role.MEMBER,)) if entry.id == sample.bob else entry
        for entry in old.people
    )))  # fmt: skip
    refused(sample)


def test_another_branch_of_the_chain_is_no_continuation(
    sample: Sample, ann: Session, dan: Session
) -> None:
    """An administrator takes back, from before the others saw it, that they were demoted."""
    kept = ann._open.current().roster
    ann.accounts.set_roles(dan.person.id, (Role.MEMBER,))
    sample.bobs().close()
    forger = Vault(sample.folder).unlock(DAN, "Dan")

    def edit(old: Document) -> Document:
        shorter = replace(old, roster=kept)
        roles = (Role.ADMINISTRATOR, Role.CURATOR)
        return with_roles(stated(shorter, dan.person.id, forger, roles), dan.person.id, *roles)

    forced(sample, forger, edit)
    refused(sample)


def test_a_statement_is_good_once(sample: Sample, ann: Session) -> None:
    ann.accounts.set_roles(sample.bob, (Role.ADMINISTRATOR,))
    link = ann._open.current().roster[-1]
    ann.accounts.set_roles(sample.bob, (Role.MEMBER,))
    bob = sample.bobs()

    def edit(old: Document) -> Document:
        replayed = replace(old, roster=(*old.roster, link))
        return with_roles(replayed, sample.bob, Role.ADMINISTRATOR)

    forced(sample, bob, edit)
    refused(sample)


def test_an_open_session_refuses_a_forgery_too(sample: Sample, ann: Session) -> None:
    bob = sample.bobs()
    forced(sample, bob, lambda old: with_roles(old, sample.bob, Role.ADMINISTRATOR))
    for call in (ann.collections, ann.mend, lambda: ann.create_collection("New", NOW)):
        with pytest.raises(VaultDamaged):
            call()


# --- who may ---------------------------------------------------------------------------------


def test_the_last_administrator_and_the_last_auditor_stay(
    sample: Sample, ann: Session, dan: Session
) -> None:
    ann.accounts.set_roles(ann.person.id, (Role.MEMBER, Role.AUDITOR))
    for roles in ((), (Role.MEMBER,)):
        with pytest.raises(NotPermitted, match="last administrator"):
            dan.accounts.set_roles(dan.person.id, roles)
        with pytest.raises(NotPermitted, match="last auditor"):
            dan.accounts.set_roles(ann.person.id, roles)
    with pytest.raises(NotPermitted, match="custodian"):
        dan.accounts.close(ann.person.id)
    with pytest.raises(NotPermitted, match="last administrator"):
        dan.accounts.close(dan.person.id)


def test_who_gives_up_a_role_needs_nobody_else(sample: Sample, ann: Session, dan: Session) -> None:
    ann.accounts.set_roles(ann.person.id, (Role.AUDITOR,))
    assert ann.person.roles == (Role.AUDITOR,)
    with pytest.raises(NotPermitted):
        ann.accounts.set_roles(ann.person.id, (Role.AUDITOR, Role.MEMBER))
    dan.accounts.set_roles(ann.person.id, (Role.AUDITOR, Role.MEMBER))


def test_a_new_auditor_gets_the_keys_and_a_former_one_loses_them(
    sample: Sample, ann: Session, dan: Session
) -> None:
    sealed = sample.bobs().seal_to_auditors(b"text", ENTRY)
    ann.accounts.set_roles(dan.person.id, (Role.AUDITOR,))
    assert dan.open_as_auditor(sealed, ENTRY) == b"text"
    ann.accounts.set_roles(dan.person.id, (Role.ADMINISTRATOR,))
    with pytest.raises(NotPermitted):
        dan.open_as_auditor(sealed, ENTRY)
    payload = dan._open.current().payloads[0]
    with pytest.raises(NotAMember):
        dan._keyring.payload_key(payload)


def test_custody_is_handed_over_by_the_custodian_alone(
    sample: Sample, ann: Session, dan: Session
) -> None:
    with pytest.raises(NotPermitted, match="custodian"):
        dan.accounts.hand_over(dan.person.id)
    code = ann.accounts.hand_over(dan.person.id)
    with pytest.raises(WrongRecoveryCode):
        ann.recoverable(sample.ann_code)
    assert [title for _, title in dan.recoverable(code)] == ["Ward 9"]
    assert [account.custodian for account in ann.accounts.all()] == [False, False, True]
    ann.new_recovery_code()  # hers alone, now
    assert dan.recoverable(code)
    with pytest.raises(NotPermitted, match="custodian"):
        ann.accounts.hand_over(ann.person.id)


# --- coming ----------------------------------------------------------------------------------


def test_closing_an_account_takes_the_keys_and_reopening_gives_back_what_is_theirs(
    sample: Sample, ann: Session
) -> None:
    ann.add_member(sample.ward, sample.bob)
    bob = sample.bobs()
    key = bob.person_key("history")
    sealed = bob.seal_to_auditors(b"text", ENTRY)
    ann.accounts.close(sample.bob)
    for secret in (BOB, sample.bob_code):
        with pytest.raises(Exception, match="closed"):
            Vault(sample.folder).unlock(secret, "Bob")
    with pytest.raises(NotAMember):
        bob.collection_key(sample.ward)
    entry = entry_of(ann._open.current(), sample.bob)
    assert (entry.vault_key, entry.roles, entry.standing) == (b"", (), Standing.CLOSED)
    assert ann.open_as_auditor(sealed, ENTRY) == b"text"
    assert ann.due(sample.ward)
    ann.accounts.reopen(sample.bob, (Role.MEMBER,))
    again = sample.bobs()
    assert again.person_key("history") == key
    assert again.collections() == ()
    later = again.seal_to_auditors(b"later", ENTRY)
    assert ann.open_as_auditor(later, ENTRY) == b"later"
    assert ann.open_as_auditor(sealed, ENTRY) == b"text"


def test_erasing_destroys_the_keys_and_says_which(sample: Sample, ann: Session) -> None:
    before = sample.file.read_bytes()
    entry = entry_of(ann._open.current(), sample.bob)
    erased = ann.accounts.erase(sample.bob)
    assert erased.slots == 2
    assert len(erased.digest) == 64
    left = sample.file.read_text()
    for slot in entry.slots:
        assert slot.id not in left
        assert slot.id.encode() in before
    with pytest.raises(WrongPassphrase):
        Vault(sample.folder).unlock(BOB, "Bob")
    with pytest.raises(PersonUnknown):
        ann.accounts.reopen(sample.bob, ())
    person, _ = ann.add_person("Bob", BOB, (Role.MEMBER,), NOW)  # the name is free again
    assert person.id != sample.bob
