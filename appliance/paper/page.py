"""A sheet as one HTML file that a browser shows as it lies there.

Rules kept here: it holds no script and loads nothing, and says so to the browser (CSP: everything
is refused but the one style, by its hash); what others wrote is escaped; the same sheet gives the
same bytes.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from appliance.values import Part, PartKind, Sheet

_STYLE: Final = (
    "body{max-width:46rem;margin:2.5rem auto;padding:0 1.25rem;color:#16202e;background:#fff;"
    "font:16px/1.5 system-ui,sans-serif}h1{font-size:1.6rem}"
    "h2{font-size:1.2rem;margin:1.8rem 0 .4rem;border-bottom:1px solid #c8d0da}"
    "h3{font-size:1rem;margin:1.2rem 0 .3rem}p{margin:.4rem 0}"
    "p.small{color:#454f5d;font-size:.85rem}"
    "p.source{padding-left:1rem;border-left:3px solid #c8d0da}"
    "pre{font-size:.75rem;white-space:pre-wrap;background:#f4f6f8;padding:.6rem}"
    "p.alarm{padding:.5rem 1rem;border-left:6px solid #a3121f;background:#fdecec;color:#8c0f1a;"
    "font-weight:700}"
    "p,pre,h1,h2,h3{overflow-wrap:anywhere}em{background:#fff1c2;font-style:normal}"
)
_TAGS: Final = {
    PartKind.TITLE: ("<h1>", "</h1>"),
    PartKind.QUESTION: ("<h2>", "</h2>"),
    PartKind.HEADING: ("<h3>", "</h3>"),
    PartKind.TEXT: ("<p>", "</p>"),
    PartKind.ALARM: ('<p class="alarm"><strong>', "</strong></p>"),
    PartKind.SOURCE: ('<p class="source">', "</p>"),
    PartKind.SMALL: ('<p class="small">', "</p>"),
    PartKind.CODE: ("<pre>", "</pre>"),
}


def as_page(sheet: Sheet) -> bytes:
    """UTF-8."""
    hashed = b64encode(sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(sheet.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    body = "\n".join(_part(part) for part in sheet.parts)
    return f"{head}{body}\n</main>\n</body>\n</html>\n".encode()


def _part(part: Part) -> str:
    opening, closing = _TAGS[part.kind]
    between = "\n" if part.kind is PartKind.CODE else ""
    runs = (
        f"<em>{escape(run.text)}</em>" if run.doubted else escape(run.text) for run in part.runs
    )
    return f"{opening}{between.join(runs)}{closing}"
