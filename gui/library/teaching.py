"""What an empty library says: what belongs there, and what this person can do about it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def no_collections(*, makes: bool) -> tuple[str, str]:
    """makes: whether the policy lets this person make one."""
    text = (
        _tr(
            "A collection is a body of documents behind one key: a ward's guidelines, one deal "
            "team's files. Make one, then add documents to it."
        )
        if makes
        else _tr(
            "A collection is a body of documents behind one key. A curator makes one and adds you "
            "to its members; it stands here from then on."
        )
    )
    return _tr("No collections yet"), text


def no_documents(*, adds: bool) -> tuple[str, str]:
    """adds: whether the policy lets this person add some."""
    text = (
        _tr(
            "Drop files or folders here, or use the buttons above. PDF, Word, HTML, Markdown and "
            "text are read; what cannot be read is listed with the reason."
        )
        if adds
        else _tr("A curator of this collection adds its documents; ask one of them.")
    )
    return _tr("No documents yet"), text


def _tr(text: str) -> str:
    return QCoreApplication.translate("library", text)
