"""Where each kind of thing out of a parcel goes.

Rules kept here: a model and a policy pack are installed as they would be by hand, their own
signatures included; a library becomes a collection; a list of revoked seats and a program update
are put where their own readers find them, whole or not at all, and change nothing by lying there;
licensing looks at the list at once and at every log-in, and takes it if it holds.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from appliance.chat_models import ChatModels, models_folder
from appliance.desk import Desk
from appliance.engine.bundles.manifest import has_signature, read_signed
from appliance.engine.bundles.trust import trusted_signers
from appliance.errors import UsageError
from appliance.library_parcels import take_library
from appliance.parcel.reading import NotOrdinary, opened, pieces
from appliance.parcel.stick.contents import Item, Kind, ParcelFile
from appliance.policies_in_force import packs_folder, require_usable, serial_in_force
from appliance.policy import PackRolledBack
from appliance.vault.durable import storage_error, sync_folder

_AT_LOGIN = "It is in force from the next login on."


def incoming_folder(data: Path) -> Path:
    """What is on its way in. A part of it that is there is gone on with; backups leave it out."""
    return data / "parcels" / "incoming"


def received_folder(data: Path, kind: Kind) -> Path:
    """`<data>/parcels/received/<kind>/<name>@<version>/` holds what was received of this kind."""
    return data / "parcels" / "received" / kind.value


def received(data: Path, kind: Kind) -> tuple[Path, ...]:
    """One folder for each that was received of this kind, the oldest name first. Raises storage
    errors."""
    try:
        return tuple(sorted(received_folder(data, kind).iterdir()))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise storage_error(error, "what came in on sticks was not read") from error


def is_here(data: Path, item: Item) -> bool:
    """Whether this machine has it already, by what lies there. Libraries are never said to be:
    their documents are compared one by one when they are taken in."""
    if item.kind is Kind.MODEL:
        return (models_folder(data) / f"{item.name}@{item.version}").is_dir()
    if item.kind is Kind.LIBRARY:
        return False
    if item.kind is Kind.POLICY and item.version.isascii() and item.version.isdigit():
        return serial_in_force(data, item.name) >= int(item.version)
    return _holds(_place(data, item), item)


def receive(desk: Desk, item: Item, arrived: Path, code: Callable[[str], str]) -> str:
    """Hands on what lies in `arrived`, complete and checked. Returns what a person should do or
    know now. Raises what the part raises whose it is."""
    if item.kind is Kind.MODEL:
        _require_the_model(item, arrived)
        signed = ChatModels(desk).install(arrived)
        shutil.rmtree(arrived, ignore_errors=True)
        return f"The model {signed.manifest.id} can be used from the next login on."
    if item.kind is Kind.LIBRARY:
        if len(item.files) != 1:
            raise UsageError(f"{item.id} is not one packed library.", hint="Make the parcel again.")
        return take_library(desk, arrived / item.files[0].path, code(item.id))
    if item.kind is Kind.POLICY:
        return _policy(desk, item, arrived)
    place = _place(desk.place.data, item)
    _put(arrived, place, item)
    if item.kind is Kind.UPDATE:
        hashes = ", ".join(f"{file.path} {file.sha256}" for file in item.files)
        return (
            f"Have it installed by an administrator of this machine: it lies in {place}. Its "
            f"SHA-256, to be compared before it is run: {hashes}."
        )
    return _listed(desk, place)


def _listed(desk: Desk, place: Path) -> str:
    before = desk.seat.view().revocations
    desk.seat.take_managed(place)
    number = desk.seat.view().revocations
    if number > before:
        return f"List {number} of revoked seats is in force from now on."
    return (
        f"It changed nothing: your seat authority did not sign it, or it is not newer than list "
        f"{before} here. The log says which; it is looked at again at the next login."
    )


def _require_the_model(item: Item, arrived: Path) -> None:
    """What was named is what is installed. Raises UsageError, and what reading it raises."""
    if not has_signature(arrived):
        return  # it will not be installed, and that is said
    found = read_signed(arrived, trusted_signers()).manifest.id
    if found != f"{item.name}@{item.version}":
        raise _another(f"the model {item.name}@{item.version}", found)


def _another(named: str, found: str) -> UsageError:
    return UsageError(
        f"The parcel names {named}; it is {found}.",
        hint="Ask whoever made the parcel to make it again.",
    )


def _policy(desk: Desk, item: Item, arrived: Path) -> str:
    data = desk.place.data
    name, serial = require_usable(desk.settings, data, arrived)
    if (name, str(serial)) != (item.name, item.version):
        raise _another(f"the pack {item.name}@{item.version}", f"{name}@{serial}")
    if serial < serial_in_force(data, name):
        raise PackRolledBack(f"A newer pack {name} than {serial} is in force.")
    _put(arrived, _place(data, item), item)
    return _AT_LOGIN


def _place(data: Path, item: Item) -> Path:
    label = f"{item.name}@{item.version}"
    if item.kind is Kind.POLICY:
        return packs_folder(data) / label / item.name
    return received_folder(data, item.kind) / label


def _put(arrived: Path, place: Path, item: Item) -> None:
    """Moves the folder to its place, durable on return: there whole, or not at all. What is there
    as it should be is left as it is, so that a pack in force is never missing for a moment; what is
    not gives way."""
    if place.is_dir() and _holds(place, item):
        return
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        arrived.rename(place)
        sync_folder(place.parent)
        sync_folder(place.parent.parent)
    except OSError as error:
        raise storage_error(error, "what was received was not put into its place") from error


def _holds(place: Path, item: Item) -> bool:
    """Whether it is the item, file by file, and nothing else."""
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir()}
    return there == {file.path for file in item.files} and all(
        _same(place.joinpath(*file.path.split("/")), file) for file in item.files
    )


def _same(path: Path, file: ParcelFile) -> bool:
    digest = hashlib.sha256()
    try:
        with opened(path) as (descriptor, size):
            if size != file.size:
                return False
            for piece in pieces(descriptor, size, path.name):
                digest.update(piece)
    except (FileNotFoundError, NotOrdinary):
        return False
    return digest.hexdigest() == file.sha256
