"""The developer's walks are real: what the handbook shows is put into the code that is there, and
runs."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from appliance.policy.engine import PolicyEngine
from appliance.values import Person, Question, Role

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "handbook" / "developer.md"
_STEP = re.compile(r"^\d\. ")
_FILE = re.compile(r"`((?:appliance|gui|tests|policies)/[\w/]+\.\w+)`")
_INDENT = " " * 8

CHECK = """
import sys
from pathlib import Path
from appliance.documents.child import warm, work
from appliance.documents.limits import ReaderLimits
from appliance.documents.wire import ParseRequest

warm()
cues = b"1\\n00:00:01,000 --> 00:00:04,000\\nThe old dressing\\ngoes away.\\n"
frames = list(work(ParseRequest("dressing.srt", 1), cues, ReaderLimits()))
assert "subtitles" in repr(frames[0]), frames
assert "The old dressing goes away." in repr(frames) and "-->" not in repr(frames), frames

walk = {}
exec(compile(Path(sys.argv[1]).read_text(), sys.argv[1], "exec"), walk)
levels = walk["usable_levels"]()
assert levels
for level in levels:
    walk["test_it_computes_what_the_reference_computes"](level)
walk["test_what_cannot_be_run_exactly_is_refused"]()
from appliance.engine.models.families import FAMILIES
from appliance.engine.models.names import _MLC
assert "seed_oss" in FAMILIES and "qkv_bias" in _MLC["seed_oss"]
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a step shows of one file. lines: without the page's own indentation."""

    file: str
    lines: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether it is of a file that is there."""
        return any(line[:1] == "+" for line in self.lines)

    def new_text(self) -> str:
        return "\n".join(self.lines).strip("\n") + "\n"

    def put_into(self, text: str) -> str:
        """Lines are looked for from the one before on. Raises ValueError where one is not there."""
        found, at = text.split("\n"), 0
        for line in self.lines:
            mark, words = line[:1], line[1:]
            if mark == "+":
                found.insert(at, words)
            else:
                at = found.index(words, at)
                if mark == "-":
                    del found[at]
                    continue
            at += 1
        return "\n".join(found)


def pieces() -> Iterator[Piece]:
    """A block is of the file that its step names: the last one before it."""
    file, block = "", list[str]()
    for line in [*PAGE.read_text("utf-8").splitlines(), "end"]:
        if line.startswith(_INDENT):
            block.append(line.removeprefix(_INDENT))
        elif not line:
            block.append("")
        else:
            if file and any(block):
                yield Piece(file, tuple("\n".join(block).strip("\n").split("\n")))
            block = []
            named = _FILE.findall(line)
            if _STEP.match(line) or not line.startswith("   "):
                file = ""
            file = named[-1] if named and not file else file


def test_the_walks_show_what_they_speak_of() -> None:
    assert [piece.file.rpartition("/")[2] for piece in pieces()] == [
        *("subtitles.py", "documents.py", "sniff.py", "child.py"),
        *("families.py", "names.py", "test_seed_oss.py"),
        *("pack.toml", "nights.cedar", "cases.toml"),
    ]


def test_a_format_and_a_family_are_put_in_and_run(tmp_path: Path) -> None:
    """In a copy of the product: links to what is as it was."""
    shutil.copytree(
        ROOT / "appliance", tmp_path / "appliance", copy_function=os.symlink,
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    (tmp_path / ".cache").symlink_to(ROOT / ".cache")
    for piece in pieces():
        if piece.file.startswith("policies/"):
            continue
        place = tmp_path / piece.file
        place.parent.mkdir(parents=True, exist_ok=True)
        if piece.changes:
            text = piece.put_into(place.read_text("utf-8"))
            place.unlink()
        else:
            text = piece.new_text()
        place.write_text(text, "utf-8")
    test = next(tmp_path.glob("tests/**/test_seed_oss.py"))
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(test)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def sign_pack() -> ModuleType:
    place = ROOT / "packaging" / "sign_pack.py"
    spec = importlib.util.spec_from_file_location("sign_pack", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("hour", "demanded"), [(23, True), (5, True), (6, False), (21, False)])
def test_the_pack_is_sound_and_asks_for_a_reason_at_night(
    tmp_path: Path, hour: int, demanded: bool
) -> None:
    folder = tmp_path / "nights"
    folder.mkdir()
    for piece in pieces():
        if piece.file.startswith("policies/nights/"):
            (folder / Path(piece.file).name).write_text(piece.new_text(), "utf-8")
    shutil.copy(ROOT / "policies" / "baseline" / "schema.cedarschema", folder)
    script = sign_pack()
    nights, baseline = script.unsigned(folder), script.unsigned(ROOT / "policies" / "baseline")
    script.require_sound(nights)
    asked = datetime(2027, 1, 5, hour, tzinfo=UTC)
    person = Person("id", "Anna", (Role.MEMBER,))
    verdict = PolicyEngine((baseline, nights)).decide(
        Question("id", "What is the dose?", person, asked)
    )
    assert verdict.allowed
    assert verdict.obligations.reason_required is demanded
