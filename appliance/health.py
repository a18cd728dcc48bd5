"""`cloister doctor`: what is checked, what was seen, and the next step.

Rules kept here: a look that fails is a failed check, whatever it fails with, and keeps no other
from being made; what was not looked at says so and is counted apart.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import evidence, guard, selftest
from appliance.airgap.errors import GuardUnavailable
from appliance.clock import now
from appliance.diagnosis.keys import holders, keys, keys_at_rest
from appliance.diagnosis.licence import licence
from appliance.diagnosis.machine import clock, disk, hardware, program, this_machine, this_swap
from appliance.errors import CloisterError, StorageReadOnly, StoreTampered
from appliance.settings import Settings, read_settings
from appliance.values import AirgapReport, Check, Seen
from appliance.vault import Vault, harden_process

if TYPE_CHECKING:
    from appliance.desk import Desk

LOW_DISK = 2_000_000_000  # bytes
NO_DISK = 50_000_000  # bytes: below this neither the log nor a store can be relied on to grow
RECENT = 256  # records of the log that are looked at for when it was last used
NEEDS_LOG_IN = "needs_log_in"
"""The code of a check that was not made because nobody is logged in."""
_ASK = "Give this line to your IT department."


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be known before anything is opened. `problems` are failed checks; each stands for
    the check of its name."""

    data: Path
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
        problems.append(failed("settings", error))
    except Exception as error:  # noqa: BLE001  made where things are broken
        problems.append(unforeseen("settings", error))
    try:
        folders = (data,) if os.path.isdir(data) else ()  # noqa: PTH112  never raises
        guard.engage((*folders, *settings.written_folders), screen=False)
    except GuardUnavailable as error:
        state = "failed" if settings.airgap == "required" else "warning"
        problems.append(Check("guard", state, error.sentence, error.next_step, error.code))
    except Exception as error:  # noqa: BLE001  made where things are broken
        problems.append(unforeseen("guard", error))
    return Prepared(data, settings, selftest.prove(now()), tuple(problems))


def checks(
    data: Path, settings: Settings, airgap: AirgapReport, desk: Desk | None
) -> tuple[Check, ...]:
    """All of them, in the order a person would mend things."""
    return (
        *_machine(data, settings, airgap),
        *_kept(data, desk),
        *_parts(data, settings, desk),
        _checked("licence", "Log in again.", lambda: _licence(data, desk)),
    )


def _machine(data: Path, settings: Settings, airgap: AirgapReport) -> Iterator[Check]:
    yield evidence.check(airgap)
    yield _checked("program", _ASK, program)
    yield _checked("hardware", _ASK, lambda: hardware(this_machine()))
    yield _checked("swap", _ASK, this_swap)
    yield _checked("core dumps", _ASK, _core_dumps)
    yield _checked("gpu", _ASK, lambda: _gpu(settings))
    yield _checked("disk", _ASK, lambda: disk(data))
    yield _checked("data folder", _ASK, lambda: _disk(data))


def _kept(data: Path, desk: Desk | None) -> Iterator[Check]:
    """What lies in the data folder."""
    if desk is None:
        yield clock(now(), None)
        yield _checked("vault", "Restore vault.json from a backup.", lambda: _vault(data))
        yield _checked("keys", _ASK, lambda: keys_at_rest(data))
        said = "Not looked at: that needs a log-in (--passphrase-file FILE)."
        yield Check("log", "ok", said, code=NEEDS_LOG_IN)
        return
    yield _checked("clock", _ASK, lambda: _clock(desk))
    yield _tried("vault", "Restore vault.json from a backup.", lambda: _people(desk))
    yield _checked("keys", "Log in again.", lambda: keys(holders(desk.session)))
    yield _tried("stores", "Restore the data folder from a backup.", lambda: _stores(desk))
    yield _checked("imports", _ASK, lambda: _imports(desk))
    yield _tried("log", "Restore the log from a backup.", lambda: _log(desk))


