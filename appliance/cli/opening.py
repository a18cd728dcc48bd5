"""Opening the appliance for a command."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from appliance.airgap import guard, selftest
from appliance.app import Appliance, now, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.output import Output
from appliance.cli.secrets import read_passphrase
from appliance.errors import StorageReadOnly, UsageError
from appliance.people import keystore
from appliance.settings import default_data_folder, read_settings
from appliance.values import Collection
from appliance.vault import Vault, harden_process

Happening = TypeVar("Happening")

UNPROVED = (
    "WARNING: it is not proved that this program cannot reach a network. Your institution's "
    "settings let it go on. `cloister doctor` says what is open."
)


class NoVault(UsageError):
    code = "no_vault"
    hint = "Run `cloister init` first, or name another folder with --data."


class UnknownCollection(UsageError):
    code = "unknown_collection"
    hint = "`cloister library` lists the collections you may use."


class AmbiguousCollection(UsageError):
    """Its title is another's too: a key must not go to somebody for the wrong one."""

    code = "ambiguous_collection"
    hint = "Name it by its id: `cloister --json library` lists each with its id."


def data_folder(arguments: Arguments) -> Path:
    return (arguments.data or default_data_folder()).absolute()


def vault_in(folder: Path) -> bool:
    """Whether there is a vault. Raises StorageReadOnly where that cannot be seen."""
    try:
        (folder / "vault.json").stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StorageReadOnly(
            f"The data folder {folder} cannot be read: {error.strerror}.",
            hint="Make it readable and writable for this user, or choose another with --data.",
        ) from error
    return True


@contextmanager
def unlocked(
    arguments: Arguments, *, writable: Sequence[Path] = (), passphrase: str | None = None
) -> Iterator[Appliance]:
    """The appliance, logged in; closed cleanly afterwards. `writable` are folders the command
    must write besides the data folder; the passphrase is read where none is given."""
    folder = data_folder(arguments)
    if not vault_in(folder):
        raise NoVault(f"There is no vault in {folder}.")
    if passphrase is None and getattr(arguments.values, "key_store", False):
        passphrase = keystore.looked_up(key_store_entry(folder, arguments.name))
    if passphrase is None:
        passphrase = read_passphrase(arguments)
    appliance = open_appliance(folder, writable=writable)
    try:
        if not appliance.airgap.holds:  # opened all the same: the institution's setting allows it
            sys.stderr.write(f"{UNPROVED}\n")
        appliance.unlock(passphrase, arguments.name)
        with appliance.people() as people:
            waiting = people.waiting()
        if waiting:
            sys.stderr.write(
                f"ALERT: to review by an auditor: {waiting}. `cloister people alerts`\n"
            )
        yield appliance
    finally:
        appliance.close()


def key_store_entry(folder: Path, name: str) -> keystore.Entry:
    """Where the system's key store keeps this person's code; asked before the guards are on."""
    who = Vault(folder).claimed(name)
    return keystore.Entry(who.vault, who.tag)


def guarded(*writable: Path) -> None:
    """For a command that opens no data folder: the guard goes on all the same, before anything
    untrusted is read and before a code that leads to a key is asked for."""
    harden_process()
    required = read_settings().airgap == "required"
    guard.engage(writable, screen=False, required=required)
    if required:
        selftest.require_proof(selftest.prove(now()))


@contextmanager
def following(events: Iterator[Happening]) -> Iterator[Iterator[Happening]]:
    """Ends the work behind the events when nobody follows them any more: work that is only
    suspended counts as under way, and closing the appliance waits for that."""
    try:
        yield events
    finally:
        if isinstance(events, Generator):
            events.close()


def note_nothing_to_ask(appliance: Appliance, output: Output) -> None:
    """Says to who is in no collection why nothing is found for them: it is not the documents."""
    if not appliance.collections():
        output.note(
            "You are in no collection, so there is nothing you could ask or read. A curator of one "
            "adds you: `cloister people join COLLECTION PERSON`."
        )


def collection_named(appliance: Appliance, title: str, option: str) -> Collection:
    """The collection with this title or id; the only one, where none is named. `option` is how
    one is named on this command's line. Raises UnknownCollection, AmbiguousCollection."""
    collections = appliance.collections()
    if not title and len(collections) == 1:
        return collections[0]
    for called in (
        [c for c in collections if c.id == title],
        [c for c in collections if c.title == title],
    ):
        if len(called) > 1:
            raise AmbiguousCollection(f"{len(called)} collections are called “{title}”.")
        if called:
            return called[0]
    known = ", ".join(f"“{c.title}”" for c in collections) or "none yet"
    if not title:
        raise UnknownCollection(
            f"Which collection is not said (there are: {known}).", hint=f"Name one with {option}."
        )
    raise UnknownCollection(f"There is no collection “{title}” (there are: {known}).")
