"""The desk's side of the engine host: starts it, asks it, starts it anew when it dies.

Rules kept here: starting never makes the window wait; nothing the host says is trusted unchecked;
it gets no text before it has shown that its sandbox is on. A host that dies, hangs or answers
nonsense is ended and an EngineFailed is raised; the next call starts a fresh one. Everything may
be called from several threads at once; a question never waits for more than one small piece of an
import.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from appliance import processes
from appliance.airgap.sandbox import Sandbox, SandboxUnavailable, require_sandbox
from appliance.engine import reaping
from appliance.engine.encoder.bundle import read_manifest, read_tokenizer
from appliance.engine.encoder.frames import pack_texts, unpack_vectors
from appliance.engine.encoder.turn import Turns
from appliance.engine.environment import child_environment, cores
from appliance.engine.errors import (
    BundleDamaged,
    BundleMissing,
    FrameInvalid,
    MachineUnsupported,
)
from appliance.engine.framing import (
    Ready,
    Refusal,
    TimedOut,
    read_frame,
    unpack_ready,
    write_frame,
)
from appliance.engine.quoting.quote import quote
from appliance.engine.quoting.ranking import KEEP, ranked, to_read
from appliance.engine.quoting.words import Rarity, read_rarity
from appliance.engine.reading.frames import ReadRequest, pack_read, unpack_readings
from appliance.engine.reading.weights import are_there, default_reader_folder, read_facts
from appliance.errors import EngineFailed
from appliance.values import VECTOR_SIZE, Answer, Reading, Scored, ToRead, Vectors

Content = TypeVar("Content")

PIECE_TEXTS = 16
PIECE_CHARACTERS = 2_400
"""What one request of an import holds at most: about 500 tokens, a twentieth of a second."""
URGENT_CHARACTERS = 9_000
"""Requests up to this size are a question or what quoting asks, and go first."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for the host to start, and for one request."""

    start: float = 60.0
    request: float = 30.0


