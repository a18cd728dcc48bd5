"""The pure pieces of the window, and how it is started."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.__main__ import arguments
from gui.first_run.strength import LEAST, strength
from gui.text import counts, plain

ROOT = Path(__file__).resolve().parents[2]


def _run_module() -> ModuleType:
    spec = spec_from_file_location("cloister_run", ROOT / "packaging" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_make_run_knows_whether_there_is_a_screen(
    environment: dict[str, str], platform: str, expected: bool
) -> None:
    assert _run_module().has_screen(environment, platform) is expected


def test_the_window_is_made_without_the_heavy_parts() -> None:
    """First paint must not wait for stores, engines or page renderers."""
    script = (
        "import sys, gui.shell, gui.workplace, gui.style.theme;"
        "heavy = {'duckdb', 'tvm_ffi', 'numpy', 'pypdfium2', 'cedarpy', 'hnswlib', 'selectolax',"
        " 'cryptography', 'PySide6.QtNetwork', 'PySide6.QtPrintSupport'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.stderr.strip() == ""
    assert result.returncode == 0


def test_the_arguments_of_the_window() -> None:
    given_ = arguments(["--data", "/srv/vault", "--theme", "dark"])
    assert (given_.data, given_.theme) == (Path("/srv/vault"), "dark")
    assert arguments([]).data is None


@pytest.mark.parametrize(
    ("passphrase", "name", "level"),
    [
        ("", "", 0),
        ("short", "", 1),
        ("aaaaaaaaaaaaaaaa", "", 1),
        ("abcdefghijklmnop", "", 1),
        ("password1234", "", 1),
        ("ada winter ada winter", "Ada Winter", 2),
        ("tidal lantern orchard mosaic", "", 4),
    ],
)
def test_strength_knows_the_usual_tricks(passphrase: str, name: str, level: int) -> None:
    assert strength(passphrase, name).level == level


@given(st.text(max_size=60))
def test_strength_never_rises_above_one_below_the_least_length(text: str) -> None:
    found = strength(text)
    assert 0 <= found.level <= 4
    if len(text) < LEAST:
        assert found.level <= 1


@given(st.text())
def test_kept_text_keeps_its_length_and_shown_text_has_no_controls(text: str) -> None:
    assert len(plain.kept(text)) == len(text)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in plain.shown(text))
    assert "\n" not in plain.line(text)


def test_commands_are_set_between_quotation_marks() -> None:
    assert plain.spoken("Run `cloister doctor`, then `x`.") == "Run “cloister doctor”, then “x”."
    assert plain.spoken("A file `named\nso") == "A file `named\nso"


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "said"),
    [
        (1, 100, 60.0, ""),
        (50, 100, 4.0, "a few seconds left"),
        (50, 100, 31.0, "about 30 seconds left"),
        (50, 100, 60.0, "about a minute left"),
        (10, 100, 60.0, "about 9 minutes left"),
        (10, 10_000, 60.0, "about 16.6 hours left"),
        (100, 100, 60.0, ""),
    ],
)
def test_time_left_is_said_as_a_person_would(
    done: int, total: int, elapsed: float, said: str
) -> None:
    assert counts.time_left(done, total, elapsed) == said


def test_numbers_and_sizes_are_said_as_a_person_would() -> None:
    assert counts.counted(1, "page", "pages") == "1 page"
    assert counts.counted(1204, "page", "pages") == "1,204 pages"
    assert [counts.size(n) for n in (512, 9_100, 39_000, 2_500_000_000)] == [
        "512 B", "9.1 kB", "39 kB", "2.5 GB",
    ]  # fmt: skip
    assert counts.seconds(0.042) == "42 ms"
    assert counts.seconds(75) == "1 min 15 s"
    assert "2026" in counts.stamp(datetime(2026, 1, 2, tzinfo=UTC))
