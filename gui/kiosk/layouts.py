"""What stands on the keys of the on-screen keyboard, in each language's own arrangement.

Rules kept here: every layout types every character that its language is written in, and the digits;
what is shifted is the same letter in upper case; the symbols are one page for all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """code: ISO 639-1. name: of the language, in itself. rows: a character a key, top to bottom."""

    code: str
    name: str
    rows: tuple[str, ...]


DIGITS = "1234567890"

LAYOUTS: dict[str, Layout] = {
    one.code: one
    for one in (
        Layout("en", "English", (DIGITS, "qwertyuiop", "asdfghjkl'", "zxcvbnm,.?-")),
        Layout("de", "Deutsch", (DIGITS, "qwertzuiopü", "asdfghjklöä", "yxcvbnmß,.?-")),
        Layout("es", "Español", (DIGITS, "áéíóúü¿¡'", "qwertyuiop", "asdfghjklñ", "zxcvbnm,.?-")),
        Layout(
            "fr", "Français", (DIGITS, "éèêëàâçùîïôœ", "azertyuiop", "qsdfghjklm", "wxcvbn',.?-")
        ),
    )
}

SYMBOLS = (DIGITS, "@#€$£%&*+=§", "()[]{}/\\|_°", "<>:;\"'!?~^`")

_SHIFTED = {",": ";", ".": ":", "?": "!", "'": '"', "-": "_", "ß": "ẞ"}


def shifted(character: str) -> str:
    """What the key types while Shift is on; always one character."""
    upper = _SHIFTED.get(character, character.upper())
    return upper if len(upper) == 1 else character


def chosen(codes: tuple[str, ...]) -> tuple[Layout, ...]:
    """Those of these codes that there are, each once; English where there is none."""
    known = tuple(LAYOUTS[code] for code in dict.fromkeys(codes) if code in LAYOUTS)
    return known or (LAYOUTS["en"],)
