"""The composer that ships with the program, and whose signature on it is good.

Rules kept here: it is a bundle like any other, opened with the same checks, and read where the
program is installed. It was signed with a key made for that one build, whose private half nobody
kept; the public half is part of the program.
"""

from __future__ import annotations

from pathlib import Path

from appliance.engine.errors import ModelMissing

COMPOSER = "composer"
FOLDER = Path(__file__).resolve().parent.parent / COMPOSER
SIGNER = FOLDER / "signers.json"


def shipped_composer() -> Path:
    """Its folder, named by name and version. Raises ModelMissing."""
    found = sorted(FOLDER.glob(f"{COMPOSER}@*"))
    if not found:
        raise ModelMissing("The program was installed without its composer.")
    return found[-1]
