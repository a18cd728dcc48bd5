"""A packed collection taken in on another desk: whole, as it was, or nothing of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from appliance.engine.encoder.client import EngineHost
from appliance.library_parcels import OtherEncoder, WrongLibraryCode, pack_library, take_library
from appliance.memory.catalogue import Draft
from appliance.parcel.errors import ParcelDamaged
from appliance.parcel.library import read_library
from appliance.parcel.stick.contents import Kind
from appliance.parcel.stick.making import Workshop
from appliance.shelves import Shelves
from appliance.values import DocumentInfo
from appliance.vault import RecoveryCodeMistyped, Tampered
from appliance.vault.recovery import new_code, shown
from tests.faults.office import Furnished, Office
from tests.faults.sticks_at_a_desk import stick
from tests.unit.memory.material import add_texts
from tests.unit.vault.conftest import stretched_once  # noqa: F401  one slow derivation for all


def test_a_packed_library_is_a_collection_elsewhere(
    elsewhere: Furnished, office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    office.add("second")
    packed = tmp_path / "ward.library"
    code = pack_library(office.desk, office.ward, packed)
    assert b"second" not in packed.read_bytes()
    folder = stick(workshop, tmp_path, (Kind.LIBRARY, "ward-nine", "1", packed))
    other = elsewhere.opened(tmp_path / "elsewhere")
    other.library.remove_document(other.ward, other.library.documents(other.ward)[0].id)
    asked: list[str] = []

    def ask(item: str) -> str:
        asked.append(item)
        return code

    (taken,) = other.parcels.take_in(folder, ["library/ward-nine@1"], code=ask)
    assert (taken.done, asked) == (True, ["library/ward-nine@1"])
    assert other.titles() == {"first", "second"}
    for info in other.library.documents(other.ward):
        assert other.read(info.id) == info.title.encode()
        ours = {one.sha256: one for one in office.library.documents(office.ward)}
        mine = office.library.draft(office.ward, ours[info.sha256].id)
        theirs = other.library.draft(other.ward, info.id)
        assert (theirs.pages, theirs.passages) == (mine.pages, mine.passages)
        assert theirs.vectors.tobytes() == mine.vectors.tobytes()
    assert other.actions().count("document.added") == 2
    assert "was here already" in taken.note
    assert other.record("library.unpacked").object == other.ward
    (again,) = other.parcels.take_in(folder, ["library/ward-nine@1"], code=ask)
    assert "0 of 2" in again.note
    assert other.titles() == {"first", "second"}
    other.close()


def test_what_was_retired_where_a_library_was_packed_is_retired_where_it_is_unpacked(
    office: Office, elsewhere: Furnished, tmp_path: Path
) -> None:
    """The other desk has the first three versions of an earlier parcel; the newest comes now."""
    first = office.library.documents(office.ward)[0].id
    second, third = office.add("second"), office.add("third")
    earlier, newest = (tmp_path / f"{name}.library" for name in ("earlier", "newest"))
    code = pack_library(office.desk, office.ward, earlier)
    other = elsewhere.opened(tmp_path / "elsewhere")
    take_library(other.desk, earlier, code)
    assert other.library.counts(other.ward)[0] == 3
    office.desk.originals(office.ward).write("newest", b"newest")
    add_texts(office.library, office.ward, ("newest",), title="newest", document="newest",
              replaces=first)  # fmt: skip
    shelves = Shelves(office.desk)
    shelves.retire(office.ward, second)
    shelves.retire(office.ward, third)
    shelves.restore(office.ward, third)
    code = pack_library(office.desk, office.ward, newest)
    said = take_library(other.desk, newest, code)
    assert said.endswith("and 2 that are retired there were retired here.")
    there = {one.title: one for one in other.library.documents(other.ward)}
    assert {title: one.retired is None for title, one in there.items()} == {
        "first": False, "second": False, "third": True, "newest": True,
    }  # fmt: skip
    assert there["first"].successor == there["newest"].id
    assert other.read(there["second"].id) == b"second"
    actions = other.actions()
    assert actions.count("document.retiring") == actions.count("document.retired") == 2
    assert "0 of 2" in take_library(other.desk, newest, code)  # a second time changes nothing
    assert {one.title: one for one in other.library.documents(other.ward)} == there
    other.close()


def test_a_library_opens_with_its_own_code_alone(office: Office, tmp_path: Path) -> None:
    packed = tmp_path / "ward.library"
    pack_library(office.desk, office.ward, packed)
    for code, error in ((shown(new_code()), WrongLibraryCode), ("x", RecoveryCodeMistyped)):
        with pytest.raises(error):
            take_library(office.desk, packed, code)
    assert office.titles() == {"first"}


class Killed(BaseException):
    """Whatever ends the program there."""


def test_a_library_killed_half_way_goes_on_where_it_was(
    office: Office, elsewhere: Furnished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("second", "third"):
        office.add(text)
    packed = tmp_path / "ward.library"
    code = pack_library(office.desk, office.ward, packed)
    with closing(elsewhere.opened(tmp_path / "elsewhere")) as other:
        real, calls = other.library.add_document, 0

        def add(*arguments: Any, **named: Any) -> DocumentInfo:  # noqa: ANN401  handed on
            nonlocal calls
            calls += 1
            if calls == 2:
                raise Killed
            return real(*arguments, **named)

        with monkeypatch.context() as killed:
            killed.setattr(other.library, "add_document", add)
            with pytest.raises(Killed):
                take_library(other.desk, packed, code)
        assert len(other.titles()) == 2  # its own first, which is passed over, and one of these
        assert "1 of 3" in take_library(other.desk, packed, code)
        assert other.titles() == {"first", "second", "third"}


def test_after_a_wrong_code_nothing_is_copied_again(
    office: Office, workshop: Workshop, tmp_path: Path
) -> None:
    packed = tmp_path / "ward.library"
    code = pack_library(office.desk, office.ward, packed)
    folder = stick(workshop, tmp_path, (Kind.LIBRARY, "ward-nine", "1", packed))
    wanted = ["library/ward-nine@1"]
    (wrong,) = office.parcels.take_in(folder, wanted, code=lambda _: shown(new_code()))
    assert (wrong.done, wrong.code) == (False, WrongLibraryCode.code)
    (kept,) = (office.data / "parcels" / "incoming").rglob("ward.library")
    before = kept.stat().st_ino
    seen: list[int] = []

    def ask(_item: str) -> str:
        seen.append(kept.stat().st_ino)
        return code

    assert office.parcels.take_in(folder, wanted, code=ask)[0].done
    assert seen == [before]
    assert not (office.data / "parcels" / "incoming").exists()


def test_a_library_that_is_not_packed_is_in_the_log(office: Office, tmp_path: Path) -> None:
    document = office.library.documents(office.ward)[0].id
    office.desk.originals(office.ward).path(document).write_bytes(b"damaged")
    with pytest.raises(Tampered):
        pack_library(office.desk, office.ward, tmp_path / "ward.library")
    assert not (tmp_path / "ward.library").exists()
    assert office.record("library.not_packed").object == office.ward


def test_a_library_of_another_encoder_is_refused(office: Office, tmp_path: Path) -> None:
    packed = tmp_path / "ward.library"
    code = pack_library(office.desk, office.ward, packed)
    office.desk.engine = cast("EngineHost", SimpleNamespace(model="encoder@2"))
    with pytest.raises(OtherEncoder):
        take_library(office.desk, packed, code)


def test_a_library_with_something_wrong_in_it_adds_nothing_at_all(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong is in the last of its documents."""
    office.add("second")
    packed, real = tmp_path / "ward.library", office.library.draft
    last = office.library.documents(office.ward)[-1].id

    def draft(collection: str, document: str) -> Draft:
        made = real(collection, document)
        return replace(made, vectors=made.vectors * 3) if document == last else made

    with monkeypatch.context() as erring:
        erring.setattr(office.library, "draft", draft)
        code = pack_library(office.desk, office.ward, packed)
    for info in office.library.documents(office.ward):
        office.library.remove_document(office.ward, info.id)
    with pytest.raises(ParcelDamaged):
        take_library(office.desk, packed, code)
    assert office.titles() == set()


def read_all(path: Path, code: str) -> int:
    _header, documents = read_library(path, code)
    return len(list(documents))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_damaged_library_adds_nothing_that_is_not_whole(
    office: Office, tmp_path: Path, share: float
) -> None:
    packed = tmp_path / "ward.library"
    code = pack_library(office.desk, office.ward, packed)
    content = bytearray(packed.read_bytes())
    content[int(len(content) * share)] ^= 1
    packed.write_bytes(content)
    with pytest.raises((Tampered, ParcelDamaged)):
        read_all(packed, code)
