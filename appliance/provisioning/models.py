"""Model bundles that a plan asks for, looked into before anything is changed.

Rule kept here: a bundle that would be refused half way is refused at the beginning, to its last
byte where it is signed; whether this machine can run it is said when it is started.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.chat_models import models_folder
from appliance.engine.bundles.store import SPARE, Acceptance, examined
from appliance.engine.bundles.trust import trusted_signers
from appliance.errors import CloisterError
from appliance.provisioning.mistakes import Mistake
from appliance.provisioning.plan import ModelAsked


def acceptance(asked: ModelAsked, by: str, on: str) -> Acceptance | None:
    """None for a bundle that must be signed."""
    if not asked.trust_unsigned:
        return None
    name, _, version = asked.model.text.partition("@")
    return Acceptance(by, on, name, version, asked.licence, asked.source)


def model_mistakes(models: Iterable[ModelAsked], data: Path) -> Iterator[Mistake]:
    """Of those that are to be installed."""
    size, line = 0, 0
    for asked in models:
        try:
            found = examined(asked.folder.path, trusted_signers(), acceptance(asked, "x", "x"))
        except CloisterError as error:
            yield Mistake(asked.folder.line, error.sentence, error.next_step)
            continue
        except OSError as error:
            said = f"The bundle named here cannot be read: {error.strerror}."
            yield Mistake(asked.folder.line, said, "Copy it anew from where it came from.")
            continue
        if found.id != asked.model.text:
            said = f"The bundle named here is {found.id}."
            yield Mistake(asked.model.line, said, "Correct the model's name, or its folder.")
        size, line = size + found.size, asked.line
    there = models_folder(data)
    free = shutil.disk_usage(there if there.is_dir() else data).free
    if size and free < size + SPARE:
        said = f"The models take {size / 1e9:.2f} GB; the disk has {free / 1e9:.2f} GB free."
        yield Mistake(line, said, "Free some space on the disk that holds the data folder.")
