"""The signed manifest of one backup: everything else of it is bound by hashes that stand here.

Rules kept here: signed with Ed25519 and ML-DSA-65, and both must verify before a field is used;
it names the manifest before it by hash, so none can be taken out of the middle, exchanged or put
into another folder unseen; nothing in it is secret. Format: docs/formats/backup.md.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.parcel.backup.index import MAXIMUM_INDEX
from appliance.parcel.backup.keys import BackupKeys
from appliance.parcel.backup.table import MAXIMUM_CHUNKS, table_size
from appliance.parcel.errors import BackupDamaged, BackupForged, BackupTooNew
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.errors import BadSignature
from appliance.vault.recovered import MAXIMUM_ENVELOPE
from appliance.vault.signers import TrustedKey, require_signer

FORMAT = "cloister-backup"
VERSION = 1
MAXIMUM_MANIFEST = 128 << 10
NONE_BEFORE = ""
HIGHEST = 99_999_999

_DOMAIN = b"cloister backup manifest v1\n"
_ID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_SIGNED = (
    *("chunks", "content_size", "created", "files", "format", "index_sha256", "index_size"),
    *("log_root", "log_size", "number", "previous", "recovery", "repository", "sealed_size"),
    *("signer", "table_sha256", "vault", "version"),
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup as it says of itself. number counts from 1; previous is the SHA-256 of the manifest
    before it (NONE_BEFORE for the first). content_size: bytes of all files; sealed_size: of all
    chunks it needs. log_size and log_root (hexadecimal) say how far the compliance log had come.
    recovery opens to the vault's key with the institution's recovery code."""

    repository: str
    vault: str
    number: int
    previous: str
    created: datetime
    chunks: int
    table_sha256: str
    index_size: int
    index_sha256: str
    files: int
    content_size: int
    sealed_size: int
    log_size: int
    log_root: str
    recovery: bytes


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest whose two signatures verify under `signer`, the key that it names itself: who
    that is the caller must demand. sha256 is of the whole file."""

    manifest: Manifest
    signer: TrustedKey
    sha256: str


def manifest_bytes(manifest: Manifest, keys: BackupKeys) -> bytes:
    """Canonical JSON (RFC 8785), signed. ML-DSA signatures differ each time."""
    public = keys.public
    signed: dict[str, Json] = {
        "chunks": manifest.chunks,
        "content_size": manifest.content_size,
        "created": manifest.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "files": manifest.files,
        "format": FORMAT,
        "index_sha256": manifest.index_sha256,
        "index_size": manifest.index_size,
        "log_root": manifest.log_root,
        "log_size": manifest.log_size,
        "number": manifest.number,
        "previous": manifest.previous,
        "recovery": base64_text(manifest.recovery),
        "repository": manifest.repository,
        "sealed_size": manifest.sealed_size,
        "signer": {
            "ed25519": base64_text(public.ed25519),
            "ml-dsa-65": base64_text(public.ml_dsa_65),
        },
        "table_sha256": manifest.table_sha256,
        "vault": manifest.vault,
        "version": VERSION,
    }
    signature: dict[str, Json] = keys.signer.signatures(_DOMAIN, canonical_json(signed))
    return canonical_json({**signed, "signature": signature})


def parsed_manifest(untrusted: bytes, number: int) -> SignedManifest:
    """The manifest that stands as `number`. Raises BackupDamaged, BackupForged, BackupTooNew."""
    damaged = BackupDamaged(f"The manifest of backup {number} is damaged.")
    if len(untrusted) > MAXIMUM_MANIFEST:
        raise damaged
    try:
        members = read_json(untrusted)
        version = members.get("version")
        if isinstance(version, int) and version > VERSION:
            raise BackupTooNew(f"Backup {number} was written by a newer Cloister.")
        fields = Fields(members).only(*_SIGNED, "signature")
        signer = _require_signed(fields)
        manifest = _decoded(fields)
    except Malformed:
        raise damaged from None
    except BadSignature:
        raise BackupForged(f"The signature of backup {number} does not verify.") from None
    if manifest.number != number:
        raise BackupForged(f"Backup {manifest.number} stands as backup {number}.")
    return SignedManifest(manifest, signer, hashlib.sha256(untrusted).hexdigest())


def _require_signed(fields: Fields) -> TrustedKey:
    keys = fields.fields("signer").only("ed25519", "ml-dsa-65")
    named = TrustedKey("backup", keys.blob("ed25519", 32), keys.blob("ml-dsa-65", 2_048))
    body = canonical_json({name: fields.untrusted[name] for name in _SIGNED})
    signature = fields.fields("signature").only("ed25519", "key", "ml-dsa-65")
    return require_signer(signature, _DOMAIN, body, (named,))


def _decoded(fields: Fields) -> Manifest:
    if fields.text("format") != FORMAT:
        raise Malformed("format")
    fields.integer("version", 1, VERSION)
    number = fields.integer("number", 1, HIGHEST)
    previous = fields.text("previous", 64)
    if (number == 1) != (previous == NONE_BEFORE):
        raise Malformed("previous")
    chunks = fields.integer("chunks", 0, MAXIMUM_CHUNKS)
    return Manifest(
        repository=_matching(fields, "repository", _ID),
        vault=_matching(fields, "vault", _ID),
        number=number,
        previous=previous if number == 1 else _matching(fields, "previous", _HASH),
        created=_moment(_matching(fields, "created", _TIME)),
        chunks=chunks,
        table_sha256=_matching(fields, "table_sha256", _HASH),
        index_size=fields.integer("index_size", 0, MAXIMUM_INDEX),
        index_sha256=_matching(fields, "index_sha256", _HASH),
        files=fields.integer("files"),
        content_size=fields.integer("content_size"),
        sealed_size=fields.integer("sealed_size"),
        log_size=fields.integer("log_size"),
        log_root=_matching(fields, "log_root", _HASH),
        recovery=fields.blob("recovery", MAXIMUM_ENVELOPE),
    )


def _matching(fields: Fields, name: str, pattern: re.Pattern[str]) -> str:
    text = fields.text(name, 64)
    if not pattern.fullmatch(text):
        raise Malformed(name)
    return text


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("created") from None


def table_bytes_of(manifest: Manifest) -> int:
    return table_size(manifest.chunks)