def _parts(data: Path, settings: Settings, desk: Desk | None) -> Iterator[Check]:
    yield _tried("encoder", "Run `make setup`, or install Cloister anew.", _encoder)
    anew = "Add another with `cloister model install`."
    yield _checked("language model", anew, lambda: _language_model(data, settings, desk))
    yield _checked("models", "Log in again.", lambda: _models(data, desk))
    intact = "Install Cloister anew: its signed policy is not intact."
    yield _tried("policy", intact, lambda: _policy(settings, data))
    sources = ", ".join(f"{name} ({source.value})" for name, source in settings.sources)
    facts = (("set", len(settings.sources)),)
    yield Check("settings", "ok", f"Set other than built in: {sources or 'nothing'}.", facts=facts)
    if settings.health_file:
        yield _checked("health file", _ASK, lambda: _health_file(Path(settings.health_file)))


def _gpu(settings: Settings) -> Check:
    from appliance.diagnosis.graphics import gpu  # late: it imports what starts threads

    return gpu(settings)


def _core_dumps() -> Check:
    if sys.platform == "win32":
        hint = "Switch crash dumps off in the system's own settings."
        return Check("core dumps", "warning", "Not checked on this platform.", hint)
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
        return Check("data folder", "warning", sentence, "Run `cloister init`.", "no_data_folder")
    except OSError as error:
        sentence = f"{data} cannot be read: {error.strerror}."
        hint = "Name a folder of this user with --data."
        return Check("data folder", "failed", sentence, hint, "not_readable")
    if not os.access(data, os.W_OK):
        said, hint = f"{data} is not writable.", "Make it writable for this user."
        return Check("data folder", "failed", said, hint, "not_writable")
    if data.stat().st_mode & 0o077:
        sentence = f"Other users of this machine can look into {data}."
        hint = "Run `chmod 700` on it."
        return Check("data folder", "warning", sentence, hint, "readable_by_others")
    if free < LOW_DISK:
        full = free < NO_DISK
        return Check(
            "data folder",
            "failed" if full else "warning",
            f"{free / 1e6:,.0f} MB free.",
            "Free some space; imports need room for the sealed originals and the index.",
            "disk_full" if full else "disk_low",
        )
    return Check("data folder", "ok", f"{data}, {free / 1e9:.0f} GB free.")


def _vault(data: Path) -> Check:
    """Without a key: that it is there and has the form of one."""
    vault = Vault(data)
    if not vault.exists:
        hint = "Run `cloister init`."
        return Check("vault", "warning", "There is no vault yet.", hint, "no_vault")
    several = vault.several  # reads all of it
    return Check("vault", "ok", f"There is a vault{' of several people' if several else ''}.")


def _encoder() -> Seen:
    from appliance.engine.encoder.bundle import default_encoder_folder, open_bundle

    bundle = open_bundle(default_encoder_folder())
    name = bundle.library.name
    said = f"{bundle.manifest.model}, {name} for this processor, hashes verified."
    return Seen(said, (("library", name),))


def _language_model(data: Path, settings: Settings, desk: Desk | None) -> Check:
    from appliance.language_model import MODELS, chosen, described

    name, hint = "language model", "Add another with `cloister model install`."
    try:
        folder = chosen(data / MODELS, settings.model)
    except CloisterError as error:
        return failed(name, error)
    if folder is None:
        return Check(name, "ok", "None is installed: answers are quoted from the documents.")
    writer = desk.writer if desk is not None else None
    if desk is None or writer is None:
        return Check(name, "ok", f"{folder.name} is installed; it is tried after a log-in.")
    if not desk.writing().allowed:
        return Check(
            name, "ok", f"{folder.name} is not used: policy or licence has answers quoted."
        )
    tried = _tried(name, hint, lambda: described(writer, settings))
    if tried.state == "ok" and (writer.note or writer.notice):
        return Check(name, "warning", tried.sentence, "Answers are written all the same.")
    return tried


def _health_file(path: Path) -> Check:
    if os.access(path.parent, os.W_OK | os.X_OK):
        return Check("health file", "ok", f"{path}, while somebody is logged in.")
    return Check(
        "health file",
        "warning",
        f"{path} cannot be written.",
        f"Make the folder {path.parent}, and writable for this user.",
    )


