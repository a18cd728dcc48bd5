"""What a document is, judged by what is in it; its name decides only between kinds of text."""

from __future__ import annotations

import re

from appliance.documents import errors
from appliance.documents.errors import Unreadable
from appliance.values import DocumentKind

_HTML = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.I | re.S,
)
_TAG = re.compile(
    r"<(?:html|body|head|p|div|table|h[1-6]|ul|ol|span|br|article|main)\b[^<>]*>", re.I
)
_XML = re.compile(r"\s*<\?xml\b|\s*<!DOCTYPE\b", re.I)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BINARY = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\x00",
    b"MM\x00*",
    b"BM",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"MZ",
    b"%!PS",
    b"{\\rtf",
    b"SQLite format 3",
    b"RIFF",
    b"OggS",
    b"ID3",
)
_MARKDOWN_NAMES = (".md", ".markdown", ".mdown", ".mkd")
_HTML_NAMES = (".html", ".htm", ".xhtml")
# Text with a structure of its own that plain reading would garble.
_OTHER_NAMES = (
    ".csv",
    ".tsv",
    ".json",
    ".jsonl",
    ".ndjson",
    ".xml",
    ".eml",
    ".mbox",
    ".svg",
    ".rtf",
    ".css",
    ".js",
    ".ics",
    ".vcf",
)


def sniff_binary(untrusted: bytes) -> DocumentKind | None:
    """PDF or DOCX by their marks, None for what may be text.

    Raises Unreadable for what is neither, for what is empty, and for encrypted Office files."""
    if not untrusted.strip(b"\x00 \t\r\n\f\xef\xbb\xbf\xff\xfe"):
        raise Unreadable(errors.DocumentEmpty)
    if b"%PDF-" in untrusted[:1024]:
        return DocumentKind.PDF
    if untrusted.startswith(b"PK\x03\x04"):
        return DocumentKind.DOCX
    if untrusted.startswith(_OLE):
        locked = _OLE_ENCRYPTED in untrusted
        raise Unreadable(errors.DocumentEncrypted if locked else errors.DocumentUnsupported)
    if untrusted.startswith(_BINARY) and b"\x00" in untrusted[:4096]:
        raise Unreadable(errors.DocumentUnsupported)
    if untrusted.startswith((b"%!PS", b"{\\rtf")):
        raise Unreadable(errors.DocumentUnsupported)
    return None


def sniff_text(text: str, name: str) -> DocumentKind:
    """HTML, Markdown or plain text. Raises Unreadable for other structured text."""
    lowered = name.lower()
    head = text[:8192]
    if _HTML.match(head):
        return DocumentKind.HTML
    if lowered.endswith(_OTHER_NAMES) or _XML.match(head):
        raise Unreadable(errors.DocumentUnsupported)
    if lowered.endswith(_HTML_NAMES) and _TAG.search(head):
        return DocumentKind.HTML
    if lowered.endswith(_MARKDOWN_NAMES):
        return DocumentKind.MARKDOWN
    return DocumentKind.TEXT
