"""The parent's handle on reader processes: start, hand over a document, bound the time, clean up.

Rules kept here: a reader gets its document only after it has shown that its sandbox is on; every
wait has a deadline; only processes started here are ended, by their own handle. Pipes are made
afresh for each document, so nothing of one can lie in wait for the next.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict

from appliance.airgap.sandbox import SandboxUnavailable, require_sandbox
from appliance.documents import errors
from appliance.documents.frames import HEADER, FrameInvalid, Value, pack, read_frame
from appliance.documents.limits import ReaderLimits, always
from appliance.documents.wire import ParseRequest, RenderRequest, request_frame, sandbox_from
from appliance.errors import DocumentError

_STATUS_BYTES = 4
_GO = b"G"
_END_SECONDS = 5.0
LOOK_SECONDS = 0.1
"""Between two looks at whether the reading is still wanted."""


class ReaderLost(Exception):
    """The reader process is gone or not to be trusted any more; `kind` says why."""

    def __init__(self, kind: type[DocumentError]) -> None:
        super().__init__(kind.code)
        self.kind = kind


class Template:
    """One template process. Not safe for several threads: its owner lends it to one at a time."""

    def __init__(
        self, command: Sequence[str], limits: ReaderLimits, clock: Callable[[], float]
    ) -> None:
        """Raises ReaderUnavailable when it does not come up in time."""
        self._limits = limits
        self._clock = clock
        self.documents = 0
        self._waiting = False  # for word of how the reader ended
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._control = ours
        try:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), json.dumps(asdict(limits))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env=_environment(),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise errors.ReaderUnavailable("The reader process cannot be started.") from error
        finally:
            theirs.close()
        ours.settimeout(limits.start_seconds)
        try:
            ready = ours.recv(1)
        except OSError:
            ready = b""
        if not ready:
            self.stop()
            raise errors.ReaderUnavailable("The reader process does not start.")

    def stop(self) -> None:
        """Ends the template and with it (PR_SET_PDEATHSIG) the reader it is waiting for."""
        self._process.kill()
        self._process.wait()
        self._control.close()

    def answers(
        self,
        request: ParseRequest | RenderRequest,
        untrusted: bytes,
        go_on: Callable[[], None] = always,
    ) -> Generator[Value, None, None]:
        """Yields the frames of the answer; close the generator when enough has come.

        Raises ReaderLost when the process ends, times out or sends what is no frame, and
        SandboxUnavailable when its guards are not on; the document has then not been sent. What
        `go_on` raises while the reader is waited for comes out; the template is then to be stopped.
        """
        self.documents += 1
        self._waiting = True
        deadline = self._clock() + self._limits.wall_seconds
        child_in, ours_out = os.pipe()
        ours_in, child_out = os.pipe()
        try:
            try:
                socket.send_fds(self._control, [_GO], [child_in, child_out])
            except OSError as error:
                raise ReaderLost(errors.ReaderCrashed) from error
            finally:
                os.close(child_in)
                os.close(child_out)
            pipes = _Pipes(ours_out, ours_in, deadline, self._clock, go_on)
            yield from self._exchange(pipes, request, untrusted)
        finally:
            os.close(ours_in)
            os.close(ours_out)

    def _exchange(
        self, pipes: _Pipes, request: ParseRequest | RenderRequest, untrusted: bytes
    ) -> Generator[Value, None, None]:
        try:
            _require_guarded(read_frame(pipes.read, 4096))
            pipes.write(pack(request_frame(request)))
            pipes.write(HEADER.pack(len(untrusted)))
            pipes.write(untrusted)
            while True:
                yield read_frame(pipes.read, self._limits.frame_bytes)
        except EOFError as error:
            raise ReaderLost(self._why_it_ended()) from error
        except TimeoutError as error:
            raise ReaderLost(errors.ReadingTimedOut) from error
        except FrameInvalid as error:
            raise ReaderLost(errors.ReaderCrashed) from error

    def _why_it_ended(self) -> type[DocumentError]:
        status = self._status()
        if status is None or not os.WIFSIGNALED(status):
            return errors.ReaderCrashed
        if os.WTERMSIG(status) == signal.SIGXCPU:
            return errors.ReadingTimedOut
        if os.WTERMSIG(status) == signal.SIGKILL:  # by the kernel: memory or processor time
            return errors.ReadingOutOfMemory
        return errors.ReaderCrashed

    def _status(self) -> int | None:
        """How the reader ended, from the template that waited for it."""
        self._control.settimeout(_END_SECONDS)
        self._waiting = False
        data = b""
        try:
            while len(data) < _STATUS_BYTES:
                part = self._control.recv(_STATUS_BYTES - len(data))
                if not part:
                    return None
                data += part
        except OSError:
            return None
        return int.from_bytes(data, "little", signed=True)

    def finished(self) -> bool:
        """Whether the last reader ended well, awaited; if not, this template is of no more use."""
        if not self._waiting:
            return True
        status = self._status()
        return status is not None and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


class _Pipes:
    """Reading and writing with one deadline for all of it."""

    def __init__(
        self,
        writing: int,
        reading: int,
        deadline: float,
        clock: Callable[[], float],
        go_on: Callable[[], None],
    ) -> None:
        os.set_blocking(writing, False)
        self._writing, self._reading = writing, reading
        self._deadline, self._clock, self._go_on = deadline, clock, go_on

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises EOFError, TimeoutError."""
        data = bytearray()
        while len(data) < size:
            self._wait(self._reading, select.POLLIN)
            part = os.read(self._reading, min(size - len(data), 1 << 20))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def write(self, data: bytes) -> None:
        """Raises EOFError when the reader no longer takes it, TimeoutError."""
        left = memoryview(data)
        while left:
            self._wait(self._writing, select.POLLOUT)
            try:
                left = left[os.write(self._writing, left[: 1 << 20]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise EOFError from error

    def _wait(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            self._go_on()
            left = self._deadline - self._clock()
            if left <= 0:
                raise TimeoutError
            if poll.poll(min(left, LOOK_SECONDS) * 1000):
                return


def _require_guarded(untrusted: Value) -> None:
    match untrusted:
        case ["unguarded", str(sentence)]:
            raise SandboxUnavailable(sentence[:300])
    require_sandbox(sandbox_from(untrusted))


def _environment() -> dict[str, str]:
    """Nothing of ours but where the system finds libraries. HOME spares Python's start a look-up of
    the user, which a name service might answer over a network."""
    kept = {k: v for k, v in os.environ.items() if k in {"LD_LIBRARY_PATH", "SYSTEMROOT"}}
    return kept | {"LC_ALL": "C.UTF-8", "HOME": "/"}
