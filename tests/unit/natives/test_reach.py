"""Whatever of the product can make a socket has a reason why it cannot reach out, and the reasons
that speak of the source are so."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.airgap import guard
from appliance.airgap.reach import ALLOWED, WHY, denied
from appliance.airgap_evidence import runtime_files
from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.natives import links_out, looked_at, native_files
from appliance.parts import needed

ROOT = Path(__file__).resolve().parents[3]


def test_nothing_that_can_reach_out_is_without_a_reason() -> None:
    places = (*native_files(sorted(needed())), *runtime_files(default_encoder_folder()))
    able = {place.part for place in places if looked_at(place)[0].can_network}
    assert able
    assert not {part for part in able if not WHY.get(part)}


def test_every_rule_of_the_filter_is_said() -> None:
    said = {call for one in denied() for call in one.calls}
    assert said == {rule.call for rule in guard.RULES}
    assert all(one.answer and one.what for one in denied())


def test_the_window_imports_no_network_and_no_bus_of_qts() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "gui").rglob("*.py")
        for name in _imported(path)
        if name.startswith(("PySide6.QtNetwork", "PySide6.QtDBus", "PySide6.QtWebSockets"))
    }
    assert found == set()


def _imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def test_no_remote_function_of_the_runtime_is_looked_up() -> None:
    for path in (ROOT / "appliance").rglob("*.py"):
        assert '"rpc.' not in path.read_text("utf-8"), path


def test_local_sockets_are_listed_with_who_and_when() -> None:
    assert all(one.who and one.what and one.when for one in ALLOWED)
    assert len({one.path for one in ALLOWED}) == len(ALLOWED)


COMPILER = shutil.which("c++")
PLANTED = (
    'extern "C" int socket(int, int, int);\nextern "C" int out() { return socket(2, 1, 0); }\n'
)


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler to plant a library with")
def test_a_planted_library_is_found_whatever_it_is_called(tmp_path: Path) -> None:
    program = tmp_path / "cloister"
    (program / "_internal" / "fonts").mkdir(parents=True)
    source, library = tmp_path / "out.cpp", program / "_internal" / "fonts" / "notes.ttf"
    source.write_text(PLANTED)
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source], check=True)
    outside = tmp_path / "outside.so"
    outside.write_bytes(library.read_bytes())
    (program / "_internal" / "linked.so").symlink_to(outside)
    (program / "_internal" / "within.so").symlink_to(library)
    found = [looked_at(place)[0] for place in native_files((), program)]
    assert [(one.path, one.can_network) for one in found] == [("_internal/fonts/notes.ttf", True)]
    assert links_out(program) == ("_internal/linked.so",)
