"""What can be typed after `cloister people`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Command = Callable[[str, str, str], argparse.ArgumentParser]


def add_commands(command: Command) -> None:
    """command(name, function, text) makes one, with the options all commands take."""
    command("list", "show", "List the people of this vault.")
    added = command("add", "add", "Invite a person; prints a one-time enrolment code.")
    added.add_argument("--here", action="store_true", help="they type a passphrase here and now")
    again = command("again", "invite_again", "A new enrolment code; they begin anew.")
    enrol = command("enrol", "enrol", "First log-in with an enrolment code (--name NAME).")
    roles = command("roles", "roles", "Set all roles of a person.")
    appoint = command("appoint", "appoint", "Make a person an auditor (for auditors).")
    resign = command("resign", "resign", "Give up a role of your own.")
    closed = command("close", "close", "Close an account; its conversations are kept.")
    closed.add_argument("--erase", action="store_true", help="destroy its keys and conversations")
    closed.add_argument(
        "--erase-log-texts", action="store_true", help="with --erase: also what the log has sealed"
    )
    reopen = command("reopen", "reopen", "Open a closed account again.")
    release = command("release", "release", "Let a locked-out person try again at once.")
    code = command("code", "new_code", "A new recovery code for yourself.")
    custody = command("custody", "hand_over", "Hand over the institution's recovery key.")
    device = command("device", "device", "Let the system's key store log you in here.")
    device.add_argument("--off", action="store_true", help="not any more")
    for one in (added, again, roles, appoint, closed, reopen, release, custody):
        one.add_argument("person", metavar="PERSON", help="name or id")
    for one in (added, roles, reopen, resign):
        one.add_argument(
            "--role", action="append", dest="roles", required=True, metavar="ROLE",
            help="member, curator, auditor, administrator or kiosk",
        )  # fmt: skip
    for one in (added, again, enrol, code, custody):
        one.add_argument("--code-file", metavar="FILE", help="write the code there (a new file)")
    _collections(command)
    _glass(command)


def _collections(command: Command) -> None:
    members = command("members", "members", "Who holds a collection's key.")
    join = command("join", "join", "Give a person the key of a collection.")
    leave = command("leave", "leave", "Take a person out; the collection gets a new key.")
    for one in (members, join, leave):
        one.add_argument("collection", metavar="COLLECTION")
    for one in (join, leave):
        one.add_argument("person", metavar="PERSON", help="name or id")
        one.add_argument(
            "--emergency", action="store_true", help="only for breaking the glass, not as a member"
        )
    recover = command("recover", "recover", "Come back in with the institution's recovery code.")
    recover.add_argument("collection", nargs="?", default="", metavar="COLLECTION")


def _glass(command: Command) -> None:
    glass = command("break", "break_glass", "Break the glass of a collection; auditors are told.")
    glass.add_argument("collection", nargs="?", default="", metavar="COLLECTION")
    glass.add_argument("--reason", default="", metavar="TEXT", help="why, for the auditors")
    glass.add_argument("--minutes", type=_minutes, default=60, metavar="N", help="for how long")
    mend = command("mend", "mend_glass", "Give a collection back before the time is over.")
    mend.add_argument("collection", metavar="COLLECTION")
    command("alerts", "alerts", "Broken glass no auditor has reviewed, with the reasons.")
    review = command("review", "review", "Review an alert (for auditors).")
    review.add_argument("alert", metavar="ALERT")
    review.add_argument("--remark", default="", metavar="TEXT", help="what came of it")


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise argparse.ArgumentTypeError("it must be a whole number of minutes")
    return int(text)