def _policy(settings: Settings, data: Path) -> str:
    from appliance.policies_in_force import packs_in_force
    from appliance.policy import PolicyEngine

    try:
        packs = packs_in_force(settings, data)
    except StorageReadOnly:  # a check of its own says so
        packs = packs_in_force(settings, None)
    policy = PolicyEngine(packs)
    return f"{', '.join(policy.packs)}, signatures verified, hash {policy.pack_hash[:16]}."


def _licence(data: Path, desk: Desk | None) -> Check:
    return licence(data, desk.seat.view() if desk is not None else None)


def _models(data: Path, desk: Desk | None) -> Check:
    from appliance.chat_models import ChatModels, models_folder
    from appliance.diagnosis.models import models

    return models(models_folder(data), ChatModels(desk).accepted() if desk is not None else None)


def _clock(desk: Desk) -> Check:
    """Against the log, whose times never run backwards."""
    log = desk.ledger.log
    records = log.records(max(log.size - RECENT, 0), RECENT)
    begun = [n for n, record in enumerate(records) if record.action == "session.opened"]
    earlier = records[: begun[-1]] if begun else ()
    newest = records[-1].time if records else None
    return clock(now(), newest, earlier[-1].time if earlier else None)


def _imports(desk: Desk) -> Check:
    unfinished = desk.library.unfinished_jobs()
    facts = (("unfinished", len(unfinished)),)
    if not unfinished:
        return Check("imports", "ok", "Every import is finished.", facts=facts)
    sentence = f"{len(unfinished)} import(s) were broken off."
    hint = "Run `cloister add --resume`."
    return Check("imports", "warning", sentence, hint, "imports_unfinished", facts)


def _people(desk: Desk) -> Seen:
    """Who is logged in has opened vault.json, and the log knows no newer one."""
    people = len(desk.session.people())
    said = f"Authentic, and as new as the log says; {people} person(s)."
    return Seen(said, (("people", people),))


def _stores(desk: Desk) -> Seen:
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
    said = f"As the log left them: {documents} documents with originals, {passages} passages."
    return Seen(said, (("documents", documents), ("passages", passages)))


def _log(desk: Desk) -> Seen:
    from appliance.pages import verified

    state = verified(desk)
    if not state.verified:
        raise StoreTampered(state.sentence)
    return Seen(state.sentence, (("records", state.size), ("witnessed", int(state.witnessed))))


def _tried(name: str, hint: str, look: Callable[[], str | Seen]) -> Check:
    def checked() -> Check:
        seen = look()
        seen = Seen(seen) if isinstance(seen, str) else seen
        return Check(name, "ok", seen.sentence, facts=seen.facts)

    return _checked(name, hint, checked)


def _checked(name: str, hint: str, look: Callable[[], Check]) -> Check:
    """A look that may fail with anything: the others go on."""
    try:
        return look()
    except CloisterError as error:
        return failed(name, error, hint)
    except OSError as error:
        said = f"A file cannot be read: {error.strerror}."
        return Check(name, "failed", said, hint, "file_unreadable")
    except Exception as error:  # noqa: BLE001  made where things are broken
        return unforeseen(name, error, hint)


def without_log_in(checks: tuple[Check, ...], problem: Check) -> tuple[Check, ...]:
    """The checks of a closed vault whose log-in failed: what it was needed for is not good."""
    said, hint = "Not looked at, since the log-in failed.", "Mend that first."
    return (
        *(
            replace(check, state="warning", sentence=said, hint=hint)
            if check.code == NEEDS_LOG_IN
            else check
            for check in checks
        ),
        problem,
    )


def unforeseen(name: str, error: Exception, hint: str = _ASK) -> Check:
    """Of an error nobody foresaw only the type is named: its text may hold a document's."""
    said = f"Something was not foreseen here ({type(error).__name__})."
    return Check(name, "failed", said, hint, "unexpected")


def failed(name: str, error: CloisterError, hint: str = _ASK) -> Check:
    """To run the doctor is no next step of the doctor's."""
    step = hint if "cloister doctor" in error.next_step else error.next_step
    return Check(name, "failed", error.sentence, step or hint, error.code)
