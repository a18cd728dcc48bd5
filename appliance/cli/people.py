"""`cloister people …`: accounts, members of collections, broken glass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.app import Appliance, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import (
    NoVault,
    collection_named,
    data_folder,
    key_store_entry,
    unlocked,
    vault_in,
)
from appliance.cli.output import Output
from appliance.cli.placing import new_file, require_outside
from appliance.cli.secrets import read_lines, read_passphrase, scripted
from appliance.cli.vault import PassphrasesDiffer, write_secret
from appliance.errors import UsageError
from appliance.people import keystore
from appliance.values import Collection, Role
from appliance.vault.recovery import new_code as fresh_code
from appliance.vault.recovery import shown

if TYPE_CHECKING:
    from appliance.accounts import People


_ID = re.compile(r"[0-9a-f]{32}")
"""A collection's: what else was typed may be a name, and does not go into the log."""


class UnknownRole(UsageError):
    code = "unknown_role"
    hint = "Roles are member, curator, auditor, administrator and kiosk."


@contextmanager
def _managing(arguments: Arguments, passphrase: str | None = None) -> Iterator[People]:
    with unlocked(arguments, passphrase=passphrase) as appliance, appliance.people() as people:
        yield people


# --- accounts ----------------------------------------------------------------------------------


def show(arguments: Arguments, output: Output) -> int:
    with _managing(arguments) as people:
        for account in people.all():
            person = account.person
            roles = [role.value for role in person.roles]
            output.data(
                person=person.id, name=person.name, roles=roles,
                standing=account.standing.value, custodian=account.custodian,
            )  # fmt: skip
            custody = ", custodian of the recovery key" if account.custodian else ""
            listed = ", ".join(roles) or "no role"
            output.line(f"{person.name}  {account.standing.value}: {listed}{custody}")
    return 0


def add(arguments: Arguments, output: Output) -> int:
    """By invitation; with --here they type a passphrase now: the second line, where a descriptor
    or a file is named."""
    roles = _roles(arguments)
    name = arguments.text("person")
    if arguments.flag("here"):
        prompts = ("Your passphrase: ", f"Passphrase of {name}: ", "Once more: ")
        given = read_lines(arguments, prompts[:2] if scripted(arguments) else prompts)
        if given[1] != given[-1]:
            raise PassphrasesDiffer("The two new passphrases differ.")
        with _secret_file(arguments) as descriptor, _managing(arguments, given[0]) as people:
            person, code = people.add(name, given[1], roles)
            output.data(person=person.id, name=person.name)
            output.line(f"{person.name} is added.")
            _tell_code(output, descriptor, code, "recovery", "Recovery code")
        return 0
    with _secret_file(arguments) as descriptor, _managing(arguments) as people:
        person, code = people.invite(name, roles)
        output.data(person=person.id, name=person.name)
        how = f'cloister people enrol --name "{person.name}"'
        output.line(f"{person.name} is invited. On this machine they enrol with `{how}`.")
        _tell_code(output, descriptor, code, "enrolment", "Enrolment code, good once in 14 days")
    return 0


def invite_again(arguments: Arguments, output: Output) -> int:
    with _secret_file(arguments) as descriptor, _managing(arguments) as people:
        person, code = people.invite_again(people.named(arguments.text("person")).id)
        output.data(person=person.id, name=person.name)
        _tell_code(output, descriptor, code, "enrolment", "Enrolment code, good once in 14 days")
    return 0


def enrol(arguments: Arguments, output: Output) -> int:
    """From a descriptor or a file: two lines, the code and the new passphrase."""
    prompts = ("Enrolment code: ", "New passphrase: ", "Once more: ")
    folder = data_folder(arguments)
    if not vault_in(folder):
        raise NoVault(f"There is no vault in {folder}.")
    with _secret_file(arguments) as descriptor:
        given = read_lines(arguments, prompts[:2] if scripted(arguments) else prompts)
        if given[1] != given[-1]:
            raise PassphrasesDiffer("The two new passphrases differ.")
        appliance = open_appliance(folder)
        try:
            code = appliance.enrol(given[0], arguments.name, given[1])
            _tell_code(output, descriptor, code, "recovery", "Recovery code")
        finally:
            appliance.close()
    return 0


def roles(arguments: Arguments, output: Output) -> int:
    wanted = _roles(arguments)
    with _managing(arguments) as people:
        person = people.named(arguments.text("person"))
        people.set_roles(person.id, wanted)
    return _done(output, "The roles are changed.")


