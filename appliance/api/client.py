"""A caller of the API over its socket: for the MCP server, which holds no keys of its own.

Rules kept here: the token is sent to a process of the same user and to no other; what comes back is
bounded and untrusted; it waits as long as an answer may take and no longer.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import h11

from appliance.api.peers import peer_user, require_same_user
from appliance.api.strict_json import parsed
from appliance.errors import CloisterError

_LARGEST = 8 << 20
_CONNECT_SECONDS = 10.0
_SECONDS = 600.0


class NotServed(CloisterError):
    code = "not_served"
    hint = "Start `cloister serve` first, or name its socket with --socket."


@dataclass(frozen=True, slots=True)
class Reply:
    """status: of HTTP. content: the JSON object that came back; untrusted."""

    status: int
    content: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Caller:
    """One program with its token, "" for none. A connection is made for each call."""

    path: Path
    token: str

    def call(self, method: str, path: str, content: object = None) -> Reply:
        """Raises NotServed, and ForeignPeer before the token is sent."""
        body = b"" if content is None else json.dumps(content).encode("utf-8", "replace")
        try:
            with closing(socket.socket(socket.AF_UNIX)) as connection:
                connection.settimeout(_CONNECT_SECONDS)
                connection.connect(os.fspath(self.path))
                require_same_user(peer_user(connection), os.getuid())
                return self._exchange(connection, method, path, body)
        except OSError as error:
            reason = error.strerror or "no answer in time"
            raise NotServed(f"Nothing answers at {self.path}: {reason}.") from error
        except (h11.ProtocolError, ValueError) as error:
            raise NotServed(f"What answers at {self.path} is not Cloister.") from error

    def _exchange(self, connection: socket.socket, method: str, path: str, body: bytes) -> Reply:
        http = h11.Connection(h11.CLIENT)
        headers = [
            ("host", "cloister"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        if self.token:
            headers.append(("authorization", f"Bearer {self.token}"))
        sent = http.send(h11.Request(method=method, target=path, headers=headers)) or b""
        sent += (http.send(h11.Data(data=body)) or b"") + (http.send(h11.EndOfMessage()) or b"")
        connection.sendall(sent)
        status, content = 0, bytearray()
        end = time.monotonic() + _SECONDS
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                connection.settimeout(max(end - time.monotonic(), 0.001))
                http.receive_data(connection.recv(65_536))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > _LARGEST:
                    raise ValueError("longer than any reply")
            elif isinstance(event, h11.EndOfMessage):
                return Reply(status, _object(bytes(content)))
            elif isinstance(event, h11.ConnectionClosed):
                raise ValueError("cut short")


def _object(untrusted: bytes) -> Mapping[str, object]:
    """Raises ValueError."""
    found = parsed(untrusted)
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004  as anything else that is not a reply
    return found
