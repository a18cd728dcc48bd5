"""A provisioning run that ends in SIGKILL.

Run as a program: `python -m tests.faults.provision_kills WHERE DATA FILE`. Each WHERE is a moment
at which something is durable and what belongs to it is not yet.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn
from unittest import mock

from appliance.app import Appliance
from appliance.provisioning import run
from appliance.provisioning.plan import Plan
from appliance.provisioning.run import Secrets
from appliance.provisioning.secret_files import Codes
from appliance.vault import Session


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


ADD_MEMBER, WRITE, LOG_IN = Session.add_member, Codes.write, run._log_in


def main() -> int:
    where, data, file = sys.argv[1:]
    of, name, instead = {
        "the founder's code": (Codes, "write", die),
        "a person's code": (Codes, "write", only_idas),
        "a collection's note": (run, "_log_in", die_after_a_collection),
        "a member's record": (Session, "add_member", die_after_adding),
    }[where]
    mock.patch.object(of, name, instead).start()
    from appliance.__main__ import main as cloister

    return cloister(["--data", data, "provision", file])


if __name__ == "__main__":
    sys.exit(main())
