"""`cloister parcel make|library`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.cli.arguments import Arguments
from appliance.cli.model import size
from appliance.cli.opening import collection_named, data_folder, guarded, unlocked
from appliance.cli.output import Output
from appliance.cli.placing import require_outside
from appliance.cli.signed_files import folder_to_fill
from appliance.errors import UsageError

if TYPE_CHECKING:
    from appliance.parcel.stick.making import Addition

LONGEST = 3_650
NAMED = {"model": "model bundle", "policy": "policy pack"}


def make(arguments: Arguments, output: Output) -> int:
    """Runs on the machine of whoever sends parcels out, outside any vault."""
    days = arguments.number("days")
    if not 0 < days <= LONGEST:
        raise UsageError(f"A parcel is good for 1 to {LONGEST} days.", hint="Give --days N.")
    keys, out = (Path(arguments.text(name)).absolute() for name in ("keys", "folder"))
    guarded(folder_to_fill(keys), folder_to_fill(out))
    from appliance.app import now
    from appliance.parcel.stick.making import Workshop

    additions = tuple(_additions(arguments))
    workshop = Workshop(keys)
    if not workshop.root.exists():
        workshop = Workshop.create(keys, now())
        output.note(
            f"New keys are in {keys}: keep them where only those who send parcels can read them.\n"
            f"A machine takes your parcels where an administrator put {workshop.root} as "
            "/etc/cloister/parcel-roots/NAME.json."
        )
    if arguments.flag("renew_keys"):
        output.note(f"Root {workshop.renew_keys(now())} has a new key for parcels.")
    made = workshop.make(out, additions, now(), days=days)
    fingerprint = hashlib.sha256(workshop.root.read_bytes()).hexdigest()
    output.data(
        parcel=str(made.folder),
        fingerprint=fingerprint,
        version=made.version,
        expires=made.expires.isoformat(),
        items=list(made.items),
    )
    holds = "It holds:" if made.items else "It is empty: add --model, --policy, --library, …"
    output.line(
        f"The parcel in {made.folder} has version {made.version} and is good until "
        f"{made.expires:%Y-%m-%d}. {holds}"
    )
    for item in made.items:
        output.line(f"  {item}")
    output.line(f"SHA-256 of {workshop.root}, for those who take it in to compare: {fingerprint}")
    return 0


def library(arguments: Arguments, output: Output) -> int:
    path = require_outside(Path(arguments.text("file")).absolute(), data_folder(arguments))
    if path.exists():
        raise UsageError(f"{path} exists already.", hint="Name a file that does not exist.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}.", hint="Make it first.")
    with (
        unlocked(arguments, writable=(path.parent,)) as appliance,
        appliance.administration() as administration,
    ):
        collection = collection_named(appliance, arguments.text("collection"), "--from")
        code = administration.pack_library(collection.id, path)
    output.data(library=str(path), code=code, size=path.stat().st_size)
    output.line(f"“{collection.title}” is packed in {path} ({size(path.stat().st_size)}).")
    output.line("It opens with this code, which is shown this once. Send it by another way:")
    output.line(f"  {code}")
    return 0


def _additions(arguments: Arguments) -> list[Addition]:
    from appliance.engine.bundles.opening import verify
    from appliance.parcel.stick.contents import Kind
    from appliance.parcel.stick.making import Addition
    from appliance.policy import load

    for option in ("model", "policy"):
        for text in arguments.texts(option):
            if not Path(text).is_dir():
                raise UsageError(
                    f"There is no folder {Path(text).absolute()}.",
                    hint=f"--{option} names the folder of a signed {NAMED[option]}.",
                )
    found = []
    for text in arguments.texts("model"):
        manifest = verify(Path(text).absolute()).manifest
        found.append(Addition(Kind.MODEL, manifest.name, manifest.version, Path(text).absolute()))
    for text in arguments.texts("policy"):
        pack = load(Path(text).absolute())
        found.append(Addition(Kind.POLICY, pack.name, str(pack.serial), Path(text).absolute()))
    for kind in (Kind.REVOCATION, Kind.LIBRARY, Kind.UPDATE):
        for text in arguments.texts(kind.value):
            label, equals, file = text.partition("=")
            name, at, version = label.partition("@")
            if not (equals and at and name and version and file):
                raise UsageError(
                    f"“{text[:80]}” is not of the form NAME@VERSION=FILE.",
                    hint=f"For example --{kind} seats@4=list.json.",
                )
            found.append(Addition(kind, name, version, Path(file).absolute()))
    return found
