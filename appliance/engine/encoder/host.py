"""The engine host: a child process that turns texts into vectors and reads passages, and can do
nothing else.

Rules kept here: it holds no keys and never learns a path but its bundle's and that of the reader's
weights. Where those are missing or damaged it says so when it is asked to read, and makes vectors
all the same. The bundle is verified and loaded, then the sandbox goes on (no files, no sockets, no
new processes, a memory limit), then the first message says which guards hold; only after that a
text is read. It ends when its input ends. It writes to nothing but its one output pipe.

Run as `python -I -m appliance.engine.encoder.host <bundle folder> <reader folder>`, pipes on
descriptors 0 and 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from appliance.airgap.sandbox import SandboxLimits, enter_sandbox
from appliance.engine.encoder.bundle import Bundle, open_bundle
from appliance.engine.encoder.frames import pack_vectors, unpack_request
from appliance.engine.encoder.layout import MAX_TOKENS, params_size, tensors
from appliance.engine.encoder.minilm import CAPACITY, MiniLM, aligned
from appliance.engine.errors import BundleDamaged
from appliance.engine.framing import (
    FOREVER,
    Closed,
    Ready,
    Refusal,
    pack_ready,
    pack_refusal,
    read_frame,
    write_frame,
)
from appliance.engine.reading.frames import ReadRequest, pack_readings
from appliance.engine.reading.host import TextReader
from appliance.errors import CloisterError, EngineFailed
from appliance.values import ToRead, Vectors

MEMORY = 2 << 30
"""Bytes of address space; some 400 MB are in use, the rest are thread stacks and mappings."""


class TextEncoder:
    """Tokenizer and model together. One thread."""

    def __init__(self, bundle: Bundle) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(os.fspath(bundle.tokenizer))
        except Exception as error:  # the library raises bare Exception
            raise BundleDamaged("The encoder's tokenizer cannot be read.") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        params = aligned((params_size(),), np.uint8)
        with bundle.params.open("rb", buffering=0) as file:
            if file.readinto(params.data) != params_size():
                raise BundleDamaged("The encoder's parameters are cut short.")
        self._model = MiniLM(bundle.library, bundle.runtime, params)
        self.words = next(
            params[t.offset : t.offset + t.size].view(np.float32).reshape(t.shape)
            for t in tensors()
            if t.name == "words"
        )

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids with [CLS] and [SEP], at most MAX_TOKENS a text."""
        return [e.ids for e in self._tokenizer.encode_batch_fast(list(texts))]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), VECTOR_SIZE), one at least."""
        return np.concatenate([self._model.encode(part) for part in _fitting(self.tokens(texts))])


def _fitting(texts: Sequence[list[int]]) -> Iterator[list[list[int]]]:
    """Runs of texts that fit the workspace together."""
    part: list[list[int]] = []
    for text in texts:
        if part and sum(map(len, part)) + len(text) > CAPACITY:
            yield part
            part = []
        part.append(text)
    yield part


class Engine:
    """The encoder, and the reader or why there is none."""

    def __init__(self, bundle: Bundle, weights: Path) -> None:
        self.encoder = TextEncoder(bundle)
        self.reader: TextReader | CloisterError
        try:
            self.reader = TextReader(bundle, weights, self.encoder.words)
        except CloisterError as error:
            self.reader = error

    def warm(self) -> None:
        """What Python loads late, it loads now: no file can be opened later."""
        self.encoder.tokens(["one"])
        if isinstance(self.reader, TextReader):
            self.reader.rows("one", [ToRead("", "two", ((0, 3),))])

    def answer(self, untrusted: bytes) -> bytes:
        """The answer to a request. Raises CloisterError."""
        request = unpack_request(untrusted)
        if not isinstance(request, ReadRequest):
            return pack_vectors(self.encoder.encode(request))
        if isinstance(self.reader, CloisterError):
            raise self.reader
        return pack_readings(self.reader.read(request))


def _prepare(folder: Path, weights: Path, output: int) -> Engine:
    """Loads the bundle, locks this process in and says so."""
    bundle = open_bundle(folder)
    engine = Engine(bundle, weights)
    engine.warm()
    sandbox = enter_sandbox(
        SandboxLimits(memory=MEMORY, cpu_seconds=None, open_files=16, threads=True)
    )
    engine.encoder.encode(["The kernels' threads begin here, inside the sandbox."])
    ready = Ready(sandbox.platform, sandbox.guards, sandbox.missing, sandbox.landlock, bundle.level)
    write_frame(output, pack_ready(ready), FOREVER)
    return engine


def _answer(engine: Engine, request: bytes) -> bytes:
    try:
        return engine.answer(request)
    except CloisterError as error:
        return pack_refusal(Refusal(error.code, error.sentence, error.next_step))
    except MemoryError:
        return pack_refusal(
            Refusal(
                "engine_memory",
                "The engine has run out of memory.",
                "Close other programs and ask again.",
            )
        )


def serve(folder: Path, weights: Path, untrusted_input: int, output: int) -> None:
    """Answers requests until the input ends."""
    try:
        engine = _prepare(folder, weights, output)
    except CloisterError as error:
        refusal = Refusal(error.code, error.sentence, error.next_step)
        write_frame(output, pack_refusal(refusal), FOREVER)
        return
    while True:
        try:
            request = read_frame(untrusted_input, FOREVER)
        except Closed:
            return
        write_frame(output, _answer(engine, request), FOREVER)


def main() -> None:
    if len(sys.argv) != 3:
        raise EngineFailed("The engine host takes its bundle's folder and that of the reader.")
    # Nothing that prints by accident may reach the pipe the frames go through.
    output = os.dup(1)
    os.dup2(2, 1)
    serve(Path(sys.argv[1]), Path(sys.argv[2]), 0, output)


if __name__ == "__main__":
    main()
