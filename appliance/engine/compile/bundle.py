"""A Hugging Face folder becomes a signed bundle: MLC's layout, compiled code, a manifest.

Rules kept here: the bundle is made in a folder of its own and takes its name when it is whole and
has been verified as an installation would; on any error nothing is left. The manifest names every
file; code is compiled here, on the build machine, never on the appliance. What still has to be
linked (Metal's objects) is no code yet: it lies beside the bundle, not in it.

The compilers come with the extra `cloister[build]` and are loaded late.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from pathlib import Path

from appliance.engine.bundles.libraries import LEVELS, buildable_levels
from appliance.engine.bundles.manifest import (
    MANIFEST,
    NAME,
    SIGNATURE,
    VERSION,
    BundleFile,
    CompiledLibrary,
    Manifest,
    hash_file,
    manifest_bytes,
    signature_bytes,
)
from appliance.engine.bundles.opening import verify
from appliance.engine.compile.chat_config import chat_config, companions
from appliance.engine.compile.huggingface import Checkpoint, convert, open_checkpoint
from appliance.engine.errors import WeightsUnusable
from appliance.engine.mlc import chat_config as layout
from appliance.engine.mlc.chat_config import read_chat_config
from appliance.engine.mlc.weights import write_weights
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.parameters import parameters
from appliance.errors import UsageError
from appliance.vault.canonical import Malformed
from appliance.vault.durable import storage_error
from appliance.vault.signers import SignerKey

TARGETS = ("cpu", "cuda", "metal")


class BuilderMissing(UsageError):
    code = "builder_missing"
    hint = "Install the build machine's extra: pip install 'cloister[build]'."


@dataclass(frozen=True, slots=True)
class Origin:
    """What a bundle says of where it comes from. created: ISO 8601."""

    name: str
    version: str
    licence: str
    source: str
    created: str


@dataclass(frozen=True, slots=True)
class Compilers:
    """cpu(level, path) writes the library of an instruction set, one of `levels`;
    gpu(architecture, format, target, path) the one of a model for "cuda", for "metal" the objects
    that it is linked from."""

    cpu: Callable[[str, Path], None]
    gpu: Callable[[Architecture, Format, str, Path], None]
    levels: tuple[str, ...]


def build_bundle(
    source: Path,
    out: Path,
    *,
    format: Format,
    targets: Collection[str],
    origin: Origin,
    key: SignerKey,
    compilers: Compilers,
    context: int = 0,
) -> Manifest:
    """Builds `out`, a folder that is not there yet, from a Hugging Face folder; for "metal" also
    metal_objects(out).

    Raises WeightsUnusable, FamilyUnsupported, ConfigurationInvalid, UsageError, StorageFull,
    StorageReadOnly and what the compilers raise; `out` is then not there.
    """
    _require_usable(out, targets, origin)
    checkpoint = open_checkpoint(source, context)
    making = out.with_name(f".{out.name}.{os.urandom(6).hex()}.part")
    objects = metal_objects(making)
    try:
        making.mkdir(parents=True)
        _write_layout(checkpoint, format, making)
        architecture = read_chat_config(making).architecture  # as it will be run, not as it was
        libraries = tuple(_libraries(architecture, format, targets, making, compilers))
        manifest = _manifest(architecture, format, origin, making, libraries)
        _sign(making, manifest, key)
        verify(making, (key.public(""),))
        if "metal" in targets:
            compilers.gpu(architecture, format, "metal", objects)
            objects.rename(metal_objects(out))
        making.rename(out)
    except OSError as error:
        raise storage_error(error, f"the bundle {out.name} was not made") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
        objects.unlink(missing_ok=True)
    return manifest


def metal_objects(out: Path) -> Path:
    """Where the objects lie that a bundle's library for Metal is linked from, on a Mac."""
    return out.with_name(f"{out.name}-metal.tar")


def installed_compilers() -> Compilers:
    """The compilers of the build extra, loaded when they are first called. Raises
    BuilderMissing."""
    if find_spec("tvm") is None:
        raise BuilderMissing("The compilers that build models are not installed.")

    def cpu(level: str, path: Path) -> None:
        from appliance.engine.compile.cpu.library import compile_cpu

        compile_cpu(level, path)

    def gpu(architecture: Architecture, format: Format, target: str, path: Path) -> None:
        from appliance.engine.compile.gpu.library import compile_gpu

        compile_gpu(architecture, format, target, path)

    return Compilers(cpu, gpu, buildable_levels())


def _require_usable(out: Path, targets: Collection[str], origin: Origin) -> None:
    if unknown := set(targets) - set(TARGETS):
        raise UsageError(
            f"“{min(unknown)}” is no target.", hint=f"Targets are {', '.join(TARGETS)}."
        )
    if not NAME.fullmatch(origin.name):
        raise UsageError(
            f"“{origin.name[:80]}” cannot be a model's name.",
            hint="Give another with --as: letters, digits, dots, dashes.",
        )
    if not VERSION.fullmatch(origin.version):
        raise UsageError(
            f"“{origin.version[:40]}” cannot be a model's version.", hint="For example --version 1."
        )
    made = [out, metal_objects(out)] if "metal" in targets else [out]
    for path in made:
        if path.exists():
            raise UsageError(f"{path} exists already.", hint="Name a folder that does not exist.")


def _libraries(
    a: Architecture,
    format: Format,
    targets: Collection[str],
    folder: Path,
    compilers: Compilers,
) -> Iterator[CompiledLibrary]:
    within = sorted(set(targets) - {"metal"})
    if within:
        (folder / "lib").mkdir()
    for target in within:
        if target == "cpu":
            for level in compilers.levels:
                path = f"lib/{level}.so"
                compilers.cpu(level, folder / path)
                yield CompiledLibrary("cpu", path, level, tuple(sorted(LEVELS[level])))
        else:
            path = f"lib/{target}.so"
            compilers.gpu(a, format, target, folder / path)
            yield CompiledLibrary(target, path)


def _write_layout(checkpoint: Checkpoint, format: Format, folder: Path) -> None:
    config = chat_config(checkpoint, format)
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (folder / layout.NAME).write_text(text + "\n", "utf-8")
    for name in companions(checkpoint.folder):
        if (checkpoint.folder / name).stat().st_size > layout.MAX_COMPANION:
            raise WeightsUnusable(f"{name} is larger than such a file can be.")
        shutil.copyfile(checkpoint.folder / name, folder / name)
    write_weights(folder, checkpoint.architecture, convert(checkpoint, format))


def _manifest(
    a: Architecture,
    format: Format,
    origin: Origin,
    folder: Path,
    libraries: tuple[CompiledLibrary, ...],
) -> Manifest:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return Manifest(
        name=origin.name,
        version=origin.version,
        family=a.family,
        quantisation=format.value,
        context=a.context,
        parameters=sum(prod(parameter.shape) for parameter in parameters(a)),
        licence=origin.licence,
        source=origin.source,
        created=origin.created,
        files=tuple(_file(folder, path) for path in paths),
        libraries=libraries,
    )


def _file(folder: Path, path: Path) -> BundleFile:
    found = hash_file(path)
    return BundleFile(path.relative_to(folder).as_posix(), found.size, found.sha256)


def _sign(folder: Path, manifest: Manifest, key: SignerKey) -> None:
    try:
        content = manifest_bytes(manifest)
    except Malformed as error:
        raise UsageError(
            "The bundle's name, licence or source is no text that can be signed.",
            hint="Give them as plain text.",
        ) from error
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(signature_bytes(content, key))
