"""The models installed in a data folder: <data>/models/<name>@<version>/.

Rules kept here: a folder with that name is whole, verified and on the disk; a model on its way in
or out has a name that begins with a dot and is swept away by whoever comes next. Nothing is copied
before it is known to fit and to be trusted. What an unsigned bundle brings is its parameters and
its texts, never code; the manifest that makes it whole is written here and says who accepted it.

Installing and removing must stand in the log: the caller logs what these functions return, and
hands the accepted hashes to whoever opens a model.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from appliance.engine.bundles.copying import Wanted, copy_verified
from appliance.engine.bundles.manifest import (
    MANIFEST,
    NAME,
    SIGNATURE,
    VERSION,
    BundleFile,
    Manifest,
    Signed,
    has_signature,
    hash_file,
    manifest_bytes,
    parse_manifest,
    read_signed,
)
from appliance.engine.bundles.opening import describe, verify
from appliance.engine.errors import BundleUntrusted, ModelDamaged, ModelMissing
from appliance.engine.mlc import chat_config
from appliance.engine.mlc.chat_config import MAX_COMPANION, read_chat_config
from appliance.engine.mlc.files import open_file, read_file, size_of
from appliance.engine.mlc.index import Index, index_file, read_index
from appliance.engine.mlc.weights import require_parameters
from appliance.engine.models.parameters import parameters
from appliance.errors import CloisterError, StorageFull, UsageError
from appliance.vault.durable import storage_error, sync_folder
from appliance.vault.signers import TrustedKey

INCOMING = ".incoming-"
REMOVED = ".removed-"
SPARE = 64 << 20
"""Bytes that must stay free beside a model."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That an administrator takes in an unsigned bundle: their name, the moment (ISO 8601), and
    what the bundle does not say of itself. An empty name is the source folder's."""

    by: str
    on: str
    name: str = ""
    version: str = "1"
    licence: str = "unknown"
    source: str = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in the folder. problem: why it cannot be used, as far as its manifest tells."""

    id: str
    manifest: Manifest | None
    problem: str = ""


def install(
    source: Path,
    models: Path,
    trusted: tuple[TrustedKey, ...],
    acceptance: Acceptance | None = None,
) -> Signed:
    """Copies a bundle into the models' folder, verified; returns what the log must hold.

    acceptance: only with it is a bundle taken that no trusted key signed. On any error, and after
    a kill at any moment, no model of that name is there. Raises BundleUntrusted, ModelDamaged,
    ModelMissing, FamilyUnsupported, FormatUnsupported, ConfigurationInvalid, UsageError (one of
    that name and version is there), StorageFull, StorageReadOnly.
    """
    signed = _signed(source, trusted, acceptance)
    described = signed.manifest if signed else _described(source, acceptance)
    target = models / described.id
    if target.exists():
        raise UsageError(
            f"The model {described.id} is installed already.",
            hint=f"`cloister model remove {described.id}` takes it away first.",
        )
    with _storage(f"the model {described.id} was not installed"):
        models.mkdir(mode=0o700, exist_ok=True)
        sweep(models)
        _require_room(models, described)
        return _copied(source, target, described, signed, trusted)


def examined(
    source: Path, trusted: tuple[TrustedKey, ...], acceptance: Acceptance | None = None
) -> Manifest:
    """What `install` would write down, and nothing is changed: a signed bundle is verified to its
    last byte, of an unsigned one copying finds out the rest. Raises as `install`, for the bundle's
    part, and OSError."""
    signed = _signed(source, trusted, acceptance)
    if signed is None:
        return _described(source, acceptance)
    for file in signed.manifest.files:
        if hash_file(source / file.path).sha256 != file.sha256:
            raise ModelDamaged(f"{file.path} of the model is not what its manifest says.")
    return signed.manifest


def _signed(
    source: Path, trusted: tuple[TrustedKey, ...], acceptance: Acceptance | None
) -> Signed | None:
    """The bundle's own manifest; None where it has none that is good and one will be written."""
    if not source.is_dir():
        raise ModelMissing(f"There is no folder {source}.", hint="Name the bundle's folder.")
    if not (source / MANIFEST).is_file() or not has_signature(source):
        if acceptance is None:
            raise BundleUntrusted(
                f"The bundle in {source.name} is not signed.",
                hint="Get a signed one, or accept it as it is with --trust-unsigned.",
            )
        return None
    try:
        signed = read_signed(source, trusted)
    except BundleUntrusted:
        if acceptance is None:
            raise
        return None
    describe(source, signed.manifest)
    return signed


def _described(source: Path, acceptance: Acceptance | None) -> Manifest:
    """A manifest for a bundle that has none: only files of the public layout, no code. Their
    hashes are filled in as they are copied."""
    if acceptance is None:
        raise BundleUntrusted(f"The bundle in {source.name} is not signed.")
    chat, index = read_chat_config(source), read_index(source)
    require_parameters(index, chat.architecture, chat.format)
    name = acceptance.name or source.resolve().name
    named = (name, NAME, "name", "--as"), (acceptance.version, VERSION, "version", "--version")
    for text, pattern, what, option in named:
        if not pattern.fullmatch(text):
            raise UsageError(
                f"“{text[:80]}” cannot be a model's {what}.", hint=f"Give another with {option}."
            )
    files = tuple(_public_files(source, index))
    if chat_config.TOKENIZER not in {file.path for file in files}:
        raise ModelMissing(
            f"The bundle in {source.name} has no {chat_config.TOKENIZER}.",
            hint="Add the tokenizer.json of the same model to the folder.",
        )
    return Manifest(
        name=name,
        version=acceptance.version,
        family=chat.architecture.family,
        quantisation=chat.format.value,
        context=chat.architecture.context,
        parameters=sum(prod(parameter.shape) for parameter in parameters(chat.architecture)),
        licence=acceptance.licence,
        source=acceptance.source,
        created=acceptance.on,
        files=files,
        accepted_by=acceptance.by,
        accepted_on=acceptance.on,
    )


