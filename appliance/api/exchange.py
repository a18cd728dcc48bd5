"""HTTP/1.1 on one connection: requests bounded and in time, replies whole or as a stream.

Rules kept here: parsing is h11's; nothing is read without a limit of bytes and one of seconds in
all, however slowly it drips; nothing is sent without a limit either, so a reader that does not read
costs one thread for a while and no memory; after anything out of order the connection is closed.
"""

from __future__ import annotations

import json
import select
import socket
import time
from dataclasses import dataclass

import h11

from appliance.api.errors import (
    ApiError,
    CallMalformed,
    CallSlow,
    CallTooLarge,
    PeerGone,
    ReaderSlow,
)
from appliance.api.limits import Limits

_RECEIVE = 65_536
_PIECE = 65_536
_LONG_HEAD = "The head of the request is too long."


@dataclass(frozen=True, slots=True)
class Head:
    """A request before its body; all of it is untrusted. headers: by lower-case name, the last of
    those that come several times."""

    method: str
    path: str
    headers: dict[str, str]


class Exchange:
    """One connection. Used by one thread."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._socket = connection
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)

    # --- reading -----------------------------------------------------------------------------

    def head(self) -> Head | None:
        """The next request; None where the other side has hung up or says nothing more. Raises
        CallSlow, CallMalformed."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE or not self._begun():
            return None
        event = self._event(time.monotonic() + self._limits.head_seconds)
        if not isinstance(event, h11.Request):
            return None
        fields = [(name.decode("ascii", "replace"), value) for name, value in event.headers]
        if len(event.target) + sum(len(n) + len(v) + 4 for n, v in fields) > self._limits.head:
            raise CallTooLarge(_LONG_HEAD)
        headers = {name: value.decode("latin-1") for name, value in fields}
        _require_plain([name for name, _ in fields])
        target = event.target.decode("latin-1")
        return Head(event.method.decode("ascii", "replace"), target.partition("?")[0], headers)

    def body(self, head: Head, most: int | None = None) -> bytes:
        """All of it. most: bytes, where it is less than for other calls. Raises CallTooLarge,
        CallSlow, CallMalformed, PeerGone."""
        limit = self._limits.body if most is None else min(most, self._limits.body)
        stated = head.headers.get("content-length", "0")
        if len(stated) > 12 or int(stated) > limit:  # h11 lets digits through alone
            raise CallTooLarge(f"This call has {limit:,} bytes at most.")
        deadline = time.monotonic() + self._limits.body_seconds
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
        content = bytearray()
        while True:
            event = self._event(deadline)
            if isinstance(event, h11.EndOfMessage):
                return bytes(content)
            if not isinstance(event, h11.Data):
                raise PeerGone("The other side hung up half-way.")
            content += event.data
            if len(content) > limit:
                raise CallTooLarge(f"This call has {limit:,} bytes at most.")

    def gone(self) -> bool:
        """Whether the other side has hung up: nobody waits then. Whoever only sends nothing more
        may still read, and what came in already says nothing either way."""
        return bool(self._looked(0) & ~select.POLLIN)

    def _begun(self) -> bool:
        """Whether something of a request is there, or comes before it is idle for too long."""
        if self._http.trailing_data[0]:
            return True
        return bool(self._looked(self._limits.idle_seconds) & select.POLLIN)

    def _looked(self, seconds: float) -> int:
        """What poll(2) says of the socket within so long; POLLHUP where it is closed."""
        looking = select.poll()
        try:
            looking.register(self._socket, select.POLLIN)
            return next((found for _, found in looking.poll(seconds * 1_000)), 0)
        except (OSError, ValueError):
            return select.POLLHUP

    def _event(self, deadline: float) -> object:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                if error.error_status_hint == 431:
                    raise CallTooLarge(_LONG_HEAD) from error
                raise CallMalformed("What came in is not an HTTP request.") from error
            if event is not h11.NEED_DATA:
                return event
            left = deadline - time.monotonic()
            if left <= 0:
                raise CallSlow("The request did not come in whole in time.")
            self._socket.settimeout(left)
            try:
                self._http.receive_data(self._socket.recv(_RECEIVE))
            except TimeoutError as error:
                raise CallSlow("The request did not come in whole in time.") from error
            except OSError as error:
                raise PeerGone("The other side hung up.") from error

    # --- sending -----------------------------------------------------------------------------

    def reply(self, status: int, content: object, **headers: str) -> None:
        """One reply of JSON, whole. Raises ReaderSlow, PeerGone."""
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        fields = [("content-type", "application/json"), ("content-length", str(len(body)))]
        fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
        if self._http.their_state is not h11.DONE:  # what was not read is in the way of the next
            fields.append(("connection", "close"))
        self._send(h11.Response(status_code=status, headers=fields))
        self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())

    def begin_events(self) -> None:
        """A reply of server-sent events (WHATWG HTML, section 9.2)."""
        fields = [("content-type", "text/event-stream"), ("cache-control", "no-store")]
        self._send(h11.Response(status_code=200, headers=fields))

    def event(self, content: str) -> None:
        """One event of one line. Raises ReaderSlow, PeerGone."""
        self._send(h11.Data(data=f"data: {content}\n\n".encode("utf-8", "replace")))

    def end_events(self) -> None:
        self._send(h11.EndOfMessage())

    def error(self, error: ApiError) -> None:
        """Tells what was wrong, where nothing was told yet."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            more = {"retry_after": str(seconds)} if (seconds := _seconds(error)) else {}
            self.reply(error.status, spelled(error), **more)

    def _send(self, event: h11.Event) -> None:
        try:
            untold = self._http.send(event)
        except h11.LocalProtocolError as error:
            raise PeerGone("The connection cannot be used any more.") from error
        self._socket.settimeout(self._limits.send_seconds)
        for at in range(0, len(untold or b""), _PIECE):
            try:
                self._socket.sendall((untold or b"")[at : at + _PIECE])
            except TimeoutError as error:
                raise ReaderSlow("The other side does not read its reply.") from error
            except OSError as error:
                raise PeerGone("The other side hung up.") from error


def _require_plain(names: list[str]) -> None:
    """That no header makes the call two things at once. Raises CallMalformed."""
    if names.count("authorization") > 1:
        raise CallMalformed("The request has two tokens.")
    if "transfer-encoding" in names and "content-length" in names:  # RFC 9112, section 6.1
        raise CallMalformed("The request states the length of its body in two ways.")


def spelled(error: ApiError) -> dict[str, object]:
    """As OpenAI's clients read errors."""
    return {
        "error": {
            "message": f"{error.sentence} {error.next_step}",
            "type": "invalid_request_error" if error.status < 500 else "server_error",
            "param": getattr(error, "parameter", "") or None,
            "code": error.name,
        }
    }


def _seconds(error: ApiError) -> int:
    return getattr(error, "seconds", 0)
