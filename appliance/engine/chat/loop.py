"""The chat host's loop: orders in, one step of all running requests, what came of it out.

Rules kept here: a bundle is opened, then the sandbox goes on, then the model is loaded and Ready
is said; only after that an order is read. Orders are read between two steps, never waited for
while a request is running, so that a cancelled one ends within one token. What one request does
wrong ends that request; what the process cannot go on from ends the process, with a Refusal where
it still can be said. What an engine is stands in the Protocols; assembling.py makes the real one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np

from appliance.airgap.sandbox import SandboxLimits, enter_sandbox
from appliance.engine.chat.errors import EngineStopped
from appliance.engine.chat.messages import (
    Cancel,
    ChatReady,
    Chunk,
    Count,
    Counts,
    Export,
    Known,
    Order,
    Pin,
    Pinned,
    Prefix,
    Report,
    Submit,
    Whole,
    Working,
    chunks,
)
from appliance.engine.chat.packing import pack_chat_ready, pack_report, unpack_order
from appliance.engine.decoding.request import Finished, Message, Piece, Rejected, Reply, Request
from appliance.engine.errors import FrameInvalid
from appliance.engine.framing import (
    FOREVER,
    Arrivals,
    Closed,
    Ready,
    Refusal,
    pack_refusal,
    write_frame,
)
from appliance.errors import CloisterError, EngineFailed

SIGN = 0.5
"""Seconds of silent work after which the desk is told that work goes on."""
OUT_OF_MEMORY = Refusal(
    "engine_memory",
    "The model has run out of memory.",
    "Close other programs and ask again, or ask your IT department for a smaller model.",
)


class Engine(Protocol):
    """A loaded model with tokenizer, template and scheduler. One thread."""

    @property
    def context(self) -> int: ...

    @property
    def vocabulary(self) -> int: ...

    @property
    def device(self) -> str:
        """ "cpu" or "gpu"."""

    @property
    def fingerprint(self) -> str:
        """Hex; exported prefixes are adopted under the same one alone."""

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do."""

    def submit(self, request: Request) -> None:
        """Takes the request on. Raises CloisterError for one that cannot be carried out."""

    def cancel(self, request: int) -> None:
        """Ends it; the next step says Finished. One that is over is left alone."""

    def step(self) -> Sequence[Reply]:
        """A bounded piece of work: one token of every running request, or a part of a prompt."""

    def count(self, texts: Sequence[str]) -> Sequence[int]:
        """Tokens of each text."""

    def prefix(self, messages: Sequence[Message]) -> Sequence[int]:
        """The tokens that every conversation begins with that begins with these messages."""

    def pin(self, request: int, tokens: Sequence[int]) -> None:
        """Computes these tokens, step by step beside the others, and keeps them in the cache; says
        Finished of this request once they are."""

    def export(self, tokens: Sequence[int]) -> bytes:
        """The cache of pinned tokens."""

    def adopt(self, tokens: Sequence[int], untrusted: bytes) -> None:
        """Pins tokens without computing them. Raises EngineFailed for bytes that are not an
        export of these tokens by this model."""


class Opened(Protocol):
    """A verified bundle of which every file and library is open; nothing was worked on yet."""

    @property
    def model(self) -> str: ...

    @property
    def level(self) -> str:
        """The library chosen for this machine."""

    @property
    def limits(self) -> SandboxLimits: ...

    def load(self) -> Engine:
        """Inside the sandbox: reads the tokenizer and the template, loads the parameters."""


