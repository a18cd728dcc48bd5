"""What a chat model's manifest says, and how it is read, written and signed.

Rules kept here: the manifest is RFC 8785 JSON and names every file of the bundle with its size and
SHA-256; manifest.sig beside it holds an Ed25519 and an ML-DSA-65 signature over those bytes, and
both must verify. A manifest without a signature is good only where a machine wrote it for itself
when an administrator accepted an unsigned bundle; it then names no code, says who and when, and
whoever opens it has to know its hash from the log.

docs/formats/model-bundle.md describes every field.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.engine.errors import BundleUntrusted, ModelDamaged
from appliance.engine.mlc.files import PLAIN_NAME, open_file, read_file
from appliance.vault.canonical import Fields, Json, Malformed, canonical_json, read_json
from appliance.vault.errors import BadSignature
from appliance.vault.signers import SignerKey, SignerUnknown, TrustedKey, require_signer

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
FORMAT = "cloister-model/1"

MAX_MANIFEST = 4_000_000
MAX_SIGNATURE = 16_384
MAX_FILES = 12_000
MAX_FILE = 1 << 36

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,31}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FEATURE = re.compile(r"[a-z0-9_]{1,32}")
_DOMAIN = b"cloister model bundle v1\n"  # so that no other signature of the key fits here


@dataclass(frozen=True, slots=True)
class BundleFile:
    """path: a plain name, or one below lib/. sha256 in hex, size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CompiledLibrary:
    """Code for one kind of device. target: "cpu", "cuda" or "metal". level: for a processor the
    instruction set, as in lib/<level>.so, else empty. features: what the processor must report."""

    target: str
    path: str
    level: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """quantisation: a Format's name. parameters: how many weights. created: ISO 8601. accepted_by
    and accepted_on: who took an unsigned bundle in, and when; both empty in a signed one."""

    name: str
    version: str
    family: str
    quantisation: str
    context: int
    parameters: int
    licence: str
    source: str
    created: str
    files: tuple[BundleFile, ...]
    libraries: tuple[CompiledLibrary, ...] = ()
    accepted_by: str = ""
    accepted_on: str = ""

    @property
    def id(self) -> str:
        """The name of its folder among those installed."""
        return f"{self.name}@{self.version}"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def sha256(self) -> dict[str, str]:
        """By path."""
        return {file.path: file.sha256 for file in self.files}


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest whose origin is known. sha256: of its bytes. signer: empty where it is unsigned
    and was accepted on this machine."""

    manifest: Manifest
    sha256: str
    signer: str


def manifest_bytes(manifest: Manifest) -> bytes:
    """The one encoding. Raises canonical.Malformed for texts that have none."""
    fields: dict[str, Json] = {
        "accepted": {"by": manifest.accepted_by, "on": manifest.accepted_on},
        "context": manifest.context,
        "created": manifest.created,
        "family": manifest.family,
        "files": [
            {"path": file.path, "sha256": file.sha256, "size": file.size} for file in manifest.files
        ],
        "format": FORMAT,
        "libraries": [
            {
                "features": list(library.features),
                "level": library.level,
                "path": library.path,
                "target": library.target,
            }
            for library in manifest.libraries
        ],
        "licence": manifest.licence,
        "name": manifest.name,
        "parameters": manifest.parameters,
        "quantisation": manifest.quantisation,
        "source": manifest.source,
        "version": manifest.version,
    }
    return canonical_json(fields)


def signature_bytes(manifest: bytes, key: SignerKey) -> bytes:
    """The content of manifest.sig."""
    return canonical_json(key.signatures(_DOMAIN, manifest))


def read_signed(
    folder: Path, trusted: tuple[TrustedKey, ...], accepted: Mapping[str, str] | None = None
) -> Signed:
    """The manifest of a bundle, once its origin is known; no other file is looked at.

    accepted: the hashes of manifests that this machine wrote for unsigned bundles, by the bundle's
    id, as the log has them; None believes such a manifest without. Raises BundleUntrusted,
    ModelDamaged.
    """
    untrusted = read_file(folder / MANIFEST, MAX_MANIFEST)
    sha256 = hashlib.sha256(untrusted).hexdigest()
    manifest = parse_manifest(untrusted)
    if not has_signature(folder):
        _require_accepted(manifest, sha256, accepted)
        return Signed(manifest, sha256, "")
    if manifest.accepted_by or manifest.accepted_on:
        raise ModelDamaged("The model's manifest is signed and says that it is not.")
    return Signed(manifest, sha256, _signer(folder, untrusted, trusted).name)


def has_signature(folder: Path) -> bool:
    path = folder / SIGNATURE
    return path.is_symlink() or path.exists()


def _require_accepted(manifest: Manifest, sha256: str, known: Mapping[str, str] | None) -> None:
    if not manifest.accepted_by or not manifest.accepted_on:
        raise BundleUntrusted(f"The model {manifest.id} is not signed.")
    if manifest.libraries:
        raise BundleUntrusted(
            f"The model {manifest.id} brings code that nobody signed.",
            hint="Get a signed one. An unsigned bundle is taken without code only.",
        )
    if known is not None and known.get(manifest.id) != sha256:
        raise BundleUntrusted(
            f"The model {manifest.id} is not signed, and not the one that was accepted here."
        )


def _signer(folder: Path, manifest: bytes, trusted: tuple[TrustedKey, ...]) -> TrustedKey:
    try:
        untrusted = Fields(read_json(read_file(folder / SIGNATURE, MAX_SIGNATURE)))
        untrusted.only("ed25519", "key", "ml-dsa-65")
        return require_signer(untrusted, _DOMAIN, manifest, trusted)
    except SignerUnknown:
        raise BundleUntrusted("The model is signed by someone not trusted here.") from None
    except (BadSignature, Malformed):
        raise ModelDamaged("The signature of the model's manifest does not verify.") from None


def parse_manifest(untrusted: bytes) -> Manifest:
    """Checked for form alone. Raises ModelDamaged."""
    try:
        return _manifest(Fields(read_json(untrusted)))
    except Malformed as error:
        raise ModelDamaged(f"The model's manifest is not in order ({error}).") from error


def _manifest(untrusted: Fields) -> Manifest:
    untrusted.only(
        *("accepted", "context", "created", "family", "files", "format", "libraries", "licence"),
        *("name", "parameters", "quantisation", "source", "version"),
    )
    if untrusted.text("format") != FORMAT:
        raise ModelDamaged(
            "The model's manifest is of a form this version cannot read.",
            hint="Install a newer version of Cloister, or get the model in the older form.",
        )
    accepted = untrusted.fields("accepted").only("by", "on")
    manifest = Manifest(
        name=_matching(untrusted, "name", NAME),
        version=_matching(untrusted, "version", VERSION),
        family=untrusted.text("family", 64),
        quantisation=untrusted.text("quantisation", 64),
        context=untrusted.integer("context", 1, 1 << 31),
        parameters=untrusted.integer("parameters", 1),
        licence=untrusted.text("licence"),
        source=untrusted.text("source"),
        created=_moment(untrusted, "created"),
        files=tuple(_file(row) for row in untrusted.rows("files", MAX_FILES)),
        libraries=tuple(_library(row) for row in untrusted.rows("libraries", 32)),
        accepted_by=accepted.text("by"),
        accepted_on=_moment(accepted, "on") if accepted.text("on") else "",
    )
    _require_consistent(manifest)
    return manifest


def _require_consistent(manifest: Manifest) -> None:
    paths = [file.path for file in manifest.files]
    if len({path.lower() for path in paths}) != len(paths):
        raise Malformed("a file is named twice")
    compiled = {library.path for library in manifest.libraries}
    if compiled != {path for path in paths if path.startswith("lib/")}:
        raise Malformed("compiled code and the files below lib differ")
    if len(compiled) != len(manifest.libraries):
        raise Malformed("a library is named twice")


def _matching(untrusted: Fields, name: str, pattern: re.Pattern[str]) -> str:
    value = untrusted.text(name)
    if not pattern.fullmatch(value):
        raise Malformed(name)
    return value


def _moment(untrusted: Fields, name: str) -> str:
    value = untrusted.text(name, 40)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Malformed(name) from None
    return value


def _file(untrusted: Fields) -> BundleFile:
    untrusted.only("path", "sha256", "size")
    path = untrusted.text("path")
    if not PLAIN_NAME.fullmatch(path.removeprefix("lib/")) or path in (MANIFEST, SIGNATURE):
        raise Malformed("path")
    return BundleFile(
        path, untrusted.integer("size", 0, MAX_FILE), _matching(untrusted, "sha256", _SHA256)
    )


def _library(untrusted: Fields) -> CompiledLibrary:
    untrusted.only("features", "level", "path", "target")
    target, path = untrusted.text("target", 16), untrusted.text("path")
    level = untrusted.text("level", 40)
    if target not in ("cpu", "cuda", "metal") or not path.startswith("lib/"):
        raise Malformed("target")
    if (target == "cpu") != bool(level):
        raise Malformed("level")
    features = untrusted.texts("features", 64)
    if not all(_FEATURE.fullmatch(feature) for feature in features):
        raise Malformed("features")
    return CompiledLibrary(target, path, level, features)


def hash_file(path: Path) -> BundleFile:
    """Of a file, by its name alone. Raises ModelDamaged."""
    with open_file(path) as file:
        try:
            digest = hashlib.file_digest(file, "sha256")
            return BundleFile(path.name, file.tell(), digest.hexdigest())
        except OSError as error:
            raise ModelDamaged(f"{path.name} of the model cannot be read.") from error
