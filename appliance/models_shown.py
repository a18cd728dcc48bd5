"""Language models as a screen shows them: what is here, on what machine, how fast, and a try.

Rules kept here: what is listed comes from the manifests, and says what is wrong with one; a speed
is one that was measured on this machine, and the log holds it; only who manages models measures or
tries one, and a try has its two records like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from appliance.cancellation import Cancellation
from appliance.chat_models import ChatModels, installed_models
from appliance.desk import Desk
from appliance.engine.bundles.libraries import LEVELS
from appliance.engine.bundles.manifest import MANIFEST, Manifest, has_signature, parse_manifest
from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.chat.preflight import Gpu, probe
from appliance.engine.environment import cores
from appliance.engine.mlc.chat_config import MAX_CONFIG
from appliance.engine.mlc.files import read_file
from appliance.engine.processor import (
    memory_available,
    memory_installed,
    processor_features,
    processor_model,
)
from appliance.errors import CloisterError
from appliance.values import Hardware, ModelShown, Speed

WRITTEN: Final = "speed_written"
READ: Final = "speed_read"
"""The kinds of the log's values that hold thousandths of a token a second."""
_READ_LENGTH: Final = 512


class MeasuringStopped(CloisterError):
    code = "stopped"
    hint = "Nothing was changed."


class Models:
    """Of an open desk; `stop` ends measuring and trying."""

    def __init__(self, desk: Desk, stop: Cancellation) -> None:
        self._desk = desk
        self._stop = stop
        self._chat = ChatModels(desk)

    def shown(self) -> tuple[ModelShown, ...]:
        """Those that were installed, and the one that ships with the program."""
        desk = self._desk
        used = desk.writer.folder if desk.writer is not None else None
        folder = desk.place.data / "models"
        found = [
            ModelShown(entry.id, problem=entry.problem)
            if entry.manifest is None
            else self._told(entry.manifest, folder / entry.id, used)
            for entry in installed_models(desk.place.data)
        ]
        with suppress(CloisterError):
            shipped = shipped_composer()
            manifest = parse_manifest(read_file(shipped / MANIFEST, MAX_CONFIG))
            found.append(self._told(manifest, shipped, used, shipped=True))
        return tuple(found)

    def hardware(self) -> Hardware:
        """What there is to run on. A driver is touched only where the settings let it be."""
        features = processor_features()
        level = next((name for name, needed in LEVELS.items() if needed <= features), "")
        gpu, note = "", ""
        if self._desk.settings.gpu == "off":
            note = "off"
        else:
            found = probe()
            gpu, note = (found.name, "") if isinstance(found, Gpu) else ("", found.reason)
        return Hardware(
            processor_model(),
            level,
            cores(),
            memory_installed() or 0,
            memory_available() or 0,
            gpu,
            note,
        )

    def measure(self, wanted: str) -> Speed:
        """How fast the model is here, which the log holds from then on. Raises NotAllowed,
        ModelMissing, EngineFailed, MeasuringStopped."""

        def go_on() -> None:
            if self._stop.cancelled:
                raise MeasuringStopped("Measuring was stopped.")

        found = self._chat.measured(wanted, self._chat.threads(), go_on)
        read = dict(found.prefill).get(_READ_LENGTH) or 0.0
        log = self._desk.ledger.log
        for kind, speed in ((WRITTEN, found.one or 0.0), (READ, read)):
            log.note_value(kind, wanted, round(1000 * speed))
        return Speed(found.one or 0.0, read, found.load, found.threads)

    def tried(self, wanted: str, text: str) -> Iterator[str]:
        """One message to the model, without documents, and what it writes, in pieces. Raises
        NotAllowed, ModelMissing, QuestionUnusable, EngineFailed."""
        with self._chat.trial(wanted) as trial:
            for step in trial.say(text, lambda: self._stop.cancelled):
                if isinstance(step, str):
                    yield step

    def _told(
        self, manifest: Manifest, folder: Path, used: Path | None, *, shipped: bool = False
    ) -> ModelShown:
        return ModelShown(
            id=manifest.id,
            family=manifest.family,
            format=manifest.quantisation,
            context=manifest.context,
            parameters=manifest.parameters,
            size=manifest.size,
            licence=manifest.licence,
            source=manifest.source,
            targets=tuple(sorted({library.target for library in manifest.libraries})),
            signed=has_signature(folder),
            shipped=shipped,
            used=folder == used,
            speed=self._speed(manifest.id),
        )

    def _speed(self, identity: str) -> Speed | None:
        log = self._desk.ledger.log
        written, read = (log.latest_value(kind, identity) for kind in (WRITTEN, READ))
        return None if written is None else Speed(written / 1000, (read or 0) / 1000)
