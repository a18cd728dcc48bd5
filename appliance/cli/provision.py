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
from appliance.cli.opening import UNPROVED, data_folder, following
from appliance.cli.output import Output
from appliance.cli.placing import empty_folder
from appliance.errors import StorageReadOnly
from appliance.provisioning.mistakes import Mistake, ProvisionMistaken
from appliance.provisioning.plan import Plan
from appliance.provisioning.reading import LARGEST, read_plan
from appliance.provisioning.run import gathered, provision

SAID = {
    "vault": "The vault is made; its recovery code is in the folder for codes.",
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
    return 0


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
        with file.open("rb") as opened:
            about = os.fstat(opened.fileno())
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise StorageReadOnly(
            f"The file cannot be read: {error.strerror}.", hint="Name a file that is there."
        ) from error
    mine = about.st_uid in (os.geteuid(), 0)
    if not stat.S_ISREG(about.st_mode) or not mine or about.st_mode & 0o022:
        step = "Have it belong to this user or to root, and run `chmod go-w` on it."
        raise ProvisionMistaken([Mistake(0, "Others can change this file.", step)])
    return content


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
            if not appliance.exists:
                for left in (folder / "spill", folder / "lock"):
                    with suppress(OSError):
                        left.rmdir() if left.is_dir() else left.unlink()


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
