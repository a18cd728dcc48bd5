"""The system's key store (Secret Service: GNOME Keyring, KWallet), by libsecret's `secret-tool`.

Rules kept here: it is asked before the guards are on and never after, since it is reached over the
session's bus, which the guarded program does not use (docs/decisions/0008-air-gap.md); what is kept
there is a code of 160 random bits that opens one slot of one person, never a passphrase or a key;
the code goes through pipes, never through arguments. Linux only; tried with a stand-in for
`secret-tool`, not with a real keyring.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CloisterError

PROGRAM = Path("/usr/bin/secret-tool")
_SECONDS = 120  # the keyring may ask the person to unlock it
_LONGEST = 200


class KeyStoreMissing(CloisterError):
    code = "key_store_missing"
    hint = "Use your passphrase. IT can install libsecret-tools and a keyring."


class KeyStoreEmpty(CloisterError):
    code = "key_store_empty"
    hint = "Use your passphrase; `cloister people device` lets this computer in."


@dataclass(frozen=True, slots=True)
class Entry:
    """Whose code it is: the vault's id and the tag of the person's name, both without meaning to
    others."""

    vault: str
    tag: str

    @property
    def attributes(self) -> tuple[str, ...]:
        return ("service", "cloister", "vault", self.vault, "person", self.tag[:16])


def looked_up(entry: Entry, program: Path = PROGRAM) -> str:
    """The code. Raises KeyStoreMissing, KeyStoreEmpty."""
    untrusted = _run(program, ("lookup", *entry.attributes)).strip()
    if not 0 < len(untrusted) <= _LONGEST:
        raise KeyStoreEmpty("The system's key store holds nothing for this person.")
    return untrusted


def stored(entry: Entry, code: str, program: Path = PROGRAM) -> None:
    """Keeps the code, in place of an older one. Raises KeyStoreMissing."""
    _run(program, ("store", "--label=Cloister", *entry.attributes), code)


def cleared(entry: Entry, program: Path = PROGRAM) -> None:
    """Nothing is kept there any more. Raises KeyStoreMissing."""
    _run(program, ("clear", *entry.attributes))


def _run(program: Path, arguments: tuple[str, ...], typed: str = "") -> str:
    try:
        done = subprocess.run(
            [program, *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={name: os.environ[name] for name in _NEEDED if name in os.environ},
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise KeyStoreMissing("The system's key store cannot be reached.") from error
    if done.returncode != 0 and arguments[0] == "store":
        raise KeyStoreMissing("The system's key store did not take the code.")
    return done.stdout if done.returncode == 0 else ""


_NEEDED = ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "DISPLAY", "WAYLAND_DISPLAY")
