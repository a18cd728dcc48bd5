"""The encoder bundle on disk: find it, verify every file, choose the library for this machine.

Rules kept here: nothing of a bundle is loaded before the SHA-256 of each of its files has been
compared with the manifest; a file too many is as wrong as one too few. The manifest is untrusted
and bounded. A machine whose processor cannot run the code is told so, before it tries.

Layout: manifest.json, params.bin (layout.py), tokenizer.json, lib/<level>.so, runtime/*.so and
licences/.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from appliance.engine.encoder.layout import params_size
from appliance.engine.errors import BundleDamaged, BundleMissing, MachineUnsupported
from appliance.engine.processor import X86_64_V3, X86_64_V4, processor_features

FORMAT = "cloister-encoder/1"
MAX_MANIFEST = 1_000_000
MAX_FILES = 64
MAX_TOKENIZER = 16_000_000

LEVELS: tuple[tuple[str, frozenset[str]], ...] = (
    ("x86-64-v4", X86_64_V4),
    ("x86-64-v3", X86_64_V3),
)
"""Best first."""


@dataclass(frozen=True, slots=True)
class BundleFile:
    """`path` is relative to the bundle, with forward slashes; sha256 in hex; size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself. `weights` is the SHA-256 over parameters and tokenizer: two
    bundles with the same one give the same vectors (to rounding)."""

    name: str
    weights: str
    licence: str
    source: str
    files: tuple[BundleFile, ...]

    @property
    def model(self) -> str:
        return f"{self.name}@{self.weights[:12]}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle and the library chosen for this machine."""

    folder: Path
    manifest: Manifest
    level: str

    @property
    def library(self) -> Path:
        return self.folder / "lib" / f"{self.level}.so"

    @property
    def runtime(self) -> Path:
        return self.folder / "runtime" / "libtvm_runtime.so"

    @property
    def params(self) -> Path:
        return self.folder / "params.bin"

    @property
    def tokenizer(self) -> Path:
        return self.folder / "tokenizer.json"


def default_encoder_folder() -> Path:
    """Where the encoder is: beside the packaged program, else in the checkout's cache.

    Raises BundleMissing when it is in neither place."""
    beside = Path(sys.executable).resolve().parent / "encoder"
    if getattr(sys, "frozen", False) and (beside / "manifest.json").is_file():
        return beside
    cache = Path(__file__).resolve().parents[3] / ".cache" / "encoder"
    try:
        current = (cache / "current").read_text("ascii").strip()
    except (OSError, ValueError):
        current = ""
    if not current.isalnum() or not (cache / current / "manifest.json").is_file():
        raise BundleMissing("The encoder that reads documents and questions is not installed.")
    return cache / current


def open_bundle(folder: Path, features: Iterable[str] | None = None) -> Bundle:
    """Verifies the bundle and chooses its library.

    After return every file named by the manifest has been read and hashed, and no other file is
    there. `features` are the processor's (those of this machine if None). Raises BundleMissing,
    BundleDamaged or MachineUnsupported.
    """
    manifest = read_manifest(folder)
    level = choose_level(manifest, processor_features() if features is None else features)
    require_files(folder, manifest)
    return Bundle(folder=folder, manifest=manifest, level=level)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle, checked for form alone."""
    try:
        with (folder / "manifest.json").open("rb") as file:
            untrusted = file.read(MAX_MANIFEST + 1)
    except OSError as error:
        raise BundleMissing(
            f"The encoder's manifest cannot be read ({error.strerror or 'unreadable'})."
        ) from error
    try:
        return _manifest(json.loads(untrusted if len(untrusted) <= MAX_MANIFEST else b""))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleDamaged("The encoder's manifest is not in order.") from error


def read_tokenizer(folder: Path) -> bytes:
    """The bytes of tokenizer.json, verified. Raises BundleMissing or BundleDamaged."""
    for file in read_manifest(folder).files:
        if file.path == "tokenizer.json" and file.size <= MAX_TOKENIZER:
            try:
                content = (folder / file.path).read_bytes()
            except OSError as error:
                raise BundleDamaged("The encoder's tokenizer cannot be read.") from error
            if hashlib.sha256(content).hexdigest() == file.sha256:
                return content
    raise BundleDamaged("The encoder's tokenizer is not the file it should be.")


def _manifest(untrusted: object) -> Manifest:
    if not isinstance(untrusted, dict) or untrusted["format"] != FORMAT:
        raise ValueError("not a manifest of this format")
    words = [untrusted[key] for key in ("name", "weights", "licence", "source")]
    if not all(isinstance(word, str) and len(word) <= 200 for word in words):
        raise ValueError("not words")
    if not 1 <= len(untrusted["files"]) <= MAX_FILES:
        raise ValueError("too many files")
    files = tuple(_file(entry) for entry in untrusted["files"])
    if len({file.path for file in files}) != len(files):
        raise ValueError("a file is named twice")
    return Manifest(words[0], words[1], words[2], words[3], files)


def _file(untrusted: dict[str, object]) -> BundleFile:
    path, size, sha256 = untrusted["path"], untrusted["size"], untrusted["sha256"]
    if not isinstance(path, str) or not isinstance(size, int) or not isinstance(sha256, str):
        raise TypeError("not a file's entry")
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in path:
        raise ValueError("a path that leads out of the bundle")
    if not 0 <= size <= 1 << 34 or len(sha256) != 64:
        raise ValueError("a size or hash that cannot be")
    return BundleFile(path=str(pure), size=size, sha256=sha256)


def require_files(folder: Path, manifest: Manifest) -> None:
    """Raises BundleDamaged unless the folder holds exactly the manifest's files, to the byte."""
    present = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    }
    named = {file.path for file in manifest.files}
    for missing in ("params.bin", "tokenizer.json", "runtime/libtvm_runtime.so"):
        if missing not in named:
            raise BundleDamaged(f"The encoder's manifest does not name {missing}.")
    if odd := present - named - {"manifest.json"}:
        raise BundleDamaged(f"The encoder holds a file its manifest does not name: {min(odd)}.")
    for file in manifest.files:
        _require_file(folder, file)


def _require_file(folder: Path, expected: BundleFile) -> None:
    path = folder / expected.path
    try:
        with path.open("rb") as opened:
            actual = hashlib.file_digest(opened, "sha256").hexdigest()
        size = path.stat().st_size
    except OSError as error:
        raise BundleDamaged(
            f"{expected.path} of the encoder cannot be read ({error.strerror or 'unreadable'})."
        ) from error
    if size != expected.size or actual != expected.sha256:
        raise BundleDamaged(f"{expected.path} of the encoder is not the file it should be.")
    if expected.path == "params.bin" and size != params_size():
        raise BundleDamaged("The encoder's parameters are not of the shape this version reads.")


def choose_level(manifest: Manifest, features: Iterable[str]) -> str:
    """The best library of the bundle that these processor features can run."""
    have = frozenset(features)
    there = {file.path for file in manifest.files}
    for level, needed in LEVELS:
        if f"lib/{level}.so" in there and needed <= have:
            return level
    lacking = " ".join(sorted(X86_64_V3 - have)) or "none of the usual"
    raise MachineUnsupported(
        f"This processor ({platform.machine()}) cannot run the encoder; it lacks: {lacking}."
    )
