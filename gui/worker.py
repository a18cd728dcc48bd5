"""One way to run work off the GUI thread, and one road back.

Rules kept here: nothing of the product is called on the GUI thread. A lane is one thread that
does its tasks in order; different lanes do not wait for each other. What a task yields, returns
or raises comes back on the GUI thread in order, in batches, at most 30 times a second and for at
most 8 ms at a time, so that a flood of events never holds up a key press. Every error arrives as
a CloisterError. After `forget()` nothing of an older task is delivered any more.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from appliance.errors import CloisterError
from gui.collecting import Collecting

if TYPE_CHECKING:
    from appliance.app import Cancellation

T = TypeVar("T")
E = TypeVar("E")

INTERVAL = 1 / 30
SLICE = 0.008
YIELD = 0.001
"""Seconds after which a lane that computes in Python lets the GUI thread go on. Python's own five
milliseconds, waited for at each call back from Qt, add up to what a person feels."""


class Lane(Enum):
    """Asks, reading what is there, imports, documents beside a conversation (which do not wait for
    an import of hours), proofs (verifying, exporting), carrying (backups and parcels), and locking,
    which waits behind nothing."""

    ASK = "ask"
    READ = "read"
    IMPORT = "import"
    BESIDE = "beside"
    PROOF = "proof"
    CARRY = "carry"
    LOCK = "lock"


class UnexpectedFault(CloisterError):
    """Something the product did not foresee. Says what kind of thing, never what was in it."""

    code = "unexpected"


class Task:
    """A piece of work on a lane. `cancel` may be called at any time, more than once."""

    def __init__(self, epoch: int, owner: QObject) -> None:
        self.epoch = epoch
        self.owner = owner
        self.finished = False
        self._lock = threading.Lock()
        self._cancelled = False
        self._cancellation: Cancellation | None = None

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._cancellation is not None:
                self._cancellation.cancel()

    def bind(self) -> Cancellation:
        """The cancellation this task's work looks at; called on the lane."""
        # Late: appliance.app pulls in what the first paint does not need.
        from appliance.app import Cancellation

        with self._lock:
            self._cancellation = Cancellation()
            if self._cancelled:
                self._cancellation.cancel()
            return self._cancellation


class _Delivery(Generic[T]):
    """Something on its way back: for streamed events `event` is set, else `call` runs once."""

    __slots__ = ("call", "each", "event", "task")

    def __init__(
        self,
        task: Task,
        call: Callable[[], None] | None = None,
        each: Callable[[tuple[T, ...]], None] | None = None,
        event: T | None = None,
    ) -> None:
        self.task, self.call, self.each, self.event = task, call, each, event


