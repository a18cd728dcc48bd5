"""python-tuf without its ways into a network.

Rules kept here: the only module that imports tuf (7.0.1). Its client workflow is the class
`TrustedMetadataSet`: pure functions of bytes and a time, which is all that is used. The package
around it, `tuf.ngclient`, imports an HTTP library as it is imported; a bare package takes its name
meanwhile, so that nothing of it runs and the HTTP library need not be installed
(packaging/locks/overrides.txt).
tests/unit/parcel/test_tuf_alone.py pins this; look here when the version changes.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Protocol

from tuf.api.exceptions import (
    BadVersionNumberError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import (
    Key,
    Metadata,
    MetaFile,
    Root,
    Signature,
    Signer,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

__all__ = [
    "BadVersionNumberError",
    "EqualVersionNumberError",
    "ExpiredMetadataError",
    "Key",
    "LengthOrHashMismatchError",
    "MetaFile",
    "Metadata",
    "RepositoryError",
    "Root",
    "Signature",
    "Signer",
    "Snapshot",
    "TargetFile",
    "Targets",
    "Timestamp",
    "TrustedSet",
    "UnsignedMetadataError",
    "ed25519_key",
    "trusted_set",
]

_CLIENT = "tuf.ngclient"


class TrustedSet(Protocol):
    """What is used of `TrustedMetadataSet`."""

    reference_time: datetime

    @property
    def root(self) -> Root: ...
    @property
    def timestamp(self) -> Timestamp: ...
    @property
    def snapshot(self) -> Snapshot: ...
    @property
    def targets(self) -> Targets: ...
    def update_root(self, data: bytes) -> Root: ...
    def update_timestamp(self, data: bytes) -> Timestamp: ...
    def update_snapshot(self, data: bytes, trusted: bool | None = False) -> Snapshot: ...
    def update_targets(self, data: bytes) -> Targets: ...


def trusted_set(root: bytes, now: datetime) -> TrustedSet:
    """A set that trusts `root` and measures what has expired against `now`. Raises
    RepositoryError."""
    with _bare_client():
        metadata_set = importlib.import_module(f"{_CLIENT}._internal.trusted_metadata_set")
        config = importlib.import_module(f"{_CLIENT}.config")
    made: TrustedSet = metadata_set.TrustedMetadataSet(root, config.EnvelopeType.METADATA)
    made.reference_time = now
    return made


def ed25519_key(raw: bytes) -> Key:
    """A public key as TUF writes it. raw: 32 bytes. Its id is the SHA-256 of `raw`."""
    import hashlib

    from securesystemslib.signer import SSlibKey

    return SSlibKey(hashlib.sha256(raw).hexdigest(), "ed25519", "ed25519", {"public": raw.hex()})


@contextmanager
def _bare_client() -> Iterator[None]:
    if _CLIENT in sys.modules:
        yield
        return
    found = importlib.util.find_spec("tuf")
    if found is None or found.origin is None:
        raise ImportError("tuf is not installed")
    bare = ModuleType(_CLIENT)
    bare.__path__ = [str(Path(found.origin).parent / "ngclient")]
    sys.modules[_CLIENT] = bare
    try:
        yield
    finally:
        del sys.modules[_CLIENT]
