"""How an open desk is doing, and the health file that monitoring reads it from.

Rules kept here: numbers alone; no name, no id of a person, a document or a collection, no text. The
health file is in the Prometheus text format (version 0.0.4), wholly old or wholly new, readable by
everybody, written where the managed settings say; that it cannot be written stops nothing and is
told once in the log.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import CloisterError
from appliance.values import Insights, Outcome

if TYPE_CHECKING:
    from appliance.desk import Desk

EVERY = 15.0
"""Seconds between two writings of the health file."""
STATES = ("whole", "growing", "unread", "refused")
_LONGEST = 200


def insights(desk: Desk) -> Insights:
    """Raises what reading the stores raises."""
    counted = desk.meter.read()
    collections = desk.collections()
    indexes = Counter(
        "refused" if one.problem else desk.library.index_state(one.id) for one in collections
    )
    return Insights(
        taken=desk.now(),
        since=desk.since,
        version=version("cloister"),
        model=desk.writer.folder.name if desk.writer is not None else "",
        ended=counted.ended,
        open=counted.open,
        waiting=counted.waiting,
        answer_seconds=counted.answer_seconds,
        tokens=counted.tokens,
        token_seconds=counted.token_seconds,
        memory=memory_held(),
        documents=sum(one.documents for one in collections),
        passages=sum(one.passages for one in collections),
        indexes=tuple((state, indexes[state]) for state in STATES),
        log_records=desk.ledger.log.size,
        free_bytes=shutil.disk_usage(desk.place.data).free,
        airgap_holds=desk.airgap.holds,
    )


def memory_held() -> tuple[tuple[str, int], ...]:
    """Resident bytes of this process and of its children; none where the system does not say."""
    if sys.platform != "linux":
        return ()
    own = _resident(os.getpid())
    children = 0
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    children += _resident(int(child))
    return (("desk", own), ("engine", children))


def _resident(process: int) -> int:
    """proc(5): the second field of statm counts pages."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0  # it has just ended
    return pages * os.sysconf("SC_PAGE_SIZE")


def prometheus(found: Insights) -> str:
    """The text format: a line of help and one of type before the values of each name."""
    return "".join(_lines(found))


def _lines(found: Insights) -> Iterator[str]:
    named = f'version="{_label(found.version)}",model="{_label(found.model)}"'
    yield from _metric("info", "gauge", "What runs here.", [(named, 1)])
    yield from _metric("up", "gauge", "Whether somebody is logged in.", [("", 1)])
    yield from _metric("since_seconds", "gauge", "When that began.", [("", _unix(found.since))])
    yield from _metric("taken_seconds", "gauge", "When this was taken.", [("", _unix(found.taken))])
    ended = dict(found.ended)
    by_outcome = [(f'outcome="{one.value}"', ended.get(one.value, 0)) for one in Outcome]
    yield from _metric("asks_total", "counter", "Questions by how they ended.", by_outcome)
    yield from _metric("asks_open", "gauge", "Questions being answered.", [("", found.open)])
    yield from _metric("calls_waiting", "gauge", "Calls that wait.", [("", found.waiting)])
    yield from _metric(
        "answer_seconds_total", "counter", "Time to all answers.", [("", found.answer_seconds)]
    )
    yield from _metric("tokens_total", "counter", "Tokens written.", [("", found.tokens)])
    yield from _metric(
        "token_seconds_total", "counter", "Time they took.", [("", found.token_seconds)]
    )
    yield from _metric(
        "tokens_per_second", "gauge", "On average.", [("", round(found.tokens_a_second, 3))]
    )
    held = [(f'process="{name}"', size) for name, size in found.memory]
    yield from _metric("memory_bytes", "gauge", "Memory that is held.", held)
    yield from _metric("documents", "gauge", "Documents to be asked.", [("", found.documents)])
    yield from _metric("passages", "gauge", "Passages of them.", [("", found.passages)])
    states = [(f'state="{state}"', count) for state, count in found.indexes]
    yield from _metric("indexes", "gauge", "Collections by their index.", states)
    yield from _metric("log_records", "gauge", "Records in the log.", [("", found.log_records)])
    yield from _metric("disk_free_bytes", "gauge", "Free space.", [("", found.free_bytes)])
    holds = int(found.airgap_holds)
    yield from _metric("airgap_holds", "gauge", "Whether the air gap is proved.", [("", holds)])


def _metric(
    name: str, kind: str, text: str, values: Sequence[tuple[str, int | float]]
) -> Iterator[str]:
    if not values:
        return
    yield f"# HELP cloister_{name} {text}\n# TYPE cloister_{name} {kind}\n"
    for labels, value in values:
        braces = f"{{{labels}}}" if labels else ""
        yield f"cloister_{name}{braces} {value}\n"


def _label(text: str) -> str:
    """Escaped as the format asks; a model's name is an administrator's own."""
    return text[:_LONGEST].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _unix(moment: datetime) -> float:
    return round(moment.timestamp(), 3)


DOWN = (
    "# HELP cloister_up Whether somebody is logged in.\n# TYPE cloister_up gauge\ncloister_up 0\n"
)


def health_file(desk: Desk) -> HealthFile | None:
    """One that is kept for this desk, where the institution wants one."""
    path = desk.settings.health_file
    if not path:
        return None

    def failed(code: str) -> None:
        desk.ledger.note("health.unwritten", outcome="failed", code=code)

    return HealthFile(Path(path), lambda: insights(desk), failed)


class HealthFile:
    """Keeps the file up to date in a thread of its own, until it is closed."""

    def __init__(
        self, path: Path, read: Callable[[], Insights], on_failure: Callable[[str], None]
    ) -> None:
        """on_failure: told the code of the first thing that went wrong, once."""
        self._path = path
        self._read = read
        self._on_failure = on_failure
        self._failed = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Says in the file that nobody is logged in any more."""
        self._stop.set()
        self._thread.join()
        self._try(lambda: DOWN)

    def _run(self) -> None:
        while True:
            self._try(lambda: prometheus(self._read()))
            if self._stop.wait(EVERY):
                return

    def _try(self, text: Callable[[], str]) -> None:
        code = ""
        try:
            write_public(self._path, text())
        except OSError:
            code = "health_file_unwritable"
        except CloisterError as error:
            code = error.code
        except Exception as error:  # noqa: BLE001  numbers that stay as they were would look well
            code = f"internal:{type(error).__name__}"
        if code and not self._failed:
            self._failed = True
            with suppress(CloisterError):
                self._on_failure(code)


def write_public(path: Path, text: str) -> None:
    """Replaces the file at once, readable by everybody. Raises OSError; nothing is left then."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(temporary, flags, 0o644), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o644)  # whatever the umask is
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
