"""Kills writers of one log with SIGKILL, again and again, and reads what they left.

Run as a program: `python -m tests.faults.log_kills FOLDER ROUNDS SEED`. A process of its own,
because it forks. Ends with exit status 0 and one line of figures, or with a traceback.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from appliance.audit import Log, Record, writer
from appliance.audit.verify import verify
from appliance.values import Outcome
from tests.unit.audit.making import VERDICT, created, question, reopened


def write_until_killed(folder: Path, acknowledged: int, seed: int) -> None:
    """Writes records of every kind; tells the pipe "number token" after each is durable."""
    chance = random.Random(seed)  # noqa: S311  repeatable
    log = reopened(folder)
    log.close_interrupted()
    while True:
        token = f"t-{chance.getrandbits(40)}"
        numbers = appended(log, chance, token)
        for number in numbers:
            os.write(acknowledged, f"{number} {token}\n".encode())


def appended(log: Log, chance: random.Random, token: str) -> list[int]:
    kind = chance.randrange(4)
    payload = chance.randbytes(chance.choice([10, 5000])) if chance.randrange(2) else None
    if kind == 0:
        return [log.append(Record("document.added", object=token), payload)]
    if kind == 1:
        batch = [Record("document.added", object=token)] * chance.randrange(1, 70)
        return list(log.append_batch(batch))
    opened = log.open_ask(question(token), VERDICT, payload)
    if kind == 2:
        return [opened]
    return [opened, log.close_ask(token, Outcome.ANSWERED, payload=payload)]


def killed_writer(folder: Path, chance: random.Random) -> list[tuple[int, str]]:
    """What a writer acknowledged before it was killed at a random moment."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write_until_killed(folder, writing, chance.getrandbits(32))
        finally:
            os._exit(1)
    os.close(writing)
    wanted, said = chance.choice([0, 1, 3, 20, 80]), b""
    while said.count(b"\n") < wanted:
        said += os.read(reading, 4096)
    time.sleep(chance.random() * chance.choice([0.0005, 0.003, 0.01]))
    os.kill(child, signal.SIGKILL)
    while piece := os.read(reading, 65536):
        said += piece
    os.close(reading)
    os.waitpid(child, 0)
    whole = said[: said.rfind(b"\n") + 1].decode().split("\n")[:-1]
    return [(int(line.split()[0]), line.split()[1]) for line in whole]


def require_there(log: Log, acknowledged: list[tuple[int, str]]) -> None:
    for number, token in acknowledged:
        (record,) = log.records(number, 1)
        fields = dict(record.fields)
        if token not in (record.object, fields.get("ask")):
            raise AssertionError(f"record {number} was acknowledged as {token}")
        if fields.get("payload"):
            log.payload(number)


def main(folder: Path, rounds: int, seed: int) -> None:
    writer.JOURNAL_RECORDS = 300
    writer.EPOCH_RECORDS = 200
    chance = random.Random(seed)  # noqa: S311  repeatable
    created(folder).close()
    everything: list[tuple[int, str]] = []
    for number in range(rounds):
        fresh = killed_writer(folder, chance)
        everything += fresh
        log = reopened(folder)
        require_there(log, fresh)
        if number % 20 == 19:
            verify(folder, log.public_key)
        if number % 2:
            log.close()
        else:
            log._chain.close()  # as if this one had been killed, too
    log = reopened(folder)
    log.close_interrupted()
    require_there(log, everything)
    proof = verify(folder, log.public_key)
    if proof.unclosed:
        raise AssertionError("asks are left open")
    repaired = sum(r.action == "log.repaired" for r in log.records(0, log.size))
    log.close()
    print(f"{rounds} {len(everything)} {proof.size} {proof.epochs} {repaired}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
