"""Whether a parcel is what its origin signed, and is neither old nor mixed: TUF's client workflow.

Rules kept here: a function of bytes and a time; the order of checks is that of the specification
(5.3 root, 5.4 timestamp, 5.5 snapshot, 5.6 targets), made by python-tuf; what was trusted before is
held against it, first the metadata kept here, then the versions that the log has seen, so that
taking the kept metadata away does not make an old parcel new. Nothing is written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from appliance.parcel.errors import (
    ParcelDamaged,
    ParcelExpired,
    ParcelForged,
    ParcelRefused,
    ParcelRolledBack,
)
from appliance.parcel.stick.contents import Item, items_of
from appliance.parcel.stick.tuf_alone import (
    BadVersionNumberError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    MetaFile,
    RepositoryError,
    Root,
    TrustedSet,
    UnsignedMetadataError,
    trusted_set,
)

Reader: TypeAlias = Callable[[str, int], bytes | None]
"""A metadata file of the stick by its name, at most so many bytes; None where there is none. Raises
ParcelDamaged for one that is longer."""

ROOT_LIMIT = 512_000
TIMESTAMP_LIMIT = 16_384
SNAPSHOT_LIMIT = 2_000_000
TARGETS_LIMIT = 20_000_000
MAXIMUM_ROOTS = 64

ROLES = ("root", "timestamp", "snapshot", "targets")


@dataclass(frozen=True, slots=True)
class Trusted:
    """What is trusted of an origin before a stick is looked at. root: its newest accepted root.
    kept: the newest accepted metadata of the other roles, by role. floors: the lowest version that
    is acceptable, by the name that `floor_names` gives."""

    root: bytes
    kept: Mapping[str, bytes] = field(default_factory=dict)
    floors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A parcel whose metadata is in order. versions by role; metadata: the bytes to keep, by role;
    expires: the first moment at which one of them is no longer good."""

    items: tuple[Item, ...]
    versions: Mapping[str, int]
    floors: Mapping[str, int]
    metadata: Mapping[str, bytes]
    expires: datetime


def check_parcel(read: Reader, trusted: Trusted, now: datetime) -> Checked:
    """now: the time, never earlier than the newest signed one that was seen. Raises ParcelForged,
    ParcelRolledBack, ParcelExpired, ParcelDamaged (incomplete, cut, mixed of two)."""
    with _in_words("root"):
        known = trusted_set(trusted.root, now)
    metadata = {"root": _newest_root(known, read, trusted.root)}
    metadata["timestamp"] = _timestamp(known, read, trusted)
    metadata["snapshot"] = _snapshot(known, read, trusted)
    metadata["targets"] = _targets(known, read, trusted)
    roles = (known.root, known.timestamp, known.snapshot, known.targets)
    versions = dict(zip(ROLES, (role.version for role in roles), strict=True))
    floors = {name: versions[role] for role, name in floor_names(known.root).items()}
    for name, version in floors.items():
        if version < trusted.floors.get(name, 0):
            raise ParcelRolledBack("The parcel is older than one that the log has seen.")
    return Checked(
        items_of(known.targets.targets),
        versions,
        floors,
        metadata,
        min(role.expires for role in roles),
    )


def floor_names(root: Root) -> dict[str, str]:
    """What each role's version is remembered by. It changes with the role's keys: when a thief has
    used a key to sign a version that no other can exceed, the origin changes the key, and the
    versions begin anew (specification, 5.3.11)."""

    def keys(role: str) -> str:
        text = ",".join(sorted(root.roles[role].keyids))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    names = {role: f"{role}.{keys(role)}" for role in ROLES if role != "root"}
    return {"root": "root", **names}


def _newest_root(known: TrustedSet, read: Reader, newest: bytes) -> bytes:
    """Each root is signed by the one before and by itself."""
    for _ in range(MAXIMUM_ROOTS):
        following = read(f"{known.root.version + 1}.root.json", ROOT_LIMIT)
        if following is None:
            return newest
        with _in_words("root"):
            known.update_root(following)
        newest = following
    raise ParcelDamaged("The parcel has more roots than a parcel may have.")


def _timestamp(known: TrustedSet, read: Reader, trusted: Trusted) -> bytes:
    kept = trusted.kept.get("timestamp")
    if kept is not None:
        with suppress(RepositoryError):  # expired is what it should be by now; or the keys changed
            known.update_timestamp(kept)
    untrusted = _there(read("timestamp.json", TIMESTAMP_LIMIT), "timestamp.json")
    with _in_words("timestamp"):
        try:
            known.update_timestamp(untrusted)
        except EqualVersionNumberError:
            if kept is None:
                raise
            return kept  # the same version: the one that was accepted before is it
    return untrusted


def _snapshot(known: TrustedSet, read: Reader, trusted: Trusted) -> bytes:
    kept = trusted.kept.get("snapshot")
    if kept is not None:
        with suppress(RepositoryError):
            known.update_snapshot(kept, trusted=True)
            return kept  # it is the one that the timestamp names
    described = known.timestamp.snapshot_meta
    name = f"{described.version}.snapshot.json"
    untrusted = _there(read(name, _bounded(described, SNAPSHOT_LIMIT)), name)
    with _in_words("snapshot"):
        known.update_snapshot(untrusted)
    return untrusted


def _targets(known: TrustedSet, read: Reader, trusted: Trusted) -> bytes:
    kept = trusted.kept.get("targets")
    if kept is not None:
        with suppress(RepositoryError):
            known.update_targets(kept)
            return kept
    described = known.snapshot.meta.get("targets.json")
    if described is None:
        raise ParcelDamaged("The parcel does not say what it holds.")
    name = f"{described.version}.targets.json"
    untrusted = _there(read(name, _bounded(described, TARGETS_LIMIT)), name)
    with _in_words("targets"):
        known.update_targets(untrusted)
    return untrusted


def _bounded(described: MetaFile, limit: int) -> int:
    """What is signed may be too long all the same: it is held in memory."""
    return min(described.length or limit, limit)


def _there(untrusted: bytes | None, name: str) -> bytes:
    if untrusted is None:
        raise ParcelDamaged(f"The parcel is not complete: {name} is missing.")
    return untrusted


@contextmanager
def _in_words(role: str) -> Iterator[None]:
    """python-tuf's errors as ours."""
    try:
        yield
    except ExpiredMetadataError:
        raise ParcelExpired(f"The parcel is no longer good: it has expired ({role}).") from None
    except BadVersionNumberError:
        raise ParcelRolledBack(f"The parcel's {role} is older than one seen before.") from None
    except UnsignedMetadataError:
        raise ParcelForged(f"The parcel's {role} is not signed by its origin.") from None
    except LengthOrHashMismatchError:
        raise ParcelDamaged(
            f"The parcel's {role} is not the one that belongs to the rest of it."
        ) from None
    except RepositoryError:
        raise ParcelRefused(f"The parcel's {role} cannot be read.") from None
