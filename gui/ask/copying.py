"""An answer as plain text, for the clipboard.

Rules kept here: what documents and models wrote is one line a piece, without characters that steer
whatever it is pasted into.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from appliance.values import Answer
from gui.text import counts, plain


def copied(answer: Answer, *, cited: bool, beside: str = "") -> str:
    """cited: with the numbers of the sources, and below them where they stand; of those that stand
    beside the conversation it says so. A sentence that no passage supports says so either way."""
    doubt = " " + QCoreApplication.translate("copying", "(no passage supports this)")
    said = [
        plain.line(sentence.text, plain.LONGEST)
        + ("".join(f" [{number}]" for number in sentence.citations) if cited else "")
        + ("" if sentence.supported else doubt)
        for sentence in answer.sentences
    ]
    if not cited:
        return " ".join(said)
    own = " " + QCoreApplication.translate("copying", "(not of the library)")
    sources = [
        f"[{c.number}] {plain.line(c.passage.title)}, {plain.line(counts.place(c.place))}"
        + (own if beside and c.passage.collection == beside else "")
        for c in answer.citations
    ]
    return "\n".join([*said, "", *sources])
