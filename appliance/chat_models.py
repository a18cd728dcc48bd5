"""Chat models as an administrator manages them: allowed by policy, done, and in the log.

Rules kept here: what is done to models is logged before and after, a refusal with its code; the
hash of an installed manifest is a store's mark in the log, so that an unsigned model which was
accepted cannot be replaced by another, nor put back once it was removed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from appliance.desk import Desk
from appliance.engine.bundles import store
from appliance.engine.bundles.manifest import Signed
from appliance.engine.bundles.store import Acceptance, Entry
from appliance.engine.bundles.trust import trusted_signers
from appliance.engine.chat.measuring import Measured
from appliance.engine.environment import cores
from appliance.errors import CloisterError
from appliance.model_trial import Trial, measured, trial
from appliance.policy import Action
from appliance.values import MarkState, StoreMark


def models_folder(data: Path) -> Path:
    return data / "models"


def installed_models(data: Path) -> tuple[Entry, ...]:
    """What is installed, from the manifests alone; needs no login."""
    return store.list_models(models_folder(data))


class ChatModels:
    """The models of an open desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._folder = models_folder(desk.place.data)

    def install(
        self,
        source: Path,
        *,
        trust_unsigned: bool = False,
        name: str = "",
        version: str = "1",
        licence: str = "unknown",
        origin: str = "unknown",
    ) -> Signed:
        """Copies a bundle in, verified. The last four are for an unsigned one, which is taken only
        with trust_unsigned. Raises NotAllowed, ConfirmFirst and what store.install raises."""
        self._desk.require_confirmed(Action.MANAGE_MODELS)
        acceptance = None
        if trust_unsigned:
            acceptance = Acceptance(
                by=self._desk.person.id,  # the manifest is not encrypted: no name
                on=self._desk.now().isoformat(),
                name=name,
                version=version,
                licence=licence,
                source=origin,
            )
        ledger = self._desk.ledger
        ledger.note("model.installing")
        try:
            signed = store.install(source, self._folder, trusted_signers(), acceptance)
        except CloisterError as error:
            ledger.note("model.refused", outcome="refused", code=error.code)
            raise
        manifest = signed.manifest
        details = (
            ("accepted", int(not signed.signer)),
            ("sha256", signed.sha256),
            ("signer", signed.signer),
        )
        self._mark(manifest.id, manifest.size, signed.sha256)
        ledger.note("model.installed", object=manifest.id, details=details)
        return signed

    def remove(self, wanted: str) -> str:
        """Takes a model away; returns its id. Raises NotAllowed, ConfirmFirst and what store.remove
        raises."""
        self._desk.require_confirmed(Action.MANAGE_MODELS)
        identity = store.find(self._folder, wanted).name
        self._desk.ledger.note("model.removing", object=identity)
        before = self._desk.ledger.log.latest_store(_mark(identity))
        self._mark(identity)  # first: a copy put back by hand is never the accepted one
        try:
            store.remove(self._folder, identity)
        except CloisterError:
            if before is not None:
                self._mark(identity, before.size, before.sha256)
            raise
        self._desk.ledger.note("model.removed", object=identity)
        return identity

    def trial(self, wanted: str) -> AbstractContextManager[Trial]:
        """A conversation with this model, to try it. Raises NotAllowed, ModelMissing."""
        return trial(self._desk, wanted)

    def measured(self, wanted: str, threads: int, go_on: Callable[[], None]) -> Measured:
        """How fast this model is here. Raises NotAllowed, ModelMissing, EngineFailed."""
        return measured(self._desk, wanted, threads, go_on)

    def threads(self) -> int:
        """How many a model runs on if nobody says."""
        return cores()

    def accepted(self) -> dict[str, str]:
        """The hashes of the installed manifests by the models' ids, as the log has them: what
        `opening.open_chat_bundle` believes of unsigned models."""
        marks = {
            entry.id: self._desk.ledger.log.latest_store(_mark(entry.id))
            for entry in store.list_models(self._folder)
        }
        return {identity: mark.sha256 for identity, mark in marks.items() if mark is not None}

    def _mark(self, identity: str, size: int = 0, sha256: str = "") -> None:
        """The manifest that is good from now on; none with an empty hash."""
        before = self._desk.ledger.log.latest_store(_mark(identity))
        generation = before.generation + 1 if before is not None else 1
        mark = StoreMark(_mark(identity), generation, size, sha256, MarkState.CLOSED)
        self._desk.ledger.mark(mark)


def _mark(identity: str) -> str:
    return f"model/{identity}"
