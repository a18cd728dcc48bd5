"""A release as its vendor signed it: a list of every file, and two signatures over that list.

`release.json` names each file with its size and SHA-256; `release.sig` holds an Ed25519 and an
ML-DSA-65 signature over it, and both must hold. packaging/vendor/signed_release.py makes them.

Rules kept here: a folder with a file more or less than was signed is refused; links are refused;
what is signed for a release fits nothing else (its domain); the public file is believed because it
came by another way than the release. An older release is as well signed as a newer one: which one
it has to be is for who installs it to say.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from appliance.errors import CloisterError
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.signers import SignerKey, TrustedKey, require_signer

LIST, SIGNATURE = "release.json", "release.sig"
DOMAIN = b"cloister/release/v1\n"
_LIMIT = 4_000_000
_MOST = 10_000


class ReleaseRefused(CloisterError):
    code = "release_refused"
    hint = "Do not install it. Get it again from your vendor, and compare the public key by phone."


def signed(folder: Path, version: str, key: SignerKey) -> tuple[bytes, bytes]:
    """The list and its signatures. Raises ReleaseRefused for what is no plain file."""
    files: list[Json] = [
        {"name": name, "sha256": digest, "size": size} for name, (size, digest) in found(folder)
    ]
    content = canonical_json({"files": files, "format": "cloister-release", "version": version})
    return content, canonical_json(key.signatures(DOMAIN, content))


def verified(folder: Path, trusted: TrustedKey, wanted: str = "") -> tuple[str, int]:
    """Version and number of files. wanted: the version it has to be. Raises ReleaseRefused."""
    try:
        content = _read(folder / LIST)
        require_signer(Fields(read_json(_read(folder / SIGNATURE))), DOMAIN, content, (trusted,))
        said = Fields(read_json(content)).only("files", "format", "version")
        _require(said.text("format") == "cloister-release", "format")
        rows = [row.only("name", "sha256", "size") for row in said.rows("files", _MOST)]
        told = {row.text("name", 400): (row.integer("size"), row.text("sha256")) for row in rows}
        _require(len(told) == len(rows), "a name twice")
        version = said.text("version")
    except (Malformed, CloisterError, OSError) as error:
        raise ReleaseRefused(f"The release is not signed by this key ({error}).") from error
    if wanted not in ("", version):
        raise ReleaseRefused(f"This is release {version}, not {wanted}.")
    try:
        there = dict(found(folder))
    except OSError as error:
        raise ReleaseRefused(f"{error.filename} cannot be read.") from error
    for name in sorted({*told, *there}):
        if told.get(name) != there.get(name):
            state = "missing" if name not in there else "changed" if name in told else "not listed"
            raise ReleaseRefused(f"{name} is {state}.")
    return version, len(told)


def found(folder: Path) -> list[tuple[str, tuple[int, str]]]:
    """Name, size and SHA-256 of every file but the list and its signature."""
    names = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ReleaseRefused(f"{name} is no plain file.")
        if path.is_file() and name not in (LIST, SIGNATURE):
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            names.append((name, (path.stat().st_size, digest)))
    return names


def public_file(key: TrustedKey) -> bytes:
    return canonical_json(
        {
            "ed25519": base64_text(key.ed25519),
            "format": "cloister-vendor-key",
            "id": key.id,
            "ml-dsa-65": base64_text(key.ml_dsa_65),
        }
    )


def read_public(path: Path) -> TrustedKey:
    """Raises ReleaseRefused."""
    try:
        said = Fields(read_json(_read(path).strip()))
        said.only("ed25519", "format", "id", "ml-dsa-65")
        _require(said.text("format") == "cloister-vendor-key", "format")
        key = TrustedKey("vendor", said.blob("ed25519"), said.blob("ml-dsa-65"))
        _require(said.text("id") == key.id, "id")
    except (Malformed, OSError) as error:
        raise ReleaseRefused(f"{path} holds no public key.") from error
    return key


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Malformed(what)


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(_LIMIT)
