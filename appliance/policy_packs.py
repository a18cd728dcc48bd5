"""Which policy packs are in force: those that ship, and those that an administrator brought in.

Rules kept here: a pack that came in lies in <data>/packs/<name>@<serial>/<name>/ and is verified
like any other each time it is opened; of one name the greatest serial counts; a pack that the log
has seen in force and that is no longer there, or is older, keeps the vault shut: leaving it away
would lift what it forbids.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.policy import PolicyEngine, load, load_packs, shipped_folder
from appliance.vault.durable import storage_error

if TYPE_CHECKING:
    from appliance.ledger import Ledger

PACKS = ("baseline",)
"""Those that ship and are always in force."""

VALUE = "pack"
_LABEL = re.compile(r"([a-z][a-z0-9-]{0,39})@([0-9]{1,10})")


def packs_folder(data: Path) -> Path:
    return data / "packs"


def open_policy(ledger: Ledger, data: Path) -> PolicyEngine:
    """None older than those the log has seen in force, none of them missing. Raises policy errors,
    storage errors."""
    known = ledger.log.latest_values(VALUE)
    packs = load_packs(
        pack_folders(data), seen=[f"{name}@{serial}" for name, serial in known.items()]
    )
    for pack in packs:
        if known.get(pack.name) != pack.serial:
            ledger.log.note_value(VALUE, pack.name, pack.serial)
    return PolicyEngine(packs)


def pack_folders(data: Path) -> tuple[Path, ...]:
    """One folder a pack. Raises policy errors where one that ships is damaged, storage errors."""
    folders = {name: shipped_folder() / name for name in PACKS}
    for name, (serial, folder) in _brought_in(data).items():
        if name not in folders or serial > load(folders[name]).serial:
            folders[name] = folder
    return tuple(folders.values())


def serial_in_force(data: Path, name: str) -> int:
    """Of the pack of this name, by what lies there; 0 for none."""
    brought = _brought_in(data).get(name)
    shipped = load(shipped_folder() / name).serial if name in PACKS else 0
    return max(shipped, brought[0] if brought else 0)


def require_usable(data: Path, arrived: Path) -> tuple[str, int]:
    """That the pack in `arrived` is good and works with the others, before it is put where it would
    count: a pack that cannot be used would keep the vault shut. Its name and serial. Raises policy
    errors."""
    pack = load(arrived)
    others = [folder for folder in pack_folders(data) if folder.name != pack.name]
    PolicyEngine(load_packs([*others, arrived]))
    return pack.name, pack.serial


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
        if match and int(match[2]) > newest.get(match[1], (0, folder))[0]:
            newest[match[1]] = (int(match[2]), folder / match[1])
    return newest
