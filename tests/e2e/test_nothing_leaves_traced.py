"""A whole journey, the window included, in an empty network namespace and under strace: no socket
that is not AF_UNIX, no look-up, no local socket but those the evidence lists. What is planted is
found."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import DOCUMENTS
from tests.e2e.terminal import PASSPHRASE, PROGRAM, ROOT
from tests.e2e.traced import STRACE, Traced, calls_in, namespace, traced
from tests.gui.real_journey import STEPS

_PLANTS = {
    "a socket that is not AF_UNIX": (
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    ),
    "an address that is not AF_UNIX": (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try: s.sendto(b'?', ('192.0.2.53', 53))\n"
        "except OSError: pass\n"
    ),
    "a local socket that is not listed": (
        "import socket\n"
        "try: socket.socket(socket.AF_UNIX).connect('/run/nscd/socket')\n"
        "except OSError: pass\n"
    ),
}


def require_clean(run: Traced) -> None:
    assert run.status == 0, run.said
    assert run.refused > 100, "the self-test's attempts are not in the trace"
    assert run.violations == ()


def cloister_traced(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Traced:
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    try:
        return traced(
            [*PROGRAM, "--data", str(folder / "data"), "--passphrase-fd", str(reading), *arguments],
            folder / "trace", env=env, pass_fds=(reading,),
        )  # fmt: skip
    finally:
        os.close(reading)


def test_the_terminals_journey_opens_no_way_out(tmp_path: Path) -> None:
    documents, code = tmp_path / "documents", str(tmp_path / "code")
    documents.mkdir()
    (tmp_path / "backups").mkdir()
    for name, text in DOCUMENTS.items():
        (documents / name).write_text(text)
    for arguments in (
        ("init", "--name", "Anna", "--collection", "Ward", "--recovery-file", code),
        ("add", str(documents)),
        ("ask", "When may apixaban be restarted after surgery?"),
        ("log", "export", str(tmp_path / "log")),
        ("backup", "create", str(tmp_path / "backups")),
        ("airgap", "report", str(tmp_path / "evidence")),
        ("doctor",),
    ):
        require_clean(cloister_traced(tmp_path, *arguments))


def test_the_windows_journey_opens_no_way_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    run = traced(
        [sys.executable, "-W", "error", "-m", "tests.gui.real_journey", str(tmp_path)],
        tmp_path / "trace",
        env={"QT_QPA_PLATFORM": "xcb", "HOME": str(home), "TMPDIR": str(tmp_path),
             "XDG_CONFIG_HOME": str(home / ".config")},
        screen=True,
    )  # fmt: skip
    require_clean(run)
    assert [line for line in run.said.splitlines() if line in STEPS] == list(STEPS)
    assert any("X11-unix" in call.arguments for call in run.calls), "it was drawn on no display"


def test_programs_are_served_over_a_listed_socket_alone(vault: Path) -> None:
    """`cloister serve` is ended from outside, so its calls are read, not its status."""
    trace = vault.parent / "trace"
    reading, writing = os.pipe()
    os.write(writing, f"{PASSPHRASE}\n".encode())
    os.close(writing)
    with subprocess.Popen(
        [*namespace(), *STRACE, "-o", str(trace), *PROGRAM, "--data", str(vault),
         "--passphrase-fd", str(reading), "serve"],
        cwd=ROOT, pass_fds=(reading,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as serving:  # fmt: skip
        os.close(reading)
        ended = time.monotonic() + 60
        while not (vault / "api.sock").exists() and serving.poll() is None:
            if time.monotonic() > ended:
                break
            time.sleep(0.05)
        serving.terminate()
        serving.wait(60)
    run = Traced(0, "", tuple(calls_in(trace.read_text())))
    require_clean(run)


@pytest.mark.parametrize("child", [False, True], ids=["itself", "a child"])
@pytest.mark.parametrize("wanted", list(_PLANTS))
def test_what_is_planted_is_found(tmp_path: Path, wanted: str, child: bool) -> None:
    """Before the guards are on, as a library could at import; by itself or by a child."""
    planted, program = tmp_path / "planted", _PLANTS[wanted]
    planted.mkdir()
    if child:
        program = (
            f"import subprocess, sys\nsubprocess.run([sys.executable, '-S', '-c', {program!r}])"
        )
    (planted / "sitecustomize.py").write_text(program)
    run = cloister_traced(tmp_path, "doctor", env={"PYTHONPATH": f"{planted}:{ROOT}"})
    assert any(found.startswith(wanted) for found in run.violations), run.said


def test_a_trace_cut_in_two_is_read_as_one() -> None:
    text = (
        "7 socket(AF_INET, SOCK_STREAM, 0 <unfinished ...>\n"
        "8 socket(AF_UNIX, SOCK_STREAM, 0) = 3\n"
        "7 <... socket resumed>) = 4\n"
        '8 connect(3, {sa_family=AF_UNIX, sun_path=@"/tmp/dbus-x"}, 14) = 0\n'
        '9 sendto(5, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53)}, 28) = -1 EPERM (…)\n'
    )
    found = Traced(0, "", tuple(calls_in(text))).violations
    assert sorted(one.partition(":")[0] for one in found) == [
        "a local socket that is not listed",
        "a socket that is not AF_UNIX",
        "an address that is not AF_UNIX",
    ]
