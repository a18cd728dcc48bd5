"""`cloister provision FILE`: sets this machine up from one file, unattended.

Rules kept here: what is printed names lines of the file, never people, so that the record of an
unattended run can be kept; a machine that had no data folder has none again if nothing was done.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from appliance.app import Appliance, open_appliance
from appliance.cli.arguments import Arguments
from appliance.cli.opening import UNPROVED, data_folder, following, vault_in
from appliance.cli.output import Output
from appliance.cli.placing import empty_folder
from appliance.errors import AlreadyRunning, StorageFull, StorageReadOnly
from appliance.provisioning.mistakes import Mistake, ProvisionMistaken
from appliance.provisioning.plan import Plan
from appliance.provisioning.reading import LARGEST, read_plan
from appliance.provisioning.run import gathered, provision
from appliance.provisioning.secret_files import Codes
from appliance.vault import StorageFailed, lock_folder

SAID = {
    "vault": "The vault is made; its recovery code is in the folder for codes.",
    "policy": "A policy pack is brought in; it is in force from the next log-in on.",
    "person": "A person is added; the recovery code is in the folder for codes.",
    "code": "A recovery code that was never written down is replaced.",
    "collection": "A collection is made.",
    "member": "Somebody is a member of a collection.",
    "kiosk": "The kiosk's collection is set.",
    "model": "A model is installed.",
    "licence": "A licence file is taken in.",
    "seat": "The request for a seat is written.",
}
UNDONE = "This was done, and somebody took it away since. That stays so."
OTHERWISE = {
    ("member", "waits"): "A membership waits for somebody else: run this again after that.",
    ("code", "lost"): "A recovery code is lost: that person makes a new one when they log in.",
}


def run(arguments: Arguments, output: Output) -> int:
    file, folder = Path(arguments.text("file")).absolute(), data_folder(arguments)
    try:
        plan = read_plan(_content(file), file.parent)
        secrets = gathered(plan, folder)
        with _opened(folder, plan) as appliance:
            steps = provision(appliance, plan, secrets, look_only=arguments.flag("check"))
            counts = dict.fromkeys(("done", "to do", "waits", "lost", "undone"), 0)
            with following(steps) as told:
                for step in told:
                    counts[step.outcome] += 1
                    output.data(step=step.what, line=step.line, outcome=step.outcome)
                    output.line(f"  line {step.line}: {_said(step.what, step.outcome)}")
    except ProvisionMistaken as error:
        for mistake in error.mistakes:
            _tell(mistake, output)
        raise
    output.data(**{name.replace(" ", "_"): count for name, count in counts.items()})
    output.line(_summary(counts, look_only=arguments.flag("check")))
    if not arguments.flag("check"):
        _say_what_lies_open(plan, output)
    return 0


def _say_what_lies_open(plan: Plan, output: Output) -> None:
    """Secrets that stand in files: nothing here can take them away for good (a stick keeps what was
    deleted, and another machine may need them), so whoever started this is told."""
    needless = [
        person.passphrase.line
        for person in plan.people
        if person.passphrase is not None and os.path.lexists(person.passphrase.path)
    ]
    codes = Codes(plan.administrator.codes.path).count()
    output.data(passphrase_files=needless, codes=codes)
    if needless:
        where = f"line {', '.join(map(str, needless))}"
        output.line(f"Passphrase files that this machine needs no more ({where}): delete them.")
    if codes:
        output.line(f"{codes} code(s) lie in the folder for codes: hand each over and delete it.")


def _said(what: str, outcome: str) -> str:
    if outcome == "to do":
        return f"To do: {what}."
    if outcome == "undone":
        return UNDONE
    return OTHERWISE.get((what, outcome), SAID[what])


def _tell(mistake: Mistake, output: Output) -> None:
    output.data(line=mistake.line, mistake=mistake.sentence, hint=mistake.next_step)
    where = f"line {mistake.line}" if mistake.line else "the file"
    output.line(f"  {where}: {mistake.sentence}\n      {mistake.next_step}")


def _summary(counts: dict[str, int], *, look_only: bool) -> str:
    if look_only:
        left = counts["to do"]
        return f"The file is in order; {left} step(s) are left." if left else "Nothing is left."
    if not any(counts.values()):
        return "Everything is as the file wants it; nothing was changed."
    waits = f" {counts['waits']} wait(s) for somebody else." if counts["waits"] else ""
    return f"{counts['done']} step(s) done.{waits}"


def _content(file: Path) -> bytes:
    """Of a file that only its owner, or root, can change: who may write it decides who is an
    administrator here."""
    try:
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            about = os.fstat(opened.fileno())
            mine = about.st_uid in (os.geteuid(), 0)
            if not stat.S_ISREG(about.st_mode) or not mine or about.st_mode & 0o022:
                step = "Have it belong to this user or to root, and run `chmod go-w` on it."
                raise ProvisionMistaken([Mistake(0, "Others can change this file.", step)])
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise StorageReadOnly(
            f"The file cannot be read: {error.strerror}.", hint="Name a file that is there."
        ) from error


@contextmanager
def _opened(folder: Path, plan: Plan) -> Iterator[Appliance]:
    """The appliance, not logged in. A data folder that nothing was put into is taken away."""
    writable = [plan.administrator.codes.path]
    if plan.seat is not None:
        writable.append(plan.seat.request.path.parent)
    with _made(folder):
        appliance = open_appliance(folder, writable=writable)
        try:
            if not appliance.airgap.holds:  # the institution's setting allows it
                sys.stderr.write(f"{UNPROVED}\n")
            yield appliance
        finally:
            appliance.close()
            _sweep(folder)


def _sweep(folder: Path) -> None:
    """Takes away what opening made in a folder that has no vault, unless another program has come
    to it: that one may be making one."""
    with suppress(AlreadyRunning, StorageFull, StorageReadOnly, StorageFailed, OSError):
        lock = lock_folder(folder)
        if vault_in(folder):
            lock.close()
            return
        (folder / "spill").rmdir()
        lock.withdraw(folder)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    if folder.exists():
        yield
        return
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageReadOnly(f"{folder.parent} cannot be made: {error.strerror}.") from error
    with empty_folder(folder):
        yield
