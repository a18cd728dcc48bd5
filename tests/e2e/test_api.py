"""Another program asks through `cloister serve`, in real processes, guards and all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import pytest

from tests.e2e.terminal import (
    PROGRAM,
    ROOT,
    cloister,
    managed,
    read_said,
    require,
    started,
)
from tests.e2e.test_every_process_is_guarded import FILTERED, seccomp
from tests.unit.api.bench import client, wait_until

QUESTION = "When may apixaban be restarted after a high bleeding-risk procedure?"


@pytest.fixture
def program(tmp_path: Path) -> tuple[str, ...]:
    """The program where the institution has the pack `api` in force, and monitors."""
    (tmp_path / "health").mkdir()
    health = tmp_path / "health" / "cloister.prom"
    (tmp_path / "managed.toml").write_text(f'packs = "api"\nhealth_file = "{health}"\n')
    return managed(tmp_path / "managed.toml")


def made_token(vault: Path, program: tuple[str, ...]) -> str:
    said = require(
        cloister(vault, "token", "create", "letters", "--purpose", "Letters.", program=program)
    )
    return str(said.find("token"))


@contextmanager
def served(
    vault: Path, program: tuple[str, ...], end: int = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    process = started(vault, "serve", program=program, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"can ask" in process.stdout.readline()
        yield process
    finally:
        process.send_signal(end)
        process.communicate(timeout=60)


def actions(vault: Path) -> list[dict[str, object]]:
    return list(require(cloister(vault, "log", "show", "--count", "1000")).lines)


def test_openais_client_asks_over_the_socket_and_all_of_it_is_in_the_log(
    vault: Path, program: tuple[str, ...], tmp_path: Path
) -> None:
    health = tmp_path / "health" / "cloister.prom"
    token = made_token(vault, program)
    assert "cloister_up 0" in health.read_text()
    with served(vault, program) as process, client(vault / "api.sock", token) as asking:
        wait_until(lambda: "cloister_up 1\n" in health.read_text())
        numbers = health.read_text()
        done = asking.chat.completions.create(
            model="cloister", messages=[{"role": "user", "content": QUESTION}]
        )
        pieces = asking.chat.completions.create(
            model="cloister", messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces)
        vectors = asking.embeddings.create(model="cloister-embedding", input=["apixaban", "badge"])
        told = mcp(vault, program, token)
        assert seccomp(process.pid) == FILTERED
        with pytest.raises(openai.PermissionDeniedError):
            asking.chat.completions.create(
                model="cloister", messages=[{"role": "user", "content": "How do I delete the log?"}]
            )
    assert process.returncode == 0
    assert "cloister_documents 3\n" in numbers
    assert not any(name in numbers for name in ("Anna", "Ward", "letters"))
    assert "48 to 72 hours" in str(done.choices[0].message.content)
    assert streamed == done.choices[0].message.content
    assert len(vectors.data) == 2
    assert "48 to 72 hours" in told
    records = actions(vault)
    assert [r["action"] for r in records if str(r["action"]).startswith(("api.", "token."))] == [
        "token.creating", "token.created", "api.opened", "api.embedding", "api.closed",
    ]  # fmt: skip
    opened = [r for r in records if r["action"] == "ask.opened"]
    programs = [dict(r["fields"]).get("details.application", "") for r in opened]  # type: ignore[call-overload]
    assert [name.partition("/")[0] for name in programs] == ["", *["letters"] * 4]
    closed = [r["outcome"] for r in records if r["action"] == "ask.closed"]
    assert closed == ["answered"] * 4 + ["refused"]
    assert not (vault / "api.sock").exists()


def mcp(vault: Path, program: tuple[str, ...], token: str) -> str:
    """What a search through `cloister mcp` says."""
    call = {"name": "search", "arguments": {"query": QUESTION, "limit": 1}}
    process = subprocess.Popen(
        [*program, "--data", str(vault), "mcp"], cwd=ROOT, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "CLOISTER_TOKEN": token},
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        replies = []
        for method, parameters in (("initialize", {}), ("tools/call", call)):
            line = {"jsonrpc": "2.0", "id": method, "method": method, "params": parameters}
            process.stdin.write(f"{json.dumps(line)}\n")
            replies.append(json.loads(process.stdout.readline()))
        assert seccomp(process.pid) == FILTERED
        process.stdin.close()
    assert process.returncode == 0
    return str(replies[1]["result"]["content"][0]["text"])


def test_a_kill_a_revocation_and_the_institutions_no_each_do_what_they_should(
    vault: Path, program: tuple[str, ...]
) -> None:
    token = made_token(vault, program)
    with served(vault, program, end=signal.SIGKILL), client(vault / "api.sock", token) as asking:
        assert [model.id for model in asking.models.list()]
    identifier = token.split("_")[1]
    with served(vault, program), client(vault / "api.sock", token) as asking:
        assert [model.id for model in asking.models.list()]
        revoked = subprocess.run(
            [*program, "--json", "--data", str(vault), "token", "revoke", identifier],
            capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert require(read_said(revoked)).find("revoked") == identifier  # nobody was asked
        with pytest.raises(openai.AuthenticationError):
            asking.models.list()
        assert cloister(vault, "token", "revoke", "0" * 16).find("error") == "not_revoked"
        assert cloister(vault, "token", "list").find("error") == "already_running"
    assert cloister(vault, "serve").find("error") == "not_allowed"  # the pack is gone
    records = [(r["action"], r["object"]) for r in actions(vault)]
    label = f"letters/{identifier}"
    assert [r for r in records if str(r[0]).startswith(("api.", "token.", "pack.", "action."))] == [
        ("token.creating", "letters"),
        ("token.created", label),
        ("api.opened", ""),
        ("api.listed", label),
        ("api.opened", ""),
        ("api.listed", label),
        ("token.revoking", identifier),
        ("token.revoked", label),
        ("api.refused", ""),
        ("api.refused", ""),
        ("api.closed", ""),
        ("pack.retired", "api"),
        ("action.denied", ""),
    ]


def test_mcp_without_a_token_says_where_to_put_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--data", str(tmp_path), "mcp"],
        capture_output=True, text=True, timeout=60, check=False, cwd=ROOT, stdin=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if k != "CLOISTER_TOKEN"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "--token-file" in done.stderr
