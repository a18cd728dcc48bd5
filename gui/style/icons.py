"""The icons, drawn here on a 24 by 24 grid with a 1.7 stroke.

Rules kept here: an icon is never the only carrier of a meaning (the control has a name), and no
icon is loaded from a file or a document.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.style.scale import px

_THUMB = (
    '<path d="M7.4 10.6v9H4.6v-9zM7.4 10.8L11 3.9a2 2 0 0 1 2 2v3.3h4.7a1.8 1.8 0 0 1 1.8 2.1l-1.1'
    ' 6.8a1.8 1.8 0 0 1-1.8 1.5H7.4z"'
)

_DRAWINGS = {
    "arch": '<path d="M3 20.5h18M4.5 20.5V12a3.75 3.75 0 0 1 7.5 0v8.5M12 20.5V12a3.75 3.75 0 0 1'
    ' 7.5 0v8.5M3 5.2h18"/>',
    "ask": '<path d="M20.5 11.6a7.9 7.9 0 0 1-11.5 7L4 20.2l1.4-4.7A7.9 7.9 0 1 1 20.5 11.6z"/>',
    "library": '<path d="M4 4.5h4v15H4zM8 4.5h4v15H8z"/>'
    '<path d="M13.2 5.6l3.7-1 3.9 14.4-3.7 1z"/>',
    "log": '<rect x="4.5" y="3.5" width="15" height="17" rx="2"/>'
    '<path d="M8.3 8.6l1.1 1.1 2-2.1M8.3 14.6l1.1 1.1 2-2.1M14 9h2.4M14 15h2.4"/>',
    "admin": '<path d="M3.8 7.4h8.4M17.4 7.4h2.8M3.8 16.6h2.8M11.8 16.6h8.4"/>'
    '<circle cx="14.8" cy="7.4" r="2.4"/><circle cx="9.2" cy="16.6" r="2.4"/>',
    "gauge": '<path d="M5.2 18.5a8.7 8.7 0 1 1 13.6 0M12 14.2l3.8-5"/>'
    '<circle cx="12" cy="14.2" r="1.6"/>',
    "parcel": '<path d="M4 8.2l8-4.2 8 4.2v7.6l-8 4.2-8-4.2zM4 8.2l8 4.2 8-4.2M12 12.4V20"/>',
    "side": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/><path d="M9.5 4.5v15"/>',
    "plus": '<path d="M12 5.5v13M5.5 12h13"/>',
    "send": '<path d="M12 18.8V5.4M6.2 11L12 5.2l5.8 5.8"/>',
    "stop": '<rect x="7" y="7" width="10" height="10" rx="2" fill="INK"/>',
    "close": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
    "lock": '<rect x="5" y="10.8" width="14" height="9.4" rx="2.2"/>'
    '<path d="M8 10.8V8a4 4 0 0 1 8 0v2.8M12 14.6v2"/>',
    "key": '<circle cx="8" cy="15.6" r="4"/><path d="M11 12.8l8.4-8.4M16 7.8l2.9 2.9"/>',
    "file": '<path d="M13.8 3.5H7.2a2 2 0 0 0-2 2v13a2 2 0 0 0 2 2h9.6a2 2 0 0 0 2-2V8.5z'
    'M13.8 3.5v5h5"/>',
    "folder": '<path d="M3.5 18V6.5a2 2 0 0 1 2-2h4l2.2 2.6h6.8a2 2 0 0 1 2 2V18a2 2 0 0 1-2 2'
    'h-13a2 2 0 0 1-2-2z"/>',
    "shield": '<path d="M12 3.3l7 2.6v5.3c0 4.4-2.9 7.6-7 9.5-4.1-1.9-7-5.1-7-9.5V5.9z"/>'
    '<path d="M8.9 11.9l2.2 2.2 4.1-4.3"/>',
    "breach": '<path d="M12 3.3l7 2.6v5.3c0 4.4-2.9 7.6-7 9.5-4.1-1.9-7-5.1-7-9.5V5.9z"/>'
    '<path d="M12 8.2v4.4M12 15.6v.2"/>',
    "check": '<path d="M5.5 12.6l4.2 4.2 8.8-9.4"/>',
    "warning": '<path d="M12 4.2l8.8 15.3H3.2zM12 10v4.2M12 16.9v.2"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11.2v5M12 7.9v.2"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="M15.8 15.8l4.4 4.4"/>',
    "barred": '<circle cx="12" cy="12" r="8.5"/><path d="M6 18L18 6"/>',
    "print": '<path d="M7 8.5v-5h10v5M7 16.5H5a1.5 1.5 0 0 1-1.5-1.5v-5A1.5 1.5 0 0 1 5 8.5h14a1.5'
    ' 1.5 0 0 1 1.5 1.5v5a1.5 1.5 0 0 1-1.5 1.5h-2M7 13.5h10v7H7z"/>',
    "save": '<path d="M12 4v11M7.4 10.6L12 15.2l4.6-4.6M4.5 19.5h15"/>',
    "copy": '<rect x="8.5" y="8.5" width="11" height="12" rx="2"/>'
    '<path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>',
    "down": '<path d="M6.8 9.6L12 14.8l5.2-5.2"/>',
    "up": '<path d="M6.8 14.4L12 9.2l5.2 5.2"/>',
    "left": '<path d="M14.6 6.8L9.4 12l5.2 5.2"/>',
    "right": '<path d="M9.4 6.8l5.2 5.2-5.2 5.2"/>',
    "minus": '<path d="M5.5 12h13"/>',
    "trash": '<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.9 12.2a1.5 1.5 0 0 0 1.5 1.3h6.2'
    'a1.5 1.5 0 0 0 1.5-1.3L17.5 7M10.2 11v5.5M13.8 11v5.5"/>',
    "eye": '<path d="M2.8 12S6 5.8 12 5.8 21.2 12 21.2 12 18 18.2 12 18.2 2.8 12 2.8 12z"/>'
    '<circle cx="12" cy="12" r="2.8"/>',
    "person": '<circle cx="12" cy="8.3" r="3.8"/><path d="M4.8 20.2c.9-3.9 3.7-5.8 7.2-5.8s6.3 1.9'
    ' 7.2 5.8"/>',
    "shift": '<path d="M12 4.2l7.4 7.8h-3.9v7.3h-7V12H4.6z"/>',
    "erase": '<path d="M9 5.5h10a1.8 1.8 0 0 1 1.8 1.8v9.4a1.8 1.8 0 0 1-1.8 1.8H9L3 12z'
    'M11.4 9.4l5.2 5.2M16.6 9.4l-5.2 5.2"/>',
    "again": '<path d="M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.8v4h-4"/>',
    "pencil": '<path d="M4.5 19.5l.9-4L15.8 5.1a1.6 1.6 0 0 1 2.3 0l.8.8a1.6 1.6 0 0 1 0 2.3'
    'L8.5 18.6zM14 7l3 3"/>',
    "cite": '<rect x="8.5" y="8.5" width="11" height="12" rx="2"/>'
    '<path d="M15.5 8.5v-3a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2M11.6 12.6h4.8M11.6'
    ' 16.2h3"/>',
    "good": f"{_THUMB}/>",
    "good_given": f'{_THUMB} fill="INK"/>',
    "bad": f'<g transform="rotate(180 12 12)">{_THUMB}/></g>',
    "bad_given": f'<g transform="rotate(180 12 12)">{_THUMB} fill="INK"/></g>',
    "why": '<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.7a2.4 2.4 0 1 1 3.5 2.2c-.8.4-1.2.9'
    '-1.2 1.7M12 16.3v.2"/>',
    "leave": '<path d="M12 14.6V4.3M7.8 8.3L12 4.1l4.2 4.2M5 13.5v5A1.5 1.5 0 0 0 6.5 20h11a1.5 1.5'
    ' 0 0 0 1.5-1.5v-5"/>',
    "clip": '<path d="M19 11.2l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l7.7-7.7a3.1 3.1 0 0 1 4.4 4.4l-7.6'
    ' 7.6a1.5 1.5 0 0 1-2.2-2.2l6.9-6.9"/>',
    "pin": '<path d="M9 4h6l-.8 5.8 3 3.4H6.8l3-3.4zM12 13.2V20"/>',
    "dot": '<circle cx="12" cy="12" r="4" fill="INK" stroke="none"/>',
}

NAMES = tuple(_DRAWINGS)


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size: int = 20, ratio: float = 2.0) -> QPixmap:
    """The drawing in one colour, `size` device-independent pixels square."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{colour}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{_DRAWINGS[name].replace('INK', colour)}</svg>"
    )
    picture = QPixmap(int(size * ratio), int(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


def icon(name: str, colour: str, size: int = 20, disabled: str = "") -> QIcon:
    """size: for 100 %, it grows with text. “left” is back and “right” is on: the other way round
    where one reads from the right."""
    if QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft:
        name = {"left": "right", "right": "left"}.get(name, name)
    made = QIcon(pixmap(name, colour, px(size)))
    if disabled:
        made.addPixmap(pixmap(name, disabled, px(size)), QIcon.Mode.Disabled)
    return made
