"""Libraries inside a file are named by their own marks, with the version it states or none."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest

from appliance.natives import inside, looked_at, native_files
from appliance.parts import needed


@pytest.mark.parametrize(
    ("data", "name", "version"),
    [
        (b"\0OpenSSL 3.6.0 1 Oct 2025\0", "openssl", "3.6.0"),
        (b"/buildtrees/curl/src/url-8_17_0-def923c407.clean/lib", "curl", "8.17.0"),
        (b" inflate 1.3.1 Copyright 1995-2024 Mark Adler ", "zlib", "1.3.1"),
        (b"libxml\x0021406\0", "libxml2", "2.14.6"),
        (b"FREETYPE_PROPERTIES\0", "freetype", ""),
        (b"/root/.cargo/registry/src/index-1ab/memchr-2.7.4/src/lib.rs", "crate:memchr", "2.7.4"),
    ],
)
def test_a_mark_names_its_library(data: bytes, name: str, version: str) -> None:
    assert [(one.name, one.version) for one in inside(b"\0" * 9 + data)] == [(name, version)]


def test_a_bare_number_names_nothing() -> None:
    assert (
        inside(b"\x0021406\0\x003.47.0\0 an OpenSSL engine, zlib and ICU are named in prose") == ()
    )


def test_a_name_that_a_file_takes_from_another_is_not_inside() -> None:
    """Qt takes zstd from the system, Python's ctypes takes libffi from a file beside it."""
    core = next(
        Path(str(one.locate()))
        for one in distribution("PySide6-Essentials").files or ()
        if one.name == "libQt6Core.so.6"
    ).read_bytes()
    assert b"ZSTD_decompress\0" in core
    assert "zstd" not in {one.name for one in inside(core)}
    assert "pcre2" in {one.name for one in inside(core)}


def test_what_duckdb_takes_in_is_named() -> None:
    where = next(
        Path(str(one.locate()))
        for one in distribution("duckdb").files or ()
        if "_duckdb" in one.name
    )
    found = {one.name for one in inside(where.read_bytes())}
    assert found >= {
        "fmt",
        "re2",
        "zstd",
        "lz4",
        "snappy",
        "libpg_query",
        "mbedtls",
        "icu",
        "utf8proc",
    }


def test_a_version_that_is_stated_wins_over_a_mark_that_states_none() -> None:
    data = b"cpp-httplib-multipart-data-\0cpp-httplib/0.27.0\0"
    assert [(one.name, one.version) for one in inside(data)] == [("cpp-httplib", "0.27.0")]


@pytest.mark.parametrize(
    ("part", "file", "wanted"),
    [
        ("cryptography", "_rust.abi3.so", "openssl"),
        ("duckdb-extension-httpfs", "httpfs.duckdb_extension", "openssl"),
        ("numpy", "openblas64_", "openblas"),
        ("PySide6-Essentials", "libicuuc.so", "icu"),
    ],
)
def test_what_the_product_carries_is_found_with_its_version(
    part: str, file: str, wanted: str
) -> None:
    where = next(
        Path(str(one.locate())) for one in distribution(part).files or () if file in one.name
    )
    found = {one.name: one.version for one in inside(where.read_bytes())}
    assert found.get(wanted), found


def test_every_part_with_native_code_is_looked_at() -> None:
    places = native_files(sorted(needed()))
    assert {"duckdb", "cryptography", "numpy", "python", "pyside6-essentials"} <= {
        place.part for place in places
    }
    assert len({place.path for place in places}) == len(places)
    file, _ = looked_at(next(place for place in places if "httpfs" in place.path))
    assert file.can_network
    assert not file.problem
