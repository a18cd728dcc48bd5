"""Two sessions at once, and one that is killed: no change of a vault is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from appliance.vault import vault_file
from appliance.vault.durable import remove_leftovers
from appliance.vault.sealed import Context
from appliance.vault.session import Session
from appliance.vault.vault import Vault
from tests.unit.vault.conftest import ANN, NOW, Sample

ENTRY = Context("log-payload", "17")


def test_many_threads_and_two_sessions_lose_no_change(sample: Sample) -> None:
    sessions, failures = (sample.ann(), sample.ann()), []

    def work(session: Session, number: int) -> None:
        try:
            for step in range(5):
                session.create_collection(f"{number}-{step}", NOW)
                session.seal_to_auditors(b"x", ENTRY)
                session.members(sample.ward)
            session.new_recovery_code()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)

    start = sessions[0].counter
    threads = [
        threading.Thread(target=work, args=(sessions[number % 2], number)) for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)
    assert len(sample.ann().collections()) == 31
    # each new recovery code is followed by a new one
    sealed_with = len(json.loads(sample.file.read_bytes())["payloads"])
    assert sample.ann().counter == start + 30 + 6 + sealed_with


def test_a_kill_at_any_moment_leaves_a_vault_that_opens(sample: Sample) -> None:
    """A child makes collections and reports each; it is killed again and again. Whatever it
    reported is there, the counter never falls, and the file always opens."""
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from appliance.vault import Vault\n"
        "session = Vault(Path(sys.argv[1])).unlock(sys.argv[2], 'Ann')\n"
        "while True: print(session.create_collection('c', datetime.now(UTC)), flush=True)\n"
    )
    reported: set[str] = set()
    counter = 0
    for count in (1, 3, 8, 20):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(sample.folder), ANN],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            reported.update(child.stdout.readline().strip() for _ in range(count))
            child.kill()
        remove_leftovers(sample.folder)
        session = sample.ann()
        assert reported <= {entry for entry, _ in session.collections()}
        assert session.counter > counter
        counter = session.counter
        assert [entry.name for entry in sample.folder.iterdir()] == [vault_file.NAME]


def test_a_kill_during_creation_leaves_a_vault_or_none(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from appliance.vault import Vault, durable\n"
        "step = int(sys.argv[2])\n"
        "def dying(real):\n"
        "    def call(*args, **kwargs):\n"
        "        global step\n"
        "        step -= 1\n"
        "        if step < 0: os.kill(os.getpid(), 9)\n"
        "        return real(*args, **kwargs)\n"
        "    return call\n"
        "for name in ('open', 'write', 'fsync'): setattr(os, name, dying(getattr(os, name)))\n"
        "Path.replace = dying(Path.replace)\n"
        "Vault(Path(sys.argv[1])).create('Ann', sys.argv[3], now=datetime.now(UTC))\n"
    )
    outcomes = []
    for step in range(7):
        folder = tmp_path / str(step)
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder), str(step), ANN], check=False, timeout=60
        )
        vault = Vault(folder)
        outcomes.append((done.returncode, vault.exists))
        if vault.exists:
            assert vault.unlock(ANN).person.name == "Ann"
    # open, write, fsync and replace die without a vault; open and fsync of the folder with one
    assert outcomes == [(-9, False)] * 4 + [(-9, True)] * 2 + [(0, True)]
