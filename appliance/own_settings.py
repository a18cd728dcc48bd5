"""The settings a person may change, changed: in their own file, one line at a time.

Rules kept here: what only the institution may set is refused, and so is a value that the program
would not start with; the other lines of the file stay as they were typed. The file is opened before
the guard is on, so that the guard need open nothing: beside it lie the roots of trust of whoever
has none in `/etc/cloister`. It is written in place, in one piece far smaller than a page.
"""

from __future__ import annotations

import os
import re
import threading
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import CloisterError, StorageReadOnly
from appliance.managed import LARGEST
from appliance.settings import (
    CHOICES,
    LEAST,
    MOST,
    Settings,
    SettingsInvalid,
    Source,
    checked,
    managed_source,
    read_settings,
    user_file,
)
from appliance.values import SettingView

if TYPE_CHECKING:
    from appliance.ledger import Ledger

_PLACE = "Your settings"
_HINT = "Give another value; what was set before stays."
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class SettingLocked(CloisterError):
    code = "setting_locked"
    hint = "Ask your IT department."


class OwnSettings:
    """A person's settings file, open for writing; `file` is None where it cannot be written. Safe
    to call from several threads."""

    def __init__(self, file: int | None, path: Path | None = None) -> None:
        """path: this person's own if None."""
        self.path = path or user_file()
        self._file = file
        self._lock = threading.Lock()

    @staticmethod
    def opened(path: Path | None = None) -> OwnSettings:
        """Before the guard is on. The file is made where there is none; that it cannot be is said
        when something is to be changed."""
        path = path or user_file()
        file: int | None = None
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        return OwnSettings(file, path)

    def shown(self, in_force: Settings) -> tuple[SettingView, ...]:
        """Every setting, read anew. Raises SettingsInvalid."""
        institution = managed_source().name
        return tuple(
            SettingView(
                one.name,
                one.value,
                getattr(in_force, one.name),
                one.source.value,
                one.place,
                one.locked,
                one.place if one.source is Source.MANAGED else institution,
                CHOICES.get(one.name, ()),
                LEAST.get(one.name, 1),
                MOST.get(one.name, 0),
            )
            for one in read_settings(self.path).all
        )

    def change(self, name: str, untrusted: str) -> None:
        """Durable on return, and in force from the next start on; an empty text takes the line
        away. Raises SettingLocked, SettingsInvalid, StorageReadOnly."""
        with self._lock:
            setting = next((one for one in read_settings(self.path).all if one.name == name), None)
            if setting is None or setting.locked:
                raise SettingLocked(f"`{name}` can only be set by your institution.")
            value = _typed(name, untrusted) if untrusted.strip() else None
            file = self._open_file()
            self._write(file, _edited(os.pread(file, LARGEST, 0).decode("utf-8"), name, value))

    def close(self) -> None:
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                os.close(file)

    def _open_file(self) -> int:
        """Raises StorageReadOnly where there is none, or another lies in its place by now."""
        if self._file is None:
            raise StorageReadOnly(
                f"{self.path} cannot be written.", hint="Make it writable for this user."
            )
        try:
            same = os.path.samestat(self.path.stat(), os.fstat(self._file))
        except OSError:
            same = False
        if not same:
            raise StorageReadOnly(
                f"{self.path} was replaced since Cloister was started.", hint="Start it anew."
            )
        return self._file

    def _write(self, file: int, text: str) -> None:
        content = text.encode()
        try:
            # Whole before it is shorter: until then blank lines follow the last one.
            os.pwrite(file, content.ljust(os.fstat(file).st_size, b"\n"), 0)
            os.ftruncate(file, len(content))
            os.fsync(file)
        except OSError as error:
            raise StorageReadOnly(
                f"{self.path} was not written: {error.strerror}.",
                hint="Free some space on that disk, and make it writable for this user.",
            ) from error


def change_logged(own: OwnSettings, ledger: Ledger, name: str, untrusted: str) -> None:
    """`OwnSettings.change` with a record before and one after, whatever comes of it."""
    setting = ("setting", name[:80])
    ledger.note("setting.changing", details=(setting,))
    try:
        own.change(name, untrusted)
    except CloisterError as error:
        ledger.note("setting.unchanged", outcome="refused", code=error.code, details=(setting,))
        raise
    value = ("value", untrusted.strip())
    ledger.note("setting.changed", outcome="done", details=(setting, value))


def _typed(name: str, untrusted: str) -> str | int:
    text = untrusted.strip()
    value: int | None = None
    if isinstance(getattr(Settings(), name), int):
        value = int(text) if _NUMBER.fullmatch(text) else None
        if value is None:
            raise SettingsInvalid(f"{_PLACE}: `{name}` must be a whole number.", hint=_HINT)
    try:
        return checked(_PLACE, name, text if value is None else value)
    except SettingsInvalid as error:
        raise SettingsInvalid(error.sentence, hint=_HINT) from None


def _edited(text: str, name: str, value: str | int | None) -> str:
    """The text with this line put right, or taken away. Raises SettingsInvalid for a file that is
    written in another way than a line a setting."""
    known = tomllib.loads(text)
    line = re.compile(rf"\s*(?:{name}|\"{name}\"|'{name}')\s*=")
    lines = text.splitlines()
    found = [at for at, one in enumerate(lines) if line.match(one)]
    spelled = [] if value is None else [f"{name} = {_spelled(value)}"]
    if found:
        lines[found[0] : found[0] + 1] = spelled
    else:
        lines += spelled
    changed = "".join(f"{one}\n" for one in lines)
    wanted = {key: old for key, old in known.items() if key != name}
    if value is not None:
        wanted[name] = value
    try:
        fits = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        fits = False
    if not fits:
        raise SettingsInvalid(
            "Your settings file is written in a way that is not changed here.",
            hint="Change it in a text editor.",
        )
    return changed


def _spelled(value: str | int) -> str:
    """What a person may set is a number or one of a choice: nothing in it needs escaping."""
    return str(value) if isinstance(value, int) else f'"{value}"'
