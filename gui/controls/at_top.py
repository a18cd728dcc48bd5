"""A widget at the top of the room it is given, where a taller one takes its place later."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget


def at_top(widget: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 8, 6, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
