"""`make installer-test`: what is in dist/, in a clean Debian without a network."""

import sys
from pathlib import Path

# As packaging/build.py finds them.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging" / "installer"))
