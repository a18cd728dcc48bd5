"""Making a parcel: copy what goes in, sign what is there, move the pointer last.

Rules kept here: versions only rise, also from stick to stick (the maker's folder remembers them);
versions and new keys are kept before anything is signed with them; the timestamp is written last,
so a making that was cut short leaves the parcel before it; the root key signs roots alone and can
be kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.parcel.errors import ParcelUnmakable
from appliance.parcel.reading import NotOrdinary, opened, pieces, read_bounded
from appliance.parcel.stick.contents import Kind, items_of, target_of
from appliance.parcel.stick.mount import METADATA, NAME, TARGETS
from appliance.parcel.stick.tuf_alone import (
    Key,
    Metadata,
    MetaFile,
    RepositoryError,
    Root,
    Signature,
    Signer,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
    ed25519_key,
)
from appliance.vault.durable import storage_error, sync_folder, write_atomic
from appliance.vault.errors import StorageFailed
from appliance.vault.signing import Algorithm, SigningKey

ROOT_YEARS = 5
ROOT_FILE = "root.json"
ROOT_KEY = "root-key.json"
PARCEL_KEY = "parcel-key.json"
NEXT_KEYS = "next-keys.json"
STATE = "versions.json"
_ONLINE = ("timestamp", "snapshot", "targets")
_LIMIT = 20_000_000


class SeedSigner(Signer):
    """Signs with the vault's Ed25519."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    @property
    def public_key(self) -> Key:
        return ed25519_key(self._key.public.raw)

    def sign(self, payload: bytes) -> Signature:
        return Signature(self.public_key.keyid, self._key.sign(payload).hex())

    @classmethod
    def from_priv_key_uri(cls, *_unused: object, **_also: object) -> Signer:
        raise NotImplementedError("keys are handed over, never looked up")


@dataclass(frozen=True, slots=True)
class Addition:
    """source: a file, or a folder whose files all go in."""

    kind: Kind
    name: str
    version: str
    source: Path


