"""The real program: a vault, its backups, a total loss, a restore with the recovery code alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.e2e.terminal import cloister, require


def test_a_vault_that_was_lost_comes_back_from_the_recovery_code(tmp_path: Path) -> None:
    data, stick, code = tmp_path / "data", tmp_path / "stick", tmp_path / "code"
    stick.mkdir()
    (tmp_path / "parking.txt").write_text("Staff park on level three, behind the barrier.\n")
    require(cloister(data, "init", "--name", "Anna", "--recovery-file", str(code)))
    require(cloister(data, "add", str(tmp_path / "parking.txt")))
    first = require(cloister(data, "backup", "create", str(stick)))
    second = require(cloister(data, "backup", "create", str(stick)))
    assert (first.find("backup"), second.find("backup")) == (1, 2)
    assert int(str(second.find("written_size"))) < int(str(first.find("written_size"))) // 4

    assert (second.find("refused_stores"), second.find("left_out")) == (0, [])
    cleared = require(cloister(data, "backup", "clear", str(stick), "--keep", "1"))
    assert (cleared.find("cleared"), cleared.find("first")) == ([1], 2)

    shutil.rmtree(data)
    listed = require(cloister(data, "backup", "list", str(stick)))
    assert [line["backup"] for line in listed.lines] == [2]
    key = str(second.find("key"))
    checked = require(cloister(data, "backup", "verify", str(stick), "--key", key.upper()))
    assert checked.find("verified")
    stranger = require(cloister(data, "backup", "verify", str(stick), "--key", "0" * 64), 1)
    assert stranger.find("error") == "backup_forged"
    given = ("--recovery", "--recovery-file", str(code))
    opened = require(cloister(data, "backup", "verify", str(stick), *given))
    assert opened.find("opened") is True
    assert not data.exists()

    restored = require(
        cloister(data, "backup", "restore", str(stick), "--recovery-file", str(code))
    )
    assert (restored.find("restored"), restored.find("older")) == (2, False)
    assert restored.find("lost") == []
    again = require(
        cloister(data, "backup", "restore", str(stick), "--recovery-file", str(code)), 1
    )
    assert again.find("error") == "restore_refused"
    asked = require(cloister(data, "ask", "Where do staff park?"))
    assert "level three" in str(asked.find("answer"))
    log = require(cloister(data, "log", "show", "--start", str(restored.find("record"))))
    assert log.lines[0]["action"] == "backup.restored"
