"""Documents as they are read, cut into passages, kept and shown.

Offsets count Unicode code points. Page numbers start at 1. Boxes are in PDF points (1/72 inch),
origin at the top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the window and the document readers start without numpy
    import numpy as np
    import numpy.typing as npt


Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Unit-length embeddings, shape (n, VECTOR_SIZE)."""


VECTOR_SIZE = 384


class DocumentKind(StrEnum):
    PDF = "pdf"
    HTML = "html"
    DOCX = "docx"
    MARKDOWN = "markdown"
    TEXT = "text"


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a page's text, [start, end), and what it is. `level` is 1..6 for headings.

    A table row's cells are separated by a tab in the text.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page as extracted. PDF pages are the real ones; other formats have no pages, so theirs
    are stretches of the text (`paged` on the document is False, citations then name the heading).

    width and height are in points, 0 where the format has no pages.
    """

    number: int
    text: str
    blocks: tuple[Block, ...] = ()
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that could not be read, and why. page 0 speaks of the whole document."""

    page: int
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a reader returned, bounded and checked. Its text is untrusted content."""

    title: str
    kind: DocumentKind
    paged: bool
    pages: tuple[Page, ...]
    failures: tuple[PageFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class PageSpan:
    """`length` characters of a passage, from `at`, are the page's text from `start`, verbatim but
    for white space (a line break in the page is a space in the passage)."""

    at: int
    page: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is stored: text, its sentences as [start, end) offsets in `text`, the
    headings above it from the outermost in, and where it stands on the pages."""

    text: str
    sentences: tuple[tuple[int, int], ...]
    headings: tuple[str, ...]
    spans: tuple[PageSpan, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A stored passage. `key` is unique within its collection."""

    collection: str
    document: str
    key: int
    title: str
    text: str
    sentences: tuple[tuple[int, int], ...]
    headings: tuple[str, ...]
    spans: tuple[PageSpan, ...]
    paged: bool = True

    @property
    def page(self) -> int:
        """The page the passage begins on."""
        return self.spans[0].page if self.spans else 1


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document of a collection, as the library lists it. sha256 is of the original's bytes.
    retired: since when it is no longer answered from, None where it is; successor: the document
    that took its place, "" for none."""

    id: str
    collection: str
    title: str
    kind: DocumentKind
    pages: int
    passages: int
    size: int
    sha256: str
    added: datetime
    failures: tuple[PageFailure, ...] = ()
    retired: datetime | None = None
    successor: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageImage:
    """A rendered page: RGB888 rows without padding, and the boxes to highlight, in pixels."""

    title: str
    number: int
    count: int
    width: int
    height: int
    pixels: bytes
    boxes: tuple[Box, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PageText:
    """A stretch of a document that has no pages, as blocks, with [start, end) highlights."""

    title: str
    number: int
    count: int
    text: str
    blocks: tuple[Block, ...]
    highlights: tuple[tuple[int, int], ...]


PageView: TypeAlias = PageImage | PageText
