"""`cloister doctor`: what is checked, what was seen, and the next step."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import evidence
from appliance.errors import CloisterError
from appliance.settings import Settings
from appliance.values import AirgapReport, Check
from appliance.vault import Vault

if TYPE_CHECKING:
    from appliance.desk import Desk

LOW_DISK = 2_000_000_000  # bytes


def checks(
    data: Path, settings: Settings, airgap: AirgapReport, desk: Desk | None
) -> tuple[Check, ...]:
    """All of them, in the order a person would mend things."""
    return tuple(_all(data, settings, airgap, desk))


def _all(
    data: Path, settings: Settings, airgap: AirgapReport, desk: Desk | None
) -> Iterator[Check]:
    yield evidence.check(airgap)
    yield _core_dumps()
    yield _disk(data)
    yield _vault(data)
    yield _tried("encoder", "Run `make setup`, or install Cloister anew.", _encoder)
    yield _tried("policy", "Install Cloister anew: its signed policy is not intact.", _policy)
    sources = ", ".join(f"{name} ({source.value})" for name, source in settings.sources)
    yield Check("settings", "ok", f"Set other than built in: {sources or 'nothing'}.")
    if desk is None:
        yield Check("log", "ok", "Log in and use `cloister log verify` to verify the log.")
    else:
        yield _tried("log", "Restore the log from a backup.", lambda: _log(desk))


def _core_dumps() -> Check:
    if sys.platform == "win32":
        return Check("core dumps", "warning", "Not checked on this platform.")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if soft == hard == 0:
        return Check("core dumps", "ok", "Off: keys cannot reach the disk by a crash.")
    return Check("core dumps", "failed", "On.", "Set `ulimit -c 0` for this user.")


def _disk(data: Path) -> Check:
    free = shutil.disk_usage(data).free
    if not os.access(data, os.W_OK):
        return Check(
            "data folder", "failed", f"{data} is not writable.", "Make it writable for this user."
        )
    if free < LOW_DISK:
        return Check(
            "data folder",
            "warning",
            f"{free / 1e9:.1f} GB free.",
            "Free some space; imports need room for the sealed originals and the index.",
        )
    return Check("data folder", "ok", f"{data}, {free / 1e9:.0f} GB free.")


def _vault(data: Path) -> Check:
    if Vault(data).exists:
        return Check("vault", "ok", "There is a vault.")
    return Check("vault", "warning", "There is no vault yet.", "Run `cloister init`.")


def _encoder() -> str:
    from appliance.engine.bundle import default_encoder_folder, open_bundle

    bundle = open_bundle(default_encoder_folder())
    return f"{bundle.manifest.model}, {bundle.library.name} for this processor, hashes verified."


def _policy() -> str:
    from appliance.policy import PolicyEngine, load_packs, shipped_folder

    policy = PolicyEngine(load_packs([shipped_folder() / "baseline"]))
    return f"{', '.join(policy.packs)}, signatures verified, hash {policy.pack_hash[:16]}."


def _log(desk: Desk) -> str:
    return f"{desk.ledger.log.size} records."


def _tried(name: str, hint: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except CloisterError as error:
        return Check(name, "failed", error.sentence, error.next_step or hint)
