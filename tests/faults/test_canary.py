"""After importing, asking, cancelling and a crash, no plaintext is in any file."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, ROOT

SECRETS = {
    "document": "zanzibarquokka",
    "title": "perihelionwalrus",
    "question": "obsidianmarmot",
    "person": "Wilhelmina-Thistlewood",
    "collection": "quicksilverheron",
    "passphrase": PASSPHRASE,
}

SESSION = """
import os, signal, sys
from pathlib import Path
from appliance.app import Cancellation, open_appliance
from appliance.values import Answered, Found

folder = Path(sys.argv[1])
secrets = dict(zip(sys.argv[2::2], sys.argv[3::2]))
app = open_appliance(folder / "data")
code = app.create(secrets["person"], secrets["passphrase"])
print(code, flush=True)
ward = app.create_collection(secrets["collection"])
list(app.add(ward.id, [folder / "documents"]))
last = list(app.ask(f"How long may the {secrets['document']} {secrets['question']} stay?"))[-1]
assert isinstance(last, Answered), last
stop = Cancellation()
for event in app.ask(f"Where is the {secrets['document']} kept?", cancellation=stop):
    if isinstance(event, Found):
        stop.cancel()
app.lock()
app.unlock(secrets["passphrase"])
for event in app.ask(f"Who feeds the {secrets['document']}?"):
    if isinstance(event, Found):
        print("crashing", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def forms(text: str) -> list[bytes]:
    """A text as it might lie about: plain, any case, UTF-16, base64 at each offset."""
    raw = text.encode()
    coded = [base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
    return [raw, raw.lower(), raw.upper(), text.encode("utf-16-le"), *coded]


@pytest.fixture
def session(tmp_path: Path) -> tuple[Path, str]:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "a.html").write_text(
        f"<title>{SECRETS['title']}</title><h1>{SECRETS['title']}</h1><p>The "
        f"{SECRETS['document']} may stay for five days. The {SECRETS['document']} is kept in "
        "room nine.</p>"
    )
    scratch, home = tmp_path / "tmp", tmp_path / "home"
    scratch.mkdir()
    home.mkdir()
    pairs = [item for pair in SECRETS.items() for item in pair]
    done = subprocess.run(
        [sys.executable, "-c", SESSION, str(tmp_path), *pairs],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
        env={**os.environ, "TMPDIR": str(scratch), "HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    lines = done.stdout.split()
    assert lines[-1] == "crashing"
    return tmp_path, lines[0]


def test_no_plaintext_is_in_any_file_after_a_crash(session: tuple[Path, str]) -> None:
    folder, recovery_code = session
    needles = {**SECRETS, "recovery code": recovery_code}
    files = [p for part in ("data", "tmp", "home") for p in (folder / part).rglob("*")]
    looked = 0
    for path in files:
        assert not any(secret in path.name for secret in needles.values()), path
        if path.is_file():
            content = path.read_bytes()
            looked += 1
            for name, secret in needles.items():
                for form in forms(secret):
                    assert form not in content, f"{name} stands in {path.relative_to(folder)}"
    assert looked >= 5


def test_the_canary_can_be_found(tmp_path: Path) -> None:
    """The search itself works: each form of a secret is found where it lies."""
    for form in forms(SECRETS["document"]):
        assert form in b"..." + form + b"..."
    assert base64.b64encode(b"12" + SECRETS["document"].encode()).find(
        forms(SECRETS["document"])[-1]
    ) > 0  # fmt: skip
