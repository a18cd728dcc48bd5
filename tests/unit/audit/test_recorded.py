"""The file that proves a record: any change to it, or another key, is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.audit import Record
from appliance.audit.recorded import proof_file, require_recorded
from appliance.errors import CloisterError
from tests.unit.audit.making import created, filled

RECORD = Record("airgap.reporting", person="p-1", details=(("html", "ab" * 32),))


def made(folder: Path) -> tuple[bytes, str]:
    """A proof from a log whose keys have advanced twice, and the log's public key."""
    log = created(folder)
    filled(log, 300)
    log.advance_keys()
    seq = log.append(RECORD)
    filled(log, 320)
    log.advance_keys()
    found = proof_file(log.inclusions((seq,))[0], log.epochs()), log.public_key
    log.close()
    return found


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    return made(tmp_path_factory.mktemp("log") / "audit")


def test_the_record_is_proved_with_the_public_key_alone(proof: tuple[bytes, str]) -> None:
    found = require_recorded(*proof)
    assert found.leaf.action == "airgap.reporting"
    assert found.leaf.text("html") == "ab" * 32
    assert found.leaf.seq > 300
    assert found.log in proof[1]


def test_another_logs_key_is_refused(proof: tuple[bytes, str], tmp_path: Path) -> None:
    _, other = made(tmp_path / "audit")
    with pytest.raises(CloisterError):
        require_recorded(proof[0], other)


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "the record says something else": lambda said: said.update(
        leaf=said["leaf"].replace("abab", "cdcd")
    ),
    "another record": lambda said: said.update(record=said["record"] - 1),
    "a step left out": lambda said: said["path"].pop(),
    "a step of another size": lambda said: said["path"].insert(0, "AAAA"),
    "the last epoch left out": lambda said: said["epochs"].pop(),
    "an epoch left out between": lambda said: said["epochs"].pop(1),
    "no epochs": lambda said: said.update(epochs=[]),
    "a checkpoint of another size": lambda said: said.update(
        checkpoint=said["checkpoint"].replace("\n3", "\n4", 1)
    ),
    "a record that is no number": lambda said: said.update(record=True),
    "a member too many": lambda said: said.update(more=1),
    "another format": lambda said: said.update(format="cloister-recorded/v2"),
    "a lone surrogate": lambda said: said.update(leaf="\ud800"),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_whatever_is_changed_is_refused(proof: tuple[bytes, str], change: str) -> None:
    said = json.loads(proof[0])
    CHANGES[change](said)
    with pytest.raises(CloisterError):
        require_recorded(json.dumps(said).encode(), proof[1])


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_proof_says_nothing_else(proof: tuple[bytes, str], data: st.DataObject) -> None:
    """It is refused, or what it says is what it said before."""
    sound, key = proof
    at = data.draw(st.integers(0, len(sound) - 1))
    broken = sound[:at] + data.draw(st.binary(min_size=1, max_size=3)) + sound[at + 1 :]
    try:
        found = require_recorded(broken, key)
    except CloisterError:
        return
    assert found == require_recorded(sound, key)
