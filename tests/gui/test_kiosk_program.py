"""What the kiosk's program is made of, and what an environment cannot make of it."""

from __future__ import annotations

import ast
from pathlib import Path

import gui.kiosk
from gui.kiosk.__main__ import arguments, settle

FOLDER = Path(gui.kiosk.__file__).parent
WAYS_OUT = frozenset(
    {
        *("QMenu", "QDialog", "QMessageBox", "QFileDialog", "QInputDialog", "QColorDialog"),
        *("QFontDialog", "QPrinter", "QPrintDialog", "QPdfWriter", "QDrag", "QDesktopServices"),
        *("QProcess", "QShortcut", "QAction", "QSystemTrayIcon", "QWhatsThis", "QSettings"),
        *("subprocess", "webbrowser", "socket", "startfile", "system", "popen", "openUrl"),
    }
)


def test_the_kiosks_own_code_has_no_menu_dialog_printer_link_or_process() -> None:
    files = sorted(FOLDER.rglob("*.py"))
    assert len(files) > 15
    for file in files:
        named = {
            name
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for name in _names(node)
        }
        assert not named & WAYS_OUT, (file.name, named & WAYS_OUT)


def _names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None) or ""
        return {part for one in node.names for part in f"{module}.{one.name}".split(".")}
    return set()


def test_no_environment_has_qt_load_or_obey_anything() -> None:
    environment = {
        "QT_IM_MODULE": "ibus", "QT_IM_MODULES": "fcitx;ibus", "QT_PLUGIN_PATH": "/tmp",
        "QT_QPA_PLATFORMTHEME": "gtk3", "SESSION_MANAGER": "local/seat", "LANG": "de_DE.UTF-8",
    }  # fmt: skip
    settle(environment)
    assert environment == {"QT_IM_MODULE": "compose", "LANG": "de_DE.UTF-8"}


def test_every_look_can_be_asked_for_and_none_is_the_institutions() -> None:
    given = ["--data", "x", "--secret-fd", "3", "--heartbeat-fd", "4"]
    assert arguments([*given, "--theme", "contrast"]).theme == "contrast"
    assert arguments(given).theme == ""
