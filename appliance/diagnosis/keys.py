"""The doctor's check of keys: who could still open what, if somebody left or lost theirs.

Rules kept here: counts alone are facts; which collection or person it is, the sentence does not say
either, since whoever may know finds it in the list of people.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from appliance.values import Check, Fact, Role
from appliance.vault import Session


@dataclass(frozen=True, slots=True)
class Holders:
    """Counts: of people, of each role that a vault must not be without, of the collections this
    person holds, of those among them with one member, and of those that change their key."""

    people: int
    administrators: int
    auditors: int
    collections: int
    alone: int
    rotating: int


def holders(session: Session) -> Holders:
    people = session.people()
    held = [identifier for identifier, _ in session.collections()]
    return Holders(
        len(people),
        sum(Role.ADMINISTRATOR in person.roles for person in people),
        sum(Role.AUDITOR in person.roles for person in people),
        len(held),
        sum(len(session.members(one)) == 1 for one in held),
        sum(session.rotating(one) for one in held),
    )


def keys(counted: Holders) -> Check:
    """The gravest thing first; the others show when it is mended."""
    facts: tuple[Fact, ...] = (
        ("people", counted.people),
        ("administrators", counted.administrators),
        ("auditors", counted.auditors),
        ("collections", counted.collections),
        ("with_one_member", counted.alone),
        ("changing_key", counted.rotating),
    )
    sentence = hint = code = ""
    if counted.auditors == 0:
        sentence = "Nobody is an auditor: nobody can read what the log has sealed."
        hint, code = "Make somebody an auditor.", "no_auditor"
    elif counted.administrators == 0:
        sentence = "Nobody is an administrator: nobody can add people or models."
        hint, code = "Restore vault.json from a backup that has one.", "no_administrator"
    elif counted.rotating:
        sentence = f"{counted.rotating} collection(s) have a change of key that is unfinished."
        hint = "Have a member of each log in: opening it finishes the change."
        code = "key_change_unfinished"
    elif counted.people > 1 and counted.alone:
        sentence = f"{counted.alone} collection(s) are open to you alone."
        hint = "Add a second member to each, and keep the recovery code safe."
        code = "one_member"
    if sentence:
        return Check("keys", "warning", sentence, hint, code, facts)
    said = f"{counted.people} person(s), {counted.auditors} auditor(s), every change finished."
    return Check("keys", "ok", said, facts=facts)


def keys_at_rest(folder: Path) -> Check:
    """What can be said before anybody has logged in: whether only one user can read the keys."""
    try:
        mode = stat.S_IMODE((folder / "vault.json").stat().st_mode)
    except FileNotFoundError:
        return Check("keys", "ok", "None yet.")
    except OSError as error:
        said = f"vault.json cannot be looked at: {error.strerror}."
        return Check("keys", "failed", said, "Make the data folder readable for this user.")
    facts: tuple[Fact, ...] = (("mode", f"{mode:o}"),)
    if os.name == "posix" and mode & 0o077:
        said = "Other users of this machine can read vault.json, and try passphrases on it."
        hint = "Run `chmod 600` on vault.json."
        return Check("keys", "warning", said, hint, "readable_by_others", facts)
    return Check("keys", "ok", "Sealed; only this user can read them.", facts=facts)