def appoint(arguments: Arguments, output: Output) -> int:
    with _managing(arguments) as people:
        people.appoint(people.named(arguments.text("person")).id)
    return _done(output, "They are an auditor now.")


def resign(arguments: Arguments, output: Output) -> int:
    wanted = _roles(arguments)
    with unlocked(arguments) as appliance, appliance.people() as people:
        held = () if appliance.person is None else appliance.person.roles
        for role in wanted:
            if role not in held:
                raise UsageError(
                    f"You are no {role.value}.", hint="`cloister people list` shows your roles."
                )
            people.resign(role)
    return _done(output, "The role is given up.")


def close(arguments: Arguments, output: Output) -> int:
    """Kept under the account's own keys, or erased by destroying them."""
    if arguments.flag("erase_log_texts") and not arguments.flag("erase"):
        raise UsageError(
            "--erase-log-texts erases with the account alone.", hint="Give --erase as well."
        )
    with _managing(arguments) as people:
        person = people.named(arguments.text("person"))
        if not arguments.flag("erase"):
            people.close(person.id)
            return _done(output, "The account is closed; its conversations are kept.")
        digest = people.erase(person.id, sealed_texts=arguments.flag("erase_log_texts"))
    output.data(erased=True, certificate=digest)
    output.line("The account and its conversations are erased: their keys are destroyed.")
    output.line(f"Certificate (in the log): {digest}")
    output.line("Backups of vault.json made before still hold the keys: destroy them, too.")
    return 0


def reopen(arguments: Arguments, output: Output) -> int:
    wanted = _roles(arguments)
    with _managing(arguments) as people:
        people.reopen(people.named(arguments.text("person")).id, wanted)
    return _done(output, "The account is open again.")


def release(arguments: Arguments, output: Output) -> int:
    with _managing(arguments) as people:
        people.release(people.named(arguments.text("person")).id)
    return _done(output, "They may log in at once.")


def new_code(arguments: Arguments, output: Output) -> int:
    with _secret_file(arguments) as descriptor, _managing(arguments) as people:
        _tell_code(output, descriptor, people.new_code(), "recovery", "Recovery code")
    return 0


def device(arguments: Arguments, output: Output) -> int:
    """The key store is asked before the guards are on: first it keeps the code, then it counts."""
    folder, left = data_folder(arguments), ""
    if not vault_in(folder):
        raise NoVault(f"There is no vault in {folder}.")
    passphrase, code = read_passphrase(arguments), ""
    entry = key_store_entry(folder, arguments.name)
    if arguments.flag("off"):
        try:
            keystore.cleared(entry)
        except keystore.KeyStoreMissing as error:  # the slot is destroyed all the same
            left = f"{error.sentence} What it may still hold opens nothing any more."
    else:
        code = shown(fresh_code())
        keystore.stored(entry, code)
    with _managing(arguments, passphrase) as people:
        people.set_device_code(code)
    if left:
        output.note(left)
    allowed = "may be used with --key-store" if code else "is not used any more"
    return _done(output, f"The system's key store {allowed}.")


def hand_over(arguments: Arguments, output: Output) -> int:
    with _secret_file(arguments) as descriptor, _managing(arguments) as people:
        code = people.hand_over(people.named(arguments.text("person")).id)
        _tell_code(output, descriptor, code, "recovery", "The institution's recovery code")
    return 0


# --- members -----------------------------------------------------------------------------------


