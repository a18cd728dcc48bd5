"""`cloister self-check`: the installed program proves on this machine that it works.

Rules kept here: it touches nobody's data and leaves nothing behind; what it tries it tries in
processes of the program itself, as a person would start them: the demonstration (vault, sandboxed
readers, engine, policy, log, air gap), the window without a screen, the parts that a screen needs,
and the model that writes. Installers run it before an older version goes.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from appliance import processes
from appliance.airgap import guard
from appliance.cli.arguments import Arguments
from appliance.cli.demo import throwaway
from appliance.cli.output import Output
from appliance.cli.watchdog import told
from appliance.errors import CloisterError

PATIENCE = 300.0
"""Seconds for one trial; it takes some, on a busy machine many."""
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried; it raises Lost with what is wrong."""

    name: str
    run: Callable[[], None]


class Lost(Exception):
    """Says in words why a part does not work."""


def self_check(arguments: Arguments, output: Output) -> int:
    """0 only if everything worked."""
    with throwaway() as folder:
        guard.engage((folder.parent,), screen=False, required=False)  # the children insist
        failed = [trial.name for trial in _trials(folder) if not _passes(trial, output)]
    output.data(works=not failed, failed=failed)
    output.line(
        "This installation works." if not failed else f"It does not work: {', '.join(failed)}."
    )
    return int(bool(failed))


def _trials(folder: Path) -> tuple[Trial, ...]:
    window = (*processes.command(processes.WINDOW), "--data", str(folder / "data"))
    return (
        Trial("screen", partial(_ends_well, folder, processes.command(processes.SCREEN_CHECK))),
        Trial(
            "window",
            partial(_ends_well, folder, (*window, "--exit-when-usable"), platform="offscreen"),
        ),
        Trial(
            "product", partial(_ends_well, folder, (*processes.command(processes.TERMINAL), "demo"))
        ),
        Trial("models", _writes),
    )


def _passes(trial: Trial, output: Output) -> bool:
    started, said = time.monotonic(), ""
    try:
        trial.run()
    except Lost as lost:
        said = str(lost)
    seconds = time.monotonic() - started
    output.data(trial=trial.name, works=not said, seconds=round(seconds, 2), said=said)
    output.line(f"  {'FAILED' if said else 'ok    '}  {trial.name} ({seconds:.1f} s)")
    if said:
        output.line(f"          {said}")
    return not said


def _ends_well(folder: Path, command: Sequence[str], platform: str = "") -> None:
    """Starts a process in an environment of its own; it must end with 0. Raises Lost."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    own = {"HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    own |= {"QT_QPA_PLATFORM": platform} if platform else {}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
            env=kept | own,
        )
    except subprocess.TimeoutExpired as error:
        raise Lost(f"It does not end within {PATIENCE:.0f} s.") from error
    except OSError as error:
        raise Lost(f"It cannot be started: {error.strerror}.") from error
    if done.returncode != 0:
        said = " ".join(done.stdout.decode("utf-8", "replace").split())[-_LONGEST:]
        raise Lost(f"{told(done.returncode)}. {said}")


def _writes() -> None:
    """The model that ships writes something. Raises Lost."""
    from appliance.engine.bundles.shipped import shipped_composer
    from appliance.engine.chat.client import ChatHost
    from appliance.engine.decoding.request import Message, Sampling

    try:
        composer = shipped_composer()
        chat = ChatHost(composer, model=composer.name)
        try:
            asked = [Message("user", "Is this a question?")]
            list(chat.generate(asked, Sampling(max_tokens=4), lambda: None))
        finally:
            chat.close()
    except CloisterError as error:
        raise Lost(error.sentence) from error
