"""The window in another language for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from gui.languages import choice
from gui.languages.catalogue import CODES, Catalogue, catalogue
from tests.gui.pseudo import longer, mirrored

MADE: dict[str, Callable[[], Catalogue]] = {
    **{code: partial(catalogue, code) for code in CODES},
    "longer": longer,
    "mirrored": mirrored,
}
FORMATS = {"longer": "en", "mirrored": "ar"}


@contextmanager
def speaking(application: QApplication, name: str) -> Iterator[None]:
    before = QLocale()
    locale = QLocale(FORMATS.get(name, name))
    choice.speak(application, MADE[name](), locale)
    try:
        yield
    finally:
        choice.speak(application, catalogue("en"), before)


ALL = tuple(MADE)