def members(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.people() as people:
        found = people.members(_collection(appliance, arguments).id)
        for how, listed in (("member", found.members), ("may break the glass", found.emergency)):
            for person in listed:
                output.data(person=person.id, name=person.name, emergency=how != "member")
                output.line(f"{person.name}  {how}")
    return 0


def join(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.people() as people:
        collection = _collection(appliance, arguments).id
        person = people.named(arguments.text("person")).id
        if arguments.flag("emergency"):
            people.prepare(collection, person)
            return _done(output, "They may break the collection's glass: `cloister people break`.")
        people.join(collection, person)
    return _done(output, "They hold the collection's key.")


def leave(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.people() as people:
        collection = _collection(appliance, arguments).id
        person = people.named(arguments.text("person")).id
        if arguments.flag("emergency"):
            people.withdraw(collection, person)
            return _done(output, "They may break no glass of it any more; it has a new key.")
        people.leave(collection, person)
    return _done(output, "They hold no key of the collection any more; it has a new one.")


def recover(arguments: Arguments, output: Output) -> int:
    """From a descriptor or a file: two lines, the passphrase and the institution's code."""
    given = read_lines(arguments, ("Passphrase: ", "The institution's recovery code: "))
    with _managing(arguments, given[0]) as people:
        wanted = arguments.text("collection")
        for identifier, title in people.recoverable(given[1]):
            if not wanted:
                output.data(collection=identifier, title=title)
                output.line(title)
            elif wanted in (identifier, title):
                people.recover(identifier, given[1])
                return _done(output, "You are a member of the collection now.")
    if wanted:
        raise UsageError("The code brings back no such collection.", hint="Name none to list them.")
    return 0


# --- glass -------------------------------------------------------------------------------------


def break_glass(arguments: Arguments, output: Output) -> int:
    with _managing(arguments) as people:
        wanted = arguments.text("collection")
        if not wanted:
            return _breakable(people, output)
        found = [one for one, title in people.breakable() if wanted in (one, title)]
        if len(found) > 1:
            raise UsageError(
                f"There are {len(found)} collections “{wanted}”.",
                hint="Name one by its id: `cloister --json people break` lists them.",
            )
        # One that this person holds no key to is tried all the same: the try is logged.
        chosen = found[0] if found else wanted if _ID.fullmatch(wanted) else ""
        glass = people.break_glass(chosen, arguments.text("reason"), arguments.number("minutes"))
    ends = glass.ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    output.data(collection=glass.collection, title=glass.title, ends=ends)
    output.line(f"“{glass.title}” can be asked until {ends}. The auditors are told.")
    return 0


def _breakable(people: People, output: Output) -> int:
    reachable = people.breakable()
    for identifier, title in reachable:
        output.data(collection=identifier, title=title)
        output.line(title)
    if not reachable:
        output.note("You are prepared for no collection. A member of one prepares you.")
    return 0


def mend_glass(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.people() as people:
        people.mend_glass(_collection(appliance, arguments).id)
    return _done(output, "The collection is closed again.")


def alerts(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.people() as people:
        names = {account.person.id: account.person.name for account in people.all()}
        titles = {one.id: f"“{one.title}”" for one in appliance.collections()}
        for alert in people.alerts():
            reason = _reason(appliance.log_payload(alert.record)) if alert.record >= 0 else ""
            name = names.get(alert.person, alert.person)
            output.data(
                alert=alert.id, record=alert.record, person=alert.person, name=name,
                collection=alert.collection, when=alert.when.isoformat(),
                ends=alert.ends.isoformat(), reason=reason, recovery=alert.recovery,
            )  # fmt: skip
            how = "came in with the recovery code" if alert.recovery else "broke the glass"
            what = titles.get(alert.collection, f"collection {alert.collection}")
            output.line(f"{alert.id}  {alert.when:%Y-%m-%d %H:%M}  {name}  {how}  {what}")
            if reason:
                output.line(f"    {reason}")
        if not people.alerts():
            output.line("No alert waits to be reviewed.")
    return 0


def _reason(payload: str) -> str:
    """Of a sealed text: what the person wrote. A payload that is gone is told as it comes."""
    try:
        told = json.loads(payload)
    except ValueError:
        return payload
    return str(told.get("reason", "")) if isinstance(told, dict) else payload


def review(arguments: Arguments, output: Output) -> int:
    with _managing(arguments) as people:
        people.review(arguments.text("alert"), arguments.text("remark"))
    return _done(output, "The alert is reviewed.")


# --- within ------------------------------------------------------------------------------------


def _roles(arguments: Arguments) -> tuple[Role, ...]:
    try:
        return tuple(Role(text) for text in arguments.texts("roles"))
    except ValueError as error:
        raise UnknownRole(
            f"There is no such role ({', '.join(arguments.texts('roles'))})."
        ) from error


def _collection(appliance: Appliance, arguments: Arguments) -> Collection:
    return collection_named(appliance, arguments.text("collection"), "the collection")


@contextmanager
def _secret_file(arguments: Arguments) -> Iterator[int | None]:
    """The file a code is to be written into, made before anything is opened; None for the
    terminal."""
    name = arguments.text("code_file")
    if not name:
        yield None
        return
    file = require_outside(Path(name).absolute(), data_folder(arguments))
    with new_file(file) as descriptor:
        yield descriptor


def _tell_code(
    output: Output, descriptor: int | None, code: str, field: str, described: str
) -> None:
    if descriptor is not None:
        write_secret(descriptor, code)
        output.data(**{field: None})
        output.line(f"{described}: in the file. Hand it over, then delete it.")
        return
    output.data(**{field: code})
    output.line(f"{described} (shown this once):")
    output.line(f"  {code}")


def _done(output: Output, sentence: str) -> int:
    output.data(done=True)
    output.line(sentence)
    return 0
