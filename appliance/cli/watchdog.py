"""The kiosk's watchdog: starts its window, and starts it again whenever it ends, until an
administrator has left.

Rules kept here: how it ended is told to the next one, which writes it into the log; after a fall it
is back at once, after falls that follow each other it waits longer each time; a window whose heart
does not beat is ended and counts as fallen; the secret goes to each window through a pipe.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from appliance.values import KioskEnded

LEFT = 0
"""The exit status of a window that an administrator has left (gui/kiosk/__main__.py)."""
FIRST_BEAT = 60.0
"""Seconds until the heart must beat: a machine that starts up is slow."""
SILENCE = 20.0
"""Seconds without a beat after which the window counts as hung."""
STEADY = 60.0
"""Seconds after which a fall is not one of several that follow each other."""
LONGEST_PAUSE = 30.0
_ENDING = 10.0


def pause(times: int) -> float:
    """Seconds to wait before the next start, after so many falls in a row."""
    return 0.0 if times < 2 else min(LONGEST_PAUSE, 0.5 * 2.0 ** min(times - 2, 16))


def told(status: int) -> str:
    """How it ended, for the log: "signal_9", "status_1"."""
    return f"signal_{-status}" if status < 0 else f"status_{status}"


@dataclass(frozen=True, slots=True)
class Started:
    """A window and the pipe its heart beats on."""

    window: subprocess.Popen[bytes]
    beats: int
    begun: float


class Watchdog:
    """`command` starts a window; `environment` is its own."""

    def __init__(self, command: Sequence[str], secret: str, environment: Mapping[str, str]) -> None:
        self._command, self._secret = tuple(command), secret
        self._environment = dict(environment)
        self._stopping = False
        self._running: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Returns once an administrator has left, or the system ends this process."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        ended = KioskEnded()
        while not self._stopping:
            started = self._start(ended)
            status, hung = self._follow(started)
            if status == LEFT and not hung:
                return
            lived = time.monotonic() - started.begun
            times = ended.times + 1 if lived < STEADY else 1
            ended = KioskEnded("hung" if hung else told(status), int(lived), times)
            self._wait(pause(times))

    # --- inside ---------------------------------------------------------------------------

    def _start(self, ended: KioskEnded) -> Started:
        secret, give = os.pipe()
        beats, beat = os.pipe()
        try:
            window = subprocess.Popen(
                [
                    *self._command, "--secret-fd", str(secret), "--heartbeat-fd", str(beat),
                    "--fell", ended.code, "--lived", str(ended.seconds),
                    "--times", str(ended.times),
                ],
                pass_fds=(secret, beat),
                stdin=subprocess.DEVNULL,
                env=self._environment,
            )  # fmt: skip
            os.write(give, self._secret.encode())
        finally:
            for descriptor in (secret, give, beat):
                os.close(descriptor)
        self._running = window
        if self._stopping:  # since it was decided to start it
            window.terminate()
        return Started(window, beats, time.monotonic())

    def _follow(self, started: Started) -> tuple[int, bool]:
        """Its exit status, and whether it was ended for its silence."""
        poll = select.poll()
        poll.register(started.beats, select.POLLIN)
        patience, hung = FIRST_BEAT, False
        try:
            while True:
                if not poll.poll(patience * 1000):
                    hung = True
                    started.window.kill()
                    break
                if not os.read(started.beats, 64):  # it has ended, or closed its heart
                    break
                patience = SILENCE
        finally:
            os.close(started.beats)
        return self._ended(started.window), hung

    def _ended(self, window: subprocess.Popen[bytes]) -> int:
        try:
            return window.wait(_ENDING)
        except subprocess.TimeoutExpired:
            window.kill()
            return window.wait()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()
