"""The whole product with real weights that tell stories: asked, killed, looked at from outside.

What they write is supported by no document, so under the policy that ships (cite "required") none
of it may be shown. The model's context is stretched so that instructions and passages fit in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.engine.prompts.grounded import INSTRUCTIONS
from appliance.processes import CHAT_HOST
from tests import storyteller
from tests.e2e.terminal import PASSPHRASE, ROOT, Said, cloister, read_said, require
from tests.e2e.test_every_process_is_guarded import observed, require_filtered
from tests.faults.canary import text_forms

pytestmark = pytest.mark.shared
ASKED = "When may apixaban be restarted after surgery?"
UNKNOWN = "Who chairs the parking committee of obsidianmarmot?"
ANSWER = "48 to 72 hours"
CONTEXT = 4096


@pytest.fixture(scope="module")
def place(_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A vault with three documents and the story teller, installed by its institution."""
    storyteller.require_there()
    folder = tmp_path_factory.mktemp("written")
    storyteller.trust(folder / "config")
    data = folder / "data"
    shutil.copytree(_made, data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        bundle = storyteller.build(folder, context=CONTEXT)
        require(cloister(data, "model", "install", str(bundle)))
        yield data


# What the child writes is counted where the desk hears of it; nothing else is changed.
WATCHED = f"""
import os, signal, sys
sys.path.insert(0, {os.fspath(ROOT)!r})
from appliance import app
from appliance.__main__ import main

heard = 0
ask = app.Appliance.ask
kills = sys.argv.pop(1) == "kill"

def watched(self, *given, **named):
    from appliance.engine.chat.process import HostProcess
    from appliance.engine.decoding.request import Piece
    deliver = HostProcess._deliver

    def delivered(host, report):
        global heard
        deliver(host, report)
        heard += isinstance(report, Piece)
        if kills and heard == 5:
            os.kill(host.pid, signal.SIGKILL)

    HostProcess._deliver = delivered
    yield from ask(self, *given, **named)

app.Appliance.ask = watched
status = main(sys.argv[1:])
print(f'{{{{"heard": {{heard}}}}}}')
sys.exit(status)
"""


def watched(place: Path, question: str, *, kill: bool = False) -> Said:
    """`cloister ask`, and how many pieces the model wrote."""
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    try:
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, "kill" if kill else "", "--json", "--data",
             str(place), "--passphrase-fd", str(reading), "ask", question],
            capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
            pass_fds=(reading,), stdin=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(reading)
    return read_said(done)


def closings(place: Path, count: int) -> list[tuple[object, object]]:
    """Outcome and code of the newest closing records, as `cloister log show` reads them."""
    said = require(cloister(place, "log", "show", "--count", "60"))
    found: list[tuple[object, object]] = []
    for line in said.lines:
        if line["action"] == "ask.closed":
            fields = line["fields"]
            assert isinstance(fields, dict)
            found.append((line["outcome"], fields.get("code", "")))
    return found[-count:]


def test_nothing_that_no_document_supports_is_shown(place: Path) -> None:
    said = require(watched(place, ASKED))
    assert int(str(said.find("heard"))) > 20  # it did write
    assert said.find("mode") == "quote"
    assert ANSWER in str(said.find("answer"))
    unknown = watched(place, UNKNOWN)
    assert (unknown.status, unknown.find("found"), unknown.find("answer")) == (4, False, [])
    assert closings(place, 2) == [("answered", ""), ("answered", "")]


def test_a_model_killed_in_the_middle_of_a_word_fails_that_ask_and_not_the_next(
    place: Path,
) -> None:
    said = watched(place, ASKED, kill=True)
    assert (said.status, said.find("failed")) == (1, "engine_stopped")
    assert "SIGKILL" in str(said.find("sentence"))
    assert said.find("hint")
    assert ANSWER not in str(said.lines)
    require(watched(place, ASKED))
    assert closings(place, 2) == [("failed", "engine_stopped"), ("answered", "")]
    require(cloister(place, "log", "verify"))


def test_no_file_holds_a_word_of_the_prompt(place: Path) -> None:
    watched(place, UNKNOWN)
    files = [path for path in place.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sealed" and "models-cache" in str(path) for path in files)
    for word in ("obsidianmarmot", "from numbered passages of an institution", "haemostasis"):
        assert word in f"{UNKNOWN} {INSTRUCTIONS} haemostasis"
        for path in files:
            content = path.read_bytes()
            assert not any(form in content for form in text_forms(word)), path


def test_the_models_process_is_behind_the_filter_as_all_others_are(place: Path) -> None:
    status, seen = observed(["ask", ASKED], place)
    assert status == 0
    require_filtered(seen)
    assert any(f" {CHAT_HOST} " in process.command for process in seen.values())
