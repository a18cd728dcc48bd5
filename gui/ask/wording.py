"""Sentences that Ask says in more than one place."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from appliance.values import Writing
from gui.text import plain


def no_model() -> str:
    return QCoreApplication.translate(
        "Ask",
        "No language model is in use: answers are quoted from your documents. Your IT department "
        "can install one, or choose the small one that comes with Cloister (model = “composer” in "
        "its settings).",
    )


def written_by(model: str) -> str:
    return QCoreApplication.translate(
        "Ask", "Answers are written by {} on this computer and checked against your documents."
    ).format(model)


def note_of(writing: Writing | None) -> str:
    """What the person should know about how the model runs; empty where there is nothing, or where
    the policy has answers quoted anyhow."""
    if writing is None or not writing.allowed:
        return ""
    return plain.line(plain.spoken(writing.note), 400)
