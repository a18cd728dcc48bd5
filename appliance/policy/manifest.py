"""What a pack's signature covers: the canonical list of its files, under two kinds of signature.

Rules kept here: the manifest is RFC 8785 JSON of the pack's name, version and serial and of every
file's SHA-256; it is signed with Ed25519 and with ML-DSA-65 and both must verify; files are read
once, and what was hashed is what is used.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.policy.errors import (
    PackAltered,
    PackForged,
    PackMissing,
    PackUnsigned,
    PackUnusable,
)
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    canonical_json,
    read_json,
)
from appliance.vault.errors import BadSignature
from appliance.vault.signers import SignerKey, SignerUnknown, TrustedKey, require_signer

SIGNATURE_FILE = "pack.sig"
FORMAT = "cloister-pack-1"

_DOMAIN = b"cloister policy pack v1\n"  # so that no other signature of the key fits here
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST_FILES = 64
_LARGEST_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verified:
    """A pack's files (name, bytes), just as they were signed."""

    name: str
    version: str
    serial: int
    files: Mapping[str, bytes]
    sha256: str  # of the manifest
    signer: str


def read_files(folder: Path) -> dict[str, bytes]:
    """Every file of a pack's folder but the signature. Raises PackMissing, PackAltered."""
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208  names are all that is wanted
    except OSError as error:
        raise PackMissing(f"The policy pack {folder.name} cannot be read.") from error
    if len(names) > _MOST_FILES:
        raise PackAltered(f"The policy pack {folder.name} holds more than {_MOST_FILES} files.")
    return {name: _read(folder, name) for name in names if name != SIGNATURE_FILE}


def _read(folder: Path, name: str) -> bytes:
    if not _FILE_NAME.fullmatch(name) and name != SIGNATURE_FILE:
        raise PackAltered(f"The policy pack {folder.name} holds a file that no pack has.")
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
                             | getattr(os, "O_NONBLOCK", 0))  # fmt: skip
    except FileNotFoundError as error:
        raise PackMissing(f"{name} is missing in the policy pack {folder.name}.") from error
    except OSError as error:
        raise PackAltered(f"{name} in the policy pack {folder.name} cannot be read.") from error
    try:
        state = os.fstat(descriptor)
        ordinary = stat.S_ISREG(state.st_mode) and state.st_size <= _LARGEST_FILE
        content = _content(descriptor) if ordinary else None
    finally:
        os.close(descriptor)
    if content is None or len(content) > _LARGEST_FILE:
        raise PackAltered(f"{name} in the policy pack {folder.name} is no ordinary file.")
    return content


def _content(descriptor: int) -> bytes:
    """All there is to read, up to one byte more than a pack's file may have."""
    content = b""
    while len(content) <= _LARGEST_FILE:
        piece = os.read(descriptor, _LARGEST_FILE + 1 - len(content))
        if not piece:
            break
        content += piece
    return content


def sign(name: str, version: str, serial: int, files: Mapping[str, bytes], key: SignerKey) -> bytes:
    """The bytes of pack.sig. Files whose names no pack may have raise PackUnusable."""
    for file in files:
        if not _FILE_NAME.fullmatch(file) or file == SIGNATURE_FILE:
            raise PackUnusable(f"{file!r} is not a name for a file of a pack.")
    hashes: dict[str, Json] = {
        file: hashlib.sha256(content).hexdigest() for file, content in files.items()
    }
    manifest: dict[str, Json] = {
        "files": hashes,
        "format": FORMAT,
        "name": name,
        "serial": serial,
        "version": version,
    }
    signatures = key.signatures(_DOMAIN, canonical_json(manifest))
    return canonical_json({**signatures, "manifest": manifest})


def verify(folder: Path, trusted: tuple[TrustedKey, ...]) -> Verified:
    """The pack's files, once the signature, the list and every hash held.

    Raises PackMissing, PackUnsigned, PackForged, PackAltered; nothing of an unverified pack is
    looked into before.
    """
    files = read_files(folder)
    try:
        untrusted_signature = _read(folder, SIGNATURE_FILE)
    except PackMissing:
        raise PackUnsigned(f"The policy pack {folder.name} is not signed.") from None
    try:
        return _verified(folder, files, untrusted_signature, trusted)
    except Malformed as error:
        raise PackForged(
            f"The signature of the policy pack {folder.name} is malformed ({error})."
        ) from None


def _verified(
    folder: Path,
    files: Mapping[str, bytes],
    untrusted_signature: bytes,
    trusted: tuple[TrustedKey, ...],
) -> Verified:
    untrusted = Fields(read_json(untrusted_signature)).only(
        "ed25519", "key", "manifest", "ml-dsa-65"
    )
    manifest = untrusted.fields("manifest").only("files", "format", "name", "serial", "version")
    signed = canonical_json(manifest.untrusted)
    signer = _require_signer(folder, untrusted, signed, trusted)
    if manifest.text("format") != FORMAT:
        raise PackUnusable(f"The policy pack {folder.name} is of a form this version cannot read.")
    name = manifest.text("name", 40)
    if name != folder.name:
        raise PackAltered(f"The policy pack {name} stands in a folder named {folder.name}.")
    _require_files(name, files, manifest.fields("files"))
    return Verified(
        name,
        manifest.text("version", 40),
        manifest.integer("serial", 1),
        files,
        hashlib.sha256(signed).hexdigest(),
        signer.name,
    )


def _require_signer(
    folder: Path, untrusted: Fields, signed: bytes, trusted: tuple[TrustedKey, ...]
) -> TrustedKey:
    try:
        return require_signer(untrusted, _DOMAIN, signed, trusted)
    except SignerUnknown:
        raise PackForged(
            f"The policy pack {folder.name} is signed by someone not trusted here."
        ) from None
    except BadSignature:
        raise PackForged(
            f"The signature of the policy pack {folder.name} does not verify."
        ) from None


def _require_files(name: str, files: Mapping[str, bytes], hashes: Fields) -> None:
    missing = sorted(set(hashes.untrusted) - set(files))
    if missing:
        raise PackAltered(f"{missing[0]} is missing in the policy pack {name}.")
    extra = sorted(set(files) - set(hashes.untrusted))
    if extra:
        raise PackAltered(f"{extra[0]} was added to the policy pack {name} after it was signed.")
    for file, content in files.items():
        if hashes.text(file, 64) != hashlib.sha256(content).hexdigest():
            raise PackAltered(f"{file} in the policy pack {name} was altered after it was signed.")
