"""Imports of a library: written down, gone on with, marked."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.memory.errors import (
    DocumentUnusable,
    JobUnknown,
)
from appliance.memory.library import Library
from appliance.values import (
    DocumentKind,
    ImportState,
    Page,
)
from tests.unit.memory.material import (
    KEY,
    NOON,
    OTHER_KEY,
    Marks,
    add_texts,
    draft,
    make_library,
    unit_vectors,
)


def test_finding_and_adding_at_once_never_disturb_each_other(library: Library) -> None:
    vectors = unit_vectors(200)
    failures: list[BaseException] = []
    ended = threading.Event()

    def find() -> None:
        try:
            while not ended.is_set():
                for hit in library.find("text", vectors[:1], (), 10):
                    assert hit.passage.text.startswith("text")
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=find) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for at in range(0, 200, 10):
            info = add_texts(
                library,
                "ward",
                [f"text {n}" for n in range(at, at + 10)],
                vectors=vectors[at : at + 10],
            )
            if at % 40 == 0:
                library.remove_document("ward", info.id)
                library.checkpoint("ward")
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert library.counts("ward") == (15, 150)


def test_an_import_goes_on_after_a_crash(tmp_path: Path, marks: Marks, library: Library) -> None:
    paths = ["/a/one.pdf", "/a/'two'.pdf", "/a/\udcff.pdf", "/a/four.pdf"]
    job = library.begin_job("ward", paths, NOON)
    add_into(library, job, paths[0])
    library.mark_file(job, paths[1], ImportState.FAILED, code="x", sentence="It is broken.")
    library.abandon()
    again = make_library(tmp_path, marks)
    again.open_collection("ward", KEY, marks.newest("collection/ward"))
    unfinished = again.unfinished_jobs()
    assert [(one.job, one.collection, one.remaining, one.total) for one in unfinished] == [
        (job, "ward", 2, 4)
    ]
    assert unfinished[0].started == NOON
    files = again.job_files(job)
    assert [file.path for file in files] == paths
    assert [file.state for file in files] == [
        ImportState.ADDED,
        ImportState.FAILED,
        ImportState.PENDING,
        ImportState.PENDING,
    ]
    assert (files[1].code, files[1].sentence) == ("x", "It is broken.")
    assert again.job_collection(job) == "ward"
    again.finish_job(job)
    assert again.unfinished_jobs() == ()
    assert again._of("ward").store.read("SELECT count(*) FROM job_files") == [(0,)]
    for call in (again.job_files, again.finish_job, again.job_collection):
        with pytest.raises(JobUnknown):
            call(job)
    again.close()


def test_an_import_that_is_given_up_leaves_its_documents_and_no_path(library: Library) -> None:
    job = library.begin_job("ward", ["/a", "/b", "/c"], NOON)
    other = library.begin_job("ward", ["/d"], NOON)
    add_into(library, job, "/a")
    library.mark_file(job, "/b", ImportState.FAILED, code="x", sentence="It is broken.")
    assert library.discard_job(job) == 1
    assert [one.job for one in library.unfinished_jobs()] == [other]
    assert len(library.documents("ward")) == 1
    with pytest.raises(JobUnknown):
        library.discard_job(job)


def add_into(library: Library, job: str, path: str) -> None:
    library.add_document(
        "ward",
        title="t",
        kind=DocumentKind.TEXT,
        paged=False,
        size=1,
        sha256="00",
        added=NOON,
        pages=(Page(1, "x"),),
        passages=(draft("x"),),
        vectors=unit_vectors(1),
        job=job,
        path=path,
    )


def test_a_document_and_its_files_state_are_one_transaction(library: Library, marks: Marks) -> None:
    job = library.begin_job("ward", ["/a"], NOON)
    before = len(marks.all)
    add_into(library, job, "/a")
    assert len(marks.all) == before + 1
    assert library.job_files(job)[0].state is ImportState.ADDED


def test_an_import_of_ten_thousand_files_is_written_down_in_one_go(
    library: Library, marks: Marks
) -> None:
    before = len(marks.all)
    job = library.begin_job("ward", [f"/scan/{n}.pdf" for n in range(10_000)], NOON)
    assert len(marks.all) == before + 1
    assert len(library.job_files(job)) == 10_000
    with pytest.raises(DocumentUnusable):
        library.begin_job("ward", ["x"] * 100_001, NOON)


def test_the_marks_of_a_library_name_their_collection(library: Library, marks: Marks) -> None:
    library.create_collection("deal", OTHER_KEY)
    assert {mark.store_id for mark in marks.all} == {"collection/ward", "collection/deal"}
    assert replace(marks.all[0], generation=1) == marks.all[0]
