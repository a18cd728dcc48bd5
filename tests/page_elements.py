"""What a page of HTML is made of, as a browser's parser would meet it."""

from __future__ import annotations

from html.parser import HTMLParser


class Elements(HTMLParser):
    """Every element in order, the names of all attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def elements(page: bytes) -> Elements:
    found = Elements()
    found.feed(page.decode())
    return found
