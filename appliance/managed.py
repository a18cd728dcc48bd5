"""Where the institution's settings come from: a file, the registry, or a configuration profile.

Rules kept here: what only an administrator of the machine can write is believed, anything else is
refused with a sentence, never passed over; what is read is bounded; this reads, and what a setting
may be is for settings.py. Linux: `/etc/cloister/managed.toml`. Windows: the values below
`HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Cloister`, which group policy writes. macOS: the managed
preferences of `org.cloister.appliance`, which a configuration profile writes.
"""

from __future__ import annotations

import os
import plistlib
import stat
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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

REG_SZ, REG_DWORD = 1, 4
"""winnt.h: text, and a number of 32 bits. Group policy writes no other kind for Cloister."""


class SettingsInvalid(CloisterError):
    code = "settings_invalid"
    hint = "Correct the file named above, or remove the setting."


class SettingsUnguarded(SettingsInvalid):
    """Somebody other than an administrator could have written the institution's settings."""

    code = "settings_unguarded"
    hint = "Have an administrator run `chown root FILE` and `chmod 644 FILE`, its folders too."


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
            return tomllib.loads(content(self.path, self.owner).decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{self.path} is not valid TOML: {error}") from error


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
        if not raw:
            return {}
        try:
            untrusted = plistlib.loads(raw)
        except (plistlib.InvalidFileException, ExpatError, ValueError, LookupError) as error:
            raise SettingsInvalid(f"{self.path} is not a property list.") from error
        if not isinstance(untrusted, dict):
            raise SettingsInvalid(f"{self.path} is not a property list of names and values.")
        # Apple's own keys (PayloadUUID and the like) stand beside the settings.
        return {str(k): v for k, v in untrusted.items() if not str(k).startswith("Payload")}


class RegistryKey(Protocol):
    """An open key of the registry: value `index` as (name, data, kind), OSError after the last."""

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
            try:
                name, data, kind = self.key.value(index)
            except OSError:
                return found
            if kind not in (REG_SZ, REG_DWORD):
                raise SettingsInvalid(f"{self.name}: `{name}` must be REG_SZ or REG_DWORD.")
            found[name] = data
        raise SettingsInvalid(f"{self.name} has more than {MOST_VALUES} values.")


def content(path: Path, owner: int | None) -> bytes:
    """The file's bytes, nothing where there is none. With an owner, the file and every folder it
    lies in must be that user's and writable by nobody else. Raises SettingsInvalid."""
    try:
        with path.open("rb") as file:
            if owner is not None:
                require_guarded(path, os.fstat(file.fileno()), owner)
            untrusted = file.read(LARGEST + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be read: {error.strerror}.") from error
    if len(untrusted) > LARGEST:
        raise SettingsInvalid(f"{path} is larger than {LARGEST:,} bytes.")
    return untrusted


def require_guarded(path: Path, status: os.stat_result, owner: int) -> None:
    """Raises SettingsUnguarded. status: of the file as it was opened."""
    if not stat.S_ISREG(status.st_mode):
        raise SettingsUnguarded(f"{path} is not a plain file, so it is not used.")
    around = {*path.absolute().parents, *path.resolve().parents}  # links lie somewhere as well
    nearest = sorted(around, key=lambda folder: (-len(folder.parts), folder))
    checked = [(path, status), *((folder, folder.stat()) for folder in nearest)]
    for place, found in checked:
        if found.st_uid != owner:
            raise SettingsUnguarded(
                f"{place} does not belong to root, so {path.name} is not used: somebody else "
                "could have written it."
            )
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise SettingsUnguarded(
                f"{place} can be written by others than root, so {path.name} is not used."
            )


def managed_source() -> ManagedSource:
    """Where this machine keeps the institution's settings."""
    if sys.platform == "darwin":
        return Preferences()
    if sys.platform == "win32":
        with _policy_key() as key:
            return _copied(key)
    return TomlFile(MANAGED)


@dataclass(frozen=True, slots=True)
class _Values:
    """What was read of a key while it was open."""

    values: tuple[tuple[str, object, int], ...]

    def value(self, index: int) -> tuple[str, object, int]:
        if index >= len(self.values):
            raise OSError("no more values")
        return self.values[index]


def _copied(key: RegistryKey | None) -> Registry:
    values: list[tuple[str, object, int]] = []
    while key is not None and len(values) <= MOST_VALUES:
        try:
            values.append(key.value(len(values)))
        except OSError:
            break
    return Registry(_Values(tuple(values)) if key is not None else None)


@contextmanager
def _policy_key() -> Iterator[RegistryKey | None]:
    """The key as Windows opens it: the 64-bit view, for reading."""
    if sys.platform != "win32":
        yield None
        return
    import winreg  # only Windows has it

    try:
        opened = winreg.OpenKey(
            winreg.HKEY_LOCAL_MACHINE, REGISTRY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
        )
    except FileNotFoundError:
        yield None
        return

    class Opened:
        def value(self, index: int) -> tuple[str, object, int]:
            return winreg.EnumValue(opened, index)

    with opened:
        yield Opened()
