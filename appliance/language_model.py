"""The language model of an open desk: which of those installed, in what host, and how it is.

Rules kept here: the institution says which model is used, in the managed settings; where it does
not, the one installed last is. "composer" names the one that ships with the program, unless another
of that name is installed. Without one answers are quoted, and nothing fails. An unsigned model
is opened only as the one whose hash the log holds. A driver is touched only where the institution
says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.audit import Log
from appliance.engine.bundles.shipped import COMPOSER, shipped_composer
from appliance.engine.bundles.store import find, list_models
from appliance.engine.chat.client import ChatHost
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.preflight import NoGpu, probe
from appliance.engine.decoding.request import Message
from appliance.engine.mlc.chat_config import read_chat_config
from appliance.engine.prompts.grounded import INSTRUCTIONS
from appliance.engine.running.budget import LEAST
from appliance.errors import CloisterError, EngineFailed
from appliance.settings import Settings
from appliance.values import Writing
from appliance.vault import Session

MODELS = "models"
PREPARED = "models-cache"
"""Derived from the models: sealed, and made anew whenever it is missing."""


def chosen(models: Path, wanted: str) -> Path | None:
    """The folder of the model to use, None where none is installed. wanted: name, or name and
    version; empty for the one installed last. Raises ModelMissing, UsageError for one that is
    named and not there."""
    if wanted == COMPOSER and not _installed(models, wanted):
        return shipped_composer()
    if wanted:
        return find(models, wanted)
    usable = [models / entry.id for entry in list_models(models) if not entry.problem]
    return max(usable, key=lambda folder: (folder.stat().st_mtime_ns, folder.name), default=None)


def named(models: Path, wanted: str) -> Path:
    """The folder of an installed model, or of the composer that ships with the program, by its name
    or its name and version. Raises ModelMissing, UsageError."""
    if wanted.partition("@")[0] == COMPOSER and not _installed(models, COMPOSER):
        shipped = shipped_composer()
        if wanted in {COMPOSER, shipped.name}:
            return shipped
    return find(models, wanted)


def _installed(models: Path, name: str) -> bool:
    return any(entry.id.startswith(f"{name}@") for entry in list_models(models))


def composes(folder: Path) -> bool:
    """Whether the model asks for the composer's prompt. Only a hint for its form: the host opens
    none whose files are not those of its manifest."""
    try:
        return read_chat_config(folder).composes
    except EngineFailed:
        return False  # the host says what is wrong with it


def language_model(data: Path, session: Session, log: Log, settings: Settings) -> ChatHost | None:
    """The host of the chosen model, not started yet; None where there is none that can be used
    (`cloister doctor` says why)."""
    try:
        folder = chosen(data / MODELS, settings.model)
    except CloisterError:
        return None  # what is named and not there must not keep anybody from logging in
    if folder is None:
        return None
    return host_of(
        folder,
        log,
        settings,
        least_context=LEAST,
        system=() if composes(folder) else (Message("system", INSTRUCTIONS),),
        prefixes=PrefixStore(data / PREPARED, session.vault_subkey("chat-prefix")),
    )


def host_of(
    folder: Path,
    log: Log,
    settings: Settings,
    *,
    threads: int | None = None,
    least_context: int = 0,
    system: Sequence[Message] = (),
    prefixes: PrefixStore | None = None,
) -> ChatHost:
    """The host of an installed model, as the institution's settings have it run; not started."""
    mark = log.latest_store(f"model/{folder.name}")
    return ChatHost(
        folder,
        model=folder.name,
        accepted=mark.sha256 if mark is not None else "",
        threads=threads,
        context_tokens=settings.context_tokens,
        exact=settings.arithmetic == "exact",
        least_context=least_context,
        gpu=probe if settings.gpu == "auto" else NoGpu,
        system=system,
        prefixes=prefixes,
    )


def described(host: ChatHost, settings: Settings) -> str:
    """For `cloister doctor`: the model as it runs; waits for its start. Raises EngineFailed."""
    place = "the processor" if host.device == "cpu" else host.device
    if settings.gpu == "off":
        place += " (GPU off)"
    sentence = f"{host.model} on {place}, {host.context:,} tokens of context."
    return " ".join(part for part in (sentence, host.note, host.notice) if part)


def written_by(host: ChatHost | None, *, allowed: bool) -> Writing:
    """What the screen says of written answers. allowed: by the policy."""
    if host is None:
        return Writing("", allowed)
    problem = host.problem
    if problem is None:
        return Writing(host.model, allowed, host.note, starting=host.starting)
    quoted = "The language model cannot be used, so answers are quoted from your documents."
    note = " ".join((quoted, problem.sentence, problem.next_step))
    return Writing(host.model, allowed, note, works=False)
