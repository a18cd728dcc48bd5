"""Builds the sample library that ships with the product out of its source texts.

    cd packaging && ../.venv/bin/python -m sample.build [FOLDER]

Rules kept here: the result depends on the sources alone, never on the day or the machine, so that a
test can build it anew and compare. FOLDER defaults to the shipped one, `appliance/sample`; files
there that no source names any more are reported, not deleted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from .pdf import pdf
from .source import INSTITUTIONS, Source, SourceUnreadable, read_source
from .web import html
from .word import docx

SOURCES = Path(__file__).resolve().parent / "sources"
SHIPPED = Path(__file__).resolve().parents[2] / "appliance" / "sample"
_WRITERS: dict[str, Callable[[Source], bytes]] = {"pdf": pdf, "docx": docx, "html": html}


def sources() -> Iterator[tuple[str, Path]]:
    """(library, source file), in a fixed order."""
    for library in INSTITUTIONS:
        for path in sorted((SOURCES / library).glob("*.md")):
            yield library, path


def built(path: Path) -> tuple[str, bytes]:
    """The file name and the bytes a source builds into. Raises SourceUnreadable."""
    source = read_source(path)
    if source.format not in _WRITERS:
        raise SourceUnreadable(f"{path.name}: no such format: {source.format}")
    return f"{source.file}.{source.format}", _WRITERS[source.format](source)


def build(folder: Path) -> int:
    """Writes every document below `folder`; returns how many."""
    wanted: set[Path] = set()
    for library, path in sources():
        name, content = built(path)
        target = folder / library / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        wanted.add(target)
    for library in INSTITUTIONS:
        for found in sorted((folder / library).iterdir()):
            if found not in wanted:
                sys.stderr.write(f"no source for {library}/{found.name}\n")
    return len(wanted)


if __name__ == "__main__":
    count = build(Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED)
    sys.stdout.write(f"{count} documents built\n")
