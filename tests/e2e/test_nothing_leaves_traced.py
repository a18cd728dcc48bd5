"""Whole journeys, the window's included, in an empty network namespace and under strace: no socket
that is not AF_UNIX, no look-up, no local socket but those the evidence lists. What is planted is
found."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.terminal import ROOT, cloister, managed, require
from tests.e2e.traced import (
    LOST,
    Traced,
    able,
    calls_in,
    cloister_traced,
    namespace,
    on_a_display,
    passphrase,
    require_clean,
    strace,
    traced,
)
from tests.gui.real_journey import STEPS
from tests.unit.api.bench import client

needs_strace = pytest.mark.skipif(not able(), reason=LOST)
SOCKET, ADDRESS, LOCAL = (
    "a socket that is not AF_UNIX",
    "an address that is not AF_UNIX",
    "a local socket that is not listed",
)
QUESTION = "When may apixaban be restarted after a high bleeding-risk procedure?"
_PLANTED = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as planted:
    try: planted.sendto(b'?', ('192.0.2.53', 53))
    except OSError: pass
with socket.socket(socket.AF_UNIX) as planted:
    try: planted.connect('/run/nscd/socket')
    except OSError: pass
"""


@needs_strace
def test_the_terminals_journey_opens_no_way_out(vault: Path, tmp_path: Path) -> None:
    """The report is followed by its own test, `init` by the window's first run."""
    note, out = tmp_path / "note.txt", tmp_path / "out"
    note.write_text("The pharmacy is open until eight. Controlled drugs are signed for by two.\n")
    out.mkdir()
    for arguments in (
        ("add", str(note)),
        ("ask", "Who signs for controlled drugs?"),
        ("log", "export", str(out / "log")),
        ("backup", "create", str(out)),
    ):
        require_clean(cloister_traced(vault, tmp_path / "trace", *arguments))


@needs_strace
@pytest.mark.skipif(not on_a_display(), reason="there is no Xvfb, or no xauth: no X display")
def test_the_windows_journey_opens_no_way_out(tmp_path: Path) -> None:
    """A person's first day (tests/gui/real_journey.py), on a display, every step of it. There is a
    session bus as on any desktop, where libdbus finds it without being told."""
    home, bus = tmp_path / "home", socket.socket(socket.AF_UNIX)
    home.mkdir()
    tmp_path.chmod(0o700)
    bus.bind(str(tmp_path / "bus"))
    run = traced(
        [sys.executable, "-W", "error", "-m", "tests.gui.real_journey", str(tmp_path)],
        tmp_path / "trace",
        env={"QT_QPA_PLATFORM": "xcb", "HOME": str(home), "TMPDIR": str(tmp_path),
             "XDG_CONFIG_HOME": str(home / ".config"), "XDG_RUNTIME_DIR": str(tmp_path),
             "DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/bus"},
        screen=True,
    )  # fmt: skip
    bus.close()
    require_clean(run)
    assert tuple(run.said.splitlines()) == STEPS
    assert run.errors == ""
    assert any("X11-unix" in call.arguments for call in run.calls), "it was drawn on no display"


@needs_strace
def test_a_program_is_answered_over_the_listed_socket_alone(vault: Path, tmp_path: Path) -> None:
    """`cloister serve`, where the institution lets it, and a client outside of the trace."""
    (tmp_path / "managed.toml").write_text('packs = "api"\n')
    program = managed(tmp_path / "managed.toml")
    made = cloister(vault, "token", "create", "letters", "--purpose", "Letters.", program=program)
    with passphrase() as reading, subprocess.Popen(
        [*namespace(), *strace(), "-o", str(tmp_path / "trace"), *program, "--data", str(vault),
         "--passphrase-fd", str(reading), "serve"],
        cwd=ROOT, pass_fds=(reading,), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    ) as serving:  # fmt: skip
        try:
            assert serving.stdout is not None
            assert b"can ask" in serving.stdout.readline()
            with client(vault / "api.sock", str(require(made).find("token"))) as asking:
                told = asking.chat.completions.create(
                    model="cloister", messages=[{"role": "user", "content": QUESTION}]
                )
        finally:
            end_traced(serving.pid)
            serving.communicate(timeout=60)
    run = Traced(serving.returncode, "", "", tuple(calls_in((tmp_path / "trace").read_text())))
    require_clean(run)
    assert "48 to 72 hours" in str(told.choices[0].message.content)
    assert any("api.sock" in call.arguments for call in run.calls), "nothing was served"


def end_traced(tracer: int) -> None:
    """strace itself lets no signal end it; what it runs is its child."""
    for child in Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split():
        os.kill(int(child), signal.SIGTERM)


@needs_strace
@pytest.mark.parametrize("quick", [True, False], ids=["as the journeys are", "every call"])
def test_what_is_planted_is_found_in_the_process_and_in_its_child(
    tmp_path: Path, quick: bool
) -> None:
    """Before the guards are on, as a library could at import."""
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(
        f"{_PLANTED}\nimport subprocess, sys\n"
        f"subprocess.run([sys.executable, '-S', '-c', {_PLANTED!r}])\n"
    )
    run = cloister_traced(
        tmp_path / "none", tmp_path / "trace", "doctor", quick=quick,
        env={"PYTHONPATH": f"{planted}:{ROOT}"},
    )  # fmt: skip
    assert quick or run.refused > 1_000, (
        "the kernel's refusals to the self-test are not in the trace"
    )
    for wanted in (SOCKET, ADDRESS, LOCAL):
        processes = {call.process for why, call in run.wrong if why == wanted}
        assert len(processes) >= 2, (wanted, run.violations)


@needs_strace
def test_users_and_hosts_are_looked_up_in_files_alone(tmp_path: Path) -> None:
    """As the print service's library looks its user up; by a name that no file has, so that it
    would be asked for further on."""
    asked = (
        "import pwd, socket, sys\n"
        "from pathlib import Path\n"
        "from appliance.airgap.guard import engage\n"
        "if sys.argv[1] == 'guarded': engage((Path(sys.argv[2]),), screen=False)\n"
        "for ask in (lambda: pwd.getpwuid(3_999_999), lambda: pwd.getpwnam('no-such-user'),\n"
        "            lambda: socket.gethostbyname('example.com')):\n"
        "    try: ask()\n"
        "    except (KeyError, OSError): pass\n"
    )
    runs = {
        how: traced([sys.executable, "-c", asked, how, str(tmp_path)], tmp_path / how)
        for how in ("bare", "guarded")
    }
    assert runs["guarded"].status == 0, runs["guarded"].errors
    assert runs["guarded"].violations == ()
    if not runs["bare"].violations:
        pytest.skip("this system asks nobody for a name, guarded or not")


def test_a_trace_cut_in_two_is_read_as_one() -> None:
    text = (
        "7 socket(AF_INET, SOCK_STREAM, 0 <unfinished ...>\n"
        "8 socket(AF_UNIX, SOCK_STREAM, 0) = 3\n"
        "7 <... socket resumed>) = 4\n"
        '8 connect(3, {sa_family=AF_UNIX, sun_path=@"/tmp/dbus-x"}, 14) = 0\n'
        '9 sendto(5, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(53)}, 28) = -1 EPERM (…)\n'
        "9 io_uring_setup(8, {flags=0}) = 3\n"
    )
    found = Traced(0, "", "", tuple(calls_in(text))).violations
    assert sorted(one.partition(":")[0] for one in found) == [
        LOCAL, SOCKET, "a way round the filter", ADDRESS
    ]  # fmt: skip
