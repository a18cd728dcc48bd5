"""Files as QR codes: in any order, whole or not at all."""

from __future__ import annotations

import random
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.cli.output import Output
from appliance.cli.signed_files import Destination
from appliance.licensing import codes
from appliance.licensing.errors import ScanIncomplete
from tests.unit.licensing import qr_reader
from tests.unit.licensing.test_documents import FILES


@given(st.binary(max_size=9_000), st.randoms())
@settings(deadline=None, max_examples=40)
def test_what_is_scanned_in_any_order_and_repeatedly_is_the_file(
    document: bytes, order: random.Random
) -> None:
    texts = list(codes.texts_of(document)) * 2
    order.shuffle(texts)
    assert codes.document_of(texts) == document


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_base45_goes_both_ways(data: bytes) -> None:
    assert codes.unbase45(codes.base45(data)) == data


def test_base45_is_that_of_the_rfc() -> None:
    assert codes.base45(b"AB") == "BB8"  # RFC 9285, section 4.3
    assert codes.base45(b"Hello!!") == "%69 VD92EX0"
    assert codes.base45(b"base-45") == "UJCLQE7W581"
    for wrong in ("GGW", ":::", "A", "a12", "::"):  # section 6
        with pytest.raises(ScanIncomplete):
            codes.unbase45(wrong)


def test_a_missing_a_foreign_or_a_misread_code_is_found() -> None:
    request, licence = (codes.texts_of(FILES[kind][0]) for kind in list(FILES)[:2])
    assert len(request) > 2
    with pytest.raises(ScanIncomplete, match=r"missing: 2\)"):
        codes.document_of(request[:1] + request[2:])
    with pytest.raises(ScanIncomplete, match="different files"):
        codes.document_of((*request, licence[0]))
    with pytest.raises(ScanIncomplete, match="no code of Cloister's"):
        codes.document_of(("https://example.org",))
    with pytest.raises(ScanIncomplete, match="Nothing came"):
        codes.document_of(())
    swapped = request[0][:-1] + ("0" if request[0][-1] != "0" else "1")
    with pytest.raises(ScanIncomplete):
        codes.document_of((swapped, *request[1:]))
    assert codes.missing_of(request[:1]) == len(request) - 1
    assert codes.missing_of(request) == 0
    assert codes.missing_of(()) is None


def test_a_code_that_unpacks_without_end_is_not_unpacked() -> None:
    packed = codes.base45(zlib.compress(bytes(10_000_000), 9))
    pieces = [packed[at : at + 4000] for at in range(0, len(packed), 4000)]
    texts = [f"CLOISTER1/{'0' * 16}/{n}/{len(pieces)}/{p}" for n, p in enumerate(pieces, 1)]
    with pytest.raises(ScanIncomplete, match="more than a file"):
        codes.document_of(texts)


def test_a_file_too_long_for_codes_says_so() -> None:
    with pytest.raises(ScanIncomplete, match="too long"):
        codes.texts_of(random.Random(5).randbytes(100_000))  # noqa: S311  not a secret


def test_a_code_is_drawn_for_screen_paper_and_terminal() -> None:
    document = FILES[next(iter(FILES))][0]
    symbols = codes.symbols_of(document)
    assert codes.document_of(symbol.text for symbol in symbols) == document
    first = symbols[0]
    side = len(first.modules)
    assert all(len(row) == side for row in first.modules)
    assert (side - 17) % 4 == 0
    assert first.modules[0][:7] == (True,) * 7  # a finder pattern (ISO/IEC 18004, 6.3.3)
    assert codes.svg_of(first.text).lstrip().startswith(b"<?xml")
    assert "\n" in codes.terminal_of(first.text)


def test_what_is_drawn_is_read_by_a_reader_of_its_own() -> None:
    document = FILES[next(iter(FILES))][0]
    symbols = codes.symbols_of(document)
    assert codes.document_of(qr_reader.read(symbol.modules) for symbol in symbols) == document
    flipped = [list(row) for row in symbols[-1].modules]
    flipped[-1][-1] = not flipped[-1][-1]
    with pytest.raises(qr_reader.Unreadable):
        qr_reader.read(tuple(map(tuple, flipped)))


def test_what_is_printed_is_the_same_code_with_four_light_modules_around() -> None:
    symbol = codes.symbols_of(b"a short one")[0]
    side = len(symbol.modules)
    drawn = codes.svg_of(symbol.text).decode()
    size = re.search(r'width="(\d+)" height="(\d+)"', drawn)
    assert size is not None
    assert set(map(int, size.groups())) == {(side + 8) * 4}
    assert _printed(drawn, side) == symbol.modules
    assert codes.document_of([qr_reader.read(_printed(drawn, side))]) == b"a short one"


def _printed(drawn: str, side: int) -> tuple[tuple[bool, ...], ...]:
    """The modules of an SVG: strokes one module high, each beginning where the last one ended."""
    path = re.search(r' d="([^"]+)"', drawn)
    assert path is not None
    x, y = 0.0, 0.0
    dark = set()
    for order, numbers in re.findall(r"([Mmh])([-\d. ]+)", path[1]):
        steps = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if order == "h":
            dark |= {(int(y), int(x) + step) for step in range(int(steps[0]))}
            x += steps[0]
        else:
            x, y = (steps[0], steps[1]) if order == "M" else (x + steps[0], y + steps[1])
    return tuple(tuple((row + 4, column + 4) in dark for column in range(side))
                 for row in range(side))  # fmt: skip


def test_a_file_goes_to_paper_and_terminal_and_is_read_off_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = FILES[next(iter(FILES))][0]
    Destination(None, None, tmp_path, terminal=True).put(document, Output(as_json=False))
    count = len(codes.texts_of(document))
    sheets = sorted(path.name for path in tmp_path.iterdir())
    assert sheets == [f"code-{number:02}-of-{count:02}.svg" for number in range(1, count + 1)]
    drawn = re.findall(r"(?m)(?:^[█▀▄ ]{20,}\n)+", capsys.readouterr().out)
    assert codes.document_of(qr_reader.read(_blocks(code)) for code in drawn) == document


def _blocks(code: str) -> qr_reader.Modules:
    """Two rows a line, each light where there is ink; without the quiet zone."""
    rows = []
    for line in code.splitlines():
        rows.append(tuple(block not in "█▀" for block in line))
        rows.append(tuple(block not in "█▄" for block in line))
    side = len(rows[0]) - 8
    assert not any(any(row) for row in rows[:4])
    return tuple(row[4 : 4 + side] for row in rows[4 : 4 + side])
