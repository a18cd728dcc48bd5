"""Opening an installed chat model: everything that could refuse it, before any of it is loaded.

Rules kept here: in this order: whose it is (signature), what it is (family, format, every parameter
in the index), whether it is whole (no file missing, too many, or other than its hash), whether this
machine can run it (instructions, memory). What is parsed is read once and is what was hashed; code
is hashed again where it is loaded from (sealing.py), shards where they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.engine.bundles import libraries
from appliance.engine.bundles.manifest import (
    MANIFEST,
    SIGNATURE,
    CompiledLibrary,
    Manifest,
    Signed,
    hash_file,
    read_signed,
)
from appliance.engine.bundles.sealing import Code
from appliance.engine.bundles.trust import trusted_signers
from appliance.engine.errors import (
    BundleUntrusted,
    MachineUnsupported,
    MemoryShort,
    ModelDamaged,
    ModelMissing,
)
from appliance.engine.mlc import chat_config
from appliance.engine.mlc.chat_config import ChatConfig
from appliance.engine.mlc.files import json_object, read_file
from appliance.engine.mlc.index import MAX_INDEX, Index, index_file, parse_index
from appliance.engine.mlc.shards import in_parallel
from appliance.engine.mlc.weights import require_parameters
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.processor import memory_available as memory_of_this_machine
from appliance.engine.processor import processor_features
from appliance.engine.running.budget import Budget, budget
from appliance.vault.signers import TrustedKey


@dataclass(frozen=True, slots=True)
class ChatBundle:
    """A model that this machine can run. index: of its shards. code: that for this
    processor, `level` its instruction set. signer: empty where the bundle is unsigned and was
    accepted. budget: what it takes of the memory that was free."""

    folder: Path
    manifest: Manifest
    signer: str
    chat: ChatConfig
    index: Index
    level: str
    code: Code
    budget: Budget

    @property
    def architecture(self) -> Architecture:
        return self.chat.architecture

    @property
    def memory(self) -> int:
        return self.budget.memory

    @property
    def format(self) -> Format:
        return self.chat.format

    @property
    def library(self) -> Path:
        return self.code.path

    def read(self, name: str, limit: int) -> bytes:
        """A file as its manifest knows it, whatever became of it meanwhile; nothing where the
        bundle has none of that name. Raises ModelDamaged."""
        known = self.manifest.sha256
        return _known(self.folder, known, name, limit) if name in known else b""

    def code_for(self, target: str) -> Code:
        """Of a device, "cuda" or "metal". Raises MachineUnsupported where the bundle has none."""
        for library in self.manifest.libraries:
            if library.target == target:
                return _own(self.folder, self.manifest, library)
        raise MachineUnsupported(
            f"The model {self.manifest.id} brings no code for {target}.",
            hint=f"Build it again with `cloister model build … --target cpu,{target}`.",
        )


def open_chat_bundle(
    folder: Path,
    features: Collection[str] | None = None,
    memory_available: int | None = None,
    *,
    trusted: tuple[TrustedKey, ...] | None = None,
    accepted: Mapping[str, str] | None = None,
    shards: bool = True,
    context: int = 0,
) -> ChatBundle:
    """Verifies an installed model and chooses its library.

    features, memory_available (bytes) and trusted: this machine's where None. accepted: see
    manifest.read_signed. shards: False leaves the hashes of the parameters to
    mlc.weights.read_weights, which verifies what it reads in any case. context: tokens of one
    conversation, 0 for as many as are usual. Raises ModelMissing,
    ModelDamaged, BundleUntrusted, FamilyUnsupported, FormatUnsupported, ConfigurationInvalid,
    MachineUnsupported, MemoryShort.
    """
    signed = _signed(folder, trusted, accepted)
    manifest = signed.manifest
    chat, index = describe(folder, manifest)
    names = {shard.file for shard in index.shards}
    require_files(folder, manifest, without=frozenset() if shards else names)
    level, code = _library(folder, manifest, processor_features() if features is None else features)
    available = memory_of_this_machine() if memory_available is None else memory_available
    needed = memory_needed(chat, index, available, context)
    _require_memory(manifest, needed, available)
    return ChatBundle(folder, manifest, signed.signer, chat, index, level, code, needed)


def verify(
    folder: Path,
    trusted: tuple[TrustedKey, ...] | None = None,
    accepted: Mapping[str, str] | None = None,
) -> Signed:
    """Whose the bundle is and that it is whole, to the last byte; not whether it runs here. Raises
    as open_chat_bundle does."""
    signed = _signed(folder, trusted, accepted)
    describe(folder, signed.manifest)
    require_files(folder, signed.manifest)
    return signed


def _signed(
    folder: Path, trusted: tuple[TrustedKey, ...] | None, accepted: Mapping[str, str] | None
) -> Signed:
    if not (folder / MANIFEST).is_file():
        if (folder / chat_config.NAME).is_file():
            raise BundleUntrusted(f"The bundle in {folder.name} is not signed.")
        raise ModelMissing(f"There is no model bundle in {folder}.")
    return read_signed(folder, trusted_signers() if trusted is None else trusted, accepted)


def describe(folder: Path, manifest: Manifest) -> tuple[ChatConfig, Index]:
    """What the model's own files say, and that the manifest says the same."""
    named = {file.path: file.size for file in manifest.files}
    listed = index_file(folder).name
    for needed in (chat_config.NAME, chat_config.TOKENIZER, listed):
        if needed not in named:
            raise ModelDamaged(f"The model's manifest does not name {needed}.")
    known = manifest.sha256
    written = _known(folder, known, chat_config.NAME, chat_config.MAX_CONFIG)
    chat = chat_config.chat_config(json_object(written, chat_config.NAME))
    index = parse_index(_known(folder, known, listed, MAX_INDEX), listed)
    if (manifest.family, manifest.quantisation) != (chat.architecture.family, chat.format.value):
        raise ModelDamaged("The model's manifest and its configuration say different things.")
    if manifest.context != chat.architecture.context:
        raise ModelDamaged("The model's manifest and its configuration say different contexts.")
    require_parameters(index, chat.architecture, chat.format)
    for shard in index.shards:
        if named.get(shard.file) != shard.size:
            raise ModelDamaged(f"The model's manifest and its index differ on {shard.file}.")
    return chat, index


