"""A small honest engine behind the real chat host's loop, and the ways an engine can go wrong.

It says the words of the last message again, in capitals, one word a step for every request that
runs; a token is a byte. Words that begin with an exclamation mark happen instead of being said:
`!kill`, `!abort`, `!exit`, `!hang`, `!memory`, `!garbage`, `!stranger`, `!endless`, `!slow`.

`command(how)` runs it in place of the real host. `how` is `honest`, `short-sighted` (it takes fewer
tokens than it says), or how it never comes to that:
`silent`, `unguarded`, `refuses`, `nonsense`, `dies`, `gpu-dies` (where the device is not the
processor).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.airgap.sandbox import ALL_GUARDS, SandboxLimits
from appliance.engine.chat.loop import serve
from appliance.engine.chat.messages import ChatReady
from appliance.engine.chat.packing import pack_chat_ready
from appliance.engine.decoding.errors import PromptTooLong
from appliance.engine.decoding.request import Ending, Finished, Message, Piece, Reply, Request
from appliance.engine.errors import BundleDamaged
from appliance.engine.framing import FOREVER, Ready, write_frame
from appliance.errors import EngineFailed

ROOT = Path(__file__).resolve().parents[1]
CONTEXT = 4096
FINGERPRINT = "c0ffee"


def command(how: str = "honest") -> tuple[str, ...]:
    """What ChatHost is given in place of the real host."""
    begin = f"import sys; sys.path.insert(0, {os.fspath(ROOT)!r}); import {__name__} as host"
    return (sys.executable, "-I", "-c", f"{begin}; host.main()", how)


@dataclass
class Running:
    request: Request
    prompt: int
    cached: int
    words: list[str]
    said: int = 0


@dataclass
class WordEngine:
    device: str = "cpu"
    output: int = 1
    context: int = CONTEXT
    most: int = CONTEXT
    vocabulary: int = 256
    fingerprint: str = FINGERPRINT
    _running: dict[int, Running] = field(default_factory=dict)
    _ended: list[Finished] = field(default_factory=list)
    _pinned: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def busy(self) -> bool:
        return bool(self._running or self._ended)

    def submit(self, request: Request) -> None:
        prompt = tuple("\n".join(message.text for message in request.messages).encode())
        if len(prompt) > self.most:
            raise PromptTooLong("The prompt is longer than the context.", hint="Shorten it.")
        cached = max((len(p) for p in self._pinned if prompt[: len(p)] == p), default=0)
        words = request.messages[-1].text.split()
        self._running[request.id] = Running(request, len(prompt), cached, words)

    def cancel(self, request: int) -> None:
        running = self._running.pop(request, None)
        if running is not None:
            self._ended.append(_finished(running, Ending.CANCELLED))

    def step(self) -> Sequence[Reply]:
        replies: list[Reply] = list(self._ended)
        self._ended.clear()
        for running in list(self._running.values()):
            replies += self._next(running)
        return replies

    def count(self, texts: Sequence[str]) -> Sequence[int]:
        return [len(text.encode()) for text in texts]

    def prefix(self, messages: Sequence[Message]) -> Sequence[int]:
        return tuple(("\n".join(message.text for message in messages) + "\n").encode())

    def pin(self, request: int, tokens: Sequence[int]) -> None:
        self._pinned.add(tuple(tokens))
        self._ended.append(Finished(request, Ending.LENGTH, len(tokens), 0, 0))

    def export(self, tokens: Sequence[int]) -> bytes:
        return bytes(tokens) * 100_000

    def adopt(self, tokens: Sequence[int], untrusted: bytes) -> None:
        if untrusted != bytes(tokens) * 100_000:
            raise EngineFailed("This is not an export of these tokens.")
        self._pinned.add(tuple(tokens))

    def _next(self, running: Running) -> list[Reply]:
        if not running.words:
            return self._over(running, Ending.STOP)
        if running.said >= running.request.sampling.max_tokens:
            return self._over(running, Ending.LENGTH)
        word = running.words.pop(0)
        running.said += 1
        if word.startswith("!"):
            return self._happen(word[1:], running)
        return [Piece(running.request.id, word.upper() + " ")]

    def _over(self, running: Running, ending: Ending) -> list[Reply]:
        del self._running[running.request.id]
        return [_finished(running, ending)]

    def _happen(self, what: str, running: Running) -> list[Reply]:
        number = running.request.id
        if what in ("kill", "abort"):
            signal.raise_signal(signal.SIGKILL if what == "kill" else signal.SIGABRT)
        elif what == "exit":
            os._exit(3)
        elif what == "hang":
            time.sleep(3600)
        elif what == "memory":
            held: list[bytes] = []
            while True:
                held.append(bytes(32 << 20))
        elif what == "garbage":
            os.write(self.output, b"hello, this is not a frame at all")
        elif what == "stranger":
            return [Piece(number + 1000, "for nobody")]
        elif what == "endless":
            return [Piece(number, "x")] * (running.request.sampling.max_tokens + 10)
        elif what == "slow":
            time.sleep(0.15)
        return []


def _finished(running: Running, ending: Ending) -> Finished:
    return Finished(
        running.request.id,
        ending,
        running.prompt,
        min(running.cached, running.prompt),
        running.said,
    )


@dataclass
class WordBundle:
    """Opened, in the words of the loop."""

    how: str
    device: str
    output: int
    model: str = "words@0123456789ab"
    level: str = "words"
    limits: SandboxLimits = field(
        default=SandboxLimits(memory=1 << 30, cpu_seconds=None, open_files=16)
    )

    def load(self) -> WordEngine:
        if self.how == "dies" or (self.how == "gpu-dies" and self.device != "cpu"):
            signal.raise_signal(signal.SIGSEGV)
        most = 10 if self.how == "short-sighted" else CONTEXT
        return WordEngine(device=self.device, output=self.output, most=most)


def main() -> None:
    how, _, device, _, _, _ = sys.argv[1:]
    output = os.dup(1)
    os.dup2(2, 1)
    if how == "silent":
        time.sleep(3600)
    if how == "nonsense":
        os.write(output, b"hello, this is not a frame at all")
        time.sleep(3600)
    if how == "unguarded":
        guards = Ready("linux-x86_64", ALL_GUARDS[-1:], (), 0, "words")
        ready = ChatReady(guards, "words@0", CONTEXT, 256, "cpu", FINGERPRINT)
        write_frame(output, pack_chat_ready(ready), FOREVER)
        # What it is told now it would give away: its exit status says whether it was.
        os._exit(99 if os.read(0, 1) else 0)

    def opened() -> WordBundle:
        if how == "refuses":
            raise BundleDamaged("A shard is not the file it should be.")
        return WordBundle(how, device, output)

    serve(opened, 0, output)
