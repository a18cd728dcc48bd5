"""Kills a working desk again and again, and looks each time whether anything it had acknowledged
is gone. Run as a program: `python -m tests.faults.crashing FOLDER CYCLES SEED`.

The process puts the guards on, loads the product and forks a desk for each round, so that a round
costs the unlocking and not the loading. Vault, log, stores, originals and policy are the real ones;
encoder and reader, which keep nothing, are the small fakes. The passphrase is hardly stretched, so
that it is working that is killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appliance.app import Appliance, open_appliance
from appliance.values import Answered, DocumentKind, ImportProgress, ImportState, PageView

PASSPHRASE = "seven lanterns over quiet water"


@dataclass
class Acknowledged:
    """What rounds so far were told is durable: documents' names, (conversation, record)."""

    documents: set[str] = field(default_factory=set)
    answers: set[tuple[str, int]] = field(default_factory=set)


def with_small_parts() -> None:
    """Lets the desk work without child processes. To be called behind the guards."""
    from appliance import desk, opening
    from appliance.documents import ReaderLimits
    from appliance.values import Page, PageSpan, ParsedDocument, PassageDraft
    from tests.contract.fakes import BagEncoder

    class Engine(BagEncoder):
        model = "bag"

        def start(self) -> None:
            return

        def close(self) -> None:
            return

    class LineReader:
        def __init__(self, limits: ReaderLimits) -> None:
            del limits

        def parse(self, untrusted: bytes, name: str, go_on: Callable[[], None]) -> ParsedDocument:
            text = untrusted.decode()
            return ParsedDocument(name, DocumentKind.TEXT, False, (Page(1, text),))

        def chunk(
            self, document: ParsedDocument, go_on: Callable[[], None]
        ) -> tuple[PassageDraft, ...]:
            return tuple(
                PassageDraft(line, ((0, len(line)),), (), (PageSpan(0, 1, 0, len(line)),))
                for line in document.pages[0].text.splitlines()
            )

        def render(
            self,
            untrusted: bytes,
            document_title: str,
            page: int,
            ranges: Sequence[tuple[int, int]],
            scale: float,
        ) -> PageView:
            raise NotImplementedError

        def close(self) -> None:
            return

    opening.make_engine = Engine  # type: ignore[assignment]
    desk.SandboxedReader = LineReader  # type: ignore[assignment, attr-defined]


def desk_round(appliance: Appliance, folder: Path, number: int, told: int) -> None:
    """One desk: checks what was acknowledged before, then imports and asks until it is killed."""

    def tell(**what: object) -> None:
        os.write(told, (json.dumps(what) + "\n").encode())

    appliance.unlock(PASSPHRASE)
    tell(opened=number)
    collection = appliance.collections()[0].id
    tell(
        documents=[info.title for info in appliance.documents(collection)],
        answers=[
            [conversation.id, turn.record]
            for conversation in appliance.conversations()
            for turn in appliance.turns(conversation.id)
        ],
    )
    ask(appliance, f"{number:032x}", tell)
    for job in appliance.unfinished_imports():
        for event in appliance.resume_import(job.job):
            if isinstance(event, ImportProgress) and event.state is ImportState.ADDED:
                tell(added=Path(event.path).name)
    papers = folder / f"papers-{number}"
    papers.mkdir(exist_ok=True)
    for i in range(5):
        (papers / f"{number}-{i}.txt").write_text(
            "\n".join(f"Rule {number}-{i}-{j} allows {j} visitors." for j in range(5))
        )
    for event in appliance.add(collection, [papers]):
        if isinstance(event, ImportProgress) and event.state is ImportState.ADDED:
            tell(added=Path(event.path).name)
            ask(appliance, f"{number:032x}", tell)
    tell(idle=True)
    time.sleep(60)


def ask(appliance: Appliance, conversation: str, tell: Callable[..., None]) -> None:
    for last in appliance.ask("How many visitors are allowed?", conversation=conversation):
        if isinstance(last, Answered) and not last.warning:
            tell(answered=[conversation, last.record])


def one(appliance: Appliance, folder: Path, number: int, chance: random.Random) -> list[str]:
    """Runs and kills one desk; returns the lines it got out."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            desk_round(appliance, folder, number, writing)
        except BaseException:  # noqa: BLE001  told to the parent, whatever it is
            os.write(writing, json.dumps({"error": traceback.format_exc()}).encode() + b"\n")
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        lines = []
        if number % 8:  # seven of eight are killed while they work, one while it opens
            lines.append(pipe.readline())
        time.sleep(chance.uniform(0, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines += pipe.readlines()
    return [line for line in lines if line.strip()]


def judge(lines: Sequence[str], before: Acknowledged) -> None:
    """Raises if a desk failed or missed something acknowledged earlier; takes in the new."""
    for line in lines:
        said = json.loads(line)
        if "error" in said:
            raise AssertionError(said["error"])
        if "documents" in said:
            gone = before.documents - set(said["documents"])
            missing = before.answers - {(c, r) for c, r in said["answers"]}
            if gone or missing:
                raise AssertionError(f"lost: {sorted(gone)} {sorted(missing)}")
        if "added" in said:
            before.documents.add(said["added"])
        if "answered" in said:
            before.answers.add((said["answered"][0], said["answered"][1]))


def main() -> None:
    folder, cycles, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    appliance = open_appliance(folder / "data", writable=(folder,))
    from appliance import assistant, intake, opening, pages, policy  # noqa: F401  before forking
    from appliance.policies_in_force import packs_in_force
    from appliance.settings import Settings
    from tests.extension_once import extension_taken_as_good  # late: behind the guards
    from tests.stretching import stretched_quickly

    with_small_parts()
    extension_taken_as_good()
    packs_in_force(Settings(), None)  # Python remembers their expressions, and so the desks do
    with stretched_quickly():
        killed_often(appliance, folder, cycles, seed)


def killed_often(appliance: Appliance, folder: Path, cycles: int, seed: int) -> None:
    maker = os.fork()
    if maker == 0:
        appliance.create("Anna", PASSPHRASE)
        appliance.create_collection("Ward")
        appliance.close()
        os._exit(0)
    if os.waitpid(maker, 0)[1] != 0:
        raise SystemExit("the vault could not be made")
    chance = random.Random(seed)  # noqa: S311  the kills must be repeatable
    seen = Acknowledged()
    for number in range(cycles):
        judge(one(appliance, folder, number, chance), seen)
    appliance.unlock(PASSPHRASE)
    state = appliance.verify_log()
    opened = [r for r in appliance.log_records(0, 1_000_000) if r.action.startswith("ask.")]
    appliance.close()
    asks: dict[str, list[str]] = {}
    for record in opened:
        asks.setdefault(dict(record.fields)["ask"], []).append(record.action)
    uneven = {
        ask: actions for ask, actions in asks.items() if actions != ["ask.opened", "ask.closed"]
    }
    print(json.dumps({
        "verified": state.verified, "sentence": state.sentence, "uneven": len(uneven),
        "documents": len(seen.documents), "answers": len(seen.answers),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
