"""The desk's chat model: asks the host, starts it anew when it has failed, and says what happened.

Rules kept here: starting never makes the window wait; several asks share one host; an ask that is
given up is cancelled in the host. A host that dies, hangs, runs out of memory or talks nonsense
ends every ask that runs on it with an EngineFailed, and the next one starts a fresh host; one that
fails again and again is left alone for a while. A GPU that fails is replaced by the processor, and
`note` says so.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from appliance import processes
from appliance.airgap.sandbox import Sandbox
from appliance.engine.chat.errors import (
    EngineHung,
    EngineRestarting,
    EngineStopped,
    RequestRejected,
)
from appliance.engine.chat.messages import MAX_TEXT, MAX_TEXTS, ChatReady, Count, Counts, Submit
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.preflight import Gpu, NoGpu
from appliance.engine.chat.process import HEARTBEAT, LASTING, HostProcess, Patience, again
from appliance.engine.chat.starting import Start
from appliance.engine.chat.warming import keep_prefix
from appliance.engine.decoding.request import Finished, Message, Piece, Rejected, Request, Sampling
from appliance.engine.environment import child_environment, cores
from appliance.engine.errors import (
    BundleDamaged,
    BundleMissing,
    BundleUntrusted,
    ContextShort,
    ModelDamaged,
    ModelMissing,
)
from appliance.errors import EngineFailed
from appliance.settings import user_file

UNFIT = (BundleMissing, BundleDamaged, BundleUntrusted, ModelMissing, ModelDamaged)
"""What is wrong with a model on any device."""
BATCH = 8 << 20
"""Characters that one message asks to count."""


class ChatHost:
    """A chat model in a process of its own. Every method may be called from any thread."""

    def __init__(
        self,
        bundle: Path,
        *,
        model: str = "",
        accepted: str = "",
        command: Sequence[str] | None = None,
        threads: int | None = None,
        context_tokens: int = 0,
        least_context: int = 0,
        exact: bool = False,
        patience: Patience | None = None,
        gpu: Callable[[], Gpu | NoGpu] = NoGpu,
        system: Sequence[Message] = (),
        prefixes: PrefixStore | None = None,
    ) -> None:
        """model: the bundle's id, where it is known before the host says it. accepted: the hash of
        the manifest, where an administrator accepted it unsigned. context_tokens: of one
        conversation, 0 for as many as are usual; least_context: one that takes fewer is not
        used. exact: nothing is rounded to eight bits. gpu: finds out, once, whether there is one
        to use. system: what every conversation begins with; it is computed after each
        start, or taken from `prefixes`."""
        self._folder = bundle
        self._model = model
        self._accepted = accepted
        self._command = tuple(command or processes.command(processes.CHAT_HOST))
        self._threads = threads or cores()
        self._context_tokens = context_tokens
        self._least_context = least_context
        self._arithmetic = "exact" if exact else "fast"
        self._patience = patience or Patience()
        self._probe = gpu
        self._system = tuple(system)
        self._prefixes = prefixes
        self._lock = threading.Lock()
        self._start: Start | None = None
        self._closed = False
        self._restarts: deque[float] = deque(maxlen=self._patience.restarts)
        self._ready: ChatReady | None = None
        self._gpu: Gpu | NoGpu | None = None
        self._note = ""
        self._notice = ""

    # --- what it is ---------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Name and version. Unless it was known before, it waits for the host's first start, as
        `context` and `device` do, and raises EngineFailed if that fails."""
        return self._model or self._known().model

    @property
    def folder(self) -> Path:
        """The bundle's."""
        return self._folder

    @property
    def context(self) -> int:
        """Tokens of prompt and answer together, at most."""
        return self._known().context

    @property
    def device(self) -> str:
        """ "cpu", or the GPU's name."""
        known, gpu = self._known(), self._gpu
        return gpu.name if known.device != "cpu" and isinstance(gpu, Gpu) else known.device

    @property
    def note(self) -> str:
        """What the person should know about how the model runs; mostly empty."""
        return self._note

    @property
    def problem(self) -> EngineFailed | None:
        """Why the model could not be started, as long as another start is not worth trying: for
        good, for RETRY seconds where the reason may pass, or until a host that fails again and
        again may be started anew. None while a start is under way."""
        with self._lock:
            start = self._start
            if start is None or start.problem is not None:
                return start.problem if start is not None else None
            failure = start.failure
            return self._restless(failure) if failure is not None else None

    @property
    def starting(self) -> bool:
        """Whether a start is under way."""
        start = self._start
        return start is not None and not start.done.is_set()

    @property
    def notice(self) -> str:
        """What was found wrong and mended without the person's doing, for `cloister doctor`."""
        kept = self._prefixes.notice if self._prefixes is not None else ""
        return kept or self._notice

    @property
    def sandbox(self) -> Sandbox | None:
        """What the running host proved to be on; None before the first start."""
        return self._ready.guards.sandbox if self._ready is not None else None

    # --- asking -------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the host in the background; returns at once. What goes wrong is raised by the
        first call that needs it."""
        with self._lock:
            if not self._closed:
                self._begin()

    def generate(
        self, messages: Sequence[Message], sampling: Sampling, go_on: Callable[[], None]
    ) -> Iterator[Piece | Finished]:
        """The answer piece by piece; the last thing is Finished.

        `go_on` is called before every piece and ten times a second while nothing comes; what it
        raises cancels the request and comes out, and so does closing the generator. Raises
        EngineFailed subclasses, also after some pieces."""
        host = self._running(go_on)
        asked = host.ask(
            lambda number: Submit(Request(number, tuple(messages), sampling)),
            (Piece, Finished, Rejected),
            most=sampling.max_tokens + 2,  # a piece a token, what was held back, the end
            ends=(Finished, Rejected),
        )
        try:
            while True:
                report = host.receive(asked, go_on)
                go_on()
                if isinstance(report, Piece):
                    yield report
                elif isinstance(report, Finished):
                    yield report
                    return
        finally:
            host.leave(asked)

    def count(self, texts: Sequence[str], go_on: Callable[[], None] | None = None) -> list[int]:
        """Tokens of each text, as a part of a prompt. `go_on` as in `generate`."""
        counts: list[int] = []
        for batch in _batches(texts):
            counts += self._count(tuple(batch), go_on or _patiently)
        return counts

    def _count(self, texts: tuple[str, ...], go_on: Callable[[], None]) -> tuple[int, ...]:
        host = self._running(go_on)
        asked = host.ask(
            lambda number: Count(number, texts), (Counts, Rejected), most=1, ends=(Counts, Rejected)
        )
        try:
            report = host.receive(asked, go_on)
        finally:
            host.leave(asked)
        if not isinstance(report, Counts) or len(report.counts) != len(texts):
            raise host.end(EngineStopped("The model's process miscounted and was ended."))
        return report.counts

    def wait(self, go_on: Callable[[], None]) -> None:
        """Until the host is ready; `go_on` as in `generate`. Raises EngineFailed."""
        self._running(go_on)

    def rest(self) -> None:
        """Ends the host, and gives its memory back; the next call starts it again."""
        with self._lock:
            start, self._start = self._start, None
        if start is not None:
            start.end(EngineFailed("The model was ended to make room for another."))

    def close(self) -> None:
        """Ends the host at once, whatever it is doing; further calls raise."""
        with self._lock:
            self._closed = True
            start = self._start
        if start is not None:
            start.end(_closed())

    # --- the host behind it -------------------------------------------------------------------

    def _known(self) -> ChatReady:
        if self._ready is None:
            self._running(_patiently)
        if self._ready is None:
            raise EngineFailed("The model has not said what it is.")
        return self._ready

    def _running(self, go_on: Callable[[], None]) -> HostProcess:
        """A host that is ready; waits for one to start, if need be."""
        with self._lock:
            if self._closed:
                raise _closed()
            start = self._begin()
        while not start.done.wait(HEARTBEAT):
            go_on()
        return start.host()

    def _begin(self) -> Start:
        """The start under way or done; a new one where that has failed. The lock is held."""
        failure = self._start.failure if self._start is not None else None
        if self._start is None or failure is not None:
            if failure is not None:
                restless = self._restless(failure)
                if restless is not None:
                    raise restless
                self._restarts.append(time.monotonic())
            self._start = Start(self._bring_up, failure)
        return self._start

    def _restless(self, failure: EngineFailed) -> EngineFailed | None:
        """Why it is not started anew, if it has been too often of late. The lock is held."""
        now = time.monotonic()
        recent = [moment for moment in self._restarts if now - moment < self._patience.window]
        if len(recent) < self._patience.restarts:
            return None
        if isinstance(failure, LASTING):
            return again(failure)
        return EngineRestarting(
            f"The model has failed {len(recent) + 1} times in a short while and is not started "
            f"again for now. {failure.sentence}"
        )

    def _bring_up(self, start: Start, before: EngineFailed | None) -> None:
        """In a thread of its own: starts the host and, once asks can be served, prepares what all
        of them begin with."""
        try:
            host, ready = self._launch(start, before)
        except EngineFailed as error:
            start.fail(error)
            return
        except Exception as error:
            start.fail(EngineStopped(f"The model cannot be started ({type(error).__name__})."))
            raise
        self._ready = ready
        start.succeed()
        try:
            keep_prefix(host, ready, self._system, self._prefixes)
        except EngineFailed as error:
            # Asks are served all the same, only slower; a host that has died says so to the next.
            self._notice = error.sentence

    def _launch(self, start: Start, before: EngineFailed | None) -> tuple[HostProcess, ChatReady]:
        """The GPU first, where there is one that has not failed yet."""
        if self._gpu is None:
            self._gpu = self._probe()
            if isinstance(self._gpu, NoGpu) and self._gpu.reason:
                self._without_gpu(self._gpu.reason)
        elif isinstance(self._gpu, Gpu) and isinstance(before, EngineStopped | EngineHung):
            self._without_gpu(before.sentence.rstrip("."))
        if isinstance(self._gpu, Gpu):
            try:
                return self._spawn(start, "gpu")
            except (*UNFIT, ContextShort):
                raise
            except EngineFailed as error:
                if self._closed:
                    raise
                self._without_gpu(error.sentence.rstrip("."))
        return self._spawn(start, "cpu")

    def _without_gpu(self, reason: str) -> None:
        self._gpu = NoGpu(reason)
        self._note = f"The GPU cannot be used ({reason}); the processor is used instead."

    def _spawn(self, start: Start, device: str) -> tuple[HostProcess, ChatReady]:
        command = (*self._command, os.fspath(self._folder), device, self._accepted)
        # Who may sign models is looked up in the same place as when this one was installed.
        signers = {"XDG_CONFIG_HOME": os.fspath(user_file().parent.parent)}
        command = (*command, str(self._context_tokens), self._arithmetic)
        environment = child_environment(self._threads) | signers
        host = HostProcess(command, environment, self._patience)
        start.attach(host)
        ready = host.wait_ready()
        if self._model not in ("", ready.model):
            raise host.end(EngineStopped("The model that was started is not the one asked for."))
        if ready.context < self._least_context:
            raise host.end(
                ContextShort(
                    f"The model {ready.model} takes {ready.context:,} tokens at once; answers need "
                    f"{self._least_context:,}."
                )
            )
        return host, ready


def _patiently() -> None:
    """Nothing to look after while waiting."""


def _closed() -> EngineFailed:
    return EngineFailed("The model has been closed.", hint="Log in again.")


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Lists that fit a message. Raises RequestRejected for a text that fits none."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if len(text) > MAX_TEXT:
            raise RequestRejected("A text is too long for the model.")
        if batch and (len(batch) == MAX_TEXTS or size + len(text) > BATCH):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch
