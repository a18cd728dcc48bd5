"""What `python -m supply.sbom` and `python -m supply.notices` have in common: of which folder, and
where to."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from appliance.engine.encoder.bundle import default_encoder_folder

from .components import Gathered, gathered
from .spdx import LicenceRefused


def write_out(description: str, out: Path, make: Callable[[Gathered], bytes]) -> None:
    """Writes what `make` makes of the packaged program that is named, else of this environment."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", type=Path, help="the folder of a packaged program")
    parser.add_argument("--out", type=Path, default=out)
    arguments = parser.parse_args()
    engine = None if arguments.program else default_encoder_folder()
    try:
        content = make(gathered(arguments.program, engine))
    except LicenceRefused as error:
        raise SystemExit(
            f"Nothing is written. {error} (A packaged program is looked at with the Python that it "
            "was frozen with: build/installer/venv.)"
        ) from error
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(content)
    print(f"{arguments.out}: {len(content):,} bytes, SHA-256 {sha256(content).hexdigest()}")
