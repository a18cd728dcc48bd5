"""A program as PyInstaller makes one: the loader, then its archive, with a PYZ in it."""

from __future__ import annotations

import marshal
import struct
import zlib
from collections.abc import Mapping

COOKIE = b"MEI\014\013\012\013\016"
_COOKIE_FORM, _ENTRY_FORM = "!8sIIII64s", "!IIIIBc"


def frozen(modules: Mapping[str, bytes], script: bytes, loader: bytes = b"loader") -> bytes:
    body, table = bytearray(b"PYZ\0" + bytes(8)), []
    for name, code in modules.items():
        packed = zlib.compress(code)
        table.append((name, (0, len(body), len(packed))))
        body += packed
    body[8:12] = struct.pack("!i", len(body))
    pyz = bytes(body) + marshal.dumps(table)
    packed_script = zlib.compress(script)
    entries = [(b"s", "entry", packed_script, 1, len(script)), (b"z", "PYZ.pyz", pyz, 0, len(pyz))]
    data, toc = b"", b""
    for kind, name, content, squeezed, size in entries:
        raw = name.encode() + b"\0"
        header = struct.calcsize(_ENTRY_FORM)
        toc += struct.pack(_ENTRY_FORM, header + len(raw), len(data), len(content),
                           size, squeezed, kind) + raw  # fmt: skip
        data += content
    whole = len(data) + len(toc) + struct.calcsize(_COOKIE_FORM)
    cookie = struct.pack(_COOKIE_FORM, COOKIE, whole, len(data), len(toc), 311, b"lib")
    return loader + data + toc + cookie


def code(source: str, name: str = "/build/a.py") -> bytes:
    return marshal.dumps(compile(source, name, "exec"))
