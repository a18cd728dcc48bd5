"""Whose code is inside a native file: libraries that were compiled into it, and their versions.

Rules kept here: a library is named only where its own marks stand in the file; its version only
where the file states it, and then with the words it was read from; else the version is unknown and
said to be. Marks are those that the libraries put there themselves: copyright lines, version
strings, paths of their sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

UNKNOWN = ""
_CRATE = re.compile(
    rb"registry/src/[^/\x00]{1,80}/([A-Za-z][A-Za-z0-9_-]{0,60}?)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]{0,40})/"
)


_COOKIE, _COOKIE_SIZE = b"MEI\014\013\012\013\016", 88


@dataclass(frozen=True, slots=True)
class Inside:
    """version: "" where the file does not state it. licence: the SPDX expression the library is
    published under. seen: the words in the file that say so."""

    name: str
    version: str
    licence: str
    seen: str


@dataclass(frozen=True, slots=True)
class _Mark:
    """patterns: what stands in the file; the first group, where there is one, is the version. Each
    begins with a word of its own, so that a hundred megabytes are searched in a blink."""

    name: str
    licence: str
    patterns: tuple[re.Pattern[bytes], ...]


def _mark(name: str, licence: str, *patterns: bytes) -> _Mark:
    return _Mark(name, licence, tuple(re.compile(pattern) for pattern in patterns))


_MARKS = (
    _mark("openssl", "Apache-2.0", rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) \d{1,2} \w{3} 20\d\d"),
    _mark("curl", "curl", rb"/curl/src/[a-z]+-(\d+_\d+_\d+)-"),
    _mark("cpp-httplib", "MIT", rb"cpp-httplib/(\d+\.\d+\.\d+)", rb"cpp-httplib-multipart"),
    _mark("mbedtls", "Apache-2.0", rb"mbed TLS (\d+\.\d+\.\d+)", rb"Mbed TLS (\d+\.\d+\.\d+)",
          rb"mbedtls_[a-z]+_init"),
    _mark("jemalloc", "BSD-2-Clause", rb"Begin jemalloc statistics"),
    _mark("zstd", "BSD-3-Clause", rb"ZSTD_compress[A-Za-z_]*\x00",
          rb"ZSTD_decompress[A-Za-z_]*\x00"),
    _mark("zlib", "Zlib", rb"deflate (\d+\.\d+(?:\.\d+){0,2}) Copyright",
          rb"inflate (\d+\.\d+(?:\.\d+){0,2}) Copyright"),
    _mark("libpng", "libpng-2.0", rb"libpng version (\d+\.\d+\.\d+)", rb"built with libpng-"),
    _mark("libjpeg-turbo", "IJG AND BSD-3-Clause", rb"libjpeg-turbo version (\d+\.\d+(?:\.\d+)?)"),
    _mark("libtiff", "libtiff", rb"LIBTIFF, Version (\d+\.\d+\.\d+)"),
    _mark("libwebp", "BSD-3-Clause", rb"WebPDecode[A-Za-z]+\x00", rb"WebPPicture[A-Za-z]+\x00"),
    _mark("sqlite", "blessing", rb"\x003\.\d{1,2}\.\d{1,2}\x00"),
    _mark("pcre2", "BSD-3-Clause WITH PCRE2-exception", rb"10\.\d\d 20\d\d-\d\d-\d\d"),
    _mark("icu", "Unicode-3.0", rb"icudt(\d\d)[lb]"),
    _mark("harfbuzz", "MIT-Modern-Variant", rb"HB_SHAPER_LIST"),
    _mark("freetype", "FTL", rb"FREETYPE_PROPERTIES"),
    _mark("openjpeg", "BSD-2-Clause", rb"is set in openjpeg\.h at", rb"OpenJpeg only supports"),
    _mark("lcms2", "MIT", rb"LittleCMS", rb"Little CMS", rb"lcms2"),
    _mark("abseil", "Apache-2.0", rb"/abseil-cpp/absl/", rb"4absl\d\d"),
    _mark("agg", "LicenseRef-AGG-2.3", rb"N3agg\d\d"),
    _mark("libxml2", "MIT", rb"\x002[01][0-9]{3}\x00"),
    _mark("libxslt", "MIT", rb"fake node libxslt"),
    _mark("lexbor", "Apache-2.0", rb"lxb_html_", rb"lxb_css_"),
    _mark("openblas", "BSD-3-Clause", rb"OpenBLAS (\d+\.\d+\.\d+(?:\.\w+)?)"),
    _mark("highway", "Apache-2.0 OR BSD-3-Clause", rb"3hwy\d", rb"hwy::"),
    _mark("md4c", "MIT", rb"md_parse\x00"),
    _mark("onigmo-or-oniguruma", "BSD-2-Clause", rb"onig_new\x00", rb"onig_search\x00"),
    _mark("libffi", "MIT", rb"ffi_prep_cif[a-z_]*\x00"),
)  # fmt: skip
_BARE = {"libxml2", "sqlite", "pcre2"}
"""Their mark is the version itself."""
_BESIDE = {  # a bare number counts only in a file that also holds this
    "libxml2": re.compile(rb"libxml"),
    "sqlite": re.compile(rb"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{64}"),  # its source's id
}


def inside(data: bytes) -> tuple[Inside, ...]:
    """In order of their names; each name once."""
    data = _loader(data)
    found = {one.name: one for one in (*_crates(data), *_marked(data))}
    return tuple(found[name] for name in sorted(found))


def _loader(data: bytes) -> bytes:
    """Of a packaged program the loader alone: the Python code behind it speaks of many libraries
    that are not in it. Layout: PyInstaller's CArchive, whose cookie tells its length."""
    at = data.rfind(_COOKIE)
    if at < 0 or at + 12 > len(data):
        return data
    length = int.from_bytes(data[at + 8 : at + 12], "big")
    return data[: max(at + _COOKIE_SIZE - length, 0)]


def _marked(data: bytes) -> Iterator[Inside]:
    for mark in _MARKS:
        if mark.name in _BESIDE and not _BESIDE[mark.name].search(data):
            continue
        best = _best(mark, data)
        if best is not None:
            yield best


def _best(mark: _Mark, data: bytes) -> Inside | None:
    """The first mark that states a version, else the first there is."""
    first: Inside | None = None
    for pattern in mark.patterns:
        for match in pattern.finditer(data):
            stated = match[0] if mark.name in _BARE else match[1] if pattern.groups else b""
            told = Inside(mark.name, _version(mark, stated), mark.licence, _words(match[0]))
            if stated:
                return told
            first = first or told
            break
    return first


def _version(mark: _Mark, stated: bytes) -> str:
    text = stated.strip(b"\0").decode("ascii", "replace").partition(" ")[0].replace("_", ".")
    if mark.name == "libxml2":  # LIBXML_VERSION: 21406 is 2.14.6
        number = int(text)
        return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
    return text


def _crates(data: bytes) -> Iterator[Inside]:
    """Rust libraries, by the paths of their sources that panics name: those that can panic, so
    there may be more. Their licences stand in the part's own list (PEP 770), where it has one."""
    for match in _CRATE.finditer(data):
        name, version = match[1].decode(), match[2].decode()
        yield Inside(f"crate:{name}", version, "", _words(match[0]))


def _words(seen: bytes) -> str:
    text = seen.strip(b"\0").decode("ascii", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:120]
