"""A packed collection from somebody who erred or means harm: refused before anything goes in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.parcel import library
from appliance.parcel.errors import ParcelDamaged
from appliance.parcel.library import (
    FILE,
    LibraryDocument,
    LibraryHeader,
    read_library,
    write_library,
)
from appliance.values import VECTOR_SIZE, DocumentKind, Page, PageSpan, PassageDraft
from appliance.vault.recovery import new_code, read_code, secret_for, shown
from appliance.vault.sealed import Context, stream_sealed, write_sealed

CODE = shown(new_code())
HEADER = LibraryHeader("Ward 9", "encoder@1", 1)
TEXT = "Wash hands."
UNIT = np.zeros((1, VECTOR_SIZE), np.float32)
UNIT[0, 0] = 1.0
DOCUMENT = LibraryDocument(
    "Hygiene",
    DocumentKind.PDF,
    True,
    (Page(1, TEXT, (), 595.0, 842.0),),
    (),
    (PassageDraft(TEXT, ((0, 11),), (), (PageSpan(0, 1, 0, 11),)),),
    UNIT,
    b"original",
)


def read(path: Path) -> list[LibraryDocument]:
    return list(read_library(path, CODE)[1])


def test_what_was_packed_comes_out(tmp_path: Path) -> None:
    write_library(tmp_path / FILE, CODE, HEADER, [DOCUMENT])
    (found,) = read(tmp_path / FILE)
    assert replace(found, vectors=UNIT) == replace(DOCUMENT, vectors=UNIT)
    assert found.vectors.tobytes() == UNIT.tobytes()


@pytest.mark.parametrize("value", [0.0, 2.0, 1e38, float("nan"), float("inf")])
def test_a_vector_that_would_win_or_break_every_search_is_refused(
    tmp_path: Path, value: float
) -> None:
    vectors = np.where(UNIT > 0, np.float32(value), UNIT)
    write_library(tmp_path / FILE, CODE, HEADER, [replace(DOCUMENT, vectors=vectors)])
    with pytest.raises(ParcelDamaged):
        read(tmp_path / FILE)


def altered(path: Path, change: Callable[[dict[str, Any]], object], at: int = 1) -> None:
    """The frame `at` of a library, changed and sealed again by whoever knows the code."""
    write_library(path, CODE, HEADER, [DOCUMENT])
    key, context = secret_for(read_code(CODE), "library-parcel"), Context("library-parcel", FILE)
    left, frames = b"".join(stream_sealed(path, key, context)), []
    while left:
        length = int.from_bytes(left[:8], "big")
        frames.append(left[8 : 8 + length])
        left = left[8 + length :]
    fields = json.loads(frames[at])
    change(fields)
    frames[at] = json.dumps(fields).encode()
    write_sealed(
        path, key, (part for one in frames for part in (len(one).to_bytes(8, "big"), one)), context
    )


def test_only_what_a_store_can_hold_is_handed_on(tmp_path: Path) -> None:
    wrong: dict[str, Callable[[dict[str, Any]], object]] = {
        "a page beyond any number": lambda d: set_in(d["pages"][0], 0, 2**31),
        "a page numbered by a fraction": lambda d: set_in(d["pages"][0], 0, 1.5),
        "a page of no width": lambda d: set_in(d["pages"][0], 3, float("nan")),
        "a page of no end": lambda d: set_in(d["pages"][0], 4, float("inf")),
        "a page as wide as a road": lambda d: set_in(d["pages"][0], 3, 1e9),
        "two pages of one number": lambda d: d["pages"].append(d["pages"][0]),
        "a passage beyond its page": lambda d: set_in(d["passages"][0][3][0], 3, 2**30),
        "a sentence that ends first": lambda d: set_in(d["passages"][0][1], 0, [5, 2]),
        "another original": lambda d: d.update(original="0" * 64),
        "a title without end": lambda d: d.update(title="x" * 501),
        "a kind nobody knows": lambda d: d.update(kind="program"),
    }
    for name, change in wrong.items():
        altered(tmp_path / FILE, change)
        with pytest.raises(ParcelDamaged):
            pytest.fail(f"{name}: {read(tmp_path / FILE)}")


def set_in(fields: list[object], at: int, value: object) -> None:
    fields[at] = value


def test_more_documents_than_there_are_is_noticed(tmp_path: Path) -> None:
    altered(tmp_path / FILE, lambda fields: fields.update(documents=2), at=0)
    with pytest.raises(ParcelDamaged):
        read(tmp_path / FILE)


def test_small_json_that_grows_when_it_is_read_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "MAXIMUM_PARTS", 1_000)
    altered(tmp_path / FILE, lambda fields: fields.update(failures=[[]] * 1_000))
    with pytest.raises(ParcelDamaged):
        read(tmp_path / FILE)


def test_a_header_without_what_was_retired_is_of_an_earlier_version(tmp_path: Path) -> None:
    gone = (("a" * 64, "b" * 64), ("c" * 64, ""))
    write_library(tmp_path / FILE, CODE, replace(HEADER, retired=gone), [DOCUMENT])
    assert read_library(tmp_path / FILE, CODE)[0].retired == gone
    frames = list(library._frames(replace(HEADER, documents=0), []))
    head = json.loads(frames[1])
    for retired, wanted in (
        (None, ()), ([["a" * 64, ""]], (("a" * 64, ""),)), ([["a" * 63, ""]], None),
        ([["../x", ""]], None), ([["a" * 64]], None), ([["a" * 64, 7]], None), (7, None),
        ({"ab": 1}, None), ([["A" * 64, ""]], None),
    ):  # fmt: skip
        fields = {name: value for name, value in head.items() if name != "retired"}
        if retired is not None:
            fields["retired"] = retired
        content = b"".join(library._framed(library._dumped(fields)))
        write_sealed(
            tmp_path / FILE,
            secret_for(read_code(CODE), "library-parcel"),
            [content],
            Context("library-parcel", FILE),
        )
        if wanted is None:
            with pytest.raises(ParcelDamaged):
                read_library(tmp_path / FILE, CODE)
        else:
            assert read_library(tmp_path / FILE, CODE)[0].retired == wanted
