"""Names and contents of C2SP tlog-tiles, held against the examples of the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.tiles import (
    Tile,
    bundles_of,
    entry_bundle,
    parsed_entries,
    parsed_hashes,
    parsed_path,
    parsed_payload_path,
    parsed_payloads,
    payload_bundle,
    payload_path,
    tiles_of,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 0), "tile/0/000"),
        (Tile(2, 999), "tile/2/999"),
        (Tile(63, 1000), "tile/63/x001/000"),
        (Tile(1, 1, 17), "tile/1/001.p/17"),
        (Tile(-1, 1234067), "tile/entries/x001/x234/067"),
        (Tile(-1, 67, 255), "tile/entries/067.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parsed_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/012",
        "tile/0/000.p",
        "tile/-1/000",
        "tile/0/../000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
    ],
)
def test_other_spellings_name_no_tile(path: str) -> None:
    assert parsed_path(path) is None


def test_a_log_of_70000_has_the_tiles_the_specification_counts() -> None:
    tiles = list(tiles_of(70_000))
    full = [tile for tile in tiles if tile.width == 256]
    partial = [tile for tile in tiles if tile.width < 256]
    assert len([tile for tile in full if tile.level == 0]) == 273
    assert len([tile for tile in full if tile.level == 1]) == 1
    assert partial == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [tile.width for tile in bundles_of(70_000)][-2:] == [256, 112]


def test_a_log_of_256_has_a_full_tile_and_a_partial_one_above() -> None:
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(bundles_of(256)) == [Tile(-1, 0)]
    assert list(tiles_of(0)) == []


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_every_tile_has_one_path(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parsed_path(tile.path) == tile
    assert parsed_payload_path(payload_path(index, width)) == (index, width)
    assert tile.end > tile.start


def test_entries_carry_a_big_endian_length() -> None:
    assert entry_bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"
    assert payload_bundle([b"", b"c"]) == b"\x00\x00\x00\x00\x00\x00\x00\x01c"


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_read_back_and_no_other_length_does(entries: list[bytes]) -> None:
    whole = entry_bundle(entries)
    assert parsed_entries(whole, len(entries)) == entries
    assert parsed_payloads(payload_bundle(entries), len(entries)) == entries
    with pytest.raises(ValueError, match="bundle"):
        parsed_entries(whole, len(entries) + 1)
    with pytest.raises(ValueError, match="bundle"):
        parsed_entries(whole + b"\x00", len(entries))
    if entries:
        with pytest.raises(ValueError, match="bundle"):
            parsed_entries(whole[:-1], len(entries))


def test_a_tile_holds_whole_hashes() -> None:
    assert parsed_hashes(bytes(64), 2) == [bytes(32)] * 2
    with pytest.raises(ValueError, match="32 bytes"):
        parsed_hashes(bytes(63), 2)
