"""A member's bytes as a tree, by Python's own expat.

Rules kept here: XML with a document type is refused before the parser is given a byte of it, so
that nothing is ever declared, expanded or fetched; depth and the length of one text are bounded
while the tree grows; whatever is wrong with it is Unreadable.

Sources: XML 1.0, 2.8; ECMA-376 part 2, M1.17 and M1.18 (UTF-8 or UTF-16, no document type).
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers.expat.errors import XML_ERROR_NO_MEMORY, codes

from appliance.documents import errors
from appliance.documents.errors import Unreadable

__all__ = ["Element", "tree_of"]

_DEEPEST = 256
_TEXT = 10_000_000
_DOCTYPES = tuple("<!DOCTYPE".encode(form) for form in ("ascii", "utf-16-le", "utf-16-be"))
"""In each form in which expat knows the word: of other encodings it takes only those of one byte
that are ASCII where ASCII is."""


class _Bounded:
    """What the parser tells of. Comments and processing instructions it does not ask for, so the
    text on both sides of one is one text, put together once."""

    def __init__(self) -> None:
        self._tree = ElementTree.TreeBuilder()
        self._depth = 0
        self._text = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable(errors.DocumentDamaged)
        self._text = 0
        return self._tree.start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        self._text = 0
        return self._tree.end(tag)

    def data(self, data: str, /) -> None:
        self._text += len(data)
        if self._text > _TEXT:
            raise Unreadable(errors.DocumentDamaged)
        self._tree.data(data)

    def doctype(self, name: str, public: str | None, system: str | None, /) -> None:
        """A second lock: tree_of lets none come so far."""
        raise Unreadable(errors.DocumentDamaged)

    def close(self) -> Element:
        return self._tree.close()


def tree_of(untrusted: bytes) -> Element:
    """The root. Raises Unreadable for what is not well-formed, has a document type, is nested
    deeper than 256 or has a text of more than ten million characters; MemoryError."""
    if any(word in untrusted for word in _DOCTYPES):
        raise Unreadable(errors.DocumentDamaged)
    # Its weaknesses are those of document types and of input in pieces: it gets neither.
    parser = ElementTree.XMLParser(target=_Bounded())  # noqa: S314 - no document type comes here
    try:
        parser.feed(untrusted)
        root: Element = parser.close()
    except ElementTree.ParseError as error:
        full = error.code == codes[XML_ERROR_NO_MEMORY]
        raise Unreadable(errors.ReadingOutOfMemory if full else errors.DocumentDamaged) from error
    except (LookupError, ValueError, OSError, Warning) as error:
        # An encoding that Python does not know, is of several bytes, has to load, or warns of.
        raise Unreadable(errors.DocumentDamaged) from error
    return root
