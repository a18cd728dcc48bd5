"""Signed files as QR codes, for machines that no stick may come near.

Rules kept here: a file becomes several codes, each with its number, how many there are and a check
of the whole, so they may be scanned in any order and a mixed-up or missing one is found; what is
scanned is untrusted and bounded before it is unpacked; a code proves nothing, the signature inside
does. Text of a code: `CLOISTER1/<check>/<number>/<count>/<base45>`, in QR's alphanumeric alphabet
(ISO/IEC 18004, 7.4.4; base45 is RFC 9285), so a hand scanner types it like a keyboard.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import segno

from appliance.licensing.errors import ScanIncomplete
from appliance.licensing.signed import SMALL

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
PIECE = 1_800
"""Characters of a piece: with error correction L a code of version 25 (117 modules a side), which a
phone reads off paper and screen. A request or a certificate is five of them."""
MOST_CODES = 64
_CODE = re.compile(
    r"CLOISTER1/(?P<check>[0-9A-F]{16})/(?P<number>[0-9]{1,2})/(?P<count>[0-9]{1,2})/"
    r"(?P<piece>[0-9A-Z $%*+\-./:]{1,4000})"
)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One code. modules: rows from the top, True is dark; without the quiet zone of 4 around."""

    text: str
    modules: tuple[tuple[bool, ...], ...]


def texts_of(document: bytes) -> tuple[str, ...]:
    """What the codes of a document say, in order. Raises ScanIncomplete for one too long."""
    packed = base45(zlib.compress(document, 9))
    pieces = [packed[at : at + PIECE] for at in range(0, len(packed), PIECE)]
    if len(document) > SMALL or len(pieces) > MOST_CODES:
        raise ScanIncomplete("This file is too long for codes.", hint="Bring it as a file.")
    check = _check(document)
    return tuple(
        f"CLOISTER1/{check}/{number}/{len(pieces)}/{piece}"
        for number, piece in enumerate(pieces, 1)
    )


def document_of(untrusted_texts: Iterable[str]) -> bytes:
    """The document whose codes these are, in any order, repeated or not. Raises ScanIncomplete."""
    pieces: dict[int, str] = {}
    whole: set[tuple[str, int]] = set()
    for text in untrusted_texts:
        found = _CODE.fullmatch(text.strip("\r\n"))
        if found is None:
            raise ScanIncomplete("This is no code of Cloister's.")
        whole.add((found["check"], int(found["count"])))
        pieces[int(found["number"])] = found["piece"]
    if len(whole) != 1:
        raise ScanIncomplete("These are codes of different files." if whole else "Nothing came.")
    check, count = whole.pop()
    missing = sorted(set(range(1, count + 1)) - set(pieces))
    if missing or len(pieces) != count:
        listed = ", ".join(map(str, missing)) or "too many"
        raise ScanIncomplete(f"Not all of the {count} codes came (missing: {listed}).")
    document = _unpacked("".join(pieces[number] for number in sorted(pieces)))
    if _check(document) != check:
        raise ScanIncomplete("The codes do not make up the file they are of.")
    return document


def missing_of(untrusted_texts: Iterable[str]) -> int | None:
    """How many codes are still to be scanned; None before the first."""
    found = [match for text in untrusted_texts if (match := _CODE.fullmatch(text.strip("\r\n")))]
    if not found:
        return None
    return max(int(found[-1]["count"]) - len({match["number"] for match in found}), 0)


def symbols_of(document: bytes) -> tuple[Symbol, ...]:
    """The codes as a screen draws them."""
    return tuple(
        Symbol(text, tuple(tuple(bool(cell) for cell in row) for row in _made(text).matrix))
        for text in texts_of(document)
    )


def svg_of(text: str) -> bytes:
    """One code as an SVG image, with its quiet zone, for a sheet of paper."""
    written = io.BytesIO()
    _made(text).save(written, kind="svg", scale=4, border=4)
    return written.getvalue()


def terminal_of(text: str) -> str:
    """One code in half blocks, for a terminal of light text on dark ground, 125 columns wide."""
    written = io.StringIO()
    _made(text).terminal(written, border=4, compact=True)
    return written.getvalue()


def base45(data: bytes) -> str:
    """RFC 9285, section 4: two bytes are three characters, a last one two."""
    found = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            found.append(ALPHABET[value % 45])
            value //= 45
    return "".join(found)


def unbase45(untrusted: str) -> bytes:
    """Raises ScanIncomplete for what base45 never writes."""
    wrong = ScanIncomplete("A code was not read right.", hint="Scan that code again.")
    found = bytearray()
    for at in range(0, len(untrusted), 3):
        digits = [ALPHABET.find(symbol) for symbol in untrusted[at : at + 3]]
        size = len(digits) - 1
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        if not size or min(digits) < 0 or value >= 256**size:
            raise wrong
        found += value.to_bytes(size, "big")
    return bytes(found)


def _made(text: str) -> segno.QRCode:
    return segno.make_qr(text, error="l", mode="alphanumeric", boost_error=False)


def _check(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()[:16].upper()


def _unpacked(untrusted: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        document = unpacker.decompress(unbase45(untrusted), SMALL)
    except zlib.error as error:
        raise ScanIncomplete("The codes were not read right.") from error
    if not unpacker.eof:
        raise ScanIncomplete("The codes hold more than a file of Cloister's licensing can be.")
    return document
