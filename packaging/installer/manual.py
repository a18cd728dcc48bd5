"""The manual page cloister(1), from what the program itself says of its commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from release import Release

PAGE = "cloister.1"
WINDOW_PAGE = "cloister-window.1"

_HEAD = """\
.TH CLOISTER 1 "{day:%B %Y}" "Cloister {version}" "User commands"
.SH NAME
cloister, cloister\\-window \\- ask your own documents, on this machine, with no network at all
.SH SYNOPSIS
.B cloister
.RI [ options ]
.I command
.RI [ arguments ]
.br
.B cloister\\-window
.RI [ \\-\\-data\\ DIR ]
.RI [ \\-\\-theme\\ light | dark | contrast | system ]
.SH DESCRIPTION
.B cloister\\-window
is the program with a window;
.B cloister
does the same in a terminal, and what an administrator does. Everything they keep is encrypted below
one data folder. Neither can open a connection to anywhere: the kernel refuses it, and each start
proves that.
.SH COMMANDS
"""
_TAIL = """\
.PP
.BI "cloister " "command " \\-\\-help
says what each takes.
.SH EXIT STATUS
0 done, 1 failed, 2 unusable arguments, 3 refused by policy, 4 not in the documents, 130 stopped.
.SH FILES
.TP
.I ~/.local/share/cloister
the data folder, unless
.B \\-\\-data
names another
.TP
.I ~/.config/cloister/settings.toml
a person's own settings
.TP
.I /etc/cloister/managed.toml
the institution's settings, which stand above them
.TP
.I /var/lib/cloister/models
chat models that came on the installation medium
.TP
.I /usr/share/doc/cloister
the handbooks
.SH SEE ALSO
.BR systemctl (1),
.BR systemd\\-creds (1)
"""


def page(parser: argparse.ArgumentParser, release: Release) -> str:
    commands = "".join(
        f".TP\n.B {_plain(name)}\n{_plain(text)}\n" for name, text in _commands(parser)
    )
    return _HEAD.format(day=release.day, version=release.version) + commands + _TAIL


def write(folder: Path, release: Release) -> None:
    """Both pages, into a folder of section 1."""
    from appliance.cli.arguments import parser

    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(parser(), release), "utf-8")
    (folder / WINDOW_PAGE).write_text(f".so man1/{PAGE}\n", "utf-8")


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._subparsers._group_actions if parser._subparsers else ():
        for choice in getattr(action, "_choices_actions", ()):
            yield choice.dest, choice.help or ""


def _plain(text: str) -> str:
    """As troff takes it: no line begins a request, a hyphen is one."""
    return text.replace("\\", "\\e").replace("-", "\\-").lstrip(".'")
