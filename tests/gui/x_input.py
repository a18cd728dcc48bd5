"""An X display as another program sees it: real key presses and clicks (the XTEST extension), what
a window manager asks of a window, and which windows there are. By hand, through libX11 and libXtst.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

_VIEWABLE = 2  # X.h, IsViewable
_CLIENT_MESSAGE = 33  # X.h, ClientMessage
_SUBSTRUCTURE = (1 << 19) | (1 << 20)  # X.h, SubstructureNotifyMask | SubstructureRedirectMask


class _Attributes(ctypes.Structure):
    """Xlib.h, XWindowAttributes."""

    _fields_ = [
        ("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int),
        ("height", ctypes.c_int), ("border_width", ctypes.c_int), ("depth", ctypes.c_int),
        ("visual", ctypes.c_void_p), ("root", ctypes.c_ulong), ("class_", ctypes.c_int),
        ("bit_gravity", ctypes.c_int), ("win_gravity", ctypes.c_int),
        ("backing_store", ctypes.c_int), ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong), ("save_under", ctypes.c_int),
        ("colormap", ctypes.c_ulong), ("map_installed", ctypes.c_int),
        ("map_state", ctypes.c_int), ("all_event_masks", ctypes.c_long),
        ("your_event_mask", ctypes.c_long), ("do_not_propagate_mask", ctypes.c_long),
        ("override_redirect", ctypes.c_int), ("screen", ctypes.c_void_p),
    ]  # fmt: skip


class Message(ctypes.Structure):
    """Xlib.h, XClientMessageEvent, padded to the size of an XEvent."""

    _fields_ = [
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p), ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong), ("format", ctypes.c_int), ("data", ctypes.c_long * 5),
        ("pad", ctypes.c_long * 12),
    ]  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A window that can be seen."""

    window: int
    x: int
    y: int
    width: int
    height: int


class Display:
    def __init__(self, name: str = "") -> None:
        """name: of the display; that of DISPLAY if none is given."""
        self._x, self._test = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        x = self._x
        x.XOpenDisplay.restype = ctypes.c_void_p
        for function in ("XDefaultRootWindow", "XInternAtom", "XCreateSimpleWindow"):
            getattr(x, function).restype = ctypes.c_ulong
        opened = x.XOpenDisplay(name.encode() or None)
        if not opened:
            raise OSError("there is no X display")
        self._display = ctypes.c_void_p(opened)
        self._ignore = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(
            lambda *_: 0
        )
        x.XSetErrorHandler(self._ignore)  # a window may be gone by the time it is asked about
        self.root = x.XDefaultRootWindow(self._display)
        self._own = x.XCreateSimpleWindow(
            self._display, ctypes.c_ulong(self.root), 0, 0, 1, 1, 0, 0, 0
        )

    # --- keys and mouse -------------------------------------------------------------------

    def keycode(self, name: str) -> int:
        """0 where this keyboard has no such key."""
        self._x.XStringToKeysym.restype = ctypes.c_ulong
        symbol = self._x.XStringToKeysym(name.encode())
        return int(self._x.XKeysymToKeycode(self._display, ctypes.c_ulong(symbol)))

    def key(self, code: int, *, down: bool) -> None:
        self._test.XTestFakeKeyEvent(self._display, code, int(down), ctypes.c_ulong(0))

    def button(self, number: int, *, down: bool) -> None:
        self._test.XTestFakeButtonEvent(self._display, number, int(down), ctypes.c_ulong(0))

    def move(self, x: int, y: int) -> None:
        self._test.XTestFakeMotionEvent(self._display, -1, x, y, ctypes.c_ulong(0))

    def sync(self) -> None:
        self._x.XSync(self._display, 0)

    # --- as a window manager, or another program ------------------------------------------

    def iconify(self, window: int) -> None:
        self._x.XIconifyWindow(self._display, ctypes.c_ulong(window), 0)

    def lower(self, window: int) -> None:
        self._x.XLowerWindow(self._display, ctypes.c_ulong(window))

    def reshape(self, window: int, x: int, y: int, width: int, height: int) -> None:
        self._x.XMoveResizeWindow(self._display, ctypes.c_ulong(window), x, y, width, height)

    def take_selection(self, name: str) -> None:
        self._x.XSetSelectionOwner(
            self._display, ctypes.c_ulong(self._atom(name)), ctypes.c_ulong(self._own),
            ctypes.c_ulong(0),
        )  # fmt: skip

    def tell(self, window: int, kind: str, *data: int, to_root: bool = False) -> None:
        """A client message; to_root as a pager sends it."""
        event = Message()
        event.type, event.window, event.format = _CLIENT_MESSAGE, window, 32
        event.message_type = self._atom(kind)
        for place, value in enumerate(data):
            event.data[place] = value
        self._x.XSendEvent(
            self._display, ctypes.c_ulong(self.root if to_root else window), 0,
            ctypes.c_long(_SUBSTRUCTURE if to_root else 0), ctypes.byref(event),
        )  # fmt: skip

    def protocol(self, window: int, name: str) -> None:
        """As the buttons in a title bar do: "WM_DELETE_WINDOW" (ICCCM, 4.2.8) and its like."""
        self.tell(window, "WM_PROTOCOLS", self._atom(name))

    def unmap(self, window: int) -> None:
        """Gone from the screen, without a word to its program."""
        self._x.XUnmapWindow(self._display, ctypes.c_ulong(window))

    def take_focus(self) -> None:
        """Keys go to nobody's window."""
        self._x.XSetInputFocus(self._display, ctypes.c_ulong(self.root), 0, ctypes.c_ulong(0))

    def drop(self, window: int) -> None:
        """Text let go of over it (Xdnd, version 5)."""
        text, copy = self._atom("text/plain"), self._atom("XdndActionCopy")
        self.take_selection("XdndSelection")
        self.tell(window, "XdndEnter", self._own, 5 << 24, text)
        self.tell(window, "XdndPosition", self._own, 0, 400 << 16 | 300, 0, copy)
        self.tell(window, "XdndDrop", self._own, 0, 0)

    def state(self, window: int, name: str, *, add: bool) -> None:
        """_NET_WM_STATE (EWMH)."""
        self.tell(window, "_NET_WM_STATE", int(add), self._atom(name), 0, 1, to_root=True)

    # --- what there is --------------------------------------------------------------------

    def shown(self) -> list[Shown]:
        """The windows right below the root that can be seen, the lowest first."""
        root, parent = ctypes.c_ulong(), ctypes.c_ulong()
        children, count = ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        self._x.XQueryTree(
            self._display, ctypes.c_ulong(self.root), ctypes.byref(root), ctypes.byref(parent),
            ctypes.byref(children), ctypes.byref(count),
        )  # fmt: skip
        found = []
        for place in range(count.value):
            window, has = children[place], _Attributes()
            if not self._x.XGetWindowAttributes(
                self._display, ctypes.c_ulong(window), ctypes.byref(has)
            ):
                continue
            if has.map_state == _VIEWABLE and has.width > 1 and has.height > 1:
                found.append(Shown(window, has.x, has.y, has.width, has.height))
        if count.value:
            self._x.XFree(children)
        return found

    def _atom(self, name: str) -> int:
        return int(self._x.XInternAtom(self._display, name.encode(), 0))
