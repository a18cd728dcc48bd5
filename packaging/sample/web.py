"""Sets a source as an intranet page: plain HTML 5, styles inside, no script, no outside reference.

Rule kept here: the bytes depend on nothing but the source.
"""

from __future__ import annotations

from html import escape

from .markup import tagged
from .source import (
    INSTITUTIONS,
    Block,
    Heading,
    ItemList,
    Note,
    Paragraph,
    Source,
    Table,
    control_rows,
    marking,
)

_STRONG = {
    INSTITUTIONS["hospital"]: ("#0b5a6b", "#e4f0f2"),
    INSTITUTIONS["bank"]: ("#23355c", "#e6eaf3"),
}
_CSS = """
body { font: 15px/1.5 Arial, Helvetica, sans-serif; color: #1c2430; margin: 0; }
header.page, footer.page { background: STRONG; color: #fff; padding: 10px 24px; font-size: 13px; }
main { max-width: 800px; margin: 0 auto; padding: 16px 24px 32px; }
h1, h2, h3 { color: STRONG; line-height: 1.25; }
h2 { font-size: 19px; margin-top: 28px; } h3 { font-size: 16px; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 18px; font-size: 14px; }
th, td { border: 1px solid #b9c1cc; padding: 5px 8px; text-align: left; vertical-align: top; }
th { background: PALE; } caption { text-align: left; font-weight: bold; padding: 4px 0; }
aside { border-left: 4px solid STRONG; background: PALE; padding: 8px 14px; margin: 12px 0; }
p.clause { padding-left: 44px; text-indent: -44px; }
p.clause span.number { display: inline-block; width: 44px; text-indent: 0; }
@media print {
  header.page { position: fixed; top: 0; }
  footer.page { position: fixed; bottom: 0; }
}
"""


def html(source: Source) -> bytes:
    """The page as UTF-8."""
    strong, pale = _STRONG[source.institution]
    mark = escape(marking(source.institution))
    place = f"{escape(source.number)} · Version {escape(source.version)}"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f"<title>{escape(source.title, quote=False)}</title>",
        f'<meta name="author" content="{escape(source.institution)}">',
        f'<meta name="description" content="{mark}">',
        f"<style>{_CSS.replace('STRONG', strong).replace('PALE', pale)}</style>",
        "</head>",
        "<body>",
        f'<header class="page">{escape(source.institution)} · {place} · {mark}</header>',
        "<main>",
        f"<p><strong>{escape(source.kind)}</strong></p>",
        f"<h1>{escape(source.title, quote=False)}</h1>",
        *_control(source),
        *(line for block in source.blocks for line in _lines(block)),
        "</main>",
        f'<footer class="page">{place} · {mark} Printed copies are uncontrolled.</footer>',
        "</body>",
        "</html>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _marked(text: str) -> str:
    return tagged(text, "strong", "em")


def _control(source: Source) -> list[str]:
    rows = []
    for row in control_rows(source):
        cells = (
            f"<{'td' if at % 2 else 'th'}>{_marked(cell)}</{'td' if at % 2 else 'th'}>"
            for at, cell in enumerate(row)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return ["<table>", *rows, "</table>"]


def _lines(block: Block) -> list[str]:
    if isinstance(block, Heading):
        element = f"h{block.level + 1}"
        return [f"<{element}>{_marked(block.text)}</{element}>"]
    if isinstance(block, Paragraph):
        if block.number:
            number = f'<span class="number">{block.number}</span>'
            return [f'<p class="clause">{number} {_marked(block.text)}</p>']
        return [f"<p>{_marked(block.text)}</p>"]
    if isinstance(block, ItemList):
        element = "ol" if block.ordered else "ul"
        items = (f"<li>{_marked(item)}</li>" for item in block.items)
        return [f"<{element}>", *items, f"</{element}>"]
    if isinstance(block, Note):
        return [f"<aside><p><strong>{block.label}:</strong> {_marked(block.text)}</p></aside>"]
    return _table(block)


def _table(table: Table) -> list[str]:
    head = "".join(f"<th>{_marked(cell)}</th>" for cell in table.header)
    rows = (
        "<tr>" + "".join(f"<td>{_marked(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    caption = [f"<caption>{_marked(table.caption)}</caption>"] if table.caption else []
    return ["<table>", *caption, f"<thead><tr>{head}</tr></thead>", "<tbody>", *rows, "</tbody>",
            "</table>"]  # fmt: skip
