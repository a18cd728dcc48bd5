"""What can be typed after `cloister backup`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_backup_commands(backup: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    commands = backup.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, function: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module="backup", function=function)
        made.add_argument("folder", metavar="DIR", help="the folder that holds the backups")
        return made

    create = command("create", "create", "Back everything up, what changed since the last time.")
    create.add_argument(
        "--recheck", action="store_true", help="read again what is there, mend what is damaged"
    )
    verify = command("verify", "verify", "Check backups without restoring them.")
    verify.add_argument(
        "--key", default="", metavar="FINGERPRINT", help="without a login: who must have signed"
    )
    verify.add_argument(
        "--recovery", action="store_true", help="with the recovery code, on any machine"
    )
    command("list", "show", "List the backups in a folder.")
    clear = command("clear", "clear", "Take old backups away, once the others are checked.")
    clear.add_argument(
        "--keep", type=int, required=True, metavar="N", help="how many stay, the newest"
    )
    restore = command("restore", "restore", "Restore into an empty data folder (--data).")
    restore.add_argument(
        "--salvage", action="store_true", help="of a damaged backup: bring back what is whole"
    )
    for one in (verify, restore):
        one.add_argument(
            "--recovery-file", type=Path, metavar="FILE", help="read the recovery code from there"
        )
        one.add_argument(
            "--number", type=int, default=0, metavar="N", help="of the backup, if not the newest"
        )
