"""`python -m tests.gui.x_manager`: a window manager of a hundred lines, for where openbox cannot
be had. It does what it is asked: maps, minimises (so that a window is gone until its program
maps it again), leaves full screen, lowers, resizes, and passes a close on (ICCCM 4.1.4, EWMH).
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_int, c_long, c_uint, c_ulong, c_void_p

from tests.gui.x_input import Message

_MAP_REQUEST, _CONFIGURE_REQUEST, _CLIENT_MESSAGE = 20, 23, 33  # X.h
_REDIRECT = (1 << 20) | (1 << 19)  # X.h, SubstructureRedirectMask | SubstructureNotifyMask
_ATOM, _WINDOW = 4, 33  # Xatom.h
_NORMAL, _ICONIC = 1, 3  # Xutil.h


class _MapRequest(ctypes.Structure):
    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p),
        ("parent", c_ulong), ("window", c_ulong),
    ]  # fmt: skip


class _ConfigureRequest(ctypes.Structure):
    _fields_ = [
        ("type", c_int), ("serial", c_ulong), ("send_event", c_int), ("display", c_void_p),
        ("parent", c_ulong), ("window", c_ulong), ("x", c_int), ("y", c_int), ("width", c_int),
        ("height", c_int), ("border_width", c_int), ("above", c_ulong), ("detail", c_int),
        ("value_mask", c_ulong),
    ]  # fmt: skip


class _Changes(ctypes.Structure):
    """Xlib.h, XWindowChanges."""

    _fields_ = [
        ("x", c_int), ("y", c_int), ("width", c_int), ("height", c_int), ("border_width", c_int),
        ("sibling", c_ulong), ("stack_mode", c_int),
    ]  # fmt: skip


class _Event(ctypes.Union):
    _fields_ = [
        ("type", c_int), ("map", _MapRequest), ("configure", _ConfigureRequest),
        ("message", Message), ("pad", c_long * 24),
    ]  # fmt: skip


class Manager:
    def __init__(self) -> None:
        self._x = x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = c_void_p
        for name in ("XDefaultRootWindow", "XInternAtom", "XCreateSimpleWindow"):
            getattr(x, name).restype = c_ulong
        self._display = c_void_p(x.XOpenDisplay(None))
        self._ignore = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda *_: 0)
        x.XSetErrorHandler(self._ignore)
        self._root = x.XDefaultRootWindow(self._display)
        self._size = (x.XDisplayWidth(self._display, 0), x.XDisplayHeight(self._display, 0))
        x.XSelectInput(self._display, c_ulong(self._root), c_long(_REDIRECT))
        self._announce()

    def run(self) -> None:
        event = _Event()
        while True:
            self._x.XNextEvent(self._display, byref(event))
            if event.type == _MAP_REQUEST:
                self._map(event.map.window)
            elif event.type == _CONFIGURE_REQUEST:
                self._configure(event.configure)
            elif event.type == _CLIENT_MESSAGE:
                self._asked(event.message)
            self._x.XFlush(self._display)

    # --- what is done ---------------------------------------------------------------------

    def _announce(self) -> None:
        """That there is a manager, and what it knows (EWMH, root window properties)."""
        own = self._x.XCreateSimpleWindow(
            self._display, c_ulong(self._root), -10, -10, 1, 1, 0, 0, 0
        )
        for window in (self._root, own):
            self._set(window, "_NET_SUPPORTING_WM_CHECK", _WINDOW, own)
        known = ("_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN", "_NET_WM_STATE_HIDDEN",
                 "_NET_ACTIVE_WINDOW", "_NET_CLOSE_WINDOW")  # fmt: skip
        self._set(self._root, "_NET_SUPPORTED", _ATOM, *map(self._atom, known))

    def _map(self, window: int) -> None:
        self._set(window, "WM_STATE", self._atom("WM_STATE"), _NORMAL, 0)
        self._x.XMapRaised(self._display, c_ulong(window))
        self._x.XSetInputFocus(self._display, c_ulong(window), 1, c_ulong(0))

    def _configure(self, asked: _ConfigureRequest) -> None:
        changes = _Changes(asked.x, asked.y, asked.width, asked.height, asked.border_width,
                           asked.above, asked.detail)  # fmt: skip
        self._x.XConfigureWindow(
            self._display, c_ulong(asked.window), c_uint(asked.value_mask), byref(changes)
        )

    def _asked(self, message: Message) -> None:
        window, kind = message.window, message.message_type
        if kind == self._atom("WM_CHANGE_STATE") and message.data[0] == _ICONIC:
            self._minimise(window)
        elif kind == self._atom("_NET_WM_STATE"):
            self._state(window, add=bool(message.data[0]), name=message.data[1])
        elif kind == self._atom("_NET_ACTIVE_WINDOW"):
            self._map(window)
        elif kind == self._atom("_NET_CLOSE_WINDOW"):
            self._close(window)
        elif kind in (self._atom("_NET_WM_DESKTOP"), self._atom("_NET_SHOWING_DESKTOP")):
            self._minimise(window)  # on another desktop, or behind this one's
        elif kind == self._atom("_NET_MOVERESIZE_WINDOW"):
            _, *room = message.data
            self._x.XMoveResizeWindow(self._display, c_ulong(window), *room)

    def _minimise(self, window: int) -> None:
        self._set(window, "WM_STATE", self._atom("WM_STATE"), _ICONIC, 0)
        self._set(window, "_NET_WM_STATE", _ATOM, self._atom("_NET_WM_STATE_HIDDEN"))
        self._x.XUnmapWindow(self._display, c_ulong(window))

    def _state(self, window: int, *, add: bool, name: int) -> None:
        if name == self._atom("_NET_WM_STATE_HIDDEN") and add:
            self._minimise(window)
        elif name == self._atom("_NET_WM_STATE_BELOW") and add:
            self._x.XLowerWindow(self._display, c_ulong(window))
        elif name == self._atom("_NET_WM_STATE_FULLSCREEN"):
            width, height = self._size if add else (640, 480)
            self._set(window, "_NET_WM_STATE", _ATOM, *((name,) if add else ()))
            self._x.XMoveResizeWindow(self._display, c_ulong(window), 0, 0, width, height)

    def _close(self, window: int) -> None:
        event = Message()
        event.type, event.window, event.format = _CLIENT_MESSAGE, window, 32
        event.message_type = self._atom("WM_PROTOCOLS")
        event.data[0] = self._atom("WM_DELETE_WINDOW")
        self._x.XSendEvent(self._display, c_ulong(window), 0, c_long(0), byref(event))

    def _set(self, window: int, name: str, kind: int, *values: int) -> None:
        data = (c_long * max(1, len(values)))(*values)
        self._x.XChangeProperty(
            self._display, c_ulong(window), c_ulong(self._atom(name)), c_ulong(kind), 32, 0,
            byref(data), len(values),
        )  # fmt: skip

    def _atom(self, name: str) -> int:
        return int(self._x.XInternAtom(self._display, name.encode(), 0))


if __name__ == "__main__":
    Manager().run()
