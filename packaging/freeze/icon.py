"""The program's icon for Windows and macOS, drawn from packaging/installer/linux/cloister.svg.

Layouts: ICONDIR and ICONDIRENTRY (Windows), with PNG inside; icns (macOS), likewise.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRAWING = ROOT / "packaging" / "installer" / "linux" / "cloister.svg"
_ICO_SIZES = (16, 24, 32, 48, 64, 256)
_ICNS_KINDS = ((b"icp4", 16), (b"icp5", 32), (b"ic07", 128), (b"ic08", 256), (b"ic09", 512))


def write(folder: Path, platform: str) -> Path:
    """cloister.ico or cloister.icns in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if platform == "darwin":
        path, content = folder / "cloister.icns", icns({k: png(size) for k, size in _ICNS_KINDS})
    else:
        path, content = folder / "cloister.ico", ico({size: png(size) for size in _ICO_SIZES})
    path.write_bytes(content)
    return path


def png(size: int) -> bytes:
    """The drawing, `size` pixels wide and high."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication.instance() or QGuiApplication([])
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(DRAWING)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    del application
    return bytes(buffer.data().data())


def ico(images: dict[int, bytes]) -> bytes:
    head = struct.pack("<HHH", 0, 1, len(images))
    at, entries = len(head) + 16 * len(images), b""
    for size, content in images.items():
        side = size % 256  # 0 stands for 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(content), at)
        at += len(content)
    return head + entries + b"".join(images.values())


def icns(images: dict[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack(">I", len(c) + 8) + c for kind, c in images.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body
