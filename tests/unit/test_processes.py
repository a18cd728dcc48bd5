"""How processes of the product are started: in one place, from a closed list, always itself."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import processes
from tests.e2e.terminal import ROOT

PLACES = {"appliance/processes.py", "appliance/engine/bundles/libraries.py",
          "appliance/engine/bundles/brought.py", "appliance/engine/encoder/bundle.py",
          "appliance/natives/files.py"}  # fmt: skip
"""The one that starts processes, and those that look for what lies beside the program."""


def test_nothing_else_of_the_product_knows_how_its_processes_are_started() -> None:
    naming = re.compile(r"sys\.executable|\"-m\", \"(?:appliance|gui)")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("appliance", "gui")
        for path in (ROOT / folder).rglob("*.py")
        if naming.search(path.read_text("utf-8"))
    }
    assert found == PLACES


@pytest.mark.parametrize("word", sorted(processes.MODULES))
def test_each_word_leads_to_a_module_that_can_be_become(word: str) -> None:
    module = importlib.import_module(processes.MODULES[word])
    assert callable(module.main)


def test_a_word_that_is_not_listed_starts_nothing() -> None:
    with pytest.raises(ValueError, match="--other"):
        processes.command("--other")


def test_out_of_a_checkout_the_environment_and_the_folder_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "appliance").mkdir()
    (tmp_path / "appliance" / "__init__.py").write_text("raise SystemExit(9)\n")
    done = subprocess.run(
        [*processes.command(processes.TERMINAL), "--version"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "x")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("cloister ")


def test_a_packaged_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/cloister/1/cloister")
    for word in processes.MODULES:
        assert processes.command(word) == ("/opt/cloister/1/cloister", word)


def test_on_macos_what_the_window_starts_is_signed_to_inherit_its_sandbox(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "executable", "/A.app/Contents/MacOS/cloister-window")
    monkeypatch.setattr(sys, "argv", [sys.executable])
    assert processes.command(processes.READER)[0] == "/A.app/Contents/MacOS/cloister"


@pytest.mark.parametrize(
    ("argv", "module", "left"),
    [
        (["/x/cloister", "--reader", "7", "{}"], "appliance.documents.child", ["7", "{}"]),
        (["cloister", "ask", "--reader"], "appliance.__main__", ["ask", "--reader"]),
        (["cloister"], "appliance.__main__", []),
        (["/usr/bin/cloister-window", "--theme", "dark"], "gui.__main__", ["--theme", "dark"]),
        (["C/cloister-window.exe"], "gui.__main__", []),
        (["cloister-window", "--socket-probe", "2"], "appliance.airgap.probing", ["2"]),
    ],
)
def test_the_first_word_or_else_the_name_decides_what_a_process_becomes(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], module: str, left: list[str]
) -> None:
    asked: list[tuple[str, list[str]]] = []

    class Module:
        @staticmethod
        def main() -> int:
            asked.append((asked_for[0], sys.argv[1:]))
            return 5

    asked_for: list[str] = []

    def find(name: str) -> type[Module]:
        asked_for.append(name)
        return Module

    monkeypatch.setattr(importlib, "import_module", find)
    monkeypatch.setattr(sys, "argv", list(argv))
    assert processes.main() == 5
    assert asked == [(module, left)]
