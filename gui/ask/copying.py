"""An answer as plain text, for the clipboard.

Rule kept here: what came out of documents is copied as it is shown, without the characters that
would reorder their neighbours or drive what it is pasted into.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication

from appliance.values import Answer
from gui.text import counts, plain


def copied(answer: Answer, *, cited: bool) -> str:
    """cited: with the numbers of the sources, and below them where they stand. A sentence that no
    passage supports says so either way."""
    doubt = " " + QCoreApplication.translate("copying", "(no passage supports this)")
    said = [
        plain.shown(sentence.text)
        + ("".join(f" [{number}]" for number in sentence.citations) if cited else "")
        + ("" if sentence.supported else doubt)
        for sentence in answer.sentences
    ]
    if not cited:
        return " ".join(said)
    sources = [
        f"[{c.number}] {plain.line(c.passage.title)}, {plain.line(counts.place(c.place))}"
        for c in answer.citations
    ]
    return "\n".join([*said, "", *sources])


def copy(answer: Answer, *, cited: bool) -> None:
    QGuiApplication.clipboard().setText(copied(answer, cited=cited))
