"""What can be typed after `cloister licence`, `cloister seat` and `cloister authority`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeAlias

Command: TypeAlias = Callable[[str, str, str], argparse.ArgumentParser]
"""Adds a command to a group: name, function, and what it does."""
Number: TypeAlias = Callable[[str], int]


def licence_commands(command: Command) -> None:
    command("show", "show", "Say how this installation stands with its licence.")
    install = command("install", "install", "Install a licence, revocation list or token.")
    install.add_argument("files", nargs="*", metavar="FILE")
    _scanned(install)


def seat_commands(command: Command) -> None:
    request = command("request", "request", "Ask for a seat, or for its next lease.")
    request.add_argument("--label", default="", metavar="TEXT", help="what IT calls this machine")
    request.add_argument("--new", action="store_true", help="a new one, though one waits")
    activate = command("activate", "activate", "Use the certificate that answers the request.")
    activate.add_argument("file", nargs="?", default="", metavar="FILE")
    _scanned(activate)
    back = command("return", "give_back", "Give the seat back; writes a signed receipt.")
    command("status", "show", "Say how this installation stands with its licence.")
    report = command("report", "report", "Write what was used since the report before, signed.")
    report.add_argument("--again", action="store_true", help="the last one once more")
    for one in (request, back, report):
        _placed(one)


def authority_commands(command: Command, number: Number) -> None:
    init = command("init", "init", "Make the institution's seat authority on this machine.")
    init.add_argument("--institution", required=True, metavar="NAME")
    passphrase = command("passphrase", "passphrase", "Change its passphrase: old, then new.")
    licence = command("licence", "licence", "Keep the licence that certifies this authority.")
    licence.add_argument("file", nargs="?", default="", metavar="FILE")
    _scanned(licence)
    approve = command("approve", "approve", "Give a certificate for each request, or take back.")
    approve.add_argument("paths", nargs="+", metavar="PATH", help="files, or folders of them")
    approve.add_argument("--out", required=True, metavar="DIR", help="where certificates go")
    _terms(approve, number)
    revoke = command("revoke", "revoke", "Revoke seats, and write the list for all the others.")
    revoke.add_argument(
        "wanted", nargs="*", metavar="SEAT",
        help="number, label or certificate; a token's id; none for a new list alone",
    )  # fmt: skip
    enrol = command("enrol", "enrol", "Make a token for silent installations.")
    enrol.add_argument("--count", type=number, required=True, metavar="N", help="seats")
    enrol.add_argument("--until", required=True, metavar="DAY", help="the last day, 2027-01-31")
    enrol.add_argument(
        "--days", type=number, default=14, metavar="N", help="that one works without certificate"
    )
    report = command("report", "report", "List the seats; sum usage reports up, signed.")
    report.add_argument("paths", nargs="*", metavar="PATH", help="usage reports, or folders")
    for one in (init, revoke, enrol, report):
        _placed(one)
    for one in (init, passphrase, licence, approve, revoke, enrol, report):
        one.add_argument("--authority", default="", metavar="DIR", help="the authority's folder")


def _terms(approve: argparse.ArgumentParser, number: Number) -> None:
    approve.add_argument(
        "--lease-days", type=number, default=0, metavar="N", help="if not the licence's"
    )
    approve.add_argument("--tokens", type=number, metavar="N", help="of the month's quota")
    approve.add_argument(
        "--replaces", type=number, default=0, metavar="SEAT", help="a lost machine's; revoked"
    )
    approve.add_argument("--label", default="", metavar="TEXT", help="instead of the request's")
    approve.add_argument(
        "--accept-indistinct", action="store_true", help="a machine its copy cannot be told from"
    )
    approve.add_argument(
        "--accept-moved", action="store_true", help="a seat that goes on on other hardware"
    )


def _scanned(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scan", action="store_true", help="QR codes from a hand scanner")


def _placed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", default="", metavar="FILE", help="a file that is not there yet")
    command.add_argument("--qr", default="", metavar="DIR", help="QR codes as images to print")
    command.add_argument("--show-qr", action="store_true", help="QR codes on the terminal")
