"""Puts a look on the application and follows the desktop: light, dark, high contrast.

Rules kept here: the style sheet is the product's own file, filled with the tokens and grown to the
size of text; the palette carries the same colours, for what Qt paints itself (links, selections,
placeholders). What a person chose stands above what the desktop says.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from gui.style.ring import bear
from gui.style.scale import TEXT, grown, refit, scale
from gui.style.tokens import DARK, HIGH, LIGHT, LOOKS, Tokens, as_mapping, current

# Inter first where IT has it, then each system's own face; DejaVu is on the barest Debian.
FAMILIES = [
    "Inter", "Segoe UI Variable Text", "Segoe UI", "SF Pro Text", ".AppleSystemUIFont",
    "Noto Sans", "Cantarell", "Ubuntu", "Liberation Sans", "DejaVu Sans", "sans-serif",
]  # fmt: skip
MONO = ["JetBrains Mono", "Cascadia Mono", "SF Mono", "Noto Sans Mono", "DejaVu Sans Mono"]

_STYLED = "styled_once"


def apply(application: QApplication, tokens: Tokens, size: float = 1.0) -> None:
    """The style, the font, the palette and the sheet, in the order Qt wants them. size: of text and
    of what holds it, 1.0 to 2.0."""
    if application.property(_STYLED) is None:  # its style's own name is hidden by the sheet
        application.setStyle("Fusion")
        application.setProperty(_STYLED, True)
    font = QFont(FAMILIES)
    font.setPixelSize(round(TEXT * size))
    # Contextual forms would turn the x of a document's "2x8" into another character.
    font.setFeature(QFont.Tag("calt"), 0)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    application.setFont(font)
    application.setPalette(_palette(tokens))
    sheet = files("gui.style").joinpath("sheet.qss").read_text(encoding="utf-8")
    values = as_mapping(tokens) | {"mono": ", ".join(f'"{name}"' for name in MONO)}
    application.setStyleSheet("")  # Qt takes five times as long to put one over another
    application.setStyleSheet(grown(Template(sheet).substitute(values), size))
    refit(application)
    bear(application)


class Follower(QObject):
    """Applies `choice` (a name of LOOKS or "system") and, for "system", every change of it."""

    def __init__(
        self, application: QApplication, choice: str = "system", size: float = 1.0
    ) -> None:
        super().__init__(application)
        self._application = application
        self._choice = choice
        hints = application.styleHints()
        hints.colorSchemeChanged.connect(self._follow)
        hints.accessibility().contrastPreferenceChanged.connect(self._follow)
        apply(application, self.wanted(), size)

    @property
    def choice(self) -> str:
        return self._choice

    def choose(self, choice: str) -> None:
        self._choice = choice
        apply(self._application, self.wanted(), scale())

    def wanted(self) -> Tokens:
        """The look that was chosen, or the one the desktop asks for: contrast before colour."""
        if self._choice in LOOKS:
            return LOOKS[self._choice]
        hints = self._application.styleHints()
        if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
            return HIGH
        return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT

    def _follow(self) -> None:
        if self._choice == "system":
            apply(self._application, self.wanted(), scale())


def resize(application: QApplication, size: float) -> None:
    """The look in force with text of another size."""
    apply(application, current(), size)


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, tokens.ground),
        (role.WindowText, tokens.ink),
        (role.Base, tokens.raised),
        (role.AlternateBase, tokens.side),
        (role.Text, tokens.ink),
        (role.PlaceholderText, tokens.muted),
        (role.Button, tokens.side),
        (role.ButtonText, tokens.ink),
        (role.ToolTipBase, tokens.raised),
        (role.ToolTipText, tokens.ink),
        (role.Highlight, tokens.selection),
        (role.HighlightedText, tokens.ink),
        (role.Link, tokens.accent_ink),
        (role.LinkVisited, tokens.accent_ink),
        (role.BrightText, tokens.danger),
        (role.Accent, tokens.accent),
        (role.Light, tokens.raised),
        (role.Mid, tokens.line),
        (role.Dark, tokens.edge),
        (role.Shadow, tokens.edge),
    ):
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(tokens.muted))
    return palette
