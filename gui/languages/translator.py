"""Qt asks for every marked text here."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTranslator

from gui.languages.catalogue import Catalogue


class Translator(QTranslator):
    """Answers from a catalogue; where it has nothing, Qt shows the English."""

    def __init__(self, texts: Catalogue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts = texts

    def isEmpty(self) -> bool:
        return not self._texts.window

    def translate(  # None is Qt's null string: the next one is asked
        self,
        context: str,
        sourceText: str,  # noqa: N803  Qt's name
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str | None:
        return self._texts.text(context, sourceText)
