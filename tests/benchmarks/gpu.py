# mypy: disable-error-code="untyped-decorator"
"""`python -m tests.benchmarks.gpu`: a model of eight billion parameters on an NVIDIA GPU.

First small models are built and their logits compared with the numpy reference, on this very GPU:
nothing is timed on one that computes wrongly. Then random weights of Llama 3 8B's shape in q4f16_1:
decode at batch 1, 8 and 32 after a prompt of 128 tokens, prefill of 128, 512 and 2,048; against the
copy bandwidth and the matrix peak measured in the same run, and transformers in bfloat16 where it
is installed beside TVM. Each figure is the median of ROUNDS.

Not part of `make bench`, which runs where there is no GPU.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tvm

from appliance.engine.compile.gpu.library import compile_gpu
from appliance.engine.decoding.model import Append
from appliance.engine.models.architecture import Architecture, Format, LayerKind, Rope
from appliance.engine.models.parameters import parameters
from appliance.engine.models.stored import Packed, Stored, Weights
from appliance.engine.running.device import Device
from appliance.engine.running.gpu import GpuModel, load_gpu_model
from tests import reference_model
from tests.unit.engine.gpu.models import TINY, numbers

ROUNDS = 9
PROMPT = 128
STEPS = 32
FORM = Format.Q4F16_1
RUNTIME = Path(tvm.__file__).parent / "lib" / "libtvm_runtime.so"
CLOSE = 2e-2
"""Of the largest logit: what float16 leaves of random weights' logits."""

EIGHT = Architecture(
    family="llama",
    hidden=4096,
    inner=14336,
    layers=(LayerKind(),) * 32,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocabulary=128256,
    context=8192,
    norm_eps=1e-5,
    ropes=(Rope(tuple(float(500000.0 ** (-i / 64)) for i in range(64))),),
    attention_scale=128**-0.5,
)
SMALL = (
    replace(TINY, context=2048),
    replace(EIGHT, layers=(LayerKind(), LayerKind(window=200)), vocabulary=512, inner=512),
    replace(TINY, head_dim=256, score_cap=20.0, logit_cap=30.0, context=2048, tied=True),
)


def require_gpu() -> None:
    """Ends with a sentence where there is no NVIDIA GPU that can be used."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        sys.exit("There is no NVIDIA driver on this machine: nothing was measured.")
    count = ctypes.c_int(0)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        sys.exit("The NVIDIA driver finds no GPU on this machine: nothing was measured.")


def built(folder: Path, weights: Weights, tokens: int) -> GpuModel:
    path = folder / f"{len([*folder.iterdir()])}.so"
    compile_gpu(weights.architecture, weights.format, "cuda", path)
    return load_gpu_model(weights, path, RUNTIME, device="cuda", cache_tokens=tokens)


def require_right(folder: Path) -> None:
    """Every kernel once: long and short passes, next tokens of one, several and many sequences."""
    for architecture in SMALL:
        for form in (Format.Q4F16_1, Format.Q0F16):
            held = numbers(architecture, form)
            tokens = np.random.default_rng(0).integers(0, architecture.vocabulary, 400).tolist()
            expected = reference_model.logits(architecture, held.plain, tokens)
            model = built(folder, held.stored, 40000)
            wrong = max(_differences(model, tokens, expected))
            print(f"  {architecture.head_dim} a head, {form.value}: {wrong:.1e} off the reference")
            if not wrong < CLOSE:
                sys.exit("The GPU computes wrongly: nothing was measured.")


def _differences(model: GpuModel, tokens: list[int], expected: Any) -> list[float]:  # noqa: ANN401
    sequence, top = model.add(), float(np.abs(expected).max())
    found = []
    for start, end in ((0, 300), (300, 330), (330, 331), (331, 336)):
        logits = model.forward([Append(sequence, tokens[start:end])])[0]
        found.append(float(np.abs(logits - expected[end - 1]).max()) / top)
    for several in (8, 40):
        forks = [model.fork(sequence, 336 - n) for n in range(several)]
        batch = [Append(fork, [tokens[336 - n]]) for n, fork in enumerate(forks)]
        logits = model.forward(batch)
        wanted = np.array([expected[336 - n] for n in range(several)])
        found.append(float(np.abs(logits - wanted).max()) / top)
        for fork in forks:
            model.remove(fork)
    return found


def random_weights(a: Architecture) -> Weights:
    """Codes and scales as trained models have them in size; what they say does not matter."""
    random = np.random.default_rng(0)
    stored: dict[str, Stored] = {}
    for p in parameters(a):
        if not p.is_matrix:
            stored[p.name] = np.ones(p.shape, np.float16)
            continue
        rows, columns = p.shape
        words = np.frombuffer(random.bytes(rows * columns // 2), np.uint32)
        scales = np.full((rows, columns // 32), 0.2 / columns**0.5, np.float16)
        stored[p.name] = Packed(words.reshape(rows, -1), scales, columns)
    return Weights(a, FORM, stored)


def timed(work: Callable[[], object]) -> float:
    """Median seconds, after two calls that are not counted."""
    work(), work()
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return median(spent)


def decode_seconds(model: GpuModel, sequences: int) -> float:
    """A next token for so many sequences at once."""
    held = [model.add() for _ in range(sequences)]
    model.forward([Append(s, [n + 1] * PROMPT) for n, s in enumerate(held)])

    def steps() -> None:
        for n in range(STEPS):
            model.forward([Append(s, [n + 1]) for s in held])
        for s in held:
            model.cut(s, PROMPT)

    seconds = timed(steps) / STEPS
    for s in held:
        model.remove(s)
    return seconds


def prefill_seconds(model: GpuModel, tokens: int) -> float:
    def once() -> None:
        sequence = model.add()
        model.forward([Append(sequence, [7] * tokens)])
        model.remove(sequence)

    return timed(once)


def copy_bandwidth() -> float:
    """Bytes a second that are read and written when the GPU copies within its own memory."""
    import tvm_ffi

    device = Device("cuda", RUNTIME)
    source, target = (device.put(np.zeros(1 << 30, np.uint8)) for _ in range(2))
    copy = tvm_ffi.get_global_func("runtime.TVMTensorCopyFromTo")
    probe = device.put(np.zeros(1, np.uint8))

    def copies() -> None:
        for _ in range(10):
            copy(source, target)
        device.get(probe, "uint8")  # waits for the device

    return 10 * 2 * (1 << 30) / timed(copies)


def matrix_peak() -> float | None:
    """Operations a second of the vendor's own product of halves, where PyTorch is installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    torch = importlib.import_module("torch")
    a, b = (torch.randn(8192, 8192, dtype=torch.float16, device="cuda") for _ in range(2))

    def product() -> None:
        a @ b
        torch.cuda.synchronize()

    return float(2 * 8192**3 / timed(product))


