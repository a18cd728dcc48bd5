"""What an ELF file says is read as the system's own reader reads it; a broken one is refused."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.natives import ElfUnreadable, read_elf

DUCKDB = next((p for place in sys.path for p in Path(place).glob("_duckdb*.so")), None)


READELF = shutil.which("readelf")


@pytest.mark.skipif(READELF is None, reason="binutils are not installed")
def test_names_are_those_that_readelf_gives() -> None:
    assert DUCKDB is not None
    found = read_elf(DUCKDB.read_bytes())
    told = subprocess.run(
        [str(READELF), "-dW", "--dyn-syms", str(DUCKDB)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    needed = [line.split("[")[1].rstrip("]") for line in told if "(NEEDED)" in line]
    undefined = {
        line.split()[7].split("@")[0] for line in told if " UND " in line and len(line.split()) > 7
    }
    assert list(found.needed) == needed
    assert found.imported == undefined


def test_duckdb_is_seen_to_be_able_to_reach_out() -> None:
    assert DUCKDB is not None
    assert {"socket", "connect", "getaddrinfo"} <= read_elf(DUCKDB.read_bytes()).imported


@pytest.mark.parametrize("untrusted", [b"", b"\x7fELF", b"MZ" + b"\0" * 100, b"\x7fELF\x01\x01"])
def test_what_is_no_such_file_is_refused(untrusted: bytes) -> None:
    with pytest.raises(ElfUnreadable):
        read_elf(untrusted)


def _patched(sound: bytes, at: int, form: str, *values: int) -> bytes:
    return sound[:at] + struct.pack(form, *values) + sound[at + struct.calcsize(form) :]


def _without_segment(sound: bytes, kind: int) -> bytes:
    (at,) = struct.unpack_from("<Q", sound, 32)
    (count,) = struct.unpack_from("<H", sound, 56)
    for place in range(at, at + 56 * count, 56):
        if struct.unpack_from("<I", sound, place) == (kind,):
            return _patched(sound, place, "<I", 0)
    raise AssertionError("there is no such segment")


def _dynsym(sound: bytes) -> int:
    """Where the header of the table of names stands."""
    (at,) = struct.unpack_from("<Q", sound, 40)
    (count,) = struct.unpack_from("<H", sound, 60)
    return next(
        place
        for place in range(at, at + 64 * count, 64)
        if struct.unpack_from("<I", sound, place + 4) == (11,)
    )


def test_a_file_that_hides_what_it_takes_from_others_is_not_taken_for_one_that_takes_nothing() -> (
    None
):
    """The loader needs no sections: who cuts them off, or lies in them, changes nothing for it."""
    sound = _small().read_bytes()
    assert read_elf(sound).imported
    table = _dynsym(sound)
    (at,) = struct.unpack_from("<Q", sound, table + 24)
    for hidden in (
        _patched(_patched(sound, 40, "<Q", 0), 60, "<H", 0),  # no sections
        _patched(sound, table + 4, "<I", 0),  # no table of names
        _patched(sound, table + 24, "<Q", at + 24),  # another one
        _patched(sound, table + 32, "<Q", 24),  # its beginning alone
        _without_segment(sound, 2),  # linked into one piece
    ):
        with pytest.raises(ElfUnreadable):
            read_elf(hidden)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    assert DUCKDB is not None
    sound = _small().read_bytes()
    at = data.draw(st.integers(0, len(sound) - 9))
    broken = sound[:at] + data.draw(st.binary(min_size=1, max_size=8)) + sound[at + 8 :]
    cut = data.draw(st.integers(0, len(broken)))
    for untrusted in (broken, broken[:cut]):
        with suppress(ElfUnreadable):
            read_elf(untrusted)


def _small() -> Path:
    """The smallest library at hand, so that each case is quick."""
    assert DUCKDB is not None
    return min(DUCKDB.parent.glob("*/*.so"), key=lambda path: path.stat().st_size)
