"""Where the institution's settings come from: a file, the registry, or a configuration profile.

Rules kept here: what only an administrator of the machine can write is believed, anything else is
refused with a sentence, never passed over; that nothing is there is believed only where nobody else
could have taken it away; what is read is bounded; this reads, and what a setting may be is for
settings.py. What else an administrator lays into `/etc/cloister` is read by the same rule. Linux:
`/etc/cloister/managed.toml`. Windows: the values below
`HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Cloister`, which group policy writes. macOS: the managed
preferences of `org.cloister.appliance`, which a configuration profile writes.
"""

from __future__ import annotations

import os
import plistlib
import stat
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.parsers.expat import ExpatError

from appliance.errors import CloisterError

MANAGED = Path("/etc/cloister/managed.toml")
PREFERENCES = Path("/Library/Managed Preferences/org.cloister.appliance.plist")
REGISTRY = r"SOFTWARE\Policies\Cloister"

LARGEST = 65_536
"""Bytes of a file."""
MOST_VALUES = 200

MOST_LINKS = 40
"""That are followed on the way to a file, as Linux does (path_resolution(7))."""

REG_SZ, REG_DWORD = 1, 4
"""winnt.h: text, and a number of 32 bits. Group policy writes no other kind for Cloister."""
NO_MORE_ITEMS = 259
"""winerror.h: that there is no value of this index. Any other error is one of reading."""


class SettingsInvalid(CloisterError):
    code = "settings_invalid"
    hint = "Correct the file named above, or remove the setting."


class SettingsUnguarded(SettingsInvalid):
    """Somebody other than an administrator could have written the institution's settings."""

    code = "settings_unguarded"
    hint = "Have an administrator run `chown root` and `chmod go-w` on what is named above."


class ManagedSource(Protocol):
    """One place of managed settings. `name` is how people are told of it."""

    @property
    def name(self) -> str: ...

    def read(self) -> Mapping[str, object]:
        """Untrusted names and values; none where there is nothing. Raises SettingsInvalid."""


