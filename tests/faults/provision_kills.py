"""A provisioning run that ends in SIGKILL.

Run as a program: `python -m tests.faults.provision_kills WHERE DATA FILE [KEYS]`. Each WHERE is a
moment at which something is durable and what belongs to it is not yet. KEYS: of the vendor, for a
program that can be licensed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from unittest import mock

from appliance.app import Appliance
from appliance.provisioning import run
from appliance.provisioning.plan import Plan
from appliance.provisioning.run import Secrets
from appliance.provisioning.secret_files import Codes
from appliance.vault import Session
from tests.e2e.licensed_program import run as licensed

if TYPE_CHECKING:
    from appliance.desk import Desk
    from appliance.provisioning.seating import Seating


def die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL was survived")


def die_after_adding(session: Session, collection: str, person: str) -> NoReturn:
    ADD_MEMBER(session, collection, person)
    die()


def only_idas(codes: Codes, name: str, code: str, kind: str) -> None:
    if not name.startswith("Ida"):
        die()
    WRITE(codes, name, code, kind)


def die_after_a_collection(appliance: Appliance, plan: Plan, secrets: Secrets) -> None:
    """Before it is noted that the plan has made it."""
    LOG_IN(appliance, plan, secrets)
    from appliance.desk import Desk  # late: it starts threads

    create = Desk.create_collection

    def dying(desk: Desk, title: str) -> NoReturn:
        create(desk, title)
        die()

    mock.patch.object(Desk, "create_collection", dying).start()


def dying_at_note(number: int) -> Callable[[Desk], Seating]:
    """Before the log knows that a file for the seat was taken in, or its request written."""

    def seat_of(desk: Desk) -> Seating:
        from appliance.provisioning.carrying_out import Carrier  # late: it starts threads
        from appliance.provisioning.seating import seat_of as usual

        note, noted = Carrier._note, [0]

        def dying(carrier: Carrier, kind: str, identity: str) -> None:
            noted[0] += 1
            if noted[0] == number:
                die()
            note(carrier, kind, identity)

        mock.patch.object(Carrier, "_note", dying).start()
        return usual(desk)

    return seat_of


ADD_MEMBER, WRITE, LOG_IN = Session.add_member, Codes.write, run._log_in


def main() -> int:
    where, data, file, *keys = sys.argv[1:]
    of, name, instead = {
        "the founder's code": (Codes, "write", die),
        "a person's code": (Codes, "write", only_idas),
        "a collection's note": (run, "_log_in", die_after_a_collection),
        "a member's record": (Session, "add_member", die_after_adding),
        "a seat's second note": (run, "seat_of", dying_at_note(2)),
    }[where]
    mock.patch.object(of, name, instead).start()
    from appliance.__main__ import main as cloister

    arguments = ["--data", data, "provision", file]
    return licensed(Path(keys[0]), arguments) if keys else cloister(arguments)


if __name__ == "__main__":
    sys.exit(main())
