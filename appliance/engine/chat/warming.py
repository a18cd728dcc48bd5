"""After each start of the host: what every conversation begins with goes into its cache.

Rules kept here: from disk where it was kept and fits, else computed and then kept. What the host
exports is untrusted and only ever given back to a host, which checks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from appliance.engine.chat.errors import EngineStopped, RequestRejected
from appliance.engine.chat.messages import (
    CHUNK,
    MAX_PREFIX,
    ChatReady,
    Chunk,
    Export,
    Known,
    Pin,
    Pinned,
    Prefix,
    Report,
    Whole,
    chunks,
)
from appliance.engine.chat.prefixes import PrefixStore
from appliance.engine.chat.process import Asked, HostProcess
from appliance.engine.decoding.request import Message, Rejected

Kind = TypeVar("Kind", Known, Pinned, Chunk)

KINDS: tuple[type[Report], ...] = (Known, Pinned, Chunk, Rejected)
MOST = MAX_PREFIX // CHUNK + 8


def keep_prefix(
    host: HostProcess, ready: ChatReady, system: Sequence[Message], prefixes: PrefixStore | None
) -> None:
    """Has the messages' tokens computed, or given back, and keeps them. Raises EngineFailed."""
    if not system:
        return
    asked = host.ask(lambda number: Prefix(number, tuple(system)), KINDS, most=MOST)
    try:
        known = _next(host, asked, Known)
        if known.tokens == 0:
            return  # this model's template begins with what differs from ask to ask
        if prefixes is None:
            _pin(host, asked)
        elif not _adopted(host, asked, prefixes, ready.fingerprint, known.digest):
            _pin(host, asked)
            prefixes.write(ready.fingerprint, known.digest, _exported(host, asked))
    finally:
        host.leave(asked)


def _adopted(
    host: HostProcess, asked: Asked, prefixes: PrefixStore, fingerprint: str, digest: str
) -> bool:
    """Whether what was kept is in the host's cache now."""
    kept = prefixes.read(fingerprint, digest)
    if kept is None:
        return False
    for chunk in chunks(asked.id, kept):
        host.tell(asked, chunk)
    try:
        _next(host, asked, Pinned)
    except RequestRejected as error:
        prefixes.discard(fingerprint, digest, error.sentence)
        return False
    return True


def _pin(host: HostProcess, asked: Asked) -> None:
    host.tell(asked, Pin(asked.id))
    _next(host, asked, Pinned)


def _exported(host: HostProcess, asked: Asked) -> bytes:
    host.tell(asked, Export(asked.id))
    whole = Whole()
    while True:
        content = whole.add(_next(host, asked, Chunk))
        if content is not None:
            return content


def _next(host: HostProcess, asked: Asked, kind: type[Kind]) -> Kind:
    report = host.receive(asked, lambda: None)
    if not isinstance(report, kind):
        raise host.end(EngineStopped("The model's process talked nonsense and was ended."))
    return report
