"""The socket: who may connect, how many at once, and that none of them outlives the serving.

Rules kept here: only AF_UNIX, in a place that only this user can write to, mode 0600; the kernel
says which user is on the other side, and any other is turned away before a byte is read; a
connection is one thread, of which there are only so many; closing ends all of them.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from appliance.api.errors import ApiError, ForeignPeer, PeerGone, ReaderSlow, SocketUnusable
from appliance.api.exchange import Exchange
from appliance.api.limits import Limits
from appliance.api.peers import peer_user, require_same_user
from appliance.api.routes import Routes
from appliance.errors import CloisterError

LONGEST_PATH = 100
"""Bytes; sun_path has 108 on Linux and 104 on macOS, with a zero at its end."""
_BACKLOG = 16
_CALL = 0.25  # seconds that whoever has a socket's place gets to answer
_PATIENCE = 15.0  # seconds that closing waits for connections
_SEND_BUFFER = 65_536


class Internal(ApiError):
    status = 500
    code = "internal"
    hint = CloisterError.hint


class Listener:
    """A socket at a path; removed when closed."""

    def __init__(self, path: Path) -> None:
        """Takes the place of a socket that a crash left there, but of none that answers. Raises
        SocketUnusable."""
        if sys.platform == "win32":
            raise SocketUnusable(
                "This version serves other programs on Linux and macOS only.",
                hint="Use the window or the terminal on this machine.",
            )
        self.path = path
        if len(os.fsencode(path)) > LONGEST_PATH:
            raise SocketUnusable(f"The path of a socket has {LONGEST_PATH} bytes at most.")
        try:
            _require_own(path.parent)
            _remove_socket(path)
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.bind(os.fspath(path))
            path.chmod(0o600)
            self._made = _identity(path)
            self.socket.listen(_BACKLOG)
        except OSError as error:
            raise SocketUnusable(f"{path} cannot be made: {error.strerror}.") from error

    def close(self) -> None:
        """Removes what it made and nothing that has taken its place since."""
        self.socket.close()
        with suppress(OSError):
            if _identity(self.path) == self._made:
                self.path.unlink()


class Server:
    """Answers on a listener until it is told to stop."""

    def __init__(self, listener: Listener, routes: Routes, limits: Limits) -> None:
        self._listener = listener
        self._routes = routes
        self._limits = limits
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    @property
    def connections(self) -> int:
        with self._lock:
            return len(self._open)

    def serve(self, stopped: Callable[[], bool]) -> None:
        """Returns once `stopped` and every connection has ended. Raises LogUnwritable where what
        was turned away cannot be logged: nothing can be answered then."""
        self._listener.socket.settimeout(self._limits.look_seconds)
        try:
            while not stopped():
                self._routes.refusals.tell(time.monotonic())
                try:
                    connection, _ = self._listener.socket.accept()
                except TimeoutError:
                    continue
                except OSError:  # too many open files: what is open goes on
                    self._routes.refusals.add("accept_failed", "", time.monotonic())
                    time.sleep(self._limits.look_seconds)
                    continue
                self._take(connection)
        finally:
            self._listener.close()
            self._end()
            self._routes.refusals.tell()

    def _take(self, connection: socket.socket) -> None:
        try:
            require_same_user(peer_user(connection), os.getuid())
        except ForeignPeer as error:
            self._turn_away(connection, error.code)
            return
        with self._lock:
            room = len(self._open) < self._limits.connections
            thread = threading.Thread(
                target=self._converse, args=(connection,), name="api", daemon=True
            )
            if room:
                self._open[connection] = thread
        if not room:
            self._turn_away(connection, "too_many_connections")
            return
        try:
            thread.start()
        except RuntimeError:  # the system has no more threads
            with self._lock:
                self._open.pop(connection, None)
            self._turn_away(connection, "too_many_threads")

    def _turn_away(self, connection: socket.socket, code: str) -> None:
        self._routes.refusals.add(code, "", time.monotonic())
        connection.close()

    def _converse(self, connection: socket.socket) -> None:
        """One connection to its end; nothing that goes wrong in it reaches another."""
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            self._requests(Exchange(connection, self._limits))
        except (PeerGone, ReaderSlow) as error:
            if isinstance(error, ReaderSlow):
                with suppress(CloisterError):  # the log failed: whoever asks next is told so
                    self._routes.refusals.add(error.code, "", time.monotonic())
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()

    def _requests(self, exchange: Exchange) -> None:
        try:
            while (head := exchange.head()) is not None:
                self._routes.serve(exchange, head)
        except ApiError as error:  # before there was a request to answer
            exchange.error(self._routes.noted(error))
        except (PeerGone, ReaderSlow):
            raise
        except Exception as error:  # noqa: BLE001  one call must not end the serving
            told = Internal("Something happened that Cloister did not foresee.")
            exchange.error(self._routes.noted(told, detail=type(error).__name__))

    def _end(self) -> None:
        """Hangs up on everybody and waits for what is under way to close its records."""
        with self._lock:
            threads = dict(self._open)
        for connection in threads:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + _PATIENCE
        for thread in threads.values():
            thread.join(max(0.0, end - time.monotonic()))


def _require_own(folder: Path) -> None:
    """The folder is this user's, or root's, and nobody else may write to it: the socket in it is
    what a program trusts with its token. Raises SocketUnusable."""
    status = folder.stat()
    if status.st_uid not in (0, os.getuid()) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SocketUnusable(f"Others than you may write to {folder}.")


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _remove_socket(path: Path) -> None:
    """What a crash left. Raises SocketUnusable where something else lies there, or somebody
    answers."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.getuid():
        raise SocketUnusable(f"{path} is there and is no socket of yours.")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as caller:
        caller.settimeout(_CALL)
        try:
            caller.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except (TimeoutError, BlockingIOError):
            pass  # somebody has it, and does not get round to answering
    raise SocketUnusable(f"Somebody serves at {path} already.")
