"""Signed files of licensing as commands take and give them: files, folders, and QR codes.

Rules kept here: what is read is bounded; a file that is written is new, durable, and gone again if
nothing came of the command; a name in a folder is made here, never taken from a file's content as
it stands.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.cli.arguments import Arguments
from appliance.cli.output import Output
from appliance.cli.placing import empty_folder, new_file
from appliance.errors import CloisterError, StorageFull, UsageError
from appliance.licensing import codes
from appliance.licensing.laid_out import MOST_FILES, holds_too_many, named_files
from appliance.licensing.signed import LARGE, Kind, kind_of
from appliance.vault.durable import storage_error

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_SCANS = 10_000


class FileUnreadable(CloisterError):
    code = "file_unreadable"
    hint = "Check that the file exists and that you may read it."


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a command's file goes: a new file, a folder of QR codes, the terminal, or several."""

    descriptor: int | None
    file: Path | None
    codes: Path | None
    terminal: bool

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders the guard must let be written to."""
        return () if self.codes is None else (self.codes,)

    def put(self, content: bytes, output: Output) -> None:
        """Raises StorageFull, StorageReadOnly."""
        if self.descriptor is not None:
            _write_all(self.descriptor, content + b"\n")
            output.line(f"  written to {self.file}")
        if self.codes is not None or self.terminal:
            self._put_codes(codes.texts_of(content), output)
        output.data(file=str(self.file or ""), codes=str(self.codes or ""))

    def _put_codes(self, texts: Sequence[str], output: Output) -> None:
        for number, text in enumerate(texts, 1):
            if self.codes is not None:
                write_new(self.codes / f"code-{number:02}-of-{len(texts):02}.svg",
                          codes.svg_of(text))  # fmt: skip
            if self.terminal:
                output.line(f"Code {number} of {len(texts)}:")
                output.line(codes.terminal_of(text))
        if self.codes is not None:
            output.line(f"  {len(texts)} QR codes in {self.codes}; scan them in any order")


@contextmanager
def place(arguments: Arguments) -> Iterator[Destination]:
    """Of --out, --qr and --show-qr. Raises UsageError where none is given."""
    file, folder = arguments.text("out"), arguments.text("qr")
    terminal = arguments.flag("show_qr")
    if not (file or folder or terminal):
        raise UsageError(
            "Where the file shall go is not said.",
            hint="Give --out FILE, --qr DIR or --show-qr.",
        )
    if folder:
        with empty_folder(Path(folder).absolute()) as made:
            yield from _placed(file, made, terminal=terminal)
    else:
        yield from _placed(file, None, terminal=terminal)


def _placed(file: str, folder: Path | None, *, terminal: bool) -> Iterator[Destination]:
    if not file:
        yield Destination(None, None, folder, terminal)
        return
    path = Path(file).absolute()
    with new_file(path) as descriptor:
        yield Destination(descriptor, path, folder, terminal)


def seat_named(number: int, label: str) -> str:
    """A seat as a person names it; the label may be empty."""
    return f"{number} “{label}”" if label else str(number)


def brought(arguments: Arguments, output: Output) -> bytes:
    """The one file a command is about: FILE, or what is scanned with --scan."""
    if arguments.flag("scan"):
        return scanned(output)
    if not arguments.text("file"):
        raise UsageError("Which file is not said.", hint="Name it, or scan it with --scan.")
    return read_bounded(Path(arguments.text("file")))


def scanned(output: Output) -> bytes:
    """Codes from a hand scanner: one a line, until all are there or the input ends."""
    texts: list[str] = []
    output.note("Scan the codes, in any order.")
    for line in sys.stdin:
        if line.strip():
            texts.append(line.rstrip("\r\n"))
        left = codes.missing_of(texts)
        if left == 0 or len(texts) > _MOST_SCANS:
            break
        if left is not None:
            output.progress(f"{left} still to scan")
    return codes.document_of(texts)


def read_bounded(path: Path) -> bytes:
    """Raises FileUnreadable. One byte more than any file of licensing has shows that it is none."""
    try:
        with path.open("rb") as file:
            return file.read(LARGE + 1)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error


def gathered(paths: Sequence[Path], kinds: Sequence[Kind]) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of each file, whatever it is, and of each of these kinds in each folder.
    Raises FileUnreadable, UsageError."""
    found: list[tuple[str, bytes]] = []
    for path in paths:
        if path.is_dir():
            if holds_too_many(path):
                raise UsageError(f"{path} has more files than are read at once.",
                                 hint=f"Put at most {MOST_FILES:,} into a folder.")  # fmt: skip
            found += [one for one in named_files(path) if kind_of(one[1]) in kinds]
        else:
            found.append((path.name, read_bounded(path)))
    return tuple(found)


def is_kind(untrusted: bytes, kind: Kind) -> bool:
    """Whether a file says that it is of this kind."""
    try:
        return kind_of(untrusted) is kind
    except CloisterError:
        return False


def folder_to_fill(path: Path) -> Path:
    """Made where there is none. Raises StorageReadOnly."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, f"{path} was not made") from error
    return path


def file_name(number: int, label: str) -> str:
    """For a certificate: "0007-Ward_9.seat"."""
    plain = _UNSAFE.sub("_", label).strip("._")[:60]
    return f"{number:04}-{plain or 'seat'}.seat"


def write_new(path: Path, content: bytes) -> None:
    """Replaces what stands there, durable on return. Raises StorageFull, StorageReadOnly."""
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(error, f"{path.name} was not written") from error


def _write_all(descriptor: int, content: bytes) -> None:
    """Durable on return; on failure the file is left empty."""
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError as error:
        os.ftruncate(descriptor, 0)
        raise StorageFull(f"The file could not be written: {error.strerror}.") from error
