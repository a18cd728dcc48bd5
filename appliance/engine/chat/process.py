"""One chat host process as the desk sees it: started, spoken to, listened to, ended.

Rules kept here: nothing it says is trusted unchecked, and it gets no text before it has shown that
its sandbox is on. One thread listens and hands each report to who asked. However it ends, everybody
who waits is told how: killed for memory, crashed, hung, or ended for talking nonsense. A process
that has failed is never used again.
"""

from __future__ import annotations

import itertools
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.airgap.sandbox import SandboxUnavailable, require_sandbox
from appliance.engine import reaping
from appliance.engine.chat.errors import (
    EngineHung,
    EngineMemory,
    EngineStopped,
    PromptRejected,
    RequestRejected,
)
from appliance.engine.chat.messages import (
    Cancel,
    ChatReady,
    Chunk,
    Counts,
    Known,
    Order,
    Pinned,
    Report,
    Working,
)
from appliance.engine.chat.packing import pack_order, unpack_chat_ready, unpack_report
from appliance.engine.decoding.model import CacheFull
from appliance.engine.decoding.request import Finished, Piece, Rejected
from appliance.engine.errors import (
    BundleDamaged,
    BundleMissing,
    BundleUntrusted,
    ConfigurationInvalid,
    ContextShort,
    FamilyUnsupported,
    FormatUnsupported,
    FrameInvalid,
    MachineUnsupported,
    MemoryShort,
    ModelDamaged,
    ModelMissing,
)
from appliance.engine.framing import FOREVER, Closed, Refusal, TimedOut, read_frame, write_frame
from appliance.errors import EngineFailed

LASTING: tuple[type[EngineFailed], ...] = (
    BundleDamaged,
    BundleMissing,
    BundleUntrusted,
    ConfigurationInvalid,
    ContextShort,
    FamilyUnsupported,
    FormatUnsupported,
    MachineUnsupported,
    MemoryShort,
    ModelDamaged,
    ModelMissing,
)
"""What a host refuses to start with; another start would not change it."""
HEARTBEAT = 0.1
"""Seconds between two calls of `go_on` while waiting."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. start: verifying and loading a bundle of some GB. token: without any sign of work
    while something is asked. request: without a report for one request, whatever else the host
    does. A host that fails more than `restarts` times within `window` is not started until the
    window is over."""

    start: float = 300.0
    token: float = 60.0
    request: float = 900.0
    restarts: int = 3
    window: float = 60.0


@dataclass(eq=False, slots=True)
class Asked:
    """Something asked of the host, and the reports that have come and were not taken yet. kinds:
    the reports that may come; most: how many; ends: those after which none comes. Guarded by the
    process's lock."""

    id: int
    kinds: tuple[type[Report], ...]
    most: int
    ends: tuple[type[Report], ...]
    since: float
    reports: deque[Report] = field(default_factory=deque)
    over: bool = False


