"""Opening the appliance for a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from appliance.app import Appliance, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.secrets import read_passphrase
from appliance.errors import UsageError
from appliance.settings import default_data_folder
from appliance.values import Collection


class NoVault(UsageError):
    code = "no_vault"
    hint = "Run `cloister init` first, or name another folder with --data."


class UnknownCollection(UsageError):
    code = "unknown_collection"
    hint = "`cloister library` lists the collections you may use."


def data_folder(arguments: Arguments) -> Path:
    return (arguments.data or default_data_folder()).absolute()


@contextmanager
def unlocked(arguments: Arguments, writable: Sequence[Path] = ()) -> Iterator[Appliance]:
    """The appliance, logged in; closed cleanly afterwards. `writable` are folders the command
    must write besides the data folder."""
    folder = data_folder(arguments)
    if not (folder / "vault.json").exists():
        raise NoVault(f"There is no vault in {folder}.")
    passphrase = read_passphrase(arguments)
    appliance = open_appliance(folder, writable=writable)
    try:
        appliance.unlock(passphrase, arguments.name)
        yield appliance
    finally:
        appliance.close()


def collection_named(appliance: Appliance, title: str) -> Collection:
    """The collection with this title or id; the only one, where none is named."""
    collections = appliance.collections()
    if not title and len(collections) == 1:
        return collections[0]
    for collection in collections:
        if title in (collection.title, collection.id):
            return collection
    known = ", ".join(f"“{c.title}”" for c in collections) or "none yet"
    raise UnknownCollection(f"There is no collection “{title}” (there are: {known}).")
