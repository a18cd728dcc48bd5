"""What lies in an authority's folder: its key under a passphrase, its sealed register, the licence,
and every certificate it gave.

Rules kept here: the register is one sealed file, replaced whole, durable before anything signed
with it is handed out; an anchor outside the folder holds how far it had come, and a register that
is behind its anchor or beside it, or stands on another machine, signs nothing; one program at a
time.

    <folder>/key.json  register.sealed  licence.json  issued/<number>-<certificate>.seat  lock
    <anchors>/authority-<id>          count, head, and a keyed hash of both
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import StoreTampered
from appliance.licensing.authority.entries import entry_in
from appliance.licensing.authority.register import Entry, Register, entry_body
from appliance.licensing.errors import (
    AuthorityElsewhere,
    AuthorityExists,
    AuthorityRestored,
    NoAuthority,
    RegisterRefused,
)
from appliance.licensing.fingerprint import (
    NEEDED,
    Fingerprint,
    fingerprint,
    fingerprint_body,
    fingerprint_in,
    likeness,
)
from appliance.licensing.machine import Traits
from appliance.licensing.signed import Kind, limit_of
from appliance.vault.canonical import Fields, Json, Malformed, canonical_json, read_json
from appliance.vault.durable import remove_leftovers, storage_error, write_atomic
from appliance.vault.errors import SealedMissing, Tampered, TooLarge
from appliance.vault.folder_lock import lock_folder
from appliance.vault.passphrased import LIMIT, open_under_passphrase, seal_under_passphrase
from appliance.vault.primitives import hkdf, mac, random_bytes, require_mac
from appliance.vault.sealed import Context, read_sealed, write_sealed
from appliance.vault.signers import SignerKey

KEY_FILE = "key.json"
REGISTER_FILE = "register.sealed"
LICENCE_FILE = "licence.json"
ISSUED = "issued"
_REGISTER_LIMIT = 512 * 1024 * 1024
_MOST_ENTRIES = 2_000_000
_REACHED = 8 + 32
_KEY = Context("authority-key", "authority")
_REGISTER = Context("authority-register", "authority")


class AuthorityDamaged(StoreTampered):
    code = "authority_damaged"
    hint = (
        "Do not sign with it. Make a new authority with `cloister authority init` and have your "
        "vendor certify it in the licence."
    )


@dataclass(frozen=True, slots=True)
class Secrets:
    """The authority's signing key, and the key of its register."""

    key: SignerKey
    register: bytes

    @property
    def id(self) -> str:
        return self.key.public("").id


