"""`make composer`: trains the composer and puts its bundle into the product.

    .venv/bin/python packaging/models/composer/build.py DATA

One command, resumable (.cache/train/composer). train.py does the work, in the environment that has
torch; this one lends it the product's interpreter.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from trainer import trainer

HERE = Path(__file__).resolve().parent


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    command = [trainer(), HERE / "train.py", sys.argv[1], "--product", sys.executable]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
