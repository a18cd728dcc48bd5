"""The look as values: a frozen set of colours each for light, dark and high contrast, and the few
sizes.

Rules kept here: text on its ground has a contrast of at least 4.5:1 (WCAG 2.2, 1.4.3), the edges of
controls and the marks of focus at least 3:1 (1.4.11); in high contrast text has 7:1 (1.4.6). The
tests read the pairs out of the style sheet and measure every one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as #RRGGBB. `on_…` is text on that ground, `…_bg` the quiet ground of a colour."""

    ground: str
    side: str
    raised: str
    hover: str
    line: str
    edge: str
    rim: str
    ink: str
    muted: str
    accent: str
    accent_strong: str
    accent_bg: str
    accent_ink: str
    on_accent: str
    danger: str
    danger_bg: str
    danger_line: str
    warn: str
    warn_bg: str
    warn_line: str
    good: str
    good_bg: str
    good_line: str
    selection: str
    mark: str
    scroll: str
    paper: str
    paper_ink: str


LIGHT = Tokens(
    ground="#FFFFFF",
    side="#F5F7F9",
    raised="#FFFFFF",
    hover="#E9EDF1",
    line="#E4E7EC",
    edge="#7F8998",
    rim="#C6CDD6",
    ink="#16202E",
    muted="#5A6575",
    accent="#0F766E",
    accent_strong="#0B5F59",
    accent_bg="#E6F4F1",
    accent_ink="#0B5F59",
    on_accent="#FFFFFF",
    danger="#B42318",
    danger_bg="#FEF4F3",
    danger_line="#F5C6C2",
    warn="#8A4B08",
    warn_bg="#FFF8EC",
    warn_line="#F3D9AE",
    good="#0B5F59",
    good_bg="#E6F4F1",
    good_line="#BFE0DA",
    selection="#A9DDD5",
    mark="#FFE58A",
    scroll="#C9D0D8",
    paper="#FFFFFF",
    paper_ink="#16202E",
)

DARK = Tokens(
    ground="#151A21",
    side="#0F1319",
    raised="#1B222B",
    hover="#222B36",
    line="#2A333F",
    edge="#6C7889",
    rim="#3C4756",
    ink="#E7EBF1",
    muted="#A0ABBA",
    accent="#34B3A4",
    accent_strong="#4CC7B8",
    accent_bg="#16332F",
    accent_ink="#6FD9CB",
    on_accent="#04211D",
    danger="#F59A91",
    danger_bg="#2E1A1A",
    danger_line="#5C2B2A",
    warn="#EDBB6B",
    warn_bg="#2B2317",
    warn_line="#55421F",
    good="#6FD9CB",
    good_bg="#16332F",
    good_line="#2A5A53",
    selection="#1F5B53",
    mark="#FFE58A",
    scroll="#3A4553",
    paper="#FFFFFF",
    paper_ink="#16202E",
)

HIGH = Tokens(
    ground="#000000",
    side="#000000",
    raised="#000000",
    hover="#2B2B2B",
    line="#8C8C8C",
    edge="#FFFFFF",
    rim="#FFFFFF",
    ink="#FFFFFF",
    muted="#E3E3E3",
    accent="#FFD60A",
    accent_strong="#FFE873",
    accent_bg="#332B00",
    accent_ink="#FFE873",
    on_accent="#000000",
    danger="#FFB3AB",
    danger_bg="#000000",
    danger_line="#FFB3AB",
    warn="#FFC266",
    warn_bg="#000000",
    warn_line="#FFC266",
    good="#8CF2B4",
    good_bg="#000000",
    good_line="#8CF2B4",
    selection="#00478F",
    mark="#FFE58A",
    scroll="#C4C4C4",
    paper="#FFFFFF",
    paper_ink="#000000",
)

LOOKS = {"light": LIGHT, "dark": DARK, "contrast": HIGH}
"""By the names they are chosen with."""

SIDE_WIDTH = 264
COLUMN_WIDTH = 820
"""Reading width of questions and answers, in device-independent pixels."""


def as_mapping(tokens: Tokens) -> dict[str, str]:
    """For the style sheet's template."""
    return {field.name: str(getattr(tokens, field.name)) for field in fields(tokens)}


def current() -> Tokens:
    """The set in force, read off the application's palette, so that nothing has to be told."""
    window = QApplication.palette().window().color().name().upper()
    return next((look for look in LOOKS.values() if look.ground == window), LIGHT)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(name: str) -> float:
    colour = QColor(name)
    channels = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
