"""A chat model on a GPU: the Model of decoding, on a library that was compiled for the bundle.

Rules kept here: only `tvm_ffi` and the runtime libraries are needed, no compiler and no `tvm`.
Which page holds what is decided here (copy_on_write.py), before the device is asked for anything,
so that a full cache changes nothing. What a sequence comes to does not depend on the others. Used
from one thread.

An export is a start (magic, fingerprint, tokens), the SHA-256 of all but itself, and for each layer
its pages in the library's own order; places past the last token are zero.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.engine.decoding.model import Append, CacheFull, Logits
from appliance.engine.models.architecture import Architecture
from appliance.engine.models.parameters import parameters
from appliance.engine.models.stored import Packed, Stored, Weights
from appliance.engine.running.copy_on_write import PAGE, Paging
from appliance.engine.running.device import Device, GpuUnusable, Inputs, Runtime
from appliance.engine.running.machine_code import require_code_for
from appliance.errors import EngineFailed

MAGIC = b"CLKV0001"
START = struct.Struct("<8s32sI")
DIGEST = 32
CHUNK = 2048
"""Tokens of one pass over the parameters; longer ones are taken in turns."""
SEQUENCES = 512
COLUMNS = 8
"""Page tables are as wide as a multiple of this, so that their shapes recur."""
STEPS = {"decode": 8, "batch": 64, "forward": CHUNK}
"""The library's forward passes and the most rows each is for; only `forward` is always there."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Tokens of one entry of a batch that one pass takes; ends says that they are its last."""

    entry: int
    start: int
    tokens: npt.NDArray[np.int32]
    ends: bool


def fingerprint(weights: Weights) -> bytes:
    """SHA-256 of all that decides what a token's keys and values are."""
    digest = hashlib.sha256(MAGIC + repr((weights.architecture, weights.format, PAGE)).encode())
    for p in parameters(weights.architecture):
        for part in _parts(weights.stored[p.name]):
            digest.update(np.ascontiguousarray(part).data)
    return digest.digest()


def _parts(stored: Stored) -> tuple[npt.NDArray[Any], ...]:
    return (stored.words, stored.scales) if isinstance(stored, Packed) else (stored,)


