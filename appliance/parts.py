"""The parts that the program is made of, each with its version and its licence.

Rules kept here: what is said of a part is what its own metadata states, as it is installed here;
what it is for, and the licence of one that states none, stand in docs/dependencies.md, where that
lies beside the program; nothing is looked up anywhere else. A part is what the program's metadata
declares and what that list has in the product. What the program only needs to be built or tested is
no part of it.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from appliance.errors import UsageError
from appliance.values import PartShown

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "docs" / "dependencies.md"
SBOM, NOTICES = "sbom.cdx.json", "THIRD-PARTY-NOTICES.txt"
"""Beside a packaged program's own folders (packaging/supply): its list of parts (CycloneDX), and
what its licences ask to be passed on."""
PROGRAM = "cloister"
PYTHON = "python"
_LONGEST = 1_500_000
"""Characters of a licence text that are shown; the notices are the longest there are."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ROW = re.compile(r"\| (`[^|]+) \| ([^|]+) \|(?: [^|]* \|)? ([^|]+) \|$")
_NAMED = re.compile(r"`([^`]+)`")
_VERSIONED = re.compile(r"`([^`]+)` ([0-9][^ ,|]*)")
_PRODUCT = "\n## In the product\n"
_CARRIED = "\n### Without a package of their own\n"
_TEXTS = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)[^/]*$")


class PartUnknown(UsageError):
    code = "part_unknown"
    hint = "Choose a part from the list."


def parts() -> tuple[PartShown, ...]:
    """The program first, then Python, then the rest by name, and last what has no package."""
    listed = stated()
    own = _part(PROGRAM, {})
    python = PartShown(PYTHON, platform.python_version(), "PSF-2.0", texts=_python_texts())
    others = [_part(name, listed) for name in sorted({*needed(), *listed})]
    return tuple(part for part in (own, python, *others, *carried()) if part is not None)


def licence_text(part: str, file: str) -> str:
    """One of the texts that `parts` named. Raises PartUnknown."""
    if file not in _texts_of(part):
        raise PartUnknown(f"There is no text “{file[:80]}” of {part[:80]}.")
    path = Path(sys.base_prefix, file) if part == PYTHON else _located(part, file)
    path = ROOT / NOTICES if file == NOTICES else path
    try:
        return path.read_text("utf-8", "replace")[:_LONGEST]
    except OSError as error:
        raise PartUnknown(f"{file} cannot be read: {error.strerror}.") from error


def needed(root: str = PROGRAM) -> frozenset[str]:
    """The names of what is declared to be needed, by the root and by one another, as far as it is
    installed. Extras are not followed: nobody asks for them."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        installed = _installed(waiting.pop())
        for line in (installed.requires if installed else None) or ():
            match = _NAME.match(line)
            if match is None or "extra ==" in line:
                continue
            name = _plain(match.group())
            if name not in found and _installed(name) is not None:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def stated() -> dict[str, tuple[str, str]]:
    """What each part of the product is for ("" for what another brings) and its licence, by its
    name, from the list beside the program."""
    rows = _rows(_product().partition(_CARRIED)[0])
    return {
        _plain(name): ("" if row[2].startswith("`") else _unmarked(row[2]), row[3].strip())
        for row in rows
        for name in _NAMED.findall(row[1])
    }


def carried() -> tuple[PartShown, ...]:
    """What of others' work is in the program without a package of its own, from the same list."""
    return tuple(
        PartShown(name, version, row[3].strip(), row[2].strip())
        for row in _rows(_product().partition(_CARRIED)[2])
        for name, version in _VERSIONED.findall(row[1])
    )


def _product() -> str:
    """What the list says of the product; "" where it does not lie beside the program."""
    try:
        text = LIST.read_text("utf-8")
    except OSError:
        return ""
    return text.partition(_PRODUCT)[2].partition("\n## ")[0]


def _rows(text: str) -> list[re.Match[str]]:
    return [row for row in map(_ROW.match, text.splitlines()) if row is not None]


def _part(name: str, listed: dict[str, tuple[str, str]]) -> PartShown | None:
    found = _installed(name)
    if found is None:
        return None
    purpose, licence = listed.get(_plain(name), ("", ""))
    texts = tuple(_texts(found))
    if name == PROGRAM and (ROOT / NOTICES).is_file():
        texts += (NOTICES,)
    return PartShown(
        (found.metadata["Name"] or name).replace("_", "-"),
        found.version,
        _licence(found) or licence,
        purpose,
        texts,
    )


def _texts_of(part: str) -> tuple[str, ...]:
    """The texts that `parts` names of this part; it alone is looked at."""
    if part == PYTHON:
        return _python_texts()
    if _plain(part) not in {PROGRAM, *needed(), *stated()}:
        return ()
    found = _part(_plain(part), {})
    return found.texts if found is not None and found.name == part else ()


def _licence(found: Distribution) -> str:
    """The expression (PEP 639), else the field where it is short, else the classifiers."""
    metadata = found.metadata
    expression = " ".join(metadata.get_all("License-Expression") or ())
    field = " ".join(" ".join(metadata.get_all("License") or ()).split())
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    short = field if 0 < len(field) <= 120 else ""
    return expression or short or ", ".join(classifiers)


def _texts(found: Distribution) -> Iterator[str]:
    for file in found.files or ():
        if _TEXTS.search(str(file)) and ".dist-info/" in str(file):
            yield str(file)


def _python_texts() -> tuple[str, ...]:
    name = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/LICENSE.txt"
    return (name,) if Path(sys.base_prefix, name).is_file() else ()


def _located(part: str, file: str) -> Path:
    found = _installed(part)
    return Path(str(found.locate_file(file))) if found is not None else Path(file)


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _unmarked(text: str) -> str:
    """Without the marks of Markdown and of where in the source it is used."""
    return re.sub(r" ?\([^()]*`[^()]*\)|`", "", text).strip()
