"""Which device a bundle runs on, and the loaded model.

Rules kept here: a bundle is verified before its parameters are read, and each shard again as it is
read; code is loaded out of sealed memory, once its hash held. Everything that opens a file or
loads a library happens here, before the sandbox goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from appliance.engine.bundles.libraries import program_libraries, runtime_code
from appliance.engine.bundles.opening import ChatBundle, open_chat_bundle
from appliance.engine.bundles.sealing import sealed
from appliance.engine.decoding.model import Model
from appliance.engine.mlc.weights import read_weights
from appliance.engine.models.stored import Weights
from appliance.engine.running.budget import CONTEXT

GPU_CACHE_TOKENS = 16_384
"""Tokens of all sequences on a GPU, whose memory is not the desk's."""


def opened(folder: Path, accepted: Mapping[str, str] | None, context: int = 0) -> ChatBundle:
    """The verified bundle; its shards are verified by `loaded`. Raises as open_chat_bundle."""
    return open_chat_bundle(folder, accepted=accepted, shards=False, context=context)


def loaded(bundle: ChatBundle, device: str, context: int = 0, *, exact: bool = False) -> Model:
    """device: "cpu" or "gpu". context: tokens of one conversation on a GPU, 0 for as many as are
    usual; on the processor the bundle's budget says it. exact: nothing is rounded to eight bits (a
    GPU never does). Raises ModelDamaged, MachineUnsupported, GpuUnusable, MachineCodeMissing."""
    if device == "gpu":
        from appliance.engine.running import gpu  # late: where there is one

        library, runtime = sealed(bundle.code_for("cuda")), _runtime("cuda")
        return gpu.load_gpu_model(
            _weights(bundle),
            library,
            runtime,
            cache_tokens=GPU_CACHE_TOKENS,
            context=context or CONTEXT,
        )
    from appliance.engine.running.processor_model import ProcessorModel

    return ProcessorModel(
        _weights(bundle),
        sealed(bundle.code),
        _runtime()[0],
        identity=identity(bundle),
        cache_tokens=bundle.budget.cache_tokens,
        context=bundle.budget.context,
        exact=exact,
        consume=True,
    )


def _weights(bundle: ChatBundle) -> Weights:
    shards = {file.path: file.sha256 for file in bundle.manifest.files}
    return read_weights(bundle.folder, bundle.architecture, bundle.format, shards, bundle.index)


def identity(bundle: ChatBundle) -> str:
    """SHA-256 over the hashes of all the bundle's files but its code, in hex: the same parameters
    and tokenizer have the same one."""
    parts = sorted(
        (file.path, file.sha256)
        for file in bundle.manifest.files
        if not file.path.startswith("lib/")
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _runtime(device: str = "") -> tuple[Path, ...]:
    """TVM's runtime library, sealed, which comes with the program's own libraries, and behind it
    what a device needs beside it. Raises ModelMissing, ModelDamaged, MachineUnsupported."""
    return tuple(map(sealed, runtime_code(program_libraries(), device)))
