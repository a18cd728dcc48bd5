"""The API on a real socket, over the main path on honest fakes."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import openai

from appliance import assistant
from appliance.api.limits import Limits
from appliance.api.listening import Listener, Server
from appliance.api.routes import Routes
from appliance.api.tokens import AppToken, TokenBook
from appliance.applications import Given
from appliance.desk import NotAllowed
from appliance.errors import CloisterError
from appliance.values import Collection, Event, Question, Vectors
from tests.contract.fakes import (
    ANNA,
    NOON,
    AnySeat,
    BagEncoder,
    ListFinder,
    MemoryAudit,
    RolePolicy,
    TickingClock,
)

TEXTS = (
    "Give apixaban 5 mg twice daily.",
    "Wash your hands before each contact.",
)
QUESTION = "What dose of apixaban is given twice daily?"
WARD = Collection("c1", "Ward", 2, 2)
BOARD = Collection("c2", "Board", 1, 1)


QUICK = Limits(
    connections=3, asks=1, waiting=1, patience=0.5, head=4_096, body=20_000, head_seconds=0.4,
    body_seconds=0.4, send_seconds=0.4, idle_seconds=5,
)  # fmt: skip


class Bench:
    """A product for programs, with handles to look at it."""

    def __init__(self, folder: Path) -> None:
        self.policy = RolePolicy()
        self.audit = MemoryAudit()
        self.encoder = BagEncoder()
        self.clock = TickingClock()
        self.time = NOON
        self.allowed = True
        self.written: list[int] = []
        self.notes: list[tuple[str, str, int]] = []
        self.asked: list[Question] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.log_failed: CloisterError | None = None
        self.book_failed: CloisterError | None = None
        self.book = TokenBook(
            folder / "tokens", secrets.token_bytes(32), "p", floor=None,
            on_write=self.written.append,
        )  # fmt: skip
        self.stopped = threading.Event()
        self.hours_over = False

    def token_of(self, application: str = "letters", **how: object) -> str:
        made = self.book.create(application, "To write letters.", now=self.time, days=30, **how)  # type: ignore[arg-type]
        return made[1]

    # --- appliance.api.product.Product -------------------------------------------------------

    def now(self) -> datetime:
        return self.time + timedelta(seconds=1)

    def token(self, untrusted: str) -> AppToken:
        if self.book_failed is not None:
            raise self.book_failed
        return self.book.require(untrusted, self.now())

    def revoke(self, identifier: str, *, over: str) -> AppToken:
        revoked = self.book.revoke(identifier, self.now())
        self.notes.append(("revoked", over, 1))
        return revoked

    def revoke_all(self, *, over: str) -> None:
        for token in self.book.all():
            self.revoke(token.id, over=over)

    def admit(self, token: AppToken) -> None:
        if not self.allowed:
            raise NotAllowed("No policy in force lets other programs ask in your name.")

    def collections(self, token: AppToken) -> tuple[Collection, ...]:
        return tuple(c for c in (WARD, BOARD) if not token.collections or c.id in token.collections)

    def ask(
        self,
        token: AppToken,
        question: str,
        *,
        collections: Sequence[str],
        before: Sequence[str],
        schema: str,
        passages: int,
        cancelled: Callable[[], bool],
    ) -> Generator[Event, None, None]:
        asked = Question(
            secrets.token_hex(4), question, ANNA, self.time, tuple(collections), "c", token.purpose,
            token.label, tuple(before), passages, schema,
        )  # fmt: skip
        self.asked.append(asked)
        self.before_answer()
        parts = assistant.Parts(
            self.policy, self.audit, ListFinder(TEXTS), self.encoder, Given(asked), self.clock,
            AnySeat(),
        )  # fmt: skip
        yield from assistant.ask(asked, parts, cancelled)

    def embed(self, token: AppToken, texts: Sequence[str]) -> Vectors:
        return self.encoder.encode(texts)

    def listed(self, token: AppToken, what: str) -> None:
        self.notes.append(("listed", what, 1))

    def refused(self, code: str, who: str, count: int) -> None:
        if self.log_failed is not None:
            raise self.log_failed
        self.notes.append((code, who, count))


@contextmanager
def serving(
    bench: Bench, path: Path, *, limits: Limits | None = None, per_minute: int = 6_000
) -> Iterator[Server]:
    """The API on a socket at `path`, in threads of its own; everything has ended afterwards."""
    limits = limits or Limits(head_seconds=2, body_seconds=2, send_seconds=1, idle_seconds=5)
    limits = replace(limits, look_seconds=0.01)

    def over() -> bool:
        return bench.hours_over or bench.stopped.is_set()

    routes = Routes(bench, limits, calls_per_minute=per_minute, stopped=over)
    server = Server(Listener(path), routes, limits)
    thread = threading.Thread(target=server.serve, args=(bench.stopped.is_set,))
    thread.start()
    try:
        yield server
    finally:
        bench.stopped.set()
        thread.join()


@contextmanager
def client(path: Path, token: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own client, over the socket."""
    transport = httpx2.HTTPTransport(uds=str(path))
    with (
        httpx2.Client(transport=transport) as http,
        openai.OpenAI(
            api_key=token, base_url="http://cloister/v1", http_client=http, max_retries=0
        ) as made,
    ):
        yield made


def wait_until(holds: Callable[[], bool]) -> None:
    """Returns at once where it holds; fails after long."""
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.settimeout(20)
        connection.connect(os.fspath(path))
        yield connection


def request(token: str, body: object, path: str = "/v1/chat/completions") -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def chat(token: str, **more: object) -> bytes:
    messages = [{"role": "user", "content": QUESTION}]
    return request(token, {"model": "cloister", "messages": messages, **more})


def said(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of a reply after which the other side hangs up, or of one that is whole."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        got = connection.recv(65_536)
        if not got:
            return 0, raw
        raw += got
    head, _, body = raw.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length and (got := connection.recv(65_536)):
        body += got
    return int(head.split()[1]), body


def codes(bench: Bench) -> set[str]:
    return {note[0] for note in bench.notes}