def _public_files(source: Path, index: Index) -> Iterator[BundleFile]:
    for shard in index.shards:
        if not shard.md5:
            raise ModelDamaged(f"The bundle's index has no hash of {shard.file}.")
        yield _file(source, shard.file, shard.size)
    yield _file(source, index_file(source).name)
    yield _file(source, chat_config.NAME)
    for name in chat_config.COMPANIONS:
        if (source / name).is_file():
            yield _file(source, name)


def _file(source: Path, name: str, size: int | None = None) -> BundleFile:
    with open_file(source / name) as file:
        actual = size_of(file)
    if actual != (actual if size is None else size) or (size is None and actual > MAX_COMPANION):
        raise ModelDamaged(f"{name} of the model is not of the size it should be.")
    return BundleFile(name, actual, "")


def _require_room(models: Path, manifest: Manifest) -> None:
    free = shutil.disk_usage(models).free
    if free < manifest.size + SPARE:
        raise StorageFull(
            f"The model {manifest.id} takes {manifest.size / 1e9:.2f} GB; the disk has "
            f"{free / 1e9:.2f} GB free."
        )


def _copied(
    source: Path,
    target: Path,
    described: Manifest,
    signed: Signed | None,
    trusted: tuple[TrustedKey, ...],
) -> Signed:
    incoming = target.with_name(f"{INCOMING}{os.urandom(8).hex()}")
    incoming.mkdir(mode=0o700)
    try:
        md5 = {} if signed else {shard.file: shard.md5 for shard in read_index(source).shards}
        files = tuple(
            copy_verified(source, incoming, Wanted(f.path, f.size, f.sha256, md5.get(f.path, "")))
            for f in described.files
        )
        _write_manifest(source, incoming, replace(described, files=files), signed)
        verified = verify(incoming, trusted)
        for folder in (incoming / "lib", incoming):
            if folder.is_dir():
                sync_folder(folder)
        incoming.rename(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(incoming, ignore_errors=True)
        raise
    return verified


def _write_manifest(
    source: Path, incoming: Path, manifest: Manifest, signed: Signed | None
) -> None:
    names = (MANIFEST, SIGNATURE) if signed else ()
    for name in names:
        with open_file(source / name) as file:
            size = size_of(file)
        copy_verified(source, incoming, Wanted(name, size))
    if not names:
        descriptor = os.open(incoming / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            written.write(manifest_bytes(manifest))
            written.flush()
            os.fsync(written.fileno())


def list_models(models: Path) -> tuple[Entry, ...]:
    """By name, from the manifests alone; nothing is verified. Never raises for what a model's
    folder holds."""
    try:
        folders = sorted(path for path in models.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise storage_error(error, "the models cannot be listed") from error
    return tuple(_entry(folder) for folder in folders)


def _entry(folder: Path) -> Entry:
    try:
        manifest = parse_manifest(read_file(folder / MANIFEST, chat_config.MAX_CONFIG))
    except CloisterError as error:
        return Entry(folder.name, None, error.sentence)
    if manifest.id != folder.name:
        return Entry(folder.name, None, f"It says of itself that it is {manifest.id}.")
    return Entry(folder.name, manifest)


def find(models: Path, wanted: str) -> Path:
    """The folder of a model, by name and version, or by a name that only one has. Raises
    ModelMissing, UsageError."""
    entries = list_models(models)
    found = [entry.id for entry in entries if wanted in (entry.id, entry.id.partition("@")[0])]
    if len(found) > 1:
        raise UsageError(
            f"Several models are called {wanted}: {', '.join(found)}.",
            hint="Name the version as well, as in NAME@VERSION.",
        )
    if not found:
        known = ", ".join(entry.id for entry in entries) or "none"
        raise ModelMissing(f"There is no model {wanted[:80]} (installed: {known}).")
    return models / found[0]


def remove(models: Path, wanted: str) -> str:
    """Takes a model away; returns its id. After a kill it is there or not, never in part. Raises
    as `find`, StorageReadOnly, StorageFailed."""
    folder = find(models, wanted)
    with _storage(f"the model {folder.name} was not removed"):
        gone = folder.with_name(f"{REMOVED}{os.urandom(8).hex()}")
        folder.rename(gone)
        sync_folder(models)
        shutil.rmtree(gone)
    return folder.name


def sweep(models: Path) -> None:
    """Removes what a crash left half way in or out. Only one process at a time may change a
    models' folder. Raises OSError."""
    for path in models.iterdir():
        if path.name.startswith((INCOMING, REMOVED)):
            shutil.rmtree(path)


@contextmanager
def _storage(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error, doing) from error
