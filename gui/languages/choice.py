"""Which language the window speaks, and putting it in force.

Rules kept here: the setting decides, or the system's languages in their order; English where
neither names one of ours. Formats of numbers and dates are the system's where it speaks the same
language. The layout runs from right to left where the language does.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from gui.languages import said
from gui.languages.catalogue import CODES, Catalogue, catalogue
from gui.languages.translator import Translator

_NAME = "language"


def chosen(setting: str, systems: Sequence[str]) -> str:
    """systems: as BCP 47 names them, the first preferred."""
    if setting in CODES:
        return setting
    spoken = (name.replace("_", "-").split("-")[0].lower() for name in systems)
    return next((code for code in spoken if code in CODES), "en")


def use(application: QApplication, setting: str) -> None:
    """Before the first widget is made. Raises CatalogueUnusable."""
    system = QLocale.system()
    code = chosen(setting, system.uiLanguages())
    own = QLocale(code)
    speak(application, catalogue(code), system if system.language() == own.language() else own)


def speak(application: QApplication, texts: Catalogue, formats: QLocale) -> None:
    """These texts in place of those before, for all that is made from now on."""
    for before in application.findChildren(QTranslator, _NAME):
        application.removeTranslator(before)
        before.setParent(None)
    QLocale.setDefault(formats)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    qt = QTranslator()  # the words on Qt's own dialogs and menus
    qt.load(f"qtbase_{texts.code}", folder)
    for translator in (qt, Translator(texts)):
        if not translator.isEmpty():
            translator.setObjectName(_NAME)
            translator.setParent(application)
            application.installTranslator(translator)
    application.setLayoutDirection(formats.textDirection())  # a new translator resets it
    said.speak(texts)