def _known(folder: Path, sha256: Mapping[str, str], name: str, limit: int) -> bytes:
    """A small file, read once: what is used is what was hashed. Raises ModelDamaged."""
    content = read_file(folder / name, limit)
    if hashlib.sha256(content).hexdigest() != sha256[name]:
        raise ModelDamaged(f"{name} of the model is not the file it should be.")
    return content


def require_files(
    folder: Path, manifest: Manifest, *, without: Collection[str] = frozenset()
) -> None:
    """Raises ModelDamaged unless the folder holds exactly the manifest's files, to the byte. Of
    those in `without` only presence and size are looked at."""
    named = {file.path for file in manifest.files}
    present = set(_present(folder))
    if odd := present - named - {MANIFEST, SIGNATURE}:
        raise ModelDamaged(f"The model holds a file its manifest does not name: {min(odd)[:80]}.")
    if missing := named - present:
        raise ModelDamaged(f"{min(missing)} of the model is missing.")
    for file in manifest.files:
        if (folder / file.path).lstat().st_size != file.size:
            raise ModelDamaged(f"{file.path} of the model is not the size it should be.")
    wanted = [file for file in manifest.files if file.path not in without]
    found = in_parallel(lambda file: hash_file(folder / file.path), wanted)
    for file, actual in zip(wanted, found, strict=True):
        if (actual.size, actual.sha256) != (file.size, file.sha256):
            raise ModelDamaged(f"{file.path} of the model is not the file it should be.")


def _present(folder: Path) -> list[str]:
    """Everything in the folder but folders that hold something."""
    try:
        paths = sorted(folder.rglob("*"))
    except OSError as error:
        raise ModelMissing(f"The model in {folder} cannot be read.") from error
    return [
        path.relative_to(folder).as_posix()
        for path in paths
        if path.is_symlink() or not path.is_dir()
    ]


def _own(folder: Path, manifest: Manifest, library: CompiledLibrary) -> Code:
    return Code(folder / library.path, manifest.sha256[library.path])


def _library(folder: Path, manifest: Manifest, features: Collection[str]) -> tuple[str, Code]:
    """The bundle's own where one of them runs on this processor, else the program's."""
    have = frozenset(features)
    for level, needed in libraries.LEVELS.items():
        for own in manifest.libraries:
            if own.target == "cpu" and own.level == level and {*needed, *own.features} <= have:
                return level, _own(folder, manifest, own)
    program = libraries.program_libraries()
    level = libraries.choose_level(libraries.levels_in(program), features)
    return level, libraries.program_code(program, libraries.verified_library(program, level).name)


def memory_needed(
    chat: ChatConfig, index: Index, available: int | None, context: int = 0
) -> Budget:
    """Parameters are freed by the shard while they are rearranged: one of them is there twice."""
    shards = [sum(tensor.size_in_memory for tensor in shard.tensors) for shard in index.shards]
    return budget(
        chat.architecture,
        chat.format,
        size=index.size_in_memory,
        largest=max(shards, default=0),
        available=available,
        wanted=context,
    )


def _require_memory(manifest: Manifest, needed: Budget, available: int | None) -> None:
    if available is not None and available < needed.memory:
        raise MemoryShort(
            f"The model {manifest.name} needs about {needed.memory / 1e9:.1f} GB of memory; "
            f"{available / 1e9:.1f} GB are free."
        )