def require_there(folder: Path) -> None:
    """Raises NoAuthority."""
    if not (folder / KEY_FILE).exists():
        raise NoAuthority(f"There is no seat authority in {folder}.")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One program at a time; what a crash left is taken away.

    Raises NoAuthority, AlreadyRunning."""
    require_there(folder)
    with lock_folder(folder):
        remove_leftovers(folder)
        remove_leftovers(folder / ISSUED)
        yield


def create(folder: Path, anchors: Path, passphrase: str, traits: Traits) -> Secrets:
    """A new authority, durable on return; the key last, so a crash leaves one or none. Raises
    AuthorityExists, PassphraseTooWeak, StorageFull, StorageReadOnly."""
    if (folder / KEY_FILE).exists() or any((folder / ISSUED).glob("*.seat")):
        raise AuthorityExists(f"There is a seat authority in {folder} already.")
    seed = random_bytes(32)
    secrets = _secrets(seed)
    content = seal_under_passphrase(seed, passphrase, _KEY)
    try:
        for made in (folder, folder / ISSUED, anchors):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, "the authority's folder was not made") from error
    with lock_folder(folder):
        save(folder, anchors, secrets, Register(secrets.id), _prints(traits, secrets))
        write_atomic(folder / KEY_FILE, content)
    return secrets


def unlock(folder: Path, passphrase: str) -> Secrets:
    """Raises WrongPassphrase, Tampered."""
    return _secrets(open_under_passphrase(read_file(folder / KEY_FILE, LIMIT), passphrase, _KEY))


def change_passphrase(folder: Path, old: str, new: str) -> None:
    """Durable on return; until then the old one opens it. Raises NoAuthority, AlreadyRunning,
    WrongPassphrase, PassphraseTooWeak, StorageFull."""
    with locked(folder):
        seed = open_under_passphrase(read_file(folder / KEY_FILE, LIMIT), old, _KEY)
        write_atomic(folder / KEY_FILE, seal_under_passphrase(seed, new, _KEY))


def load(
    folder: Path, anchors: Path, secrets: Secrets, traits: Traits
) -> tuple[Register, Fingerprint]:
    """The register, if it is whole, not behind its anchor, and on its own machine.

    Raises AuthorityDamaged, AuthorityRestored, AuthorityElsewhere."""
    try:
        untrusted = read_sealed(
            folder / REGISTER_FILE, secrets.register, _REGISTER, limit=_REGISTER_LIMIT
        )
        named, entries, made_on = _parsed(untrusted)
    except (Malformed, Tampered, SealedMissing, TooLarge) as error:
        raise AuthorityDamaged("The authority's register is damaged or gone.") from error
    if named != secrets.id:
        raise AuthorityDamaged("The register is another authority's.")
    alike = likeness(made_on, _prints(traits, secrets))
    if alike < NEEDED:
        raise AuthorityElsewhere(
            f"This authority was made on another machine ({alike} % of that is found here)."
        )
    register = Register.of(secrets.id, entries)
    _require_anchored(anchors, secrets, register)
    return register, made_on


def save(
    folder: Path, anchors: Path, secrets: Secrets, register: Register, made_on: Fingerprint
) -> None:
    """The register first, then its anchor: a crash in between leaves it ahead, never behind. What
    `load` would refuse is never written. Raises RegisterRefused, StorageFull, StorageReadOnly."""
    content = _encoded(secrets.id, register, made_on)
    write_sealed(folder / REGISTER_FILE, secrets.register, content, _REGISTER)
    reached = len(register.entries).to_bytes(8, "big") + bytes.fromhex(register.heads[-1])
    write_atomic(anchor_of(anchors, secrets.id), reached + mac(_anchor_key(secrets), reached))


def _encoded(authority: str, register: Register, made_on: Fingerprint) -> bytes:
    """Raises RegisterRefused for what `load` would refuse."""
    entries: list[Json] = [entry_body(entry) for entry in register.entries]
    machine = fingerprint_body(made_on)
    try:
        content = canonical_json({"authority": authority, "entries": entries, "machine": machine})
        same = list(_parsed(content)[1]) == register.entries
    except Malformed as error:
        raise RegisterRefused(f"The register would not be readable ({error}).") from error
    if len(content) > _REGISTER_LIMIT or not same:
        raise RegisterRefused("The register would not be read back as it is.")
    return content


def _parsed(untrusted: bytes) -> tuple[str, tuple[Entry, ...], Fingerprint]:
    """Whose register it is, its entries, and the machine. Raises Malformed."""
    members = Fields(read_json(untrusted)).only("authority", "entries", "machine")
    return (
        members.text("authority"),
        tuple(entry_in(row) for row in members.rows("entries", _MOST_ENTRIES)),
        fingerprint_in(members, "machine"),
    )


def anchor_of(anchors: Path, authority: str) -> Path:
    return anchors / f"authority-{authority}"


def issued_file(folder: Path, number: int, certificate: str) -> Path:
    return folder / ISSUED / f"{number:06}-{certificate}.seat"


def forget_unregistered(folder: Path, register: Register) -> None:
    """Takes away certificates that a crash left before they were registered: nobody has them."""
    known = {entry.certificate for entry in register.requests.values()}
    for path in (folder / ISSUED).glob("*.seat"):
        if path.stem.partition("-")[2] not in known:
            path.unlink()


def read_file(path: Path, limit: int = limit_of(Kind.LICENCE)) -> bytes:
    """The whole file, at most `limit` bytes and one. Raises StorageFailed and its kin."""
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise storage_error(error, f"{path.name} was not read") from error


def _secrets(seed: bytes) -> Secrets:
    """Everything derives from one seed, so that one passphrase keeps one thing."""
    key = SignerKey.from_seeds(
        hkdf(seed, "cloister/authority/ed25519/v1"), hkdf(seed, "cloister/authority/ml-dsa-65/v1")
    )
    return Secrets(key, hkdf(seed, "cloister/authority/register/v1"))


def _prints(traits: Traits, secrets: Secrets) -> Fingerprint:
    return fingerprint(traits, hkdf(secrets.register, "cloister/authority/machine/v1"))


def _anchor_key(secrets: Secrets) -> bytes:
    return hkdf(secrets.register, "cloister/authority/anchor/v1")


def _require_anchored(anchors: Path, secrets: Secrets, register: Register) -> None:
    path = anchor_of(anchors, secrets.id)
    try:
        with path.open("rb") as file:
            untrusted = file.read(128)
        require_mac(_anchor_key(secrets), untrusted[:_REACHED], untrusted[_REACHED:])
    except (OSError, Tampered) as error:
        raise AuthorityRestored(
            f"What says how far this authority had come ({path}) is gone or damaged, so its "
            "register may be an old one."
        ) from error
    count, head = int.from_bytes(untrusted[:8], "big"), untrusted[8:_REACHED].hex()
    if len(register.entries) < count:
        raise AuthorityRestored(
            f"The register has {len(register.entries)} entries, and had {count}: it was restored "
            "from a backup."
        )
    if register.heads[count] != head:
        raise AuthorityRestored(
            f"Entry {count} of the register is not the one that was made here: a copy of it goes "
            "on somewhere else."
        )


__all__ = [
    "AuthorityDamaged",
    "Entry",
    "Secrets",
    "change_passphrase",
    "create",
    "forget_unregistered",
    "issued_file",
    "load",
    "locked",
    "read_file",
    "require_there",
    "save",
    "unlock",
]
