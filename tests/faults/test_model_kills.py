"""An installation that is killed at any moment leaves a whole model or none, and the next works."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.engine.bundles.opening import verify
from appliance.engine.bundles.store import install, list_models, remove
from tests.unit.engine.bundles.folders import TRUSTED, built

CALLS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir"})
"""Audit events (PEP 578) of the calls that touch a folder."""


def killed_at(moment: int, work: Callable[[], object]) -> bool:
    """Runs work in a child that kills itself at its n-th call that touches a folder; whether it
    came so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, _: object) -> None:
            nonlocal seen
            if event in CALLS:
                seen += 1
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a child is split off")
def test_a_kill_at_any_moment_leaves_a_whole_model_or_none(tmp_path: Path) -> None:
    bundle, models = built(tmp_path), tmp_path / "models"
    models.mkdir()
    moment, before, after = 0, 0, 0
    while True:
        moment += 1
        killed = killed_at(moment, lambda: install(bundle, models, TRUSTED))
        if list_models(models):
            after += 1
            verify(models / "tiny@1", TRUSTED)
            remove(models, "tiny")
        else:
            before += 1
        if not killed:
            break
    assert before > 20
    assert after >= 1
    assert install(bundle, models, TRUSTED).manifest.id == "tiny@1"
    assert [path.name for path in models.iterdir()] == ["tiny@1"]


def test_a_kill_while_it_is_removed_leaves_a_whole_model_or_none(tmp_path: Path) -> None:
    bundle, models = built(tmp_path), tmp_path / "models"
    install(bundle, models, TRUSTED)
    moment = 1
    while killed_at(moment, lambda: remove(models, "tiny")):
        moment += 1
        if list_models(models):
            verify(models / "tiny@1", TRUSTED)
        else:
            install(bundle, models, TRUSTED)
            assert [path.name for path in models.iterdir()] == ["tiny@1"]
    assert moment > 5
    assert list_models(models) == ()
