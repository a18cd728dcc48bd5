"""Runs a command in a network namespace without an interface, under strace, and reads what of the
network it and all it started asked the kernel for.

What counts is the kernel's side: which family a socket had and what the call got, whose address a
packet or a connection was for. Nothing the program says of itself is believed.
"""

from __future__ import annotations

import fnmatch
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.airgap.reach import ALLOWED
from tests.e2e.terminal import PASSPHRASE, PROGRAM, ROOT

LOST = (
    "strace is not here or may not trace: that no process of the product opens a socket but "
    "AF_UNIX is then not seen from the kernel's side; the guard's own tests still run"
)
"""Why a test that follows the kernel's trace is skipped."""
_STRACE = ("strace", "-f", "-qq", "-s", "256", "-e", "trace=%network,io_uring_setup",
           "-e", "signal=none")  # fmt: skip
_QUICK = "--seccomp-bpf"
"""Stops at those calls alone, which halves what the trace costs. What the program's own filter
refuses is then not all in the trace, for the kernel refuses it before strace is asked; whatever is
let through is."""
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)")
_ANSWER = re.compile(r"\) += (-?\d+)")
_FAMILY = re.compile(r"(?:AF_[A-Z0-9]+|0x[0-9a-f]+|\d+)")
_ADDRESS = re.compile(r"sa_family=(\w+)(?:, sun_path=(@?)\"([^\"]*)\")?")
_MAKING = ("socket", "socketpair")
_UNIX = ("AF_UNIX", "AF_LOCAL")


@dataclass(frozen=True)
class Call:
    """A system call of a process, whole: its arguments as strace writes them, and what it got."""

    process: int
    name: str
    arguments: str
    answer: int

    @property
    def family(self) -> str:
        match = _FAMILY.match(self.arguments)
        return match[0] if match else "?"

    def __str__(self) -> str:
        return f"{self.name}({self.arguments[:160]}) = {self.answer}"


@dataclass(frozen=True)
class Traced:
    """How the command ended, what it printed, and every call of it and of all it started."""

    status: int
    said: str
    errors: str
    calls: tuple[Call, ...]

    @property
    def refused(self) -> int:
        """Sockets of other families that were asked for and not given: the self-test's."""
        return sum(
            call.name in _MAKING and call.family not in _UNIX and call.answer < 0
            for call in self.calls
        )

    @property
    def violations(self) -> tuple[str, ...]:
        return tuple(f"{why}: {call}" for why, call in self.wrong)

    @property
    def wrong(self) -> tuple[tuple[str, Call], ...]:
        return tuple((why, call) for call in self.calls for why in _wrong(call))


def able() -> bool:
    """Whether strace is here and may trace: in some containers the kernel does not let it."""
    return bool(strace())


@functools.cache
def strace(*, quick: bool = True) -> tuple[str, ...]:
    """How it is started here: quick if it can be and is wanted; () where it may not trace."""
    if shutil.which(_STRACE[0]) is None:
        return ()
    for command in ((*_STRACE, _QUICK), _STRACE)[not quick :]:
        done = subprocess.run(
            [*command, "-o", os.devnull, "true"], capture_output=True, check=False, timeout=30
        )
        if done.returncode == 0 and not done.stderr:
            return command
    return ()


def on_a_display() -> bool:
    """Whether an X display can be had: xvfb-run needs xauth."""
    return shutil.which("xvfb-run") is not None and shutil.which("xauth") is not None


def require_clean(run: Traced) -> None:
    """It ended well, its self-test is in the trace, and nothing that it looks for is."""
    assert run.status == 0, run.said + run.errors
    assert any("SO_DOMAIN" in call.arguments for call in run.calls), "the self-test is not in it"
    assert run.violations == ()


def cloister_traced(
    data: Path,
    trace: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    quick: bool = True,
) -> Traced:
    """`cloister --json --data DATA …`, the passphrase through a descriptor."""
    with passphrase() as reading:
        command = [*PROGRAM, "--json", "--data", str(data), "--passphrase-fd", str(reading)]
        return traced([*command, *arguments], trace, env=env, pass_fds=(reading,), quick=quick)


@contextmanager
def passphrase() -> Iterator[int]:
    """A descriptor to read it from."""
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


def traced(
    command: Sequence[str],
    trace: Path,
    *,
    env: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    screen: bool = False,
    quick: bool = True,
    timeout: float = 280,
) -> Traced:
    """screen: on an X display of its own, whose server is not traced."""
    display = ("xvfb-run", "-a", "-s", "-screen 0 1440x900x24") if screen else ()
    done = subprocess.run(
        [*namespace(), *display, *strace(quick=quick), "-o", str(trace), *command],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=timeout,
        env={**os.environ, **(env or {})}, pass_fds=pass_fds, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    calls = tuple(calls_in(trace.read_text())) if trace.exists() else ()
    return Traced(done.returncode, done.stdout, done.stderr, calls)


@functools.cache
def namespace() -> tuple[str, ...]:
    """A network namespace of its own, by root's means or a user's; none where neither may."""
    for means in (("unshare", "-n"), ("unshare", "-rn")):
        if subprocess.run([*means, "true"], capture_output=True, check=False).returncode == 0:
            return (*means, "--")
    return ()


def calls_in(text: str) -> Iterator[Call]:
    """What was interrupted by another process's line is put together again."""
    begun: dict[tuple[int, str], str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        process, name, rest = int(match[1]), match[2], match[3]
        if rest.endswith("<unfinished ...>"):
            begun[process, name] = rest.removesuffix("<unfinished ...>")
            continue
        if "<... " in line:
            rest = begun.pop((process, name), "") + rest
        for answer in [*_ANSWER.finditer(rest)][-1:]:  # what was sent may look like one
            yield Call(process, name, rest[: answer.start()], int(answer[1]))
    for (process, name), rest in begun.items():  # it never came back: its process was ended
        yield Call(process, name, rest, -1)


def _wrong(call: Call) -> Iterator[str]:
    if call.name in _MAKING and call.family not in _UNIX and call.answer >= 0:
        yield "a socket that is not AF_UNIX"
    if call.name == "io_uring_setup" and call.answer >= 0:
        yield "a way round the filter"
    for family, abstract, path in _ADDRESS.findall(call.arguments):
        if family not in _UNIX:
            if family != "AF_UNSPEC":
                yield "an address that is not AF_UNIX"
        elif (abstract or path) and not _allowed(abstract + path):
            yield "a local socket that is not listed"


def _allowed(path: str) -> bool:
    return any(one.path and fnmatch.fnmatchcase(path, one.path) for one in ALLOWED)
