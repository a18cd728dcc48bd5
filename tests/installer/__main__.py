"""`make installer-test`: installs what is in dist/, uses it, brings it up to date, takes it away.

  python -m tests.installer [--keep]

Exit status 0 only if every step held. Needs root, for a clean Debian and its namespaces, and the
packages that `make installer` has made.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.installer import renewal
from tests.installer.journey import STEPS, Journey
from tests.installer.room import ROOT, SOCKETS, WORK, Room

MEDIUM = ROOT / "dist" / "medium"
DISPLAY = ":93"


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


def held(name: str, step: Callable[[], str]) -> bool:
    started = time.monotonic()
    try:
        said = step()
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"FAILED  {name}: {error}", flush=True)
        return False
    seconds = time.monotonic() - started
    print(f"ok      {name:<22} {seconds:6.1f} s   {said}", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the room as it is afterwards")
    given = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("This makes a clean Debian and namespaces: run it as root.")
    if not (MEDIUM / "install.sh").is_file():
        raise SystemExit("There is no medium in dist/; run `make installer`.")
    good = []
    with screen() as display:
        room = Room(WORK / "room", MEDIUM, display)
        try:
            before = room.tree()
            journey = Journey(room)
            for step in STEPS:
                good.append(held(step.__name__, lambda step=step: step(journey)))  # type: ignore[misc]
                if not good[-1]:
                    break
            if all(good):
                for name, more in renewal.steps(journey, before):
                    good.append(held(name, more))
        finally:
            if not given.keep:
                room.close()
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
