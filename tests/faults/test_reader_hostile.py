"""A reader that a document has taken over gets nowhere, and the next document is none the wiser."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.airgap.sandbox import SandboxUnavailable
from appliance.documents import ReaderLimits, SandboxedReader
from appliance.documents.errors import ReaderCrashed
from appliance.errors import DocumentError
from tests.faults.hostile_reader import ATTEMPTS, HARMS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="the attempts name system calls of Linux on x86-64",
)

ENTRY = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "import tests.faults.hostile_reader as reader; reader.main()"
)
COMMAND = (sys.executable, "-I", "-c", ENTRY, str(Path(__file__).resolve().parents[2]))
LIMITS = ReaderLimits(memory_bytes=1 << 30, cpu_seconds=2, wall_seconds=10.0)


@pytest.fixture(scope="module")
def reader() -> Iterator[SandboxedReader]:
    made = SandboxedReader(LIMITS, command=COMMAND)
    yield made
    made.close()


def outcome(reader: SandboxedReader, what: str) -> str:
    return reader.parse(what.encode(), "a.txt").pages[0].text


@pytest.mark.parametrize("what", sorted(ATTEMPTS))
def test_a_taken_over_parser_cannot(reader: SandboxedReader, what: str) -> None:
    assert outcome(reader, what).startswith("refused: ")


@pytest.mark.parametrize(
    "what",
    ["read a file", "list a folder", "make a memory file", "open a unix socket", "start a thread"],
)
def test_the_attempts_do_work_where_there_is_no_sandbox(what: str) -> None:
    result = ATTEMPTS[what]()
    if isinstance(result, int):
        os.close(result)
    elif isinstance(result, socket.socket):
        result.close()
    assert result is not None


def test_nothing_was_written_by_the_attempts(reader: SandboxedReader) -> None:
    for what in ("write a file", "make a folder"):
        outcome(reader, what)
    assert not Path("/tmp/hostile").exists()
    assert not Path("/tmp/hostile.d").exists()


def test_no_reader_has_ever_held_another_document(reader: SandboxedReader) -> None:
    assert outcome(reader, "secret of the first document").startswith("read: ")
    assert outcome(reader, "what is left of others") == "[]"


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        ("crash", "reader_crashed"),
        ("abort", "reader_crashed"),
        ("leave", "reader_crashed"),
        ("x32 call", "reader_crashed"),
        ("huge frame", "reader_crashed"),
        ("half a frame", "reader_crashed"),
        ("noise", "reader_crashed"),
        ("spin", "reading_timed_out"),
    ],
)
def test_a_page_that_takes_the_reader_down_is_listed_and_the_others_kept(
    reader: SandboxedReader, harm: str, code: str
) -> None:
    document = reader.parse(harm.encode(), "a.pdf")
    assert [page.number for page in document.pages] == [1, 3, 4]
    assert [(f.page, f.code) for f in document.failures] == [(2, code)]
    assert outcome(reader, "well again") == "read: well again"


def test_running_out_of_memory_is_named(reader: SandboxedReader) -> None:
    with pytest.raises(DocumentError) as caught:
        reader.parse(b"no memory", "a.pdf")
    assert caught.value.code == "reading_out_of_memory"


def test_a_reader_that_sleeps_is_stopped_at_the_deadline() -> None:
    reader = SandboxedReader(ReaderLimits(wall_seconds=1.0), command=COMMAND)
    began = time.monotonic()
    document = reader.parse(b"sleep", "a.pdf")
    assert time.monotonic() - began < 6
    assert [(f.page, f.code) for f in document.failures] == [(2, "reading_timed_out")]
    reader.close()


class Stopped(Exception):
    pass


@pytest.mark.parametrize("harm", ["sleep", "spin"])
def test_a_reading_that_is_called_off_ends_its_reader_at_once(harm: str) -> None:
    before = children()
    reader = SandboxedReader(ReaderLimits(cpu_seconds=30, wall_seconds=30.0), command=COMMAND)
    reader.warm()
    began = time.monotonic()

    def go_on() -> None:
        if time.monotonic() - began > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        reader.parse(harm.encode(), "a.pdf", go_on)
    assert time.monotonic() - began < 1.5
    assert children() == before
    assert outcome(reader, "well again") == "read: well again"
    reader.close()


def test_a_document_that_takes_down_every_reader_is_given_up(reader: SandboxedReader) -> None:
    began = time.monotonic()
    with pytest.raises(DocumentError) as caught:
        reader.parse(b"every page", "a.pdf")
    assert caught.value.code == "reader_crashed"
    assert time.monotonic() - began < 10


def test_endless_pages_end_at_the_limit() -> None:
    reader = SandboxedReader(
        ReaderLimits(pages=50, total_characters=10_000_000, wall_seconds=10.0), command=COMMAND
    )
    with pytest.raises(DocumentError) as caught:
        reader.parse(b"flood", "a.txt")
    assert isinstance(caught.value, ReaderCrashed)
    reader.close()


@pytest.mark.parametrize("harm", ["crash", "noise", "leave", "spin"])
def test_a_reader_lost_while_drawing_is_an_error_with_a_sentence(
    reader: SandboxedReader, harm: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        reader.render(harm.encode(), "T", 1, [], 1.0)
    assert caught.value.sentence.endswith(".")
    assert harm in HARMS


def test_a_reader_without_its_guards_never_gets_the_document(tmp_path: Path) -> None:
    target = tmp_path / "received"
    reader = SandboxedReader(LIMITS, command=(*COMMAND, "unguarded", str(target)))
    with pytest.raises(SandboxUnavailable):
        reader.parse(b"the secret document", "a.txt")
    deadline = time.monotonic() + 5
    while not target.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    if target.exists():
        assert target.read_bytes() in {b"", b"got: "}
    reader.close()


def test_no_process_is_left_behind() -> None:
    before = children()
    reader = SandboxedReader(ReaderLimits(wall_seconds=1.0), command=COMMAND)
    reader.parse(b"sleep", "a.pdf")
    reader.parse(b"crash", "a.pdf")
    reader.close()
    deadline = time.monotonic() + 5
    while children() != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert children() == before


def children() -> set[str]:
    """Process ids below this one."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if status[1] == str(os.getpid()) and status[0] != "Z":
                found.add(entry.name)
    return found


WAITING = """
import os, sys
from appliance.airgap.sandbox import SandboxLimits, enter_sandbox
enter_sandbox(SandboxLimits(1 << 30, 5))
os.write(1, b"in")
os.read(0, 1)
"""


def test_the_kernel_itself_says_that_the_sandbox_is_on() -> None:
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.read(2) == b"in"
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.stdin.close()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


SECOND_THREAD = """
import threading, time
from appliance.airgap.sandbox import SandboxLimits, SandboxUnavailable, enter_sandbox
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
try:
    enter_sandbox(SandboxLimits(None, None))
except SandboxUnavailable as error:
    print(error.code, end="")
"""


def test_a_sandbox_is_not_entered_with_a_second_thread_running() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SECOND_THREAD], capture_output=True, check=True, timeout=30
    )
    assert done.stdout == b"sandbox_unavailable"
