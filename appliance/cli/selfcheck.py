"""`cloister self-check`: the installed program proves on this machine that it works.

Rules kept here: it touches nobody's data and leaves nothing behind; what it tries it tries in
processes of the program itself, as a person would start them: the demonstration (vault, sandboxed
readers, engine, policy, log, air gap), the window without a screen, and the parts that a screen
needs. Installers run it before an older version goes.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from appliance import processes
from appliance.airgap import guard
from appliance.cli.arguments import Arguments
from appliance.cli.demo import throwaway
from appliance.cli.output import Output

PATIENCE = 300.0
"""Seconds for one trial; it takes some, on a busy machine many."""
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Trial:
    """`command` must end with 0, in an environment of its own with `extra` in it."""

    name: str
    command: tuple[str, ...]
    extra: tuple[tuple[str, str], ...] = ()


def self_check(arguments: Arguments, output: Output) -> int:
    """0 only if everything worked."""
    with throwaway() as folder:
        guard.engage((folder.parent,), screen=False, required=False)  # the children insist
        failed = [trial.name for trial in _trials(folder) if not _passes(trial, folder, output)]
    output.data(works=not failed, failed=failed)
    output.line(
        "This installation works." if not failed else f"It does not work: {', '.join(failed)}."
    )
    return int(bool(failed))


def _trials(folder: Path) -> tuple[Trial, ...]:
    window = (*processes.command(processes.WINDOW), "--data", str(folder / "data"))
    offscreen = (("QT_QPA_PLATFORM", "offscreen"),)
    return (
        Trial("screen", processes.command(processes.SCREEN_CHECK)),
        Trial("window", (*window, "--exit-when-usable"), offscreen),
        Trial("product", (*processes.command(processes.TERMINAL), "demo")),
    )


def _passes(trial: Trial, folder: Path, output: Output) -> bool:
    started = time.monotonic()
    status, said = _tried(trial, folder)
    seconds = time.monotonic() - started
    output.data(trial=trial.name, works=status == 0, seconds=round(seconds, 2), said=said)
    output.line(f"  {'ok    ' if status == 0 else 'FAILED'}  {trial.name} ({seconds:.1f} s)")
    if status != 0:
        output.line(f"          {said}")
    return status == 0


def _tried(trial: Trial, folder: Path) -> tuple[int, str]:
    """The exit status, and the last of what it said where that is not 0."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    own = {"HOME": str(folder), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            trial.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
            env=kept | own | dict(trial.extra),
        )
    except subprocess.TimeoutExpired:
        return 1, f"It does not end within {PATIENCE:.0f} s."
    except OSError as error:
        return 1, f"It cannot be started: {error.strerror}."
    said = " ".join(done.stdout.decode("utf-8", "replace").split())
    if done.returncode < 0:
        return done.returncode, f"It was ended by signal {-done.returncode}. {said[-_LONGEST:]}"
    return done.returncode, said[-_LONGEST:] if done.returncode else ""
