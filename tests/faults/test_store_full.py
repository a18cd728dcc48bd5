"""A full disk, a read-only folder: a sentence, a next step, and nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import StorageFull, StorageReadOnly
from appliance.memory import database
from tests.unit.memory.material import Marks, make_store, notes, open_store, write_note

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


def run_child(*arguments: str) -> dict[str, int | str]:
    program = [sys.executable, "-m", "tests.faults.store_child", *arguments]
    ended = subprocess.run(program, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr.decode()
    result: dict[str, int | str] = json.loads(ended.stdout)
    return result


def test_a_disk_that_fills_up_refuses_one_document_and_keeps_the_others(tmp_path: Path) -> None:
    result = run_child("fill", str(tmp_path), "3000000")
    assert result["code"] == StorageFull.code
    assert result["still"] == result["added"]
    # With room again the same open library goes on, and everything is there after it.
    assert result["found"] == int(result["added"]) + 1


def test_a_checkpoint_without_room_loses_nothing(tmp_path: Path) -> None:
    result = run_child("checkpoint", str(tmp_path))
    assert result["code"] == StorageFull.code
    assert (result["still"], result["found"]) == (3, 4)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ('IO Error: Could not write file "x": No space left on device', StorageFull),
        ('IO Error: Could not write file "x": Disk quota exceeded', StorageFull),
        ('IO Error: Cannot open file "x": Read-only file system', StorageReadOnly),
        ('IO Error: Cannot open file "x": Permission denied', StorageReadOnly),
    ],
)
def test_the_systems_words_become_ours(words: str, kind: type[Exception], tmp_path: Path) -> None:
    error = database.storage_error(OSError(words), tmp_path / "x")
    assert type(error) is kind
    assert "x" not in error.sentence.split()


def test_a_read_only_folder_is_said_to_be_one(tmp_path: Path) -> None:
    marks = Marks()
    store = make_store(tmp_path, marks)
    write_note(store, "kept")
    store.close()
    (tmp_path / "lock").unlink()
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from appliance.errors import StorageReadOnly\n"
        "from tests.unit.memory.material import open_store\n"
        f"os.setuid({NOBODY}) if os.getuid() == 0 else None\n"
        "try:\n"
        "    open_store(Path(sys.argv[1]), None)\n"
        "except StorageReadOnly as error:\n"
        "    print(error.sentence, error.next_step)\n"
    )
    tmp_path.chmod(0o555)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    finally:
        tmp_path.chmod(0o700)
    if b"Permission" in ended.stderr and b"StorageReadOnly" not in ended.stderr:
        pytest.skip("the folders above are closed to other users on this machine")
    assert b"data folder" in ended.stdout, ended.stderr.decode()
    again = open_store(tmp_path, marks.all[-1])
    assert notes(again) == ["kept"]
    again.close()


def test_without_room_nothing_is_retired_put_back_or_replaced_by_halves(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.shelf_full", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    full = {"code": "storage_full", "same": True, "kept": True}
    assert json.loads(done.stdout) == {
        "forward": {**full, "answering": 0},
        "retire": {**full, "answering": 0},
        "restore": {**full, "answering": 1},
        "replace": {**full, "answering": 1},
    }
