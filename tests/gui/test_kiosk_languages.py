"""A kiosk in every language: nothing a visitor reads is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.gui.kiosk_appliance import QUESTIONS
from tests.gui.kiosk_visits import ask, come, opened
from tests.gui.kiosk_window import furnished
from tests.gui.laid_out import cut
from tests.gui.memory_state import Pace
from tests.gui.speaking import ALL, speaking

UNKNOWN = "Which gate does the last ferry to Reykjavik leave from?"


@pytest.fixture
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    with speaking(qapp, request.param):
        yield request.param


@pytest.mark.parametrize("language", ALL, indirect=True)
def test_a_visit_cuts_no_text(language: str, library: Path, pace: Pace, qtbot: QtBot) -> None:
    for window in opened(furnished(library, pace), qtbot):
        assert cut(window) == []
        here = come(window)
        QApplication.processEvents()
        assert cut(window) == []
        ask(window, qtbot, QUESTIONS[0])
        assert cut(window) == []
        ask(window, qtbot, UNKNOWN)
        assert cut(window) == []
        assert here.answer.isVisible()
        window.still_there.show()
        QApplication.processEvents()
        assert cut(window) == []
