"""What can be typed after `cloister conversation`."""

from __future__ import annotations

import argparse

from appliance.cli.licence_arguments import Command, Number


def conversation_commands(command: Command, number: Number) -> None:
    listed = command("list", "show", "List your conversations, or search them.")
    listed.add_argument("--search", default="", metavar="TEXT", help="by words and by meaning")
    listed.add_argument("--in", dest="folder", metavar="FOLDER", help="only those in this folder")
    _one(command("rename", "rename", "Give one another title.")).add_argument("title")
    pin = _one(command("pin", "pin", "Keep one at the top."))
    pin.add_argument("--off", action="store_true", help="no longer")
    folder = _one(command("folder", "folder", "Put one into a folder."))
    folder.add_argument("folder", nargs="?", default="", help="none: out of any")
    delete = _one(command("delete", "delete", "Delete one; says what the log keeps."))
    delete.add_argument("--yes", action="store_true", help="do it, having read what stays")
    why = _one(command("why", "why", "Why an answer is what it is, with its proof."))
    why.add_argument("record", type=number, help="the answer's log record")
    judge = _one(command("judge", "judge", "Say what you think of an answer."))
    judge.add_argument("record", type=number, help="the answer's log record")
    judge.add_argument("opinion", choices=("good", "bad"))
    judge.add_argument("--reason", default="", help="why; sealed to the auditors")
    attach = _one(command("attach", "attach", "Put documents of your own beside one."))
    attach.add_argument("paths", nargs="+", metavar="PATH")
    export = _one(command("export", "export", "Write one out, or an answer of it."))
    export.add_argument("file", metavar="FILE", help="ends in .md or .docx; not there yet")
    export.add_argument(
        "--record", type=number, action="append", metavar="N", help="only this answer (repeatable)"
    )


def _one(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("conversation", metavar="CONVERSATION", help="its id, as `list` shows it")
    return parser