class Worker(QObject):
    """The lanes and the road. Lives on the GUI thread; `stop` ends the lanes."""

    _waiting = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        sys.setswitchinterval(min(YIELD, sys.getswitchinterval()))
        self._collecting = Collecting(self)
        self._lanes: dict[Lane, SimpleQueue[Callable[[], None] | None]] = {}
        self._threads: list[threading.Thread] = []
        self._road: deque[_Delivery[object]] = deque()
        self._tasks: set[Task] = set()
        self._epoch = 0
        self._last = 0.0
        self._pending = False
        self._stopped = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._deliver)
        self._waiting.connect(self._schedule, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        owner: QObject,
        lane: Lane,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[CloisterError], None],
    ) -> Task:
        """Does `work` on the lane; then `done(result)` or `failed(error)` on the GUI thread.

        Nothing is delivered once `owner` is gone."""
        task = self._begin(owner)

        def labour() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 - every error must reach the screen
                self._fail(task, failed, error)
            else:
                self._send(_Delivery(task, call=lambda: self._finish(task, lambda: done(result))))

        self._lane(lane).put(labour)
        return task

    def stream(  # noqa: PLR0917 - the order is the order in which they are called
        self,
        owner: QObject,
        lane: Lane,
        work: Callable[[Cancellation], Iterable[T]],
        each: Callable[[tuple[T, ...]], None],
        done: Callable[[], None],
        failed: Callable[[CloisterError], None],
    ) -> Task:
        """Iterates `work(cancellation)` on the lane; batches of its events go to `each`, then
        `done()` or `failed(error)`, all on the GUI thread and in order."""
        task = self._begin(owner)

        def labour() -> None:
            try:
                for event in work(task.bind()):
                    self._send(_Delivery(task, each=each, event=event))
            except Exception as error:  # noqa: BLE001 - every error must reach the screen
                self._fail(task, failed, error)
            else:
                self._send(_Delivery(task, call=lambda: self._finish(task, done)))

        self._lane(lane).put(labour)
        return task

    def follow(  # noqa: PLR0917 - the order is the order in which they are called
        self,
        owner: QObject,
        lane: Lane,
        work: Callable[[Cancellation, Callable[[E], None]], T],
        each: Callable[[tuple[E, ...]], None],
        done: Callable[[T], None],
        failed: Callable[[CloisterError], None],
    ) -> Task:
        """Like `run`, for work that tells how far it is: `work(cancellation, tell)` calls `tell`
        with an event at a time; batches of them go to `each` before the end is delivered."""
        task = self._begin(owner)

        def labour() -> None:
            try:
                result = work(
                    task.bind(), lambda event: self._send(_Delivery(task, each=each, event=event))
                )
            except Exception as error:  # noqa: BLE001 - every error must reach the screen
                self._fail(task, failed, error)
            else:
                self._send(_Delivery(task, call=lambda: self._finish(task, lambda: done(result))))

        self._lane(lane).put(labour)
        return task

    def forget(self) -> None:
        """Cancels every task; nothing of theirs is delivered from here on."""
        self._epoch += 1
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._road.clear()

    def stop(self, seconds: float = 5.0) -> bool:
        """Forgets everything and ends the lanes; True when all ended in time."""
        self.forget()
        self._stopped = True
        for queue in self._lanes.values():
            queue.put(None)
        end = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        self._collecting.stop()
        return not any(thread.is_alive() for thread in self._threads)

    # --- the lanes --------------------------------------------------------------------------

    def _begin(self, owner: QObject) -> Task:
        self._collecting.work()
        task = Task(self._epoch, owner)
        self._tasks.add(task)
        return task

    def _lane(self, lane: Lane) -> SimpleQueue[Callable[[], None] | None]:
        if lane not in self._lanes:
            queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
            self._lanes[lane] = queue
            thread = threading.Thread(
                target=_work_through, args=(queue,), name=f"lane-{lane.value}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return self._lanes[lane]

    def _fail(self, task: Task, failed: Callable[[CloisterError], None], error: Exception) -> None:
        known = error if isinstance(error, CloisterError) else _unexpected(error)
        self._send(_Delivery(task, call=lambda: self._finish(task, lambda: failed(known))))

    def _send(self, delivery: _Delivery[T]) -> None:
        self._road.append(delivery)  # type: ignore[arg-type]
        if not self._pending and not self._stopped:
            self._pending = True
            self._waiting.emit()

    # --- the road, on the GUI thread --------------------------------------------------------

    def _schedule(self) -> None:
        self._pending = False
        if not self._timer.isActive() and self._road:
            wait = INTERVAL - (monotonic() - self._last)
            self._timer.start(max(0, int(wait * 1000) + 1) if wait > 0 else 0)

    def _deliver(self) -> None:
        self._collecting.work()
        end = monotonic() + SLICE
        while self._road and monotonic() < end:
            first = self._road.popleft()
            if first.each is None:
                if self._wanted(first.task) and first.call is not None:
                    first.call()
                continue
            batch = [first.event]
            while self._road and self._road[0].task is first.task and self._road[0].each:
                batch.append(self._road.popleft().event)
                if len(batch) >= 256:
                    break
            if self._wanted(first.task):
                first.each(tuple(batch))
        self._last = monotonic()
        if self._road:
            self._timer.start(int(INTERVAL * 1000))

    def _wanted(self, task: Task) -> bool:
        return task.epoch == self._epoch and shiboken6.isValid(task.owner)

    def _finish(self, task: Task, call: Callable[[], None]) -> None:
        task.finished = True
        self._tasks.discard(task)
        call()


def _work_through(queue: SimpleQueue[Callable[[], None] | None]) -> None:
    while (labour := queue.get()) is not None:
        labour()


def _unexpected(error: Exception) -> UnexpectedFault:
    return UnexpectedFault(f"Something went wrong that should not have ({type(error).__name__}).")
