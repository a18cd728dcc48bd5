"""A real desk on a real vault, log, stores and policy, in this process and without an engine: what
backups and parcels see of one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from appliance.backups import Backups
from appliance.desk import Desk
from appliance.engine.encoder.client import EngineHost
from appliance.memory import History, new_document_id
from appliance.opening import open_desk
from appliance.parcels import Parcels
from appliance.place import Place
from appliance.settings import Settings
from appliance.values import AirgapReport, LogRecord
from appliance.vault import Session, Vault
from tests.unit.memory.material import add_texts

PASSPHRASE = "seven lanterns over quiet water"
ENGINE = cast("EngineHost", SimpleNamespace(model="encoder@1"))


def now() -> datetime:
    return datetime.now(UTC)


class Office:
    """Somebody is logged in. `ward` is the id of the first collection."""

    def __init__(self, data: Path, session: Session) -> None:
        self.data = data
        report = AirgapReport("test", (), (), now())
        self.desk: Desk = open_desk(
            Place(data), session, ENGINE, airgap=report, settings=Settings()
        )
        self.session, self.library = session, self.desk.library
        self.log = self.desk.ledger.log
        assert isinstance(self.desk.history, History)
        self.history = self.desk.history
        self.backups, self.parcels = Backups(self.desk), Parcels(self.desk)

    @property
    def ward(self) -> str:
        return self.session.collections()[0][0]

    def add(self, text: str) -> str:
        """A document as an import adds it: the original first."""
        document = new_document_id()
        self.desk.originals(self.ward).write(document, text.encode())
        add_texts(self.library, self.ward, (text,), title=text, document=document)
        return document

    def read(self, document: str) -> bytes:
        return self.desk.originals(self.ward).read(document)

    def titles(self, collection: str = "") -> set[str]:
        return {info.title for info in self.library.documents(collection or self.ward)}

    def record(self, action: str) -> LogRecord:
        """The newest of this action."""
        records = self.log.records(0, self.log.size)
        return [record for record in records if record.action == action][-1]

    def actions(self) -> list[str]:
        return [record.action for record in self.log.records(0, self.log.size)]

    def close(self) -> None:
        self.desk.close()


@dataclass(frozen=True, slots=True)
class Furnished:
    """A closed data folder with the collection "Ward 9" and one document, and its recovery code."""

    data: Path
    code: str

    def opened(self, at: Path) -> Office:
        """A copy of it, logged in to."""
        shutil.copytree(self.data, at)
        return unlocked(at)


def furnished(data: Path) -> Furnished:
    session, code = Vault(data).create("Ann", PASSPHRASE, now=now())
    office = Office(data, session)
    office.desk.create_collection("Ward 9")
    office.add("first")
    office.close()
    return Furnished(data, code)


def unlocked(data: Path) -> Office:
    return Office(data, Vault(data).unlock(PASSPHRASE))
