"""After importing, asking, cancelling and a crash, neither plaintext nor a key is in any file."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from appliance.engine.prompts.grounded import INSTRUCTIONS
from tests.e2e.terminal import ROOT
from tests.faults.canary import SECRETS, documents, key_forms, keys, pieces, text_forms
from tests.faults.canary_session import CRASHES, MEMO, PAGE, PAPER

CUT = SECRETS["text of the import that was cut"]


@dataclass(frozen=True)
class Wreck:
    """What a crashed session left: files as they lay, and what they must not hold."""

    folder: Path
    files: dict[Path, bytes]
    recovery_code: str
    originals: tuple[bytes, ...]


@pytest.fixture(scope="session")
def wrecks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Wreck]:
    """Each crash happens once, whatever the order of the tests."""
    return cache(lambda where: _wreck(tmp_path_factory.mktemp("canary"), where))


@pytest.fixture(params=CRASHES)
def wreck(request: pytest.FixtureRequest, wrecks: Callable[[str], Wreck]) -> Wreck:
    return wrecks(request.param)


def _wreck(folder: Path, where: str) -> Wreck:
    originals = documents(folder / "documents", PAGE, PAPER, MEMO)
    originals += documents(folder / "more", *(f"{CUT}{n}" for n in ("one", "two", "three")))
    for name in ("tmp", "home"):
        (folder / name).mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.canary_session", str(folder), where],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "HOME": str(folder / "home")},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    lines = done.stdout.split()
    assert lines[-1] == "crashing"
    paths = [p for part in ("data", "tmp", "home") for p in (folder / part).rglob("*")]
    files = {path: path.read_bytes() for path in paths if path.is_file()}
    assert len(files) >= 8, files.keys()
    return Wreck(folder, files, lines[0], tuple(originals))


def test_no_plaintext_is_in_any_file_after_a_crash(wreck: Wreck) -> None:
    needles = {**SECRETS, "recovery code": wreck.recovery_code}
    for path, content in wreck.files.items():
        assert not any(secret in str(path) for secret in needles.values()), path
        for name, secret in needles.items():
            for form in text_forms(secret):
                assert form not in content, f"{name} stands in {path.relative_to(wreck.folder)}"


def test_no_piece_of_an_original_is_in_any_file_after_a_crash(wreck: Wreck) -> None:
    found = [piece for original in wreck.originals for piece in pieces(original)]
    assert len(found) > 100
    for path, content in wreck.files.items():
        for piece in found:
            assert piece not in content, f"{piece!r} stands in {path.relative_to(wreck.folder)}"


def test_no_key_is_in_any_file_after_a_crash(wreck: Wreck) -> None:
    held = keys(wreck.folder / "data")
    assert {"the vault key", "the collection's key", "payload key 0"} <= held.keys()
    assert all(len(key) >= 32 for key in held.values())
    for path, content in wreck.files.items():
        for name, key in held.items():
            for form in key_forms(key):
                assert form not in content, f"{name} stands in {path.relative_to(wreck.folder)}"


def test_the_canary_can_be_found() -> None:
    """The search itself works: each form of a secret is found where it lies."""
    word, key = PAPER.encode(), bytes(range(200, 232))
    for before in (b"", b"1", b"12"):
        for coding in (base64.b64encode, base64.urlsafe_b64encode):
            assert any(form in coding(before + word) for form in text_forms(PAPER)[4:])
            assert any(form in coding(before + key + b"more") for form in key_forms(key)[3:])
    assert key_forms(key)[1] in b"..." + key.hex().encode()


def test_the_prompt_that_is_looked_for_is_the_prompt() -> None:
    assert SECRETS["the prompt"] in INSTRUCTIONS


def test_originals_do_not_show_their_text_but_are_found_by_their_pieces(tmp_path: Path) -> None:
    """A PDF's and a Word file's text is compressed: only pieces of the file itself would show."""
    page, paper, memo = documents(tmp_path / "made", PAGE, PAPER, MEMO)
    assert PAGE.encode() in page
    assert PAPER.encode() not in paper
    assert MEMO.encode() not in memo
    for original in (page, paper, memo):
        assert pieces(original)
        assert all(piece in b"..." + original for piece in pieces(original))
