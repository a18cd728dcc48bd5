"""The policy packs an open desk decides by: those that ship, as the institution has them in force,
and those that an administrator brought in, by a parcel or from a folder.

Rules kept here: the baseline is always in force; further packs that come with the program are where
the managed settings name them; a pack that came in lies in <data>/packs/<name>@<serial>/<name>/, is
verified like any other each time it is opened, and is in force; of one name the greatest serial
counts. It comes there whole: what a run that was cut off left counts for nothing. No pack is older
than one the log has seen in force. That one of those that ship is named no longer is logged, for
what it forbade or allowed changes with it; one that came in and is gone keeps the vault shut.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.parcel.reading import NotOrdinary, read_bounded
from appliance.policy import Pack, PolicyEngine, load, load_packs, shipped_folder
from appliance.policy.errors import PackAltered, PackMissing, PackRolledBack
from appliance.settings import Settings
from appliance.vault.durable import storage_error, sync_folder, write_atomic

if TYPE_CHECKING:
    from appliance.ledger import Ledger

BASELINE = "baseline"
VALUE = "pack"
"""The kind of the log's values that hold the newest serial that was in force."""
_RETIRED = "pack_retired"
_BROUGHT = "pack_brought"
"""1 while the pack in force is one that came in: no setting takes it out again."""
_INCOMING = Path("parcels/incoming/pack")
"""What is on its way in: backups leave that folder out."""
_LARGEST = 1 << 20  # bytes of a file of a pack
_LABEL = re.compile(r"([a-z][a-z0-9-]{0,39})@([0-9]{1,10})")


def packs_folder(data: Path) -> Path:
    return data / "packs"


def packs_in_force(settings: Settings, data: Path | None) -> tuple[Pack, ...]:
    """Verified, without a log to say what was in force before. data: None for those alone that
    ship. Raises policy errors, storage errors."""
    return load_packs(_folders(settings, data).values())


def open_policy(ledger: Ledger, settings: Settings, data: Path) -> PolicyEngine:
    """None older than those the log has seen. Raises policy errors, storage errors."""
    folders = _folders(settings, data)
    known = ledger.log.latest_values(VALUE)
    brought = ledger.log.latest_values(_BROUGHT)
    gone = sorted(name for name in known.keys() - folders.keys() if not brought.get(name))
    packs = load_packs(
        list(folders.values()),
        seen=[f"{name}@{serial}" for name, serial in known.items()],
        retired=gone,
    )
    for pack in packs:
        if known.get(pack.name) != pack.serial:
            ledger.log.note_value(VALUE, pack.name, pack.serial)
    for name, folder in folders.items():
        came_in = int(folder.is_relative_to(packs_folder(data)))
        if brought.get(name, 0) != came_in:
            ledger.log.note_value(_BROUGHT, name, came_in)
    retired = ledger.log.latest_values(_RETIRED)
    for name in (*folders, *gone):
        if retired.get(name, 0) != int(name in gone):
            ledger.note("pack.retired" if name in gone else "pack.restored", object=name)
            ledger.log.note_value(_RETIRED, name, int(name in gone))
    return PolicyEngine(packs)


def serial_in_force(data: Path, name: str) -> int:
    """Of the baseline or of a pack that came in, by what lies there; 0 for any other."""
    brought = _brought_in(data).get(name)
    shipped = load(shipped_folder() / name).serial if name == BASELINE else 0
    return max(shipped, brought[0] if brought else 0)


def require_usable(settings: Settings, data: Path, arrived: Path) -> tuple[str, int]:
    """That the pack in `arrived` is good and works with the others, before it is put where it would
    count: a pack that cannot be used would keep the vault shut. Its name and serial. Raises policy
    errors, storage errors."""
    pack = load(arrived)
    others = [folder for name, folder in _folders(settings, data).items() if name != pack.name]
    PolicyEngine(load_packs([*others, arrived]))
    return pack.name, pack.serial


def bring_in(settings: Settings, data: Path, source: Path) -> str:
    """Copies a signed pack to where it is in force from the next log-in on: durable on return,
    there whole or not at all; what is there is what was verified. Returns NAME@SERIAL. Raises
    policy errors, storage errors."""
    name, serial = require_usable(settings, data, source)
    if serial < serial_in_force(data, name):
        raise PackRolledBack(f"A newer pack {name} than {serial} is in force.")
    label, incoming = f"{name}@{serial}", data / _INCOMING
    if _brought_in(data).get(name, (0, source))[0] == serial:
        return label  # it was verified above, and is not missing for a moment
    try:
        shutil.rmtree(incoming, ignore_errors=True)
        (incoming / name).mkdir(mode=0o700, parents=True)
        for file in sorted(source.iterdir()):
            write_atomic(incoming / name / file.name, read_bounded(file, _LARGEST))
        if require_usable(settings, data, incoming / name) != (name, serial):
            raise PackAltered("The policy pack was changed while it was copied.")
        shutil.rmtree(packs_folder(data) / label, ignore_errors=True)  # a part of one at most
        packs_folder(data).mkdir(mode=0o700, exist_ok=True)
        incoming.rename(packs_folder(data) / label)
        sync_folder(packs_folder(data))
        sync_folder(data)
    except NotOrdinary as error:
        raise PackAltered(f"{error} in the policy pack is no ordinary file.") from error
    except OSError as error:
        raise storage_error(error, "the policy pack was not copied") from error
    return label


def _folders(settings: Settings, data: Path | None) -> dict[str, Path]:
    """One a pack, by name."""
    names = dict.fromkeys((BASELINE, *settings.more_packs))
    folders = {name: shipped_folder() / name for name in names}
    for name, (serial, folder) in (_brought_in(data) if data else {}).items():
        if load(folder).serial != serial:
            raise PackAltered(f"The policy pack in {folder.parent.name} is of another serial.")
        ships = name in folders and folders[name].is_dir()
        if not ships or serial > load(folders[name]).serial:
            folders[name] = folder
    for name, folder in folders.items():
        if not folder.is_dir() and name != BASELINE:
            raise PackMissing(
                f"The settings name a policy pack `{name}`, which does not ship with the program.",
                hint="Take it out of `packs` in the managed settings: a pack that a parcel or "
                "`cloister provision` brings in is in force without being named there.",
            )
    return folders


def _brought_in(data: Path) -> dict[str, tuple[int, Path]]:
    newest: dict[str, tuple[int, Path]] = {}
    try:
        folders = sorted(packs_folder(data).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise storage_error(error, "the policy packs were not read") from error
    for folder in folders:
        match = _LABEL.fullmatch(folder.name)
        whole = match is not None and (folder / match[1]).is_dir()
        if match and whole and int(match[2]) > newest.get(match[1], (0, folder))[0]:
            newest[match[1]] = (int(match[2]), folder / match[1])
    return newest
