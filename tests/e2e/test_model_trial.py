"""A model is tried in a conversation and measured: through the guarded host, and in the log."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.terminal import PASSPHRASE, Terminal, cloister, require, started
from tests.stories260k import SHARED
from tests.storyteller import BEGIN, write_unsigned

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the documents beside the checkout are missing"),
]


@pytest.fixture
def model(vault: Path, tmp_path: Path) -> Path:
    bundle = write_unsigned(tmp_path / "bundle")
    install = ("model", "install", str(bundle), "--trust-unsigned", "--as", "stories")
    require(cloister(vault, *install))
    return vault


def trials(data: Path) -> list[dict[str, object]]:
    said = require(cloister(data, "log", "show", "--count", "40", "--payloads"))
    return [line for line in said.lines if str(line["action"]).startswith("model.trial")]


def test_one_message_is_answered_and_both_records_hold_what_was_said(model: Path) -> None:
    said = require(cloister(model, "model", "chat", "stories", "--prompt", BEGIN))
    answer = str(said.find("answer"))
    assert said.find("outcome") == "answered"
    assert int(str(said.find("tokens"))) > 5
    opened, closed = trials(model)
    assert (opened["action"], closed["action"]) == ("model.trial.opened", "model.trial.closed")
    assert opened["object"] == closed["object"]
    assert (opened["seq"], closed["seq"]) == (said.find("opened"), said.find("record"))
    assert BEGIN in str(opened["payload"])
    assert answer[:40] in str(closed["payload"])
    assert closed["outcome"] == "answered"


def test_lines_are_a_conversation_and_stream_as_text(model: Path) -> None:
    running = started(
        model, "model", "chat", "stories@1", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    shown, _ = running.communicate(f"{BEGIN}\n\nAnd then?\n".encode(), timeout=120)
    assert running.returncode == 0
    assert len([line for line in io.BytesIO(shown) if line.strip()]) >= 2
    assert [line["action"] for line in trials(model)] == [
        "model.trial.opened",
        "model.trial.closed",
    ] * 2


def test_on_a_terminal_it_asks_for_the_next_message_until_the_input_ends(
    model: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    secret.chmod(0o600)
    opening = ("--data", str(model), "--passphrase-file", str(secret))
    terminal = Terminal(*opening, "model", "chat", "stories")
    terminal.wait_for("stories@1, without your documents. Each message is logged.")
    terminal.wait_for("> ")
    terminal.type(f"{BEGIN}\n")
    terminal.wait_for("\n> ")
    terminal.type("\x04")
    assert terminal.status() == 0
    assert [line["outcome"] for line in trials(model)] == ["", "answered"]


def test_what_cannot_be_said_is_refused_before_a_record(model: Path) -> None:
    refused = cloister(model, "model", "chat", "stories", "--prompt", "x" * 9_000)
    assert (refused.status, refused.find("error")) == (1, "question_unusable")
    missing = cloister(model, "model", "chat", "other", "--prompt", BEGIN)
    assert (missing.status, missing.find("error")) == (1, "model_missing")
    assert trials(model) == []


def test_it_is_measured_on_one_thread_and_more(model: Path) -> None:
    said = require(cloister(model, "model", "bench", "stories", "--threads", "2"))
    assert [line["threads"] for line in said.lines] == [1, 2]
    for line in said.lines:
        assert float(str(line["load_seconds"])) > 0
        prefill = line["prefill"]
        assert isinstance(prefill, dict)
        assert prefill["128"] > 0
        assert prefill["512"] is None  # its context is 512 tokens
        assert line["decode"] is None or float(str(line["decode"])) > 0


def damage(data: Path) -> None:
    shard = next((data / "models").rglob("params_shard_*.bin"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "why"), [(None, "takes 512 tokens at once; answers need 2,048"), (damage, "shard")]
)
def test_a_model_that_cannot_write_leaves_answers_to_quoting(
    model: Path, harm: Callable[[Path], None] | None, why: str
) -> None:
    if harm is not None:
        harm(model)
    said = require(cloister(model, "ask", "When may apixaban be restarted after surgery?"))
    assert (said.find("mode"), said.find("found")) == ("quote", True)
    checked = cloister(model, "doctor")
    (line,) = (line for line in checked.lines if line.get("check") == "language model")
    assert line["state"] == "failed"
    assert why in str(line["sentence"])
