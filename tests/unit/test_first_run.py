"""A first run that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.first_run import undone_on_failure


def test_what_a_failed_first_run_made_is_gone_and_what_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "journal").write_bytes(b"older evidence")

    def fail() -> None:
        with undone_on_failure(tmp_path):
            (tmp_path / "vault.json").write_bytes(b"{}")
            (tmp_path / "people" / "a").mkdir(parents=True)
            raise RuntimeError("the log could not be made")

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]
    assert (tmp_path / "audit" / "journal").read_bytes() == b"older evidence"


def test_what_a_first_run_made_stays_where_nothing_failed(tmp_path: Path) -> None:
    with undone_on_failure(tmp_path):
        (tmp_path / "vault.json").write_bytes(b"{}")
    assert (tmp_path / "vault.json").exists()
