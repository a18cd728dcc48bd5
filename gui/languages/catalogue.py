"""A language's texts, read from `<code>.toml` beside this file.

Rules kept here: a catalogue is text that people read and review, keyed by the English text; it is
read once, is part of the program and is bounded all the same. English needs none: it is what the
code says.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import CloisterError

CODES = ("en", "de", "es", "fr")
"""ISO 639-1, in the order they are offered in."""

_FOLDER = Path(__file__).parent
_LARGEST = 2_000_000


class CatalogueUnusable(CloisterError):
    code = "catalogue_unusable"
    hint = "Install Cloister again; a file of the program is missing or was changed."


@dataclass(frozen=True, slots=True)
class Catalogue:
    """window: what the code marks for translation, by its English text. window_in: the same by
    context, where one English text is two in this language. said: the appliance's own sentences
    (said.py), with {0}, {1} … or {name} for what is filled in."""

    code: str
    window: Mapping[str, str]
    window_in: Mapping[str, Mapping[str, str]]
    said: Mapping[str, str]

    def text(self, context: str, english: str) -> str | None:
        """None where there is none; Qt then shows the English."""
        own = self.window_in.get(context)
        found = own.get(english) if own is not None else None
        return found if found is not None else self.window.get(english)


def catalogue(code: str) -> Catalogue:
    """Raises CatalogueUnusable."""
    path = _FOLDER / f"{code}.toml"
    if code not in CODES or code == "en":
        return Catalogue("en", {}, {}, {})
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise CatalogueUnusable(f"{path.name} is too large.")
        untrusted = tomllib.loads(content.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueUnusable(f"The texts in {path.name} cannot be read.") from error
    within = untrusted.get("window_in", {})
    if not isinstance(within, dict):
        raise CatalogueUnusable(f"{path.name}: `window_in` holds tables.")
    return Catalogue(
        code,
        _texts(path.name, untrusted.get("window", {})),
        {context: _texts(path.name, texts) for context, texts in within.items()},
        _texts(path.name, untrusted.get("said", {})),
    )


def _texts(place: str, untrusted: object) -> dict[str, str]:
    if not isinstance(untrusted, dict):
        raise CatalogueUnusable(f"{place} holds something that is no table of texts.")
    if not all(isinstance(text, str) and text for text in untrusted.values()):
        raise CatalogueUnusable(f"{place} holds something that is no text.")
    return dict(untrusted)
