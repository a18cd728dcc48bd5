"""Puts the list of parts and the notices into a packaged program, where it looks for them itself.

    cd packaging && PYTHONPATH=.. python -m supply.program FOLDER

Run by packaging/build.py with the Python that the program was frozen with.

Rules kept here: both are made of the folder as it lies there, or neither is; the same folder gives
the same bytes; a licence that is not allowed leaves the folder without them, and stops the build.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from appliance.parts import NOTICES
from appliance.parts import SBOM as LIST

from .components import gathered, inside_of
from .notices import whole
from .sbom import written
from .spdx import LicenceRefused


def put_into(program: Path, when: int | None = None) -> tuple[Path, Path]:
    """Both files. when: the time of the release, in seconds since 1970. Raises LicenceRefused,
    OSError."""
    inner = inside_of(program)
    for name in (LIST, NOTICES):
        (inner / name).unlink(missing_ok=True)
    found = gathered(program)
    made = {LIST: written(found, when), NOTICES: whole(found)}
    for name, content in made.items():
        (inner / name).write_bytes(content)
        if sys.platform == "darwin":  # the program looks among its libraries, codesign(1) here
            link = program / "Frameworks" / name
            link.unlink(missing_ok=True)
            link.symlink_to(f"../Resources/{name}")
    return inner / LIST, inner / NOTICES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", type=Path)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")  # as packaging/build.py sets it
    try:
        for path in put_into(parser.parse_args().program, int(epoch) if epoch else None):
            print(f"{path.name}: {path.stat().st_size:,} bytes")
    except LicenceRefused as error:
        raise SystemExit(f"The program may not be given to anybody like this. {error}") from error


if __name__ == "__main__":
    main()
