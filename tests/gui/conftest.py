"""The window's tests run without a screen; an unexpected word from Qt fails them."""

from __future__ import annotations

import gc
import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.languages import choice
from gui.languages.catalogue import catalogue
from gui.shell import Shell
from gui.style import theme
from gui.style.tokens import LIGHT
from tests.gui.driving import PASSPHRASE, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace
from tests.gui.texts import write_library


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform says this of every dialog and menu; it is no word about us."""
    said = ("propagateSizeHints", "raise", "grabbing the keyboard")
    ignored = pytest.mark.qt_log_ignore(*(f"does not support {word}" for word in said))
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(ignored)


@pytest.fixture(scope="session", autouse=True)
def _styled(qapp: QApplication) -> None:
    theme.apply(qapp, LIGHT)
    choice.speak(qapp, catalogue("en"), QLocale("en"))  # whatever the system speaks


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """A window that a test leaves as it is has not the last word on garbage."""
    yield
    gc.enable()


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return write_library(tmp_path / "library")


@pytest.fixture
def product(pace: Pace, library: Path) -> MemoryAppliance:
    """A vault with one collection of four documents, locked."""
    made = MemoryAppliance(pace)
    made.create("Dr Ada Winter", PASSPHRASE)
    collection = made.create_collection("Ward 4 guidelines")
    list(made.add(collection.id, [library]))
    made.lock()
    made.threads.clear()
    return made


@pytest.fixture
def open_shell(qtbot: QtBot) -> Iterator[Callable[[MemoryAppliance], Shell]]:
    shells: list[Shell] = []

    def make(appliance: MemoryAppliance) -> Shell:
        shell = Shell(appliance)
        shells.append(shell)
        qtbot.addWidget(shell)
        shell.resize(1280, 820)
        shell.show()
        return shell

    yield make
    for shell in shells:
        shell.close()


@pytest.fixture
def shell(
    open_shell: Callable[[MemoryAppliance], Shell], product: MemoryAppliance, qtbot: QtBot
) -> Shell:
    """The window, logged in."""
    made = open_shell(product)
    qtbot.waitUntil(made.front.unlock.secret.edit.isVisible)
    QTest.keyClicks(made.front.unlock.secret.edit, PASSPHRASE)
    made.front.unlock.go.click()
    qtbot.waitUntil(lambda: not made.locked)
    place = workplace(made)
    qtbot.waitUntil(lambda: place.library.collections.list.count() > 0)
    return made
