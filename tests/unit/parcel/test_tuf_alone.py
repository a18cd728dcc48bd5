"""python-tuf is used without the HTTP library that it declares."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_checking_a_parcel_loads_no_way_into_a_network(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['urllib3'] = sys.modules['requests'] = None\n"
        "from datetime import UTC, datetime; from pathlib import Path\n"
        "from tests.unit.parcel.sticks import NOON, Seat, Sender\n"
        "sender = Sender(Path(sys.argv[1])); stick = sender.stick('stick')\n"
        "print(len(Seat(sender.workshop.root.read_bytes()).check(stick).items))\n"
        "print(sorted(n for n in sys.modules if n in ('socket', 'ssl', 'http.client')))\n"
        "print('tuf.ngclient' in sys.modules)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\n")[:3] == ["1", "[]", "False"]


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert version("tuf") == "7.0.1"