class GpuModel:
    """One model with its cache of `pages` pages (appliance.engine.decoding.model.Model)."""

    def __init__(
        self, weights: Weights, library: Path, device: Device, pages: int, context: int = 0
    ) -> None:
        """context: tokens of one sequence, 0 for as many as the model and the cache take."""
        a = weights.architecture
        self._a: Architecture = a
        self._context = min(a.context, context or a.context, pages * PAGE)
        self._device = device
        self._dtype = weights.format.dtype
        self._fingerprint = fingerprint(weights)
        self._paging = Paging(pages, SEQUENCES)
        self._machine = device.executable(library)
        self._steps = self._forward_functions()
        self._inputs = Inputs(device)
        self._parameters = [
            device.put(part) for p in parameters(a) for part in _parts(weights.stored[p.name])
        ]
        empty = np.zeros((pages, *self._page_shape), self._dtype)
        self._cache = [device.put(empty) for _ in a.layers]

    def _forward_functions(self) -> list[tuple[int, Callable[..., Any]]]:
        found: list[tuple[int, Callable[..., Any]]] = []
        for name, rows in STEPS.items():
            try:
                found.append((rows, self._machine[name]))
            except AttributeError:
                if name == "forward":
                    raise GpuUnusable("The model's library has no forward pass.") from None
        return found

    @property
    def _page_shape(self) -> tuple[int, ...]:
        return (2, self._a.kv_heads, PAGE, self._a.head_dim)

    @property
    def vocabulary(self) -> int:
        return self._a.vocabulary

    @property
    def context(self) -> int:
        return self._context

    @property
    def fingerprint(self) -> str:
        return self._fingerprint.hex()

    def add(self) -> int:
        return self._paging.add()

    def fork(self, sequence: int, length: int) -> int:
        return self._paging.fork(sequence, length)

    def cut(self, sequence: int, length: int) -> None:
        self._paging.cut(sequence, length)

    def remove(self, sequence: int) -> None:
        self._paging.remove(sequence)

    def length(self, sequence: int) -> int:
        return self._paging[sequence].length

    def free_tokens(self) -> int:
        return self._paging.free_pages() * PAGE

    def forward(self, batch: Sequence[Append]) -> Logits:
        arrays = self._checked(batch)
        starts = [self.length(append.sequence) for append in batch]
        room = {append.sequence: len(append.tokens) for append in batch}
        copies = self._paging.reserve(room)
        if copies:
            self._copy([c.source for c in copies], [c.target for c in copies])
        logits = np.empty((len(batch), self._a.vocabulary), np.float32)
        for spans in _passes(arrays):
            found = self._pass(batch, starts, spans)
            for row, span in enumerate(spans):
                if span.ends:
                    logits[span.entry] = found[row]
        return logits

    def _checked(self, batch: Sequence[Append]) -> list[npt.NDArray[np.int32]]:
        if len({append.sequence for append in batch}) != len(batch):
            raise ValueError("a sequence stands in a batch at most once")
        arrays = []
        for append in batch:
            tokens = np.asarray(append.tokens, np.int64)
            if not tokens.size or tokens.min() < 0 or tokens.max() >= self._a.vocabulary:
                raise ValueError("a batch entry has tokens, all of them in the vocabulary")
            if self.length(append.sequence) + tokens.size > self._context:
                raise ValueError("the sequence would outgrow the model's context")
            arrays.append(tokens.astype(np.int32))
        return arrays

    def _pass(self, batch: Sequence[Append], starts: list[int], spans: list[_Span]) -> Logits:
        """Logits after the last token of each span, shape (len(spans), vocabulary)."""
        counts = np.array([span.tokens.size for span in spans])
        firsts = np.array([starts[span.entry] + span.start for span in spans])
        pages = [self._paging[batch[span.entry].sequence].pages for span in spans]
        ends = np.cumsum(counts)
        most = int(max(firsts + counts))
        table = np.zeros((len(spans), -(-most // (PAGE * COLUMNS)) * COLUMNS), np.int32)
        for line, (own, last) in enumerate(zip(pages, firsts + counts, strict=True)):
            used = -(-int(last) // PAGE)
            table[line, :used] = own[:used]
        owners = np.repeat(np.arange(len(spans)), counts)
        positions = np.arange(ends[-1]) - np.repeat(ends - counts - firsts, counts)
        slots = table[owners, positions // PAGE] * PAGE + positions % PAGE
        tokens = np.concatenate([span.tokens for span in spans])
        edges = np.concatenate([[0], ends])
        given = (tokens, positions, owners, slots, edges, firsts + counts, ends - 1, table)
        step = next(call for rows, call in self._steps if tokens.size <= rows)
        try:
            found = step(*self._inputs.put(given), self._cache, self._parameters)
            return self._device.get(found, "float32")
        except RuntimeError as error:
            raise GpuUnusable(f"The GPU stopped while it computed: {_brief(error)}") from error

    def _copy(self, sources: list[int], targets: list[int]) -> None:
        held = self._machine["read"](self._numbers(sources), self._cache)
        self._machine["write"](self._numbers(targets), held, self._cache)

    def _numbers(self, pages: list[int]) -> Any:  # noqa: ANN401
        return self._device.put(np.array(pages, np.int32))

    def export(self, sequence: int, length: int) -> bytes:
        held = self._paging[sequence]
        if not 0 < length <= held.length:
            raise ValueError("at least one token is exported and at most all of them")
        used = held.pages[: -(-length // PAGE)]
        layers = []
        for tensor in self._machine["read"](self._numbers(used), self._cache):
            pages = self._device.get(tensor, self._dtype)
            if length % PAGE:
                pages[-1, :, :, length % PAGE :] = 0
            layers.append(pages.tobytes())
        body = b"".join(layers)
        start = START.pack(MAGIC, self._fingerprint, length)
        return start + hashlib.sha256(start + body).digest() + body

    def adopt(self, untrusted: bytes) -> int:
        length = self._require_export(untrusted)
        count = -(-length // PAGE)
        if count > self._paging.free_pages():
            raise CacheFull("The model's memory for texts is full.")
        body = np.frombuffer(untrusted, self._dtype, offset=START.size + DIGEST)
        layers = body.reshape(len(self._a.layers), count, *self._page_shape)
        number = self._paging.add(count, length)
        data = [self._device.put(layer) for layer in layers]
        self._machine["write"](self._numbers(self._paging[number].pages), data, self._cache)
        return number

    def _require_export(self, untrusted: bytes) -> int:
        """Its number of tokens. Raises EngineFailed for what is no export of this model."""
        if len(untrusted) < START.size + DIGEST:
            raise EngineFailed("The saved start of a text is cut short.")
        magic, model, length = START.unpack_from(untrusted)
        if magic != MAGIC or model != self._fingerprint:
            raise EngineFailed("The saved start of a text belongs to another model.")
        page = int(np.prod(self._page_shape)) * np.dtype(self._dtype).itemsize
        size = -(-length // PAGE) * page * len(self._a.layers)
        if not 0 < length <= self._context or len(untrusted) != START.size + DIGEST + size:
            raise EngineFailed("The saved start of a text has a wrong length.")
        digest = hashlib.sha256(untrusted[: START.size])
        digest.update(memoryview(untrusted)[START.size + DIGEST :])
        if digest.digest() != untrusted[START.size : START.size + DIGEST]:
            raise EngineFailed("The saved start of a text is damaged.")
        return int(length)


def _passes(arrays: list[npt.NDArray[np.int32]]) -> Iterator[list[_Span]]:
    """The tokens in passes of at most CHUNK, each entry's in order."""
    spans: list[_Span] = []
    room = CHUNK
    for entry, tokens in enumerate(arrays):
        start = 0
        while start < tokens.size:
            part = tokens[start : start + room]
            ends = start + part.size == tokens.size
            spans.append(_Span(entry, start, part, ends))
            start, room = start + part.size, room - part.size
            if not room:
                yield spans
                spans, room = [], CHUNK
    if spans:
        yield spans


def load_gpu_model(
    weights: Weights,
    library: Path,
    runtime: Runtime,
    *,
    device: str = "cuda",
    cache_tokens: int,
    context: int = 0,
) -> GpuModel:
    """The model on a device, "cuda", "metal" or "cpu" (a library compiled for llvm), with room for
    cache_tokens tokens, `context` of them in one sequence (0: as many as the model takes). runtime
    is libtvm_runtime; what a device needs beside it lies next to it. Raises GpuUnusable, or
    MachineCodeMissing for a library that was not made for this GPU."""
    try:
        place = Device(device, runtime)
        if device == "cuda":
            require_code_for(library, place.facts().compute)
        return GpuModel(weights, library, place, -(-cache_tokens // PAGE), context)
    except (OSError, RuntimeError) as error:
        sentence = f"The model cannot be loaded on the device {device}: {_brief(error)}"
        raise GpuUnusable(sentence) from error


def _brief(error: Exception) -> str:
    """The start of what a runtime says, which goes on for pages."""
    return str(error).partition("\n")[0].partition(" : ")[0][:200]