@dataclass(frozen=True, slots=True)
class TomlFile:
    """owner: the user who must own the file and its folders; None where anybody may."""

    path: Path
    owner: int | None = 0

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> Mapping[str, object]:
        try:
            return tomllib.loads((content(self.path, self.owner) or b"").decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{self.path} is not valid TOML: {error}") from error
        except RecursionError:
            raise SettingsInvalid(f"{self.path} is nested too deeply.") from None


@dataclass(frozen=True, slots=True)
class Preferences:
    """A property list of names and values, as macOS keeps managed preferences."""

    path: Path = PREFERENCES
    owner: int | None = 0

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> Mapping[str, object]:
        raw = content(self.path, self.owner)
        if raw is None:
            return {}
        try:
            untrusted = plistlib.loads(raw)
        except (
            plistlib.InvalidFileException,
            ExpatError,
            ValueError,
            LookupError,
            RecursionError,
        ) as error:
            raise SettingsInvalid(f"{self.path} is not a property list.") from error
        if not isinstance(untrusted, dict):
            raise SettingsInvalid(f"{self.path} is not a property list of names and values.")
        # Apple's own keys (PayloadUUID and the like) stand beside the settings.
        return {str(k): v for k, v in untrusted.items() if not str(k).startswith("Payload")}


class RegistryKey(Protocol):
    """An open key of the registry: value `index` as (name, data, kind); after the last an OSError
    whose `winerror` is NO_MORE_ITEMS."""

    def value(self, index: int) -> tuple[str, object, int]: ...


@dataclass(frozen=True, slots=True)
class Registry:
    """The values below the policy key. key: None where there is no such key."""

    key: RegistryKey | None
    name: str = rf"HKEY_LOCAL_MACHINE\{REGISTRY}"

    def read(self) -> Mapping[str, object]:
        if self.key is None:
            return {}
        found: dict[str, object] = {}
        for index in range(MOST_VALUES + 1):
            value = _value(self.key, index)
            if value is None:
                return found
            name, data, kind = value
            if kind not in (REG_SZ, REG_DWORD):
                raise SettingsInvalid(f"{self.name}: `{name}` must be REG_SZ or REG_DWORD.")
            found[name] = data
        raise SettingsInvalid(f"{self.name} has more than {MOST_VALUES} values.")


def _value(key: RegistryKey, index: int) -> tuple[str, object, int] | None:
    """None after the last. Raises SettingsInvalid: one that cannot be read is not passed over."""
    try:
        return key.value(index)
    except OSError as error:
        if getattr(error, "winerror", 0) == NO_MORE_ITEMS:
            return None
        raise SettingsInvalid(
            f"A value of HKEY_LOCAL_MACHINE\\{REGISTRY} cannot be read: {error.strerror}."
        ) from error


def content(path: Path, owner: int | None, largest: int = LARGEST) -> bytes | None:
    """The file's bytes, None where there is none. With an owner, the file and every folder it
    lies in must be that user's and writable by nobody else; so must be the folder it is missing
    from. Raises SettingsInvalid."""
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if owner is not None:
                require_guarded(path, os.fstat(file.fileno()), owner)
            untrusted = file.read(largest + 1)
    except FileNotFoundError:
        if owner is not None:
            _require_absent(path, owner)
        return None
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    if len(untrusted) > largest:
        raise SettingsInvalid(f"{path} is larger than {largest:,} bytes.")
    return untrusted


def _without_waiting(path: str, flags: int) -> int:
    """Of a pipe, for somebody to write into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def guarded_folder(folder: Path, owner: int | None = 0) -> bool:
    """Whether there is such a folder. With an owner, it and all it lies in must be that user's and
    writable by nobody else. Raises SettingsInvalid."""
    there = os.path.isdir(folder)  # noqa: PTH112  never raises
    if owner is not None and there:
        _require_owned(folder.name, (folder, *folders_to(folder)), owner)
    elif owner is not None:
        _require_absent(folder, owner)
    return there


def require_guarded(path: Path, status: os.stat_result, owner: int) -> None:
    """Raises SettingsUnguarded. status: of the file as it was opened."""
    if not stat.S_ISREG(status.st_mode):
        raise SettingsUnguarded(f"{path} is not a plain file, so it is not used.")
    _require_one_owns(path, status, path.name, owner)
    _require_owned(path.name, folders_to(path), owner)


def folders_to(path: Path) -> tuple[Path, ...]:
    """Every folder that is gone through to `path`, those of each link on the way among them, the
    innermost first. Raises SettingsUnguarded for links without an end."""
    at = Path(path.absolute().anchor)
    left = list(reversed(path.absolute().parts[1:]))
    found, links = {at}, 0
    while left:
        found.add(at)
        name = left.pop()
        try:
            target = Path(os.readlink(at / name))  # noqa: PTH115  the text of the link
        except OSError:  # it is no link, or not there
            at = at.parent if name == ".." else at / name
            continue
        links += 1
        if links > MOST_LINKS:
            raise SettingsUnguarded(f"{path} is a link without an end, so it is not used.")
        at = Path(target.anchor) if target.is_absolute() else at
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return tuple(sorted(found, key=lambda folder: (-len(folder.parts), folder)))


def _require_absent(path: Path, owner: int) -> None:
    """That nothing is there, and that nobody else can have taken it away."""
    for place in (path, *path.parents):
        if place.is_symlink() and not place.exists():
            raise SettingsUnguarded(
                f"{place} is a link that leads nowhere.",
                hint="Have an administrator put back what it leads to, or remove the link.",
            )
    if os.path.isdir(path.parent):  # noqa: PTH112  never raises
        _require_owned(path.name, folders_to(path), owner)


def _require_owned(name: str, folders: Iterable[Path], owner: int) -> None:
    for folder in folders:
        try:
            _require_one_owns(folder, folder.stat(), name, owner)
        except OSError as error:
            raise SettingsInvalid(f"{folder} cannot be looked at: {error.strerror}.") from error


def _require_one_owns(place: Path, found: os.stat_result, name: str, owner: int) -> None:
    if found.st_uid != owner:
        raise SettingsUnguarded(
            f"{place} does not belong to root, so {name} is not used: somebody else could have "
            "written it, or taken it away."
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsUnguarded(
            f"{place} can be written by others than root, so {name} is not used."
        )


def managed_source() -> ManagedSource:
    """Where this machine keeps the institution's settings."""
    if sys.platform == "darwin":
        return Preferences()
    if sys.platform == "win32":
        return Registry(_policy_key())
    return TomlFile(MANAGED)


def _policy_key() -> RegistryKey | None:
    """The key as Windows opens it: the 64-bit view, for reading. Raises SettingsInvalid."""
    if sys.platform != "win32":
        return None
    import winreg  # only Windows has it

    try:
        opened = winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, REGISTRY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsInvalid(
            f"HKEY_LOCAL_MACHINE\\{REGISTRY} cannot be read: {error.strerror}."
        ) from error

    class Opened:
        def value(self, index: int) -> tuple[str, object, int]:
            return winreg.EnumValue(opened, index)

    return Opened()
