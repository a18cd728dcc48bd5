"""What this machine is, as it says itself: the traits a fingerprint is made of.

Rules kept here: reading alone, of what every user may read, below /sys, /proc and /etc; nothing is
sent anywhere, and what is read leaves this process only as keyed hashes (fingerprint.py); a trait
that cannot be read is absent, never made up. What hangs on a docking station is left out: cards on
USB or on a removable port. Linux; on other platforms no trait can be read yet.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

_MOST_BYTES = 65_536
_MOST_VALUES = 16
_UNTELLING = frozenset(
    ("", "0", "none", "unknown", "not specified", "default string", "to be filled by o.e.m.")
)


class Trait(StrEnum):
    INSTALLATION = "installation"
    """The operating system's own id (machine-id(5))."""
    BOARD = "board"
    """The serial number of the board, where an ordinary user may read it."""
    NETWORK = "network"
    """The addresses of the network cards that are built in."""
    DISK = "disk"
    """The serial numbers of the disks that are built in."""
    MODEL = "model"
    PROCESSOR = "processor"
    MEMORY = "memory"


Traits: TypeAlias = tuple[tuple[Trait, tuple[str, ...]], ...]
"""Each trait with its values, in the order of Trait; those that cannot be read are left out."""


def read_traits(root: Path = Path("/")) -> Traits:
    """The machine whose system lies at `root`."""
    found = {
        Trait.INSTALLATION: _first(root, ("etc/machine-id", "var/lib/dbus/machine-id")),
        Trait.BOARD: _first(
            root, ("sys/class/dmi/id/product_uuid", "sys/firmware/devicetree/base/serial-number")
        ),
        Trait.NETWORK: _network_cards(root / "sys/class/net"),
        Trait.DISK: _disks(root / "sys/block"),
        Trait.MODEL: _model(root),
        Trait.PROCESSOR: _processor(root / "proc/cpuinfo"),
        Trait.MEMORY: _memory(root / "proc/meminfo"),
    }
    kept = {trait: _telling(values) for trait, values in found.items()}
    return tuple((trait, kept[trait]) for trait in Trait if kept[trait])


def _telling(values: Iterable[str]) -> tuple[str, ...]:
    """Without what boards say that were never given a number."""
    plain = {" ".join(value.split()).strip("\x00") for value in values}
    return tuple(sorted(value for value in plain if value.casefold() not in _UNTELLING))[
        :_MOST_VALUES
    ]


def _text(path: Path) -> str:
    """Empty where it cannot be read, or only by an administrator: an installer and the person who
    works here later must see the same machine."""
    try:
        if not path.stat().st_mode & stat.S_IROTH:
            return ""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _first(root: Path, names: tuple[str, ...]) -> list[str]:
    texts = (_text(root / name).strip() for name in names)
    return [text for text in texts if text][:1]


def _entries(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def _network_cards(folder: Path) -> Iterator[str]:
    """Burnt-in addresses alone: those that are made up anew at each connection say nothing."""
    for card in _entries(folder):
        burnt_in = _text(card / "addr_assign_type").strip() == "0"
        if burnt_in and _built_in(card / "device"):
            yield _text(card / "address")


def _disks(folder: Path) -> Iterator[str]:
    for disk in _entries(folder):
        if _text(disk / "removable").strip() == "1" or not _built_in(disk / "device"):
            continue
        numbers = (_text(disk / name) for name in ("device/serial", "device/wwid", "serial"))
        yield next((number for number in numbers if number.strip()), "")


def _built_in(device: Path) -> bool:
    """Whether a device is soldered or plugged in for good, as far as the system knows."""
    try:
        place = device.resolve(strict=True)
    except (OSError, RuntimeError):
        return False  # there is no device behind it: a bridge, a tunnel, a loop
    if any(part.startswith("usb") for part in place.parts):
        return False
    return _text(device / "removable").strip() != "removable"


def _model(root: Path) -> list[str]:
    names = ("sys_vendor", "product_name", "board_name")
    parts = [_text(root / "sys/class/dmi/id" / name).strip() for name in names]
    if any(parts):
        return ["/".join(parts)]
    return _first(root, ("sys/firmware/devicetree/base/model",))


def _processor(path: Path) -> list[str]:
    wanted = ("vendor_id", "cpu family", "model name", "cpu implementer", "cpu part")
    found: dict[str, str] = {}
    for line in _text(path).splitlines():
        name, _, value = line.partition(":")
        if name.strip() in wanted:
            found.setdefault(name.strip(), value.strip())
    return ["/".join(found[name] for name in wanted if name in found)]


def _memory(path: Path) -> list[str]:
    """In whole gibibytes: the kernel keeps a little for itself, and not always as much."""
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "MemTotal:" and words[1].isdigit():
            return [f"{round(int(words[1]) / (1 << 20))} GiB"]
    return []
