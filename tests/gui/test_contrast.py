"""Contrast of every pair of colours the looks use, read out of the style sheet and measured."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from gui.ask.composer import Typing
from gui.controls.fields import Field
from gui.sidebar import Search
from gui.style import theme
from gui.style.tokens import DARK, HIGH, LIGHT, LOOKS, Tokens, contrast, current

LOOKED_AT = pytest.mark.parametrize(
    "tokens", [LIGHT, DARK, HIGH], ids=["light", "dark", "contrast"]
)
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
GROUNDS = ("ground", "side", "raised")
"""What controls and text without a ground of their own stand on."""
PAINTED = (
    # What is painted by hand, as (text, ground): icons, answers, tables, stages, the page.
    ("ink", "ground"), ("muted", "ground"), ("ink", "side"), ("muted", "side"),
    ("ink", "raised"), ("muted", "raised"), ("warn", "ground"), ("danger", "ground"),
    ("accent_ink", "ground"), ("accent_ink", "raised"), ("ink", "accent_bg"),
    ("muted", "accent_bg"), ("ink", "selection"), ("paper_ink", "paper"), ("paper_ink", "mark"),
    ("on_accent", "accent"), ("on_accent", "accent_strong"), ("ink", "hover"), ("muted", "hover"),
    ("ink", "warn_bg"), ("muted", "warn_bg"), ("warn", "warn_bg"), ("ink", "danger_bg"),
    ("muted", "danger_bg"), ("danger", "danger_bg"), ("ink", "good_bg"), ("muted", "good_bg"),
    ("good", "good_bg"),
)  # fmt: skip
MARKS = (
    # What tells by its shape: edges of boxes, rings of focus, dots of the stages.
    ("edge", "ground"), ("edge", "side"), ("edge", "raised"), ("accent", "ground"),
    ("accent", "side"), ("accent", "raised"), ("accent", "accent_bg"), ("good", "ground"),
    ("warn", "ground"), ("danger", "ground"), ("danger", "danger_bg"),
)  # fmt: skip
CONTROLS = ("QPushButton", "QToolButton", "QLineEdit", "QComboBox", "QPlainTextEdit#field",
            "#composer", "QTextBrowser", "QCheckBox", "QTableView", "QListView")  # fmt: skip


def rules() -> list[tuple[str, dict[str, str]]]:
    text = files("gui.style").joinpath("sheet.qss").read_text(encoding="utf-8")
    sheet = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = []
    for selectors, body in RULE.findall(sheet):
        said = dict(part.strip().split(": ", 1) for part in body.split(";") if part.strip())
        found += [(selector.strip(), said) for selector in selectors.split(",")]
    return found


def merged(selector: str) -> dict[str, str]:
    """What the rule says on top of the same control at rest, and that on top of its kind."""
    said: dict[str, str] = {}
    parts = selector.split(":", maxsplit=1)[0], selector
    bare = re.split(r"[#\[:]", selector)[0]
    for name in dict.fromkeys((bare, *parts)):
        for other, body in rules():
            if other == name:
                said |= body
    return said


def token(value: str) -> str:
    found = re.search(r"\$(\w+)", value)
    return found[1] if found else ""


@LOOKED_AT
def test_text_of_every_rule_stands_out_from_its_ground(tokens: Tokens) -> None:
    least = 7.0 if tokens is HIGH else 4.5
    seen = 0
    for selector, body in rules():
        if not {"background", "color"} & set(body):
            continue
        said = merged(selector)
        text = token(said.get("color", "$ink")) or "ink"
        ground = token(said.get("background", ""))
        for under in (ground,) if ground else GROUNDS:
            if under in ("line", "scroll", "edge", "accent") and "color" not in said:
                continue  # a bar, a handle, a button that holds an icon of its own: no text
            ratio = contrast(getattr(tokens, text), getattr(tokens, under))
            assert ratio >= least, (selector, text, under, ratio)
            seen += 1
    assert seen > 60


@LOOKED_AT
def test_edges_of_controls_and_rings_of_focus_can_be_seen(tokens: Tokens) -> None:
    seen = 0
    for selector, body in rules():
        edge = " ".join(
            body.get(name, "")
            for name in ("border", "border-color", "border-left-color", "outline")
        )
        if not selector.startswith(CONTROLS) or "transparent" in edge or not token(edge):
            continue
        if ":disabled" in selector or "#pill[" in selector or "#paper" in selector:
            continue  # what cannot be used is exempt; the pill and the paper are told without
        said = merged(selector)
        for name in re.findall(r"\$(\w+)", edge):
            own = token(said.get("background", ""))
            against: tuple[str, ...] = GROUNDS
            if name in ("on_accent",) and own:
                against = (own,)  # the ring inside a filled button
            filled = own == name or (own and contrast(getattr(tokens, own), tokens.ground) >= 3)
            if filled and name not in ("ink", "on_accent"):
                against = GROUNDS  # the fill itself is what is seen
            for ground in against:
                ratio = contrast(getattr(tokens, name), getattr(tokens, ground))
                assert ratio >= 3, (selector, name, ground, ratio)
                seen += 1
    assert seen > 30


@LOOKED_AT
def test_what_is_painted_by_hand_stands_out_as_well(tokens: Tokens) -> None:
    least = 7.0 if tokens is HIGH else 4.5
    for text, ground in PAINTED:
        ratio = contrast(getattr(tokens, text), getattr(tokens, ground))
        assert ratio >= least, (text, ground, ratio)
    for mark, ground in MARKS:
        ratio = contrast(getattr(tokens, mark), getattr(tokens, ground))
        assert ratio >= 3, (mark, ground, ratio)


@pytest.mark.parametrize("name", LOOKS)
def test_what_stands_in_an_empty_field_can_be_read(name: str, qapp: QApplication) -> None:
    """As Qt draws it: a style sheet alone would leave it half transparent."""
    least = 7.0 if LOOKS[name] is HIGH else 4.5
    try:
        theme.apply(qapp, LOOKS[name])
        named = Field("Name", hint="As in the log")
        for field in (named.edit, Typing(), Search()):
            field.ensurePolished()
            drawn = field.palette().color(QPalette.ColorRole.PlaceholderText)
            assert drawn.alpha() == 255
            assert contrast(drawn.name(), LOOKS[name].raised) >= least
    finally:
        theme.apply(qapp, LIGHT)


@pytest.mark.parametrize("name", LOOKS)
def test_each_look_is_known_again_once_it_is_on(name: str, qapp: QApplication) -> None:
    try:
        theme.apply(qapp, LOOKS[name])
        assert current() is LOOKS[name]
    finally:
        theme.apply(qapp, LIGHT)
    assert current() is LIGHT


def test_what_the_desktop_asks_for_is_followed_until_somebody_chooses(qapp: QApplication) -> None:
    from PySide6.QtCore import Qt

    follower = theme.Follower(qapp, "system")
    try:
        scheme = qapp.styleHints().colorScheme()
        assert follower.wanted() is (DARK if scheme == Qt.ColorScheme.Dark else LIGHT)
        follower.choose("contrast")
        assert current() is HIGH
        follower.choose("dark")
        assert current() is DARK
    finally:
        follower.deleteLater()
        theme.apply(qapp, LIGHT)
