"""What can be typed after `cloister parcel`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parcel_commands(parcel: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    commands = parcel.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str, function: str, text: str, module: str = "parcel"
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module=module, function=function)
        return made

    _making(command("make", "make", "Make or extend a parcel, signed.", "parcel_making"))
    library = command("library", "library", "Pack a collection for a parcel.", "parcel_making")
    library.add_argument("file", metavar="FILE", help="a file that is not there yet")
    library.add_argument("--from", dest="collection", default="", metavar="COLLECTION")
    inspect = command("inspect", "inspect", "Say what is on a stick; nothing is taken in.")
    take = command("import", "take", "Take in what is on a stick, after asking.")
    for one in (inspect, take):
        one.add_argument("folder", metavar="DIR", help="the mounted stick, or a folder on it")
    take.add_argument(
        "--only", action="append", metavar="ITEM", help="this one, as `inspect` names it"
    )
    take.add_argument("--yes", action="store_true", help="do not ask: for scripts")
    take.add_argument(
        "--code-file", type=Path, metavar="FILE", help="the code that opens a packed library"
    )


def _making(make: argparse.ArgumentParser) -> None:
    make.add_argument("folder", metavar="DIR", help="where the parcel is to be, or is")
    make.add_argument(
        "--keys", required=True, type=Path, metavar="DIR",
        help="your folder of keys; made at the first time",
    )  # fmt: skip
    for option, metavar, text in (
        ("--model", "DIR", "a signed bundle"),
        ("--policy", "DIR", "a signed policy pack"),
        ("--revocation", "FILE", "a list of revoked seats, NAME@VERSION=FILE"),
        ("--library", "FILE", "a packed collection, NAME@VERSION=FILE"),
        ("--update", "FILE", "a program update, NAME@VERSION=FILE"),
    ):
        make.add_argument(option, action="append", metavar=metavar, help=text)
    make.add_argument(
        "--days", type=int, default=90, metavar="N", help="how long it is good for (90)"
    )
    make.add_argument("--renew-keys", action="store_true", help="sign with new keys from now on")
