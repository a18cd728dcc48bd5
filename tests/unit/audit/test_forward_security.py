"""A key that signed an earlier epoch is nowhere once the next one has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.audit import LogTampered, writer
from appliance.audit.keys import FILE, read_keys
from appliance.audit.verify import verify
from appliance.vault.sealed import Context, read_sealed
from tests.unit.audit.making import KEY, batched, created, reopened


def test_no_file_holds_an_earlier_private_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "EPOCH_RECORDS", 40)
    log = created(tmp_path)
    seeds: list[bytes] = []
    for records in range(60, 400, 60):
        keys = read_keys(tmp_path, KEY)
        seeds += [keys.ed25519.seed, keys.ml_dsa.seed]
        batched(log, records)
    log.close()
    current = read_keys(tmp_path, KEY)
    assert current.epoch.number >= 5
    old = [seed for seed in seeds if seed not in (current.ed25519.seed, current.ml_dsa.seed)]
    assert len(old) >= 10
    opened = read_sealed(tmp_path / FILE, KEY, Context("audit-keys", "log"))
    assert current.ed25519.seed.hex().encode() in opened
    contents = [opened, *(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())]
    for seed in old:
        assert not any(seed in content for content in contents)
        assert not any(seed.hex().encode() in content for content in contents)
    for seed in (current.ed25519.seed, current.ml_dsa.seed):
        assert not any(seed in content for content in contents[1:])
        assert not any(seed.hex().encode() in content for content in contents[1:])


def test_keys_set_back_to_an_earlier_epoch_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "EPOCH_RECORDS", 40)
    log = created(tmp_path)
    earlier = (tmp_path / FILE).read_bytes()
    batched(log, 60)
    log.close()
    (tmp_path / FILE).write_bytes(earlier)
    with pytest.raises(LogTampered, match="set back"):
        reopened(tmp_path)
    for note in (tmp_path / "epochs").iterdir():
        if note.stem != "0":
            note.unlink()
    with pytest.raises(LogTampered):
        reopened(tmp_path)


def test_a_crash_between_new_keys_and_their_record_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = created(tmp_path)
    batched(log, 50)
    log._chain.publish()
    log._chain.advance_keys()
    log._chain.close()  # as a crash would leave it: no record of the epoch
    assert verify(tmp_path, log.public_key).epochs == 2
    for kept in (True, False):
        if not kept:
            (tmp_path / "epochs" / "1.note").unlink()
        again = reopened(tmp_path)
        assert again.records(50, 1)[0].action == "log.epoch"
        assert verify(tmp_path, again.public_key).epochs == 2
        again.close()
