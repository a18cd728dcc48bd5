"""The way in for who was invited: one code, once, for a time, and keys of their own after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from appliance.errors import UsageError
from appliance.values import Role, Standing
from appliance.vault.errors import (
    EnrolFirst,
    EnrolmentEnded,
    NameUnusable,
    NotPermitted,
    PassphraseTooWeak,
    RecoveryCodeMistyped,
    WrongPassphrase,
)
from appliance.vault.sealed import Context
from appliance.vault.session import Session
from appliance.vault.suites import Argon2
from appliance.vault.vault import INVITATION, Vault
from tests.unit.vault.conftest import BOB, NOW, Sample

EVE = "eve has her own phrase"
ENTRY = Context("log-payload", "17")


def test_who_was_invited_enrols_once_and_logs_in(sample: Sample, ann: Session) -> None:
    vault = Vault(sample.folder)
    person, code = ann.accounts.invite("Eve", (Role.MEMBER,), NOW)
    with pytest.raises(EnrolFirst):
        vault.unlock(code, "Eve")
    with pytest.raises(WrongPassphrase):
        vault.unlock(EVE, "Eve")
    session, recovery = vault.enrol(code, "eve", EVE, NOW + timedelta(days=13))
    assert session.person == person
    assert vault.unlock(EVE, "Eve").person == person
    assert vault.unlock(recovery, "Eve").person_key("s") == session.person_key("s")
    for secret in (code, sample.ann_code):
        with pytest.raises(WrongPassphrase):
            vault.enrol(secret, "Eve", EVE, NOW)
    sealed = session.seal_to_auditors(b"text", ENTRY)
    assert ann.open_as_auditor(sealed, ENTRY) == b"text"


def noted(work: list[str], name: str) -> Callable[..., bytes]:
    def derive(*_: object) -> bytes:
        work.append(name)
        return bytes(32)

    return derive


def test_who_was_invited_is_not_told_from_others_by_the_work_done(
    sample: Sample, ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have no passphrase yet: one is stretched all the same."""
    ann.accounts.invite("Eve", (Role.MEMBER,), NOW)
    work: list[str] = []
    for name in ("Bob", "Eve", "Nobody"):
        with monkeypatch.context() as patch:
            patch.setattr(Argon2, "derive", noted(work, name))
            with pytest.raises(WrongPassphrase):
                Vault(sample.folder).unlock("not the passphrase", name)
    assert work == ["Bob", "Eve", "Nobody"]


def test_a_code_is_of_one_person_has_an_end_and_is_read_with_care(
    sample: Sample, ann: Session
) -> None:
    vault = Vault(sample.folder)
    _, code = ann.accounts.invite("Eve", (Role.MEMBER,), NOW)
    before = sample.file.read_bytes()
    with pytest.raises(WrongPassphrase):
        vault.enrol(code, "Bob", EVE, NOW)
    with pytest.raises(WrongPassphrase):
        vault.enrol(code, "Nobody", EVE, NOW)
    with pytest.raises(RecoveryCodeMistyped):
        vault.enrol(("1" if code[0] != "1" else "2") + code[1:], "Eve", EVE, NOW)
    with pytest.raises(EnrolmentEnded):
        vault.enrol(code, "Eve", EVE, NOW + INVITATION + timedelta(seconds=1))
    with pytest.raises(PassphraseTooWeak):
        vault.enrol(code, "Eve", "short", NOW)
    assert sample.file.read_bytes() == before


def test_nothing_is_given_to_who_has_not_enrolled(sample: Sample, ann: Session) -> None:
    person, _ = ann.accounts.invite("Eve", (Role.MEMBER,), NOW)
    with pytest.raises(UsageError):
        ann.add_member(sample.ward, person.id)
    with pytest.raises(UsageError):
        ann.emergency.prepare(sample.ward, person.id)
    assert [a.standing for a in ann.accounts.all()][-1] is Standing.INVITED


def test_an_invited_auditor_holds_nothing_before_they_enrol(sample: Sample, ann: Session) -> None:
    sealed = sample.bobs().seal_to_auditors(b"text", ENTRY)
    person, code = ann.accounts.invite("Eve", (Role.AUDITOR,), NOW)
    assert person.id not in {
        wrap.holder for entry in ann._open.current().payloads for wrap in entry.wraps
    }
    eve, _ = Vault(sample.folder).enrol(code, "Eve", EVE, NOW)
    ann.mend()
    assert eve.open_as_auditor(sealed, ENTRY) == b"text"


def test_only_administrators_invite_and_a_name_is_taken_once(sample: Sample, ann: Session) -> None:
    with pytest.raises(NotPermitted):
        sample.bobs().accounts.invite("Eve", (Role.MEMBER,), NOW)
    with pytest.raises(NameUnusable):
        ann.accounts.invite("BOB", (Role.MEMBER,), NOW)


def test_who_lost_everything_begins_anew(sample: Sample, ann: Session) -> None:
    """A new code opens neither their conversations nor their collections: whoever makes it could
    use it."""
    ann.add_member(sample.ward, sample.bob)
    old = sample.bobs()
    key, sealed = old.person_key("history"), old.seal_to_auditors(b"text", ENTRY)
    person, code = ann.accounts.invite_again(sample.bob, NOW)
    assert (person.name, person.roles) == ("Bob", (Role.MEMBER,))
    with pytest.raises(WrongPassphrase):
        sample.bobs()
    bob, _ = Vault(sample.folder).enrol(code, "Bob", BOB + "!", NOW)
    assert bob.person == person
    assert person.id != sample.bob
    assert bob.person_key("history") != key
    assert bob.collections() == ()
    assert ann.due(sample.ward)
    assert ann.open_as_auditor(sealed, ENTRY) == b"text"
    assert ann.open_as_auditor(bob.seal_to_auditors(b"new", ENTRY), ENTRY) == b"new"


def test_an_administrator_gets_no_auditor_or_custodian_by_inviting_them_again(
    sample: Sample, ann: Session
) -> None:
    ann.add_person("Dan", "dan has another one", (Role.ADMINISTRATOR,), NOW)
    dan = Vault(sample.folder).unlock("dan has another one", "Dan")
    with pytest.raises(NotPermitted, match="custodian"):
        dan.accounts.invite_again(ann.person.id, NOW)
    ann.accounts.set_roles(sample.bob, (Role.MEMBER, Role.AUDITOR))
    person, _ = dan.accounts.invite_again(sample.bob, NOW)
    assert person.roles == (Role.MEMBER,)


def test_a_lost_code_is_replaced_and_opens_nothing_any_more(sample: Sample, ann: Session) -> None:
    person, lost = ann.accounts.invite("Eve", (Role.MEMBER,), NOW)
    again, code = ann.accounts.invite_again(person.id, NOW)
    assert again == person
    with pytest.raises(WrongPassphrase):
        Vault(sample.folder).enrol(lost, "Eve", EVE, NOW)
    assert Vault(sample.folder).enrol(code, "Eve", EVE, NOW)[0].person == person