@dataclass(frozen=True, slots=True)
class Made:
    """A parcel that was made. folder holds `metadata/` and `targets/`."""

    folder: Path
    version: int
    expires: datetime
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The maker's folder: keys, roots, and the versions that were used. Keep it, and keep it
    secret."""

    folder: Path

    @staticmethod
    def create(folder: Path, now: datetime) -> Workshop:
        """Two keys, a first root. Raises ParcelUnmakable where there is one, storage errors."""
        workshop = Workshop(folder)
        if (folder / ROOT_FILE).exists():
            raise ParcelUnmakable(f"{folder} holds the keys of an origin already.")
        with _said("the folder for the keys was not made"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        root, parcel = (SigningKey.generate(Algorithm.ED25519) for _ in range(2))
        for name, key in ((ROOT_KEY, root), (PARCEL_KEY, parcel)):
            write_atomic(folder / name, json.dumps({"ed25519": key.seed.hex()}).encode())
        workshop._sign_root(1, root, parcel, (root,), now)
        return workshop

    @property
    def root(self) -> Path:
        """What is installed where parcels of this origin are to be taken."""
        return self.folder / ROOT_FILE

    def key(self, name: str) -> SigningKey:
        """Raises ParcelUnmakable."""
        try:
            seed = bytes.fromhex(json.loads(read_bounded(self.folder / name, 1_000))["ed25519"])
            return SigningKey.from_seed(Algorithm.ED25519, seed)
        except FileNotFoundError:
            raise ParcelUnmakable(f"{self.folder} has no {name}.") from None
        except (NotOrdinary, ValueError, KeyError, TypeError):
            raise ParcelUnmakable(f"{name} in {self.folder} holds no key.") from None

    def renew_keys(self, now: datetime, *, root_too: bool = False) -> int:
        """The next root, with a new key for parcels (and for roots): for when a key was lost to
        somebody, or the root is about to expire. Returns its version."""
        self._settle()
        before = self.key(ROOT_KEY)
        version = max(self._roots()) + 1
        root = SigningKey.generate(Algorithm.ED25519) if root_too else before
        parcel = SigningKey.generate(Algorithm.ED25519)
        seeds = {PARCEL_KEY: parcel.seed.hex()} | ({ROOT_KEY: root.seed.hex()} if root_too else {})
        kept = json.dumps({"version": version, "keys": seeds}).encode()
        write_atomic(self.folder / NEXT_KEYS, kept)
        signers = (before, root) if root_too else (before,)
        self._sign_root(version, root, parcel, signers, now)
        self._settle()
        return version

    def make(self, out: Path, additions: Iterable[Addition], now: datetime, *, days: int) -> Made:
        """A parcel in `<out>/cloister-parcel`: what lies there already and what is added.

        Good for `days`. Raises ParcelUnmakable, ParcelDamaged (a name no parcel may have), storage
        errors: then the parcel there is as it was."""
        self._settle()
        folder = out if out.name == NAME else out / NAME
        with _said("the parcel was not made"):
            for one in (folder / METADATA, folder / TARGETS):
                one.mkdir(parents=True, exist_ok=True)
        targets = dict(_targets_in(folder))
        for addition in additions:
            prefix = target_of(addition.kind, addition.name, addition.version, "x")[:-1]
            targets = {name: file for name, file in targets.items() if not name.startswith(prefix)}
            for name, source in _files(addition):
                target = target_of(addition.kind, addition.name, addition.version, name)
                targets[target] = _put(source, target, folder / TARGETS)
        items = items_of(targets)
        version = self._next_version(folder)
        expires = (now + timedelta(days=days)).replace(microsecond=0)
        self._publish(folder, targets, version, expires)
        return Made(folder, version, expires, tuple(item.id for item in items))

    # --- inside ------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Keys count once the root that names them is there; those of one that never came go."""
        path = self.folder / NEXT_KEYS
        try:
            kept = json.loads(read_bounded(path, 1_000))
            version, seeds = int(kept["version"]), {str(n): str(s) for n, s in kept["keys"].items()}
        except FileNotFoundError:
            return
        except (NotOrdinary, ValueError, KeyError, TypeError, AttributeError):
            raise ParcelUnmakable(f"{NEXT_KEYS} in {self.folder} is damaged.") from None
        if version in self._roots():
            for name in (PARCEL_KEY, ROOT_KEY):
                if name in seeds:
                    write_atomic(self.folder / name, json.dumps({"ed25519": seeds[name]}).encode())
        with _said("old keys were not put away"):
            path.unlink()
            sync_folder(self.folder)

    def _sign_root(
        self, version: int, root: SigningKey, parcel: SigningKey, signers: tuple[SigningKey, ...],
        now: datetime,
    ) -> None:  # fmt: skip
        expires = (now + timedelta(days=365 * ROOT_YEARS)).replace(microsecond=0)
        signed = Root(version=version, expires=expires, consistent_snapshot=True)
        signed.add_key(ed25519_key(root.public.raw), "root")
        for role in _ONLINE:
            signed.add_key(ed25519_key(parcel.public.raw), role)
        metadata = Metadata(signed)
        for key in signers:
            metadata.sign(SeedSigner(key), append=True)
        content = metadata.to_bytes()
        write_atomic(self.folder / f"{version}.root.json", content)
        if version == 1:
            write_atomic(self.folder / ROOT_FILE, content)

    def _roots(self) -> dict[int, bytes]:
        found = {}
        for path in self.folder.glob("*.root.json"):
            number = path.name.partition(".")[0]
            if number.isdigit():
                found[int(number)] = read_bounded(path, _LIMIT)
        if not found:
            raise ParcelUnmakable(f"{self.folder} has no root.")
        return found

    def _next_version(self, folder: Path) -> int:
        """Remembered before it is used, so that no two parcels ever have the same."""
        try:
            used = int(json.loads(read_bounded(self.folder / STATE, 1_000))["version"])
        except FileNotFoundError:
            used = 0
        except (NotOrdinary, ValueError, KeyError, TypeError):
            raise ParcelUnmakable(f"{STATE} in {self.folder} is damaged.") from None
        version = max(used, _version_in(folder)) + 1
        write_atomic(self.folder / STATE, json.dumps({"version": version}).encode())
        return version

    def _publish(
        self, folder: Path, targets: dict[str, TargetFile], version: int, expires: datetime
    ) -> None:
        signer = SeedSigner(self.key(PARCEL_KEY))
        place = folder / METADATA
        for number, content in self._roots().items():
            write_atomic(place / f"{number}.root.json", content, medium=True)

        listed = _signed(
            Metadata(Targets(version=version, expires=expires, targets=targets)), signer
        )
        meta = {"targets.json": _meta(version, listed)}
        snapshot = _signed(Metadata(Snapshot(version=version, expires=expires, meta=meta)), signer)
        pointed = _meta(version, snapshot)
        timestamp = _signed(
            Metadata(Timestamp(version=version, expires=expires, snapshot_meta=pointed)), signer
        )
        write_atomic(place / f"{version}.targets.json", listed, medium=True)
        write_atomic(place / f"{version}.snapshot.json", snapshot, medium=True)
        write_atomic(place / "timestamp.json", timestamp, medium=True)
        _clear(folder, version, targets)


