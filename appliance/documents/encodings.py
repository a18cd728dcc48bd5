"""From bytes to text: byte order marks, what the file declares, UTF-8, UTF-16, Windows-1252."""

from __future__ import annotations

import codecs
import re

from appliance.documents import errors
from appliance.documents.errors import Unreadable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_\-]{2,40})""", re.I)
_DECLARED_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_\-]{2,40})""")
# What may be declared; all of them are loaded before the sandbox closes the file system.
DECLARABLE = (
    "utf-8 utf-16 utf-16-le utf-16-be utf-32-le utf-32-be ascii latin-1 cp1252 cp1250 "
    "cp1251  cp1253 cp1254 cp1255 cp1256 cp1257 cp437 cp850 iso8859-2 iso8859-3 iso8859-4 "
    "iso8859-5  iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-13 iso8859-14 "
    "iso8859-15 iso8859-16  koi8-r koi8-u mac-roman shift_jis cp932 euc-jp iso2022-jp "
    "gb2312 gbk gb18030 big5 euc-kr cp949"
).split()
_SAMPLE = 64 * 1024
_ODD_SHARE = 0.02


def load_codecs() -> None:
    """Imports every codec that may be asked for, while files can still be opened."""
    for name in DECLARABLE:
        codecs.lookup(name)


def decode(untrusted: bytes, markup: bool = False) -> str:
    """The text. With `markup`, an encoding that the file declares comes before guessing.

    Raises Unreadable where it is not text."""
    for mark, encoding in _MARKS:
        if untrusted.startswith(mark):
            return _require_text(untrusted[len(mark) :].decode(encoding, "replace"))
    if markup:
        declared = _declared(untrusted[:4096])
        if declared:
            return _require_text(untrusted.decode(declared, "replace"))
    wide = _wide(untrusted[:_SAMPLE])
    if wide:
        return _require_text(untrusted.decode(wide, "replace"))
    try:
        return _require_text(untrusted.decode("utf-8"))
    except UnicodeDecodeError:
        return _require_text(untrusted.decode("cp1252", "replace"))


def _declared(head: bytes) -> str:
    found = _DECLARED_XML.search(head) or _DECLARED.search(head)
    if not found:
        return ""
    label = found[1].decode("ascii").lower()
    if label.startswith("utf-16"):
        return ""  # an ASCII-readable declaration of UTF-16 is wrong (WHATWG Encoding)
    label = {"iso-8859-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252"}.get(label, label)
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    known = {codecs.lookup(each).name for each in DECLARABLE}
    return name if name in known else ""


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 8 or (len(head) % 2 and len(head) < _SAMPLE):
        return ""
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return ""


def _require_text(text: str) -> str:
    """Raises Unreadable when too much of it is nothing that people write."""
    head = text[:_SAMPLE]
    odd = sum(1 for c in head if c == "\ufffd" or (c < " " and c not in "\t\n\r\f\x0b\x1a"))
    odd += sum(1 for c in head if "\x7f" <= c <= "\x9f")
    if odd > _ODD_SHARE * len(head):
        raise Unreadable(errors.DocumentUnsupported)
    return text
