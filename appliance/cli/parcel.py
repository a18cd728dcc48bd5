"""`cloister parcel inspect|import`. Nothing is ever taken in without a question or `--yes`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.arguments import Arguments
from appliance.cli.model import size
from appliance.cli.opening import data_folder, guarded, unlocked
from appliance.cli.output import Output
from appliance.errors import UsageError
from appliance.parcel.errors import ParcelInterrupted

if TYPE_CHECKING:
    from appliance.parcels import Taken

CODE_LIMIT = 400


class NotAsked(UsageError):
    code = "not_asked"
    hint = "Run it on a terminal, or name what you want with --only and add --yes."


def inspect(arguments: Arguments, output: Output) -> int:
    """Needs no login: it looks at the stick and at public files. What the log has seen it does not
    know, so an older parcel may only be noticed when it is imported."""
    guarded()
    from appliance.app import now
    from appliance.parcels import inspect_parcel  # late: it imports what starts threads

    found = inspect_parcel(Path(arguments.text("folder")).absolute(), data_folder(arguments), now())
    output.data(
        origin=found.origin,
        fingerprint=found.fingerprint,
        version=found.version,
        expires=found.expires.isoformat(),
    )
    output.line(
        f"A parcel of “{found.origin}”, version {found.version}, good until "
        f"{found.expires:%Y-%m-%d}."
    )
    output.line(f"  SHA-256 of the root.json it is believed by: {found.fingerprint}")
    for item in found.items:
        output.data(
            item=item.id, kind=item.kind.value, size=item.size, here=item.here, whole=item.whole
        )
        state = "here already" if item.here else "new" if item.whole else "NOT COMPLETE"
        output.line(f"  {item.id}  {size(item.size)}  {state}")
    if not found.items:
        output.line("  It is empty.")
    return 0


def take(arguments: Arguments, output: Output) -> int:
    folder = Path(arguments.text("folder")).absolute()
    with unlocked(arguments) as appliance, appliance.administration() as administration:
        parcels = administration.parcels
        found = parcels.inspect(folder)
        only = arguments.texts("only")
        wanted = only or tuple(item.id for item in found.items if not item.here and item.whole)
        cut = [item for item in found.items if not (only or item.here or item.whole)]
        for item in cut:
            output.data(item=item.id, taken=False, error=ParcelInterrupted.code)
            output.note(f"{item.id} is NOT COMPLETE on the stick: copy the parcel onto it again.")
        if not wanted:
            output.data(origin=found.origin, version=found.version, taken=0)
            output.line(f"There is nothing {'whole and ' if cut else ''}new in this parcel.")
            return int(bool(cut))
        sizes = {item.id: item.size for item in found.items}
        for name in wanted:
            if name not in sizes:
                raise UsageError(
                    f"The parcel does not hold {name}.",
                    hint="`cloister parcel inspect` lists what it holds.",
                )
        output.line(f"A parcel of “{found.origin}”, version {found.version}:")
        for name in wanted:
            output.line(f"  {name}  {size(sizes.get(name, 0))}")
        if not _allowed(arguments, output):
            output.line("Nothing was taken in.")
            return 1
        taken = parcels.take_in(
            folder,
            wanted,
            code=lambda item: _code(arguments, item),
            shown=found,
            progress=lambda done, total: output.progress(f"{100 * done // max(total, 1)} %"),
        )
    _tell(taken, output)
    return int(bool(cut) or not all(one.done for one in taken))


def _tell(taken: Sequence[Taken], output: Output) -> None:
    output.clear()
    for one in taken:
        output.data(
            item=one.id, taken=one.done, error=one.code or None, sentence=one.sentence,
            hint=one.note,
        )  # fmt: skip
        said = "taken in." if one.done else f"NOT TAKEN IN: {one.sentence}"
        output.line(f"{one.id}: {said} {one.note}".rstrip())


def _allowed(arguments: Arguments, output: Output) -> bool:
    if arguments.flag("yes"):
        return True
    if not sys.stdin.isatty():
        raise NotAsked("There is nobody to ask whether this is to be taken in.")
    output.prompt("Take this in? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _code(arguments: Arguments, item: str) -> str:
    path = arguments.text("code_file")
    if path:
        try:
            with Path(path).open("rb") as file:
                return file.read(CODE_LIMIT).decode("utf-8", "replace").strip()
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read: {error.strerror}.", hint="Name the file with the code."
            ) from error
    if not sys.stdin.isatty():
        raise NotAsked(f"The code that opens {item} is not said.", hint="Use --code-file FILE.")
    sys.stderr.write(f"Code that opens {item}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()
