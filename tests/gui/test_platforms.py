"""What a screen needs is loaded, or named as the system names it."""

from __future__ import annotations

import sys

import pytest

from gui import platforms


@pytest.mark.skipif(sys.platform != "linux", reason="the plugins are named by platform")
def test_a_screen_can_be_shown_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert platforms.main() == 0, capsys.readouterr().out


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(platforms.SCREENS, "linux", ("qnothing", "qneither"))
    lost = dict(platforms.missing("linux"))
    assert set(lost) == {"qnothing", "qneither"}
    assert all(lost.values())
