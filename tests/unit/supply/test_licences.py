"""The licence gate: what the product carries is allowed, and what is not is stopped."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from supply.components import Gathered, licence_in, shipped
from supply.notices import AS_FILE, QT, libraries, notices, texts_missing
from supply.rules import Rules
from supply.spdx import LicenceRefused, choices, chosen

from appliance.natives import Inside, inside, read_elf
from appliance.natives.marks import COMPILER

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
        "GPL-3.0-only WITH Made-up", "MIT/Apache-2.0", "LicenseRef-Whatever",
        "SSPL-1.0 WITH LLVM-exception", "GPL-2.0-only WITH LLVM-exception",
        "LGPL-2.1-only WITH GCC-exception-3.1", "Proprietary WITH Bootloader-exception",
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
    for stated in ("MIT AND Apache-2.0", "BSD-3-Clause AND MIT", "BSD-3-Clause OR Apache-2.0"):
        with pytest.raises(LicenceRefused, match="states"):
            Rules.read().part("pypdfium2", stated)


def test_a_name_of_its_own_means_nothing_unless_somebody_read_it() -> None:
    """Whoever writes the metadata chooses what LicenseRef- stands for."""
    for stated in ("LicenseRef-Public-Domain", "MIT OR LicenseRef-AGG-2.3"):
        with pytest.raises(LicenceRefused, match="of its own name"):
            Rules.read().part("never-heard-of", stated)


@pytest.mark.parametrize(
    "words",
    [
        "License :: OSI Approved :: GNU Affero General Public License v3",
        "License :: OSI Approved :: GNU General Public License v2 (GPLv2)",
        "License :: Other/Proprietary License",
        "AGPLv3",
        "dual: LGPL or commercial",
    ],
)
def test_words_that_say_otherwise_than_the_rule_stop_it(words: str) -> None:
    """As of a new version that changed its licence, and states no expression."""
    rules = Rules.read()
    assert rules.part("duckdb", "", ("License :: OSI Approved :: MIT License",))[1] == "MIT"
    with pytest.raises(LicenceRefused, match="says"):
        rules.part("duckdb", "", (words,))
    assert rules.part("pyinstaller-hooks-contrib", "", (words,))[1] == "Apache-2.0"


def inside_of(name: str, licence: str) -> Inside:
    return Inside(name, "", licence, "a mark")


def test_lgpl_linked_into_a_file_is_refused_of_whatever_part() -> None:
    """LGPL is for what is linked dynamically; no rule of any part makes an exception."""
    rules = Rules.read()
    rules.require_inside("libpdfium.so", [inside_of("freetype", "FTL")])
    for found in (
        inside_of("libiconv", "LGPL-2.1-or-later"),
        inside_of("glib", "LGPL-2.1-or-later"),
        inside_of("qt", "LGPL-3.0-only"),
        inside_of("readline", "GPL-3.0-or-later"),
        inside_of("mupdf", "AGPL-3.0-or-later"),
    ):
        with pytest.raises(LicenceRefused, match=found.name):
            rules.require_inside("file.so", [found])
    known = {"licence", "text", "dynamic", "holds", "compiled", "stays_behind"}
    assert {key for rule in rules.parts.values() for key in rule} <= known


@pytest.mark.parametrize(
    "planted",
    [
        b"\0rl_readline_name\0", b"MuPDF error: %s", b"GNU MP: Cannot allocate memory",
        b"\0libiconv_open\0", b"libavcodec license: ", b"_ZN4llvm11LLVMContextC1Ev",
        b"Berkeley DB 18.1.40: ", b"GLib-GObject",
    ],
)  # fmt: skip
def test_copyleft_code_and_compilers_in_a_file_are_seen_and_refused(planted: bytes) -> None:
    found = inside(b"\0" * 20 + planted + b"\0")
    assert found
    with pytest.raises(LicenceRefused):
        Rules.read().require_inside("_duckdb.so", found)


def test_a_library_that_a_wheel_took_in_is_named_or_refused() -> None:
    """A part's own licence does not cover what auditwheel put beside it."""
    rules = Rules.read()
    numpy = ("BSD-3-Clause", "BSD-3-Clause")
    gcc = "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert rules.library("_internal/numpy.libs/libgfortran-1.so.5", numpy) == (gcc, gcc)
    assert rules.library("numpy/_core/_umath.so", numpy) == numpy
    for path in ("numpy.libs/libreadline-1.so.8", "_internal/duckdb.libs/libfoo.so",
                 "PySide6/Qt/lib/libavcodec.so.61", "numpy/.dylibs/libfoo.dylib"):  # fmt: skip
        with pytest.raises(LicenceRefused, match="does not name it"):
            rules.library(path, numpy)


@pytest.mark.parametrize(
    "licences",
    [
        [{"license": {"name": "My own"}}],
        [{"license": {"id": "MIT"}}, {"license": {"name": "and something"}}],
    ],
)
def test_a_list_that_tells_a_licence_in_words_is_refused(licences: list[object]) -> None:
    with pytest.raises(LicenceRefused):
        licence_in({"name": "x", "licenses": licences})


def test_of_several_licences_in_a_list_all_hold() -> None:
    both = {"licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0-only"}}]}
    assert licence_in(both) == "(MIT) AND (AGPL-3.0-only)"
    assert licence_in({"licenses": [{"expression": "MIT OR Apache-2.0"}]}) == "MIT OR Apache-2.0"
    assert licence_in({}) == ""


def test_no_compiler_is_in_anything_the_product_carries(found: Gathered) -> None:
    assert [one.file.path for one in found.natives if "tvm_runtime" in one.file.path]
    for native in found.natives:
        assert COMPILER not in {one.name for one in native.inside}, native.file.path
        assert not [name for name in native.file.needed if "LLVM" in name or "tvm_compiler" in name]


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
        Rules.read().library("_internal/libreadline.so.8", ("", ""))
    assert Rules.read().library("libcrypto.so.3", ("", "")) == ("Apache-2.0", "Apache-2.0")


def test_qt_is_linked_dynamically_and_can_be_exchanged() -> None:
    """Each module takes Qt from files of its own, by their names, and has none of it inside."""
    for module in ("QtCore", "QtGui", "QtWidgets"):
        elf = read_elf((PARTS / "PySide6" / f"{module}.abi3.so").read_bytes())
        assert f"libQt6{module[2:]}.so.6" in elf.needed
        assert (PARTS / "PySide6" / "Qt" / "lib" / f"libQt6{module[2:]}.so.6").is_file()
    assert "exchanged" in QT


def test_the_notices_say_what_the_lgpl_asks_for(found: Gathered) -> None:
    """Of Qt, and of a library that a wheel took in as a file of its own."""
    text = notices(found)
    assert QT in text
    assert not [one.name for native in found.natives for one in native.inside
                if "LGPL" in one.licence and "OR" not in one.licence]  # fmt: skip
    quadmath = next(n.file.path for n in found.natives if "libquadmath" in n.file.path)
    assert AS_FILE.format(file=quadmath) in text
    assert "Version 2.1, February 1999" in text + libraries(found)


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
