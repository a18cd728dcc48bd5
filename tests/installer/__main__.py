"""`make installer-test`: installs what is in dist/, uses it, brings it up to date, takes it away.

  python -m tests.installer [--keep] [--previous DEB]

Exit status 0 only if every step held. Needs root, for a clean Debian and its namespaces, and the
packages that `make installer` has made. --previous: the package of an earlier build, whose data
this one must open.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.installer import renewal
from tests.installer.journey import STEPS, Journey
from tests.installer.room import ROOT, SOCKETS, WORK, Room
from tests.installer.stick import Lacking, with_models

MEDIUM = ROOT / "dist" / "medium"
DISPLAY = ":93"


@contextmanager
def alone() -> Iterator[None]:
    """There is one room."""
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SystemExit("Another of these is under way; wait for its end.") from error
        yield


@contextmanager
def screen() -> Iterator[str]:
    """Outside the room: what is in it is what every Debian has."""
    server = subprocess.Popen(
        ["Xvfb", DISPLAY, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-ac"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while not (SOCKETS / f"X{DISPLAY[1:]}").exists():
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit("Xvfb does not start.")
            time.sleep(0.1)
        yield DISPLAY
    finally:
        server.terminate()
        server.wait()


def held(name: str, step: Callable[[], str]) -> bool | None:
    """None: it could not be tried."""
    started = time.monotonic()
    try:
        said = step()
    except Lacking as lacking:
        print(f"SKIPPED {name}: {lacking}", flush=True)
        return None
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False
    seconds = time.monotonic() - started
    print(f"ok      {name:<22} {seconds:6.1f} s   {said}", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the room as it is afterwards")
    parser.add_argument("--previous", type=Path, help="the package of an earlier build")
    given = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("This makes a clean Debian and namespaces: run it as root.")
    if not (MEDIUM / "install.sh").is_file():
        raise SystemExit("There is no medium in dist/; run `make installer`.")
    with alone(), screen() as display:
        room = Room(WORK / "room", with_models(MEDIUM, WORK / "medium"), display)
        try:
            good = list(_tried(room, given.previous))
        finally:
            if not given.keep:
                room.close()
    failed, skipped = good.count(False), good.count(None)
    print(f"{good.count(True)} passed, {failed} failed, {skipped} skipped")
    return int(bool(failed))


def _tried(room: Room, previous: Path | None) -> Iterator[bool | None]:
    """Up to the first step that does not hold; later ones build on it."""
    before = room.tree()
    journey = Journey(room)
    steps: list[tuple[str, Callable[[], str]]] = []
    steps += ((step.__name__, partial(step, journey)) for step in STEPS)
    steps += renewal.steps(journey, before, previous)
    for name, step in steps:
        yield (outcome := held(name, step))
        if outcome is False:
            return


if __name__ == "__main__":
    sys.exit(main())
