"""The doctor's check of all installed models: named, whole by size, known to the log.

Rules kept here: hashes of gigabytes are left to the host that loads a model, which checks them each
time; what a look finds out at once is found out here; a model that nobody signed counts for nothing
unless the log holds its hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from appliance.engine.bundles.manifest import MANIFEST, has_signature
from appliance.engine.bundles.store import Entry, list_models
from appliance.errors import CloisterError
from appliance.values import Check, Fact

ANEW = "Remove it with `cloister model remove` and install it again."


def models(folder: Path, accepted: Mapping[str, str] | None) -> Check:
    """folder: of the models. accepted: hashes of manifests by the models' ids, as the log has them;
    None where the log was not looked at."""
    try:
        entries = list_models(folder)
    except CloisterError as error:
        return Check("models", "failed", error.sentence, error.next_step, error.code)
    problems = [(entry.id, _problem(folder / entry.id, entry, accepted)) for entry in entries]
    wrong = [(name, said) for name, said in problems if said]
    facts: tuple[Fact, ...] = (
        ("installed", len(entries)),
        ("bytes", sum(entry.manifest.size for entry in entries if entry.manifest)),
        ("unusable", len(wrong)),
    )
    if wrong:
        name, said = wrong[0]
        return Check("models", "failed", f"{name}: {said}", ANEW, "model_damaged", facts)
    names = ", ".join(entry.id for entry in entries) or "none; one ships with the program"
    return Check("models", "ok", f"Installed: {names}.", facts=facts)


def _problem(folder: Path, entry: Entry, accepted: Mapping[str, str] | None) -> str:
    manifest = entry.manifest
    if manifest is None:
        return entry.problem
    for file in manifest.files:
        try:
            size = (folder / file.path).stat().st_size
        except OSError:
            return "A file of it is missing."
        if size != file.size:
            return "A file of it is not of the size it should be."
    if accepted is None or has_signature(folder):
        return ""
    try:
        found = sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return "Its manifest cannot be read."
    return "" if accepted.get(entry.id) == found else "It is unsigned, and not the one accepted."
