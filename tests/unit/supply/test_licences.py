"""The licence gate: what the product carries is allowed, and what is not is stopped."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from supply.components import Gathered, Rules, shipped
from supply.notices import QT, texts_missing
from supply.spdx import LicenceRefused, choices, chosen

from appliance.natives import read_elf

PARTS = Path(str(distribution("PySide6-Essentials").locate_file("")))


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("MIT", "MIT"),
        ("Apache-2.0 OR GPL-2.0-only", "Apache-2.0"),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", "Apache-2.0"),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 AND Unicode-3.0"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ],
)
def test_the_best_choice_is_taken(expression: str, taken: str) -> None:
    assert chosen(expression) == taken


@pytest.mark.parametrize(
    "expression",
    [
        "AGPL-3.0-only", "AGPL-3.0-or-later OR SSPL-1.0", "GPL-3.0-only", "LGPL-3.0-only",
        "MIT AND GPL-2.0-only", "MPL-2.0 AND AGPL-3.0-only", "Proprietary", "", "MIT OR",
        "MIT GPL-2.0", "(MIT", "MIT WITH", "MIT WITH Made-up-exception", "UNKNOWN",
        "GPL-3.0-only WITH Made-up", "MIT/Apache-2.0",
    ],
)  # fmt: skip
def test_what_is_not_allowed_or_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(LicenceRefused):
        chosen(expression)


def test_agpl_is_refused_even_where_a_rule_would_let_it() -> None:
    with pytest.raises(LicenceRefused):
        chosen("AGPL-3.0-only", frozenset({"AGPL-3.0-only"}))


def test_lgpl_is_allowed_for_the_parts_named_and_no_other() -> None:
    rules = Rules.read()
    allowed = {name for name, rule in rules.parts.items() if rule.get("dynamic")}
    assert allowed == {"pyside6-essentials", "shiboken6"}
    with pytest.raises(LicenceRefused):
        rules.part("duckdb-something", "LGPL-3.0-only")


def test_a_part_that_states_another_licence_than_the_rule_is_refused() -> None:
    with pytest.raises(LicenceRefused, match="states"):
        Rules.read().part("duckdb", "AGPL-3.0-only")
    with pytest.raises(LicenceRefused, match="no licence"):
        Rules.read().part("never-heard-of", "")


def test_everything_the_product_carries_is_allowed_and_has_its_text(found: Gathered) -> None:
    """Parts, native files, what is inside them, and what their own lists name."""
    assert {one.name for one in found.components} >= {*shipped(), "python", "cloister"}
    assert not [one.name for one in found.components if "GPL" in one.taken.replace("LGPL", "")]
    assert texts_missing(found) == ()
    for native in found.natives:
        assert native.taken, native.file.path
        assert choices(native.licence)


def test_a_library_of_nobody_is_refused() -> None:
    """As one that the building system let slip into a packaged program."""
    with pytest.raises(LicenceRefused, match="of no part"):
        Rules.read().library("libreadline.so.8", ("", ""))
    assert Rules.read().library("libcrypto.so.3", ("", "")) == ("Apache-2.0", "Apache-2.0")


def test_qt_is_linked_dynamically_and_can_be_exchanged() -> None:
    """Each module takes Qt from files of its own, by their names, and has none of it inside."""
    for module in ("QtCore", "QtGui", "QtWidgets"):
        elf = read_elf((PARTS / "PySide6" / f"{module}.abi3.so").read_bytes())
        assert f"libQt6{module[2:]}.so.6" in elf.needed
        assert (PARTS / "PySide6" / "Qt" / "lib" / f"libQt6{module[2:]}.so.6").is_file()
    assert "exchanged" in QT


def test_what_of_qt_is_under_the_gpl_alone_is_stopped(tmp_path: Path) -> None:
    rules = Rules.read()
    library = tmp_path / "PySide6" / "Qt" / "lib"
    library.mkdir(parents=True)
    (library / "libQt6Core.so.6").touch()
    rules.require_no_gpl_of_qt(tmp_path)
    (library / "libQt6WaylandCompositor.so.6").touch()
    with pytest.raises(LicenceRefused, match="WaylandCompositor"):
        rules.require_no_gpl_of_qt(tmp_path)


def test_the_window_uses_nothing_of_qt_that_is_under_the_gpl_alone() -> None:
    """What is loaded is what it is linked with: asked of the loader, in a process of its own."""
    program = (
        "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from PySide6.QtWidgets import QApplication\n"
        "import gui.shell\napp = QApplication([''])\n"
        "print(*sorted({line.split('/')[-1] for line in open('/proc/self/maps')}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True, cwd=Path(__file__).resolve().parents[3])  # fmt: skip
    loaded = done.stdout.split()
    assert any(name.startswith("libQt6Widgets") for name in loaded)
    stems = [pattern.rstrip("*") for pattern in Rules.read().gpl_only if pattern.startswith("lib")]
    assert not [name for name in loaded if name.startswith(tuple(stems))]
    assert not [name for name in loaded if name.startswith("libQt6Network")]