class EngineHost:
    """The encoder and the reader, in a process of their own. `reader` is the folder of the
    reader's weights; the one that comes with the program if None."""

    def __init__(
        self,
        bundle: Path,
        *,
        reader: Path | None = None,
        command: Sequence[str] | None = None,
        threads: int | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._folder = bundle
        self._reader_folder = (reader or default_reader_folder()).resolve()
        self._command = tuple(command or processes.command(processes.ENCODER_HOST))
        self._threads = threads or min(8, cores())
        self._patience = patience or Patience()
        self._turns = Turns()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Ready | None = None
        self._closed = False
        self._starter: threading.Thread | None = None
        self._model = ""
        self._rarity: Rarity | None = None

    @property
    def model(self) -> str:
        """What made the vectors: a name and the beginning of the weights' hash. Raises
        BundleMissing or BundleDamaged."""
        if not self._model:
            self._model = read_manifest(self._folder).model
        return self._model

    @property
    def sandbox(self) -> Sandbox | None:
        """What the running host proved to be on; None before the first start."""
        ready = self._ready
        if ready is None:
            return None
        return ready.sandbox

    def start(self) -> None:
        """Starts the host in the background; returns at once. What goes wrong is raised by the
        first call that needs it."""
        if self._starter is None:
            self._starter = threading.Thread(
                target=self._start_quietly, name="engine-start", daemon=True
            )
            self._starter.start()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), VECTOR_SIZE); what is longer than 256 tokens is cut.

        Raises EngineFailed (or a subclass that says what is wrong with the bundle or the machine).
        """
        urgent = sum(map(len, texts)) <= URGENT_CHARACTERS
        parts = [self._request(piece, urgent=urgent) for piece in _pieces(texts, whole=urgent)]
        return np.concatenate(parts) if parts else np.zeros((0, VECTOR_SIZE), np.float32)

    def rank(self, question: str, found: Sequence[Scored]) -> tuple[Scored, ...]:
        """The same passages as the reader ranks them, best first; the first of them with what it
        read. Raises EngineFailed."""
        return ranked(found, self.read(question, to_read(found), KEEP))

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
        """The sentences of ranked passages that answer, or an Answer without sentences.

        Raises EngineFailed."""
        return quote(question, passages, self._rare(), self.reader)

    @property
    def reads(self) -> bool:
        """Whether the reader's weights are there. `read` raises where they are not."""
        return are_there(self._reader_folder)

    @property
    def reader(self) -> str:
        """What reads: a name and the beginning of the weights' hash. Raises BundleMissing or
        BundleDamaged."""
        return read_facts(self._reader_folder).model

    def read(self, question: str, passages: Sequence[ToRead], keep: int) -> tuple[Reading, ...]:
        """One Reading a passage, in their order: the `keep` that look best after the first layers
        (their look and their `prior` added) are read whole. Goes before an import.

        At most 64 passages of 16,384 characters and 400 sentences. Raises EngineFailed
        (BundleMissing where there are no weights)."""
        if not passages:
            return ()
        request = ReadRequest(question, tuple(passages), keep)
        return self._ask(
            pack_read(request), lambda answer: unpack_readings(answer, request), urgent=True
        )

    def close(self) -> None:
        """Ends the host. Waits for the request that is running; further calls raise."""
        self._closed = True
        with self._turns.take(urgent=True):
            self._end()

    def _rare(self) -> Rarity:
        """The vocabulary's order, read once; two threads at once read it twice and agree."""
        if self._rarity is None:
            self._rarity = read_rarity(read_tokenizer(self._folder))
        return self._rarity

    # --- one request --------------------------------------------------------------------------

    def _request(self, texts: Sequence[str], *, urgent: bool) -> Vectors:
        return self._ask(
            pack_texts(texts), lambda answer: unpack_vectors(answer, len(texts)), urgent=urgent
        )

    def _ask(
        self, payload: bytes, unpack: Callable[[bytes], Content | Refusal], *, urgent: bool
    ) -> Content:
        with self._turns.take(urgent=urgent):
            process = self._running()
            try:
                answer = unpack(
                    _exchange(process, payload, time.monotonic() + self._patience.request)
                )
            except FrameInvalid as error:
                raise self._failure(error) from error
        if isinstance(answer, Refusal):
            raise _refused(answer)
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        """The host, started if need be. The turn is held."""
        if self._closed:
            raise EngineFailed("The engine has been closed.", hint="Start Cloister again.")
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = self._spawn()
        try:
            answer = unpack_ready(
                read_frame(_output(self._process), time.monotonic() + self._patience.start)
            )
        except FrameInvalid as error:
            raise self._failure(error) from error
        if isinstance(answer, Refusal):
            self._end()
            raise _refused(answer)
        self._ready = answer
        try:
            require_sandbox(answer.sandbox)
        except SandboxUnavailable as error:
            self._end()
            raise EngineFailed(error.sentence, hint=error.next_step) from error
        return self._process

    def _spawn(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self._command, os.fspath(self._folder), os.fspath(self._reader_folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=child_environment(self._threads),
                cwd="/",
            )
        except OSError as error:
            raise EngineFailed(f"The engine cannot be started ({error.strerror}).") from error

    def _start_quietly(self) -> None:
        try:
            with self._turns.take(urgent=False):
                if not self._closed:
                    self._running()
            self._rare()
        except EngineFailed:
            return  # the first call that needs the engine starts it again and raises this

    def _failure(self, error: FrameInvalid) -> EngineFailed:
        """Ends the host and says how it failed."""
        process, ended = self._process, None
        if process is not None and not isinstance(error, TimedOut):
            try:
                ended = process.wait(2.0)
            except subprocess.TimeoutExpired:
                ended = None
        self._end()
        if isinstance(error, TimedOut):
            return EngineFailed("The engine has not answered in time and was ended.")
        if ended is not None and ended < 0:
            name = signal.Signals(-ended).name
            return EngineFailed(f"The engine has stopped unexpectedly ({name}).")
        if ended is not None:
            return EngineFailed(f"The engine has stopped unexpectedly (exit status {ended}).")
        return EngineFailed(error.sentence)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        reaping.kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _pieces(texts: Sequence[str], *, whole: bool) -> Iterator[Sequence[str]]:
    """Small requests of a long list, so that others get their turn in between."""
    if whole and len(texts) <= 64:
        if texts:
            yield texts
        return
    piece: list[str] = []
    size = 0
    for text in texts:
        # No more than some 1,200 characters of a text become tokens.
        weight = min(len(text), 1_200)
        if piece and (len(piece) == PIECE_TEXTS or size + weight > PIECE_CHARACTERS):
            yield piece
            piece, size = [], 0
        piece.append(text)
        size += weight
    if piece:
        yield piece


def _exchange(process: subprocess.Popen[bytes], payload: bytes, deadline: float) -> bytes:
    if process.stdin is None:
        raise FrameInvalid("The engine has no input.")
    write_frame(process.stdin.fileno(), payload, deadline)
    return read_frame(_output(process), deadline)


def _output(process: subprocess.Popen[bytes]) -> int:
    if process.stdout is None:
        raise FrameInvalid("The engine has no output.")
    return process.stdout.fileno()


def _refused(refusal: Refusal) -> EngineFailed:
    kinds = {kind.code: kind for kind in (BundleMissing, BundleDamaged, MachineUnsupported)}
    return kinds.get(refusal.code, EngineFailed)(refusal.sentence, hint=refusal.hint)
