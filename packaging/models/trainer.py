"""The Python that has torch, to train small models with: an environment of its own, made once.

Rules kept here: nothing of it is ever installed beside the product.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "train"


def trainer() -> str:
    """Its interpreter, with what packaging/models/requirements.txt names."""
    python = CACHE / "venv" / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], check=True)
    wanted = HERE / "requirements.txt"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(wanted)], check=True)
    return str(python)
