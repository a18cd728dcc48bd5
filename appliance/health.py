"""`cloister doctor`: what is checked, what was seen, and the next step."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import evidence, guard, selftest
from appliance.airgap.errors import GuardUnavailable
from appliance.clock import now
from appliance.errors import CloisterError, StorageReadOnly, StoreTampered
from appliance.settings import Settings, read_settings
from appliance.values import AirgapReport, Check
from appliance.vault import Vault, harden_process

if TYPE_CHECKING:
    from appliance.desk import Desk

LOW_DISK = 2_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be known before anything is opened. `problems` are failed checks; each stands for
    the check of its name."""

    settings: Settings
    airgap: AirgapReport
    problems: tuple[Check, ...]


def prepared(data: Path) -> Prepared:
    """Hardens the process, puts the guards on and tries the ways out, as opening does, but makes
    no folder and goes on where a part fails. Raises nothing on their account."""
    harden_process()
    problems = []
    settings = Settings()
    try:
        settings = read_settings()
    except CloisterError as error:
        problems.append(Check("settings", "failed", error.sentence, error.next_step))
    try:
        guard.engage((data,) if os.path.isdir(data) else (), screen=False)  # noqa: PTH112  never raises
    except GuardUnavailable as error:
        state = "failed" if settings.airgap == "required" else "warning"
        problems.append(Check("guard", state, error.sentence, error.next_step))
    return Prepared(settings, selftest.prove(now()), tuple(problems))


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
    if desk is None:
        yield _vault(data)
    else:
        yield _tried("vault", "Restore vault.json from a backup.", lambda: _people(desk))
        yield _tried("stores", "Restore the data folder from a backup.", lambda: _stores(desk))
    yield _tried("encoder", "Run `make setup`, or install Cloister anew.", _encoder)
    yield _language_model(data, settings, desk)
    yield _tried(
        "policy", "Install Cloister anew: its signed policy is not intact.", lambda: _policy(data)
    )
    sources = ", ".join(f"{name} ({source.value})" for name, source in settings.sources)
    yield Check("settings", "ok", f"Set other than built in: {sources or 'nothing'}.")
    if desk is None:
        yield Check("log", "ok", "Not looked at: that needs a log-in (--passphrase-file FILE).")
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
    try:
        free = shutil.disk_usage(data).free
    except FileNotFoundError:
        sentence = f"There is no folder {data} yet."
        return Check("data folder", "warning", sentence, "Run `cloister init`.")
    except OSError as error:
        sentence = f"{data} cannot be read: {error.strerror}."
        return Check("data folder", "failed", sentence, "Name a folder of this user with --data.")
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
    try:
        if Vault(data).exists:
            return Check("vault", "ok", "There is a vault.")
    except CloisterError as error:
        return Check("vault", "failed", error.sentence, error.next_step)
    return Check("vault", "warning", "There is no vault yet.", "Run `cloister init`.")


def _encoder() -> str:
    from appliance.engine.encoder.bundle import default_encoder_folder, open_bundle

    bundle = open_bundle(default_encoder_folder())
    return f"{bundle.manifest.model}, {bundle.library.name} for this processor, hashes verified."


def _language_model(data: Path, settings: Settings, desk: Desk | None) -> Check:
    from appliance.language_model import MODELS, chosen, described

    name, hint = "language model", "Add another with `cloister model install`."
    try:
        folder = chosen(data / MODELS, settings.model)
    except CloisterError as error:
        return Check(name, "failed", error.sentence, error.next_step)
    if folder is None:
        return Check(name, "ok", "None is installed: answers are quoted from the documents.")
    writer = desk.writer if desk is not None else None
    if desk is None or writer is None:
        return Check(name, "ok", f"{folder.name} is installed; it is tried after a log-in.")
    if not desk.writing().allowed:
        return Check(name, "ok", f"{folder.name} is not used: the policy has answers quoted.")
    tried = _tried(name, hint, lambda: described(writer, settings))
    if tried.state == "ok" and (writer.note or writer.notice):
        return Check(name, "warning", tried.sentence, "Answers are written all the same.")
    return tried


def _policy(data: Path) -> str:
    from appliance.policy import PolicyEngine, load_packs, shipped_folder
    from appliance.policy_packs import PACKS, pack_folders

    try:
        folders = pack_folders(data)
    except StorageReadOnly:  # a check of its own says so
        folders = tuple(shipped_folder() / name for name in PACKS)
    policy = PolicyEngine(load_packs(folders))
    return f"{', '.join(policy.packs)}, signatures verified, hash {policy.pack_hash[:16]}."


def _people(desk: Desk) -> str:
    """Who is logged in has opened vault.json, and the log knows no newer one."""
    people = len(desk.session.people())
    return f"Authentic, and as new as the log says; {people} person(s)."


def _stores(desk: Desk) -> str:
    """An open store is as the log left it; its originals are looked for here."""
    desk.require_whole()
    documents = passages = 0
    for collection in desk.collections():
        documents += collection.documents
        passages += collection.passages
        originals = desk.originals(collection.id)
        for info in desk.library.documents(collection.id):
            if not originals.path(info.id).is_file():
                raise StoreTampered(f"The sealed original of document {info.id} is missing.")
    return f"As the log left them: {documents} documents with originals, {passages} passages."


def _log(desk: Desk) -> str:
    from appliance.pages import verified

    state = verified(desk)
    if not state.verified:
        raise StoreTampered(state.sentence)
    return state.sentence


def _tried(name: str, hint: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except CloisterError as error:
        return Check(name, "failed", error.sentence, error.next_step or hint)
    except OSError as error:
        return Check(name, "failed", f"A file cannot be read: {error.strerror}.", hint)