def _signed(metadata: Metadata[Any], signer: Signer) -> bytes:
    metadata.sign(signer)
    content: bytes = metadata.to_bytes()
    return content


def _meta(version: int, content: bytes) -> MetaFile:
    return MetaFile(version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})


def _targets_in(folder: Path) -> dict[str, TargetFile]:
    """What the parcel there holds, by its own account: it is the maker's own folder."""
    version = _version_in(folder)
    if not version:
        return {}
    try:
        content = read_bounded(folder / METADATA / f"{version}.targets.json", _LIMIT)
        return dict(Metadata[Targets].from_bytes(content).signed.targets)
    except (FileNotFoundError, NotOrdinary, RepositoryError):
        raise ParcelUnmakable(
            f"The parcel in {folder} is damaged.", hint="Make it in a new folder."
        ) from None


def _version_in(folder: Path) -> int:
    try:
        content = read_bounded(folder / METADATA / "timestamp.json", _LIMIT)
        return Metadata[Timestamp].from_bytes(content).signed.snapshot_meta.version
    except FileNotFoundError:
        return 0
    except (NotOrdinary, RepositoryError):
        raise ParcelUnmakable(
            f"The parcel in {folder} is damaged.", hint="Make it in a new folder."
        ) from None


def _files(addition: Addition) -> Iterator[tuple[str, Path]]:
    source = addition.source
    if source.is_file():
        yield source.name, source
        return
    found = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else []
    if not found:
        raise ParcelUnmakable(f"There is nothing in {source}.", hint="Name a file or a folder.")
    for path in found:
        yield path.relative_to(source).as_posix(), path


def _put(source: Path, target: str, targets: Path) -> TargetFile:
    """Copies the file to where a client looks for it, durable on return. What lies there under the
    same hash is read again: a stick may have lost it."""
    try:
        size, digest = _hashed(source)
    except (FileNotFoundError, NotOrdinary):
        raise ParcelUnmakable(f"{source} is no ordinary file.") from None
    folder, _, name = target.rpartition("/")
    place = targets / folder / f"{digest}.{name}"
    if not _is(place, size, digest):
        with _said("the parcel was not made"):
            place.parent.mkdir(parents=True, exist_ok=True)
        with opened(source) as (descriptor, length):
            write_atomic(place, pieces(descriptor, length, source.name), medium=True)
        if not _is(place, size, digest):
            raise ParcelUnmakable(f"{source} changed while it was copied.", hint="Try again.")
    return TargetFile(size, {"sha256": digest}, target)


def _hashed(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with opened(path) as (descriptor, length):
        for piece in pieces(descriptor, length, path.name):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _is(path: Path, size: int, digest: str) -> bool:
    try:
        return _hashed(path) == (size, digest)
    except (FileNotFoundError, NotOrdinary, StorageFailed):
        return False


@contextmanager
def _said(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error, doing) from error


def _clear(folder: Path, version: int, targets: dict[str, TargetFile]) -> None:
    """Takes away what no metadata speaks of any more."""
    wanted = {
        folder / TARGETS / name.rpartition("/")[0]
        / f"{file.hashes['sha256']}.{name.rpartition('/')[2]}"
        for name, file in targets.items()
    }  # fmt: skip
    with _said("what is not in the parcel any more was not removed"):
        _remove_others(folder, version, wanted)


def _remove_others(folder: Path, version: int, wanted: set[Path]) -> None:
    for path in sorted((folder / TARGETS).rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and path not in wanted:
            path.unlink()
    for path in (folder / METADATA).iterdir():
        number, _, rest = path.name.partition(".")
        if rest in ("targets.json", "snapshot.json") and number.isdigit() and int(number) < version:
            path.unlink()
    sync_folder(folder / METADATA, medium=True)
