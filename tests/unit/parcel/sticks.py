"""Parcels to try: an origin's workshop, sticks made with it, and who trusts what."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.parcel.stick.checking import Checked, Trusted, check_parcel
from appliance.parcel.stick.contents import Kind
from appliance.parcel.stick.making import PARCEL_KEY, Addition, SeedSigner, Workshop
from appliance.parcel.stick.mount import METADATA, NAME, Mount
from appliance.parcel.stick.tuf_alone import Metadata

NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Sender:
    """An origin: makes sticks."""

    folder: Path
    workshop: Workshop = field(init=False)

    def __post_init__(self) -> None:
        keys = self.folder / "keys"
        made = (keys / "root.json").exists()
        self.workshop = Workshop(keys) if made else Workshop.create(keys, NOON)
        self.goods = self.folder / "goods"
        self.goods.mkdir(exist_ok=True)

    def stick(
        self, name: str, content: str = "revoked: 3", *, version: str = "1", now: datetime = NOON,
        days: int = 30,
    ) -> Path:  # fmt: skip
        (self.goods / "list.json").write_text(content)
        addition = Addition(Kind.REVOCATION, "seats", version, self.goods / "list.json")
        out = self.folder / name
        self.workshop.make(out, (addition,), now, days=days)
        return out

    def resigned(self, stick: Path, name: str, **changes: object) -> None:
        """A metadata file of the stick with other fields, signed with the origin's own key."""
        path = stick / NAME / METADATA / name
        content = json.loads(path.read_bytes())
        content["signed"].update(changes)
        content["signatures"] = []
        metadata = Metadata.from_dict(content)
        metadata.sign(SeedSigner(self.workshop.key(PARCEL_KEY)))
        path.write_bytes(metadata.to_bytes())


@dataclass
class Seat:
    """A machine that trusts one origin, and remembers."""

    root: bytes
    kept: dict[str, bytes] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)

    def check(self, stick: Path, now: datetime = NOON) -> Checked:
        return check_parcel(
            Mount.below(stick).read, Trusted(self.root, self.kept, self.floors), now
        )

    def accept(self, stick: Path, now: datetime = NOON) -> Checked:
        checked = self.check(stick, now)
        self.kept = {role: raw for role, raw in checked.metadata.items() if role != "root"}
        self.floors.update(checked.floors)
        return checked


def copied(stick: Path, name: str) -> Path:
    return Path(shutil.copytree(stick, stick.with_name(name)))


def metadata(stick: Path, name: str) -> Path:
    return stick / NAME / METADATA / name
