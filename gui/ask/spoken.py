"""An ask as a screen reader hears it: that it began, each sentence once, and how it ended.

Rules kept here: what is remembered from before is not read out; a sentence that no passage supports
is said again with that word once the check is over, since it was heard without.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject

from appliance.values import Answer
from gui.speaking import Sentences, announce


class Spoken:
    def __init__(self, about: QObject) -> None:
        self._about = about
        self._sentences = Sentences()
        self._said: list[str] = []
        announce(about, _tr("Looking for an answer."))

    def take(self, written: str) -> None:
        """More of the answer as it is streamed."""
        for sentence in self._sentences.take(written):
            self._say(sentence)

    def answered(self, answer: Answer, summary: str) -> None:
        """The whole answer: what was not heard yet, what is not supported, and what it rests on."""
        self._sentences.end()
        for sentence in answer.sentences:
            text = " ".join(sentence.text.split())
            if not sentence.supported:
                announce(self._about, _tr("No passage supports this: {}").format(text))
                self._said.append(text)
            elif text not in " ".join(self._said):
                self._say(text)
        announce(self._about, summary)

    def ended(self, said: str) -> None:
        """Without an answer."""
        self._sentences.end()
        announce(self._about, said, at_once=True)

    def _say(self, sentence: str) -> None:
        self._said.append(" ".join(sentence.split()))
        announce(self._about, sentence)


def _tr(text: str) -> str:
    return QCoreApplication.translate("spoken", text)