def serve(open_bundle: Callable[[], Opened], untrusted_input: int, output: int) -> None:
    """Answers orders until the input ends. Raises SystemExit after a Refusal."""
    try:
        engine = _prepare(open_bundle, output)
        _Loop(engine, Arrivals(untrusted_input), output).run()
    except Closed:
        return
    except CloisterError as error:
        _give_up(output, Refusal(error.code, error.sentence, error.next_step))
    except MemoryError:
        _give_up(output, OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001 - whatever breaks ends this process and is named
        sentence = f"The model's process has failed ({type(error).__name__})."
        _give_up(output, Refusal(EngineStopped.code, sentence, EngineStopped.hint))


def _give_up(output: int, refusal: Refusal) -> None:
    with suppress(Closed):  # the desk may be gone already
        write_frame(output, pack_refusal(refusal), FOREVER)
    raise SystemExit(1)


def _prepare(open_bundle: Callable[[], Opened], output: int) -> Engine:
    """Opens the bundle, locks this process in, loads the model and says so."""
    opened = open_bundle()
    sandbox = enter_sandbox(opened.limits)
    engine = opened.load()
    guards = Ready(
        sandbox.platform, sandbox.guards, sandbox.missing, sandbox.landlock, opened.level
    )
    ready = ChatReady(
        guards, opened.model, engine.context, engine.vocabulary, engine.device, engine.fingerprint
    )
    write_frame(output, pack_chat_ready(ready), FOREVER)
    return engine


class _Loop:
    def __init__(self, engine: Engine, arrivals: Arrivals, output: int) -> None:
        self._engine = engine
        self._arrivals = arrivals
        self._output = output
        self._prefixes: dict[int, tuple[int, ...]] = {}
        self._adopting: dict[int, Whole] = {}
        self._pinning: set[int] = set()
        self._said = time.monotonic()

    def run(self) -> None:
        """Raises Closed when the input ends."""
        while True:
            for untrusted in self._arrivals.read(wait=not self._engine.busy):
                self._obey(unpack_order(untrusted))
            if self._engine.busy:
                for reply in self._engine.step():
                    self._pass_on(reply)
            if self._engine.busy and time.monotonic() - self._said > SIGN:
                self._say(Working())

    def _pass_on(self, reply: Reply) -> None:
        if reply.request not in self._pinning:
            self._say(reply)
        elif not isinstance(reply, Piece):
            self._pinning.discard(reply.request)
            self._say(Pinned(reply.request) if isinstance(reply, Finished) else reply)

    def _say(self, report: Report) -> None:
        write_frame(self._output, pack_report(report), FOREVER)
        self._said = time.monotonic()

    def _obey(self, order: Order) -> None:
        number = order.request.id if isinstance(order, Submit) else order.id
        try:
            self._carry_out(order)
        except FrameInvalid:
            raise
        except CloisterError as error:
            self._say(Rejected(number, error.code, error.sentence, error.next_step))

    def _carry_out(self, order: Order) -> None:
        match order:
            case Submit(request):
                self._engine.submit(request)
            case Cancel(number):
                self._engine.cancel(number)
            case Count(number, texts):
                self._say(Counts(number, tuple(self._engine.count(texts))))
            case Prefix(number, messages):
                self._learn(number, messages)
            case Pin(number):
                self._engine.pin(number, self._tokens(number))
                self._pinning.add(number)
            case Export(number):
                for chunk in chunks(number, self._engine.export(self._tokens(number))):
                    self._say(chunk)
            case Chunk():
                self._adopt(order)

    def _learn(self, number: int, messages: Sequence[Message]) -> None:
        tokens = tuple(self._engine.prefix(messages))
        self._prefixes[number] = tokens
        self._say(Known(number, digest(tokens), len(tokens)))

    def _tokens(self, number: int) -> tuple[int, ...]:
        tokens = self._prefixes.get(number)
        if not tokens:
            raise EngineFailed("There is no such prefix.")
        return tokens

    def _adopt(self, chunk: Chunk) -> None:
        whole = self._adopting.setdefault(chunk.id, Whole())
        untrusted = whole.add(chunk)
        if untrusted is not None:
            del self._adopting[chunk.id]
            self._engine.adopt(self._tokens(chunk.id), untrusted)
            self._say(Pinned(chunk.id))


def digest(tokens: Sequence[int]) -> str:
    """SHA-256 over the tokens as little-endian 32-bit numbers, in hex."""
    return hashlib.sha256(np.asarray(tokens, "<u4").tobytes()).hexdigest()