def transformers_figures() -> dict[str, float]:
    """Seconds of the same work by transformers in bfloat16; empty where it is not installed."""
    if importlib.util.find_spec("transformers") is None:
        return {}
    torch, library = (importlib.import_module(name) for name in ("torch", "transformers"))
    config = library.LlamaConfig(
        hidden_size=EIGHT.hidden, intermediate_size=EIGHT.inner, num_hidden_layers=32,
        num_attention_heads=32, num_key_value_heads=8, vocab_size=EIGHT.vocabulary,
        max_position_embeddings=EIGHT.context, rope_theta=500000.0,
    )  # fmt: skip
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        model = library.LlamaForCausalLM(config).eval()
        torch.set_default_dtype(torch.float32)
    found: dict[str, float] = {}

    @torch.inference_mode()
    def decode(batch: int) -> float:
        prompt = torch.full((batch, PROMPT), 7, device="cuda")

        def run(steps: int) -> float:
            held = model(prompt, use_cache=True, logits_to_keep=1).past_key_values
            torch.cuda.synchronize()
            start = time.perf_counter()
            for _ in range(steps):
                held = model(prompt[:, :1], past_key_values=held, use_cache=True).past_key_values
            torch.cuda.synchronize()
            return (time.perf_counter() - start) / steps

        run(2)
        return median(run(STEPS) for _ in range(ROUNDS))

    @torch.inference_mode()
    def prefill(tokens: int) -> float:
        prompt = torch.full((1, tokens), 7, device="cuda")

        def once() -> None:
            model(prompt, use_cache=True, logits_to_keep=1)
            torch.cuda.synchronize()

        return timed(once)

    for batch in (1, 8, 32):
        found[f"decode {batch}"] = decode(batch)
    for tokens in (128, 512, 2048):
        found[f"prefill {tokens}"] = prefill(tokens)
    return found


def main() -> None:
    require_gpu()
    with TemporaryDirectory(prefix="cloister-gpu-bench-") as place:
        folder = Path(place)
        print("Logits against the reference, on this GPU:")
        require_right(folder)
        weights = random_weights(EIGHT)
        model = built(folder, weights, 32 * (PROMPT + STEPS) + 4096)
        ours = {f"decode {n}": decode_seconds(model, n) for n in (1, 8, 32)}
        ours |= {f"prefill {n}": prefill_seconds(model, n) for n in (128, 512, 2048)}
        del model
    report(weights, ours)


def report(weights: Weights, ours: dict[str, float]) -> None:
    """The embedding's rows are looked up, not read through; the rest is read at each step."""
    print(Device("cuda", RUNTIME).facts())
    bandwidth, peak, theirs = copy_bandwidth(), matrix_peak(), transformers_figures()
    packed = {n: s for n, s in weights.stored.items() if isinstance(s, Packed) and n != "embed"}
    size = sum(s.words.nbytes + s.scales.nbytes for s in packed.values())
    products = 2 * sum(s.words.size * 8 for n, s in packed.items() if n != "head")
    print(f"copy bandwidth {bandwidth / 1e9:,.0f} GB/s, parameters read {size / 1e9:.2f} GB")
    print("matrix peak", f"{peak / 1e12:,.0f} TFLOP/s" if peak else "not measured: no PyTorch")
    for name, seconds in ours.items():
        kind, count = name.split()
        line = f"{name:14} {int(count) / seconds:10,.0f} tokens/s"
        if kind == "decode":
            line += f"  {size / seconds / bandwidth:6.1%} of the bandwidth bound"
        elif peak:
            line += f"  {products * int(count) / seconds / peak:6.1%} of the matrix peak"
        if name in theirs:
            line += f"  {theirs[name] / seconds:5.2f} x transformers in bfloat16"
        print(line)


if __name__ == "__main__":
    main()
