"""A sheet as a Word document (Office Open XML, ISO/IEC 29500, transitional).

Rules kept here: the same sheet gives the same bytes; the file names no author, no machine and no
program that edited it, holds no macro, no link and nothing to load from elsewhere; what documents
and people wrote is text between escaped brackets and nothing else.
"""

from __future__ import annotations

import io
import unicodedata
from typing import Final, NamedTuple
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from appliance.values import Part, PartKind, Run, Sheet

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_TYPES: Final = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/word/footer.xml" ContentType="{_TYPE}.footer+xml"/>'
    '<Override PartName="/docProps/core.xml" '
    'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
)
_RELATIONS: Final = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" '
    'Target="docProps/core.xml"/></Relationships>'
)
_DOCUMENT_RELATIONS: Final = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/footer" Target="footer.xml"/></Relationships>'
)


_FOOT_TITLE: Final = 80
"""Characters of the title at the foot of a page."""


class _Style(NamedTuple):
    """size: in half points. before: the space above, in twentieths of a point. level: in the
    outline, -1 for none."""

    id: str
    name: str
    size: int
    before: int
    bold: bool = False
    level: int = -1


_STYLES: Final = {
    PartKind.TITLE: _Style("Title", "Title", 36, 0, bold=True),
    PartKind.QUESTION: _Style("Heading1", "heading 1", 26, 360, bold=True, level=0),
    PartKind.HEADING: _Style("Heading2", "heading 2", 22, 200, bold=True, level=1),
    PartKind.TEXT: _Style("Normal", "Normal", 22, 80),
    PartKind.ALARM: _Style("Alarm", "Alarm", 22, 80, bold=True),
    PartKind.SOURCE: _Style("Source", "Source", 20, 60),
    PartKind.SMALL: _Style("Small", "Small", 17, 60),
    PartKind.CODE: _Style("Proof", "Proof", 14, 60),
}


def as_word(sheet: Sheet) -> bytes:
    """The document, A4, its pages numbered by whoever opens it: Word, LibreOffice and this
    product's own reader do."""
    parts = (
        ("[Content_Types].xml", _TYPES),
        ("_rels/.rels", _RELATIONS),
        ("docProps/core.xml", _properties(sheet)),
        ("word/document.xml", _document(sheet)),
        ("word/_rels/document.xml.rels", _DOCUMENT_RELATIONS),
        ("word/footer.xml", _footer(sheet)),
        ("word/styles.xml", _styles()),
    )
    made = sheet.made
    when = (made.year, made.month, made.day, made.hour, made.minute, 0)
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in parts:
            entry = ZipInfo(name, when)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content.encode())
    return buffer.getvalue()


def _document(sheet: Sheet) -> str:
    body = "".join(_paragraph(part) for part in sheet.parts)
    page = (
        '<w:sectPr><w:footerReference w:type="default" r:id="rId2"/>'
        '<w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134" '
        'w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
    )
    spaces = f'xmlns:w="{_WORD}" xmlns:r="{_OFFICE}"'
    return f"{_HEAD}<w:document {spaces}><w:body>{body}{page}</w:body></w:document>"


def _footer(sheet: Sheet) -> str:
    """The title, and at the end of the line the page's number."""
    numbers = "".join(
        f'{between}<w:fldSimple w:instr="{field}"><w:r><w:t>1</w:t></w:r></w:fldSimple>'
        for between, field in (
            ("<w:r><w:tab/></w:r>", "PAGE"),
            ('<w:r><w:t xml:space="preserve"> / </w:t></w:r>', "NUMPAGES"),
        )
    )
    title = sheet.title[:_FOOT_TITLE]
    return (
        f'{_HEAD}<w:ftr xmlns:w="{_WORD}"><w:p><w:pPr><w:pStyle w:val="Small"/><w:tabs>'
        f'<w:tab w:val="right" w:pos="9638"/></w:tabs></w:pPr>{_run(Run(title))}{numbers}'
        "</w:p></w:ftr>"
    )


def _paragraph(part: Part) -> str:
    between = "<w:r><w:br/></w:r>" if part.kind is PartKind.CODE else ""
    runs = between.join(_run(run) for run in part.runs)
    style = _STYLES[part.kind].id
    turned = "<w:bidi/>" if _begins_at_the_right(part.text) else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{turned}</w:pPr>{runs}</w:p>'


def _begins_at_the_right(text: str) -> bool:
    """The first strong character decides (UAX 9, P2)."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in strong if kind in ("L", "R", "AL")), "L") != "L"


def _run(run: Run) -> str:
    look = "<w:rPr><w:i/></w:rPr>" if run.doubted else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(run.text)}</w:t></w:r>'


def _styles() -> str:
    made = "".join(_style(style) for style in _STYLES.values())
    fonts = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
    defaults = f"<w:docDefaults><w:rPrDefault><w:rPr>{fonts}</w:rPr></w:rPrDefault></w:docDefaults>"
    return f'{_HEAD}<w:styles xmlns:w="{_WORD}">{defaults}{made}</w:styles>'


def _style(style: _Style) -> str:
    proof, normal = style.id == "Proof", style.id == "Normal"
    outline = f'<w:outlineLvl w:val="{style.level}"/>' if style.level >= 0 else ""
    fonts = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/>' if proof else ""
    default = ' w:default="1"' if normal else ""
    return (
        f'<w:style w:type="paragraph"{default} w:styleId="{style.id}">'
        f'<w:name w:val="{style.name}"/><w:qFormat/><w:pPr>{"<w:keepNext/>" if style.bold else ""}'
        f'<w:spacing w:before="{style.before}" w:after="60"/>{outline}</w:pPr>'
        f'<w:rPr>{fonts}{"<w:b/>" if style.bold else ""}<w:sz w:val="{style.size}"/>'
        f'<w:szCs w:val="{style.size}"/></w:rPr>'
        "</w:style>"
    )


def _properties(sheet: Sheet) -> str:
    when = sheet.made.strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(sheet.title)}</dc:title>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{when}</dcterms:created>'
        "</cp:coreProperties>"
    )