class HostProcess:
    """Made by starting the child; `wait_ready` before anything else. Thread-safe."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], patience: Patience
    ) -> None:
        """Raises EngineFailed if there is no such program."""
        self._patience = patience
        self._kills = _memory_kills()
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=dict(environment),
                cwd="/",
            )
        except OSError as error:
            raise EngineFailed(f"The model cannot be started ({error.strerror}).") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise EngineFailed("The model cannot be started (no pipes).")
        self._input, self._output = self._process.stdin, self._process.stdout
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Asked] = {}
        self._left: set[int] = set()
        self._failure: EngineFailed | None = None
        self._last_sign = time.monotonic()
        self._listener = threading.Thread(target=self._listen, name="chat-host", daemon=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def failure(self) -> EngineFailed | None:
        """How it ended; None while it is fit for use."""
        return self._failure

    def wait_ready(self) -> ChatReady:
        """Once. Raises EngineFailed subclasses; the process is then ended."""
        try:
            said = self._first_message()
        except EngineFailed:
            self._output.close()
            raise
        self._listener.start()
        return said

    def _first_message(self) -> ChatReady:
        try:
            said = unpack_chat_ready(
                read_frame(self._output.fileno(), time.monotonic() + self._patience.start)
            )
            if isinstance(said, Refusal):
                raise self.end(refused(said))
            require_sandbox(said.guards.sandbox)
        except SandboxUnavailable as error:
            raise self.end(EngineStopped(error.sentence, hint=error.next_step)) from error
        except FrameInvalid as error:
            raise self.end(self._diagnosis(error)) from error
        return said

    # --- asking -------------------------------------------------------------------------------

    def ask(
        self,
        order: Callable[[int], Order],
        kinds: tuple[type[Report], ...],
        *,
        most: int,
        ends: tuple[type[Report], ...] = (),
    ) -> Asked:
        """Sends the order, made with an id of its own. Raises RequestRejected for an order too
        large to be sent, EngineFailed if the host has ended."""
        number = next(self._numbers)
        try:
            payload = pack_order(order(number))
        except FrameInvalid as error:
            raise RequestRejected(error.sentence) from error
        asked = Asked(number, kinds, most, ends, time.monotonic())
        with self._changed:
            self._asked[number] = asked
        self._send(payload)
        return asked

    def tell(self, asked: Asked, order: Order) -> None:
        """A further order about the same thing."""
        payload = pack_order(order)
        with self._changed:
            asked.since = time.monotonic()
        self._send(payload)

    def receive(self, asked: Asked, go_on: Callable[[], None]) -> Report:
        """The next report; `go_on` is called ten times a second meanwhile, and what it raises
        comes out. Raises EngineFailed if the host ends first, RequestRejected if it refuses."""
        while True:
            with self._changed:
                if not asked.reports and self._failure is None:
                    self._changed.wait(HEARTBEAT)
                if asked.reports:
                    report = asked.reports.popleft()
                    break
                if self._failure is not None:
                    raise again(self._failure)
            go_on()
            self._require_progress(asked)
        if isinstance(report, Rejected):
            raise rejected(report)
        return report

    def leave(self, asked: Asked) -> None:
        """Nobody waits for it any more. A request that still runs is cancelled."""
        with self._changed:
            self._asked.pop(asked.id, None)
            if asked.over or self._failure is not None:
                return
            self._left.add(asked.id)
        if Finished in asked.kinds:
            self._send(pack_order(Cancel(asked.id)), quiet=True)

    def end(self, failure: EngineFailed) -> EngineFailed:
        """Kills the process, tells everybody who waits, and returns what they are told: the first
        failure, if it has ended before. A process that does not end is left to a reaper."""
        with self._changed:
            if self._failure is None:
                self._failure = failure
            first = self._failure
            self._changed.notify_all()
        ended = reaping.kill(self._process)
        with self._writing:
            self._input.close()
        listener = self._listener
        if listener.ident is not None and listener is not threading.current_thread():
            # It reads the end of the pipe now; not of one that a stuck process holds open.
            listener.join(reaping.AFTER_KILL if ended else 0)
        return again(first)

    def _send(self, payload: bytes, *, quiet: bool = False) -> None:
        with self._writing:
            try:
                if self._input.closed:
                    raise Closed("The engine's pipe is closed.")
                deadline = time.monotonic() + self._patience.token
                write_frame(self._input.fileno(), payload, deadline)
                return
            except FrameInvalid as error:
                caught = error
        failure = self.end(self._diagnosis(caught))
        if not quiet:
            raise failure

    def _require_progress(self, asked: Asked) -> None:
        now = time.monotonic()
        silent = now - max(self._last_sign, asked.since) > self._patience.token
        if silent or now - asked.since > self._patience.request:
            raise self.end(_hung())

    # --- listening ----------------------------------------------------------------------------

    def _listen(self) -> None:
        with self._output:
            try:
                while True:
                    report = unpack_report(read_frame(self._output.fileno(), FOREVER))
                    self._deliver(report)
            except FrameInvalid as error:
                self.end(self._diagnosis(error))
            except EngineFailed as error:
                self.end(error)

    def _deliver(self, report: Report) -> None:
        """Raises EngineFailed where the host says that it ends, FrameInvalid for nonsense."""
        if isinstance(report, Refusal):
            raise refused(report)
        with self._changed:
            self._last_sign = time.monotonic()
            if isinstance(report, Working):
                return
            number = _about(report)
            if number in self._left:
                return
            asked = self._asked.get(number)
            if asked is None or asked.over or not isinstance(report, asked.kinds):
                raise FrameInvalid("The engine has answered what nobody asked.")
            if asked.most == 0:
                raise FrameInvalid("The engine has answered more than was asked.")
            asked.most -= 1
            asked.since = self._last_sign
            asked.over = isinstance(report, asked.ends)
            asked.reports.append(report)
            self._changed.notify_all()

    def _diagnosis(self, error: Exception) -> EngineFailed:
        """What the end of the process, or what it said, amounts to."""
        if isinstance(error, TimedOut):
            return _hung()
        try:
            status = self._process.wait(2.0 if isinstance(error, Closed) else 0.1)
        except subprocess.TimeoutExpired:
            return EngineStopped("The model's process talked nonsense and was ended.")
        if status == -signal.SIGKILL and _memory_kills() > self._kills:
            return EngineMemory("The machine ran out of memory, and the system ended the model.")
        if status < 0:
            known = {one.value: one.name for one in signal.Signals}
            name = known.get(-status, f"signal {-status}")
            return EngineStopped(f"The model's process has stopped unexpectedly ({name}).")
        if isinstance(error, Closed):
            return EngineStopped(
                f"The model's process has stopped unexpectedly (exit status {status})."
            )
        return EngineStopped("The model's process talked nonsense and has stopped.")


def _about(report: Report) -> int:
    """The id of what was asked."""
    match report:
        case Piece() | Finished() | Rejected():
            return report.request
        case Counts() | Known() | Pinned() | Chunk():
            return report.id
    raise FrameInvalid("The engine has answered what nobody asked.")


def _hung() -> EngineHung:
    return EngineHung("The model has not answered in time and was ended.")


def again(failure: EngineFailed) -> EngineFailed:
    """The same failure for another who waits; one exception is not raised in two threads."""
    return type(failure)(failure.sentence, hint=failure.next_step)


def refused(refusal: Refusal) -> EngineFailed:
    """The host cannot go on."""
    known: tuple[type[EngineFailed], ...] = (*LASTING, EngineMemory)
    kinds = {kind.code: kind for kind in known}
    kind = kinds.get(refusal.code, EngineStopped)
    return kind(refusal.sentence, hint=refusal.hint)


def rejected(report: Rejected) -> EngineFailed:
    """The host goes on, without this request."""
    kinds: dict[str, type[EngineFailed]] = {
        CacheFull.code: CacheFull,
        EngineMemory.code: EngineMemory,
        PromptRejected.code: PromptRejected,
    }
    kind = kinds.get(report.code, RequestRejected)
    return kind(report.sentence, hint=report.hint or None)


def _memory_kills() -> int:
    """How many processes this machine has ended for want of memory since it started; 0 where it
    does not count them (Linux does, since 4.13)."""
    try:
        lines = Path("/proc/vmstat").read_text("ascii").splitlines()
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
