"""The guard on a process: what stays open, what is closed, and that it is inherited."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.airgap import guard, landlock, syscalls
from appliance.airgap.errors import GuardUnavailable
from tests.unit.airgap.guarded import run

ENGAGE = """
import sys, os, errno
from pathlib import Path
from appliance.airgap.guard import engage
writable = Path(sys.argv[1])
names = engage((writable,))
"""

needs_landlock = pytest.mark.skipif(landlock.abi() < 4, reason="this kernel's Landlock is too old")


def test_unix_sockets_stay_open_and_no_other_does(tmp_path: Path) -> None:
    out = run(
        ENGAGE
        + """
import socket
a, b = socket.socketpair(); a.send(b"x"); print(b.recv(1))
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 40):
    try: socket.socket(family, socket.SOCK_DGRAM); print("open", family)
    except PermissionError as error: print(error.errno == errno.EACCES)
""",
        str(tmp_path),
    )
    assert out.split() == ["b'x'", *["True"] * 5]


@needs_landlock
def test_files_are_written_only_where_allowed(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.mkdir()
    (other / "there").write_text("kept")
    out = run(
        ENGAGE
        + """
(writable / "a").write_text("1"); (writable / "sub").mkdir()
(writable / "a").rename(writable / "sub" / "b"); (writable / "sub" / "b").unlink()
Path("/dev/null").write_text("x")
other = Path(sys.argv[2])
def refused(action):
    try: action()
    except PermissionError: return True
    return False
print(refused(lambda: (other / "new").write_text("x")), refused(lambda: (other / "there").unlink()),
      refused(lambda: (other / "there").write_text("")), refused(lambda: (other / "d").mkdir()),
      refused(lambda: os.truncate(other / "there", 0)),
      refused(lambda: (writable / "link").symlink_to(other)),
      (other / "there").read_text())
""",
        str(data),
        str(other),
    )
    assert out.split() == ["True", "True", "True", "True", "True", "False", "kept"]


@needs_landlock
def test_an_inet_socket_handed_in_cannot_connect_or_bind(tmp_path: Path) -> None:
    out = run(
        """
import socket, sys
from pathlib import Path
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen()
mine, second = socket.socket(), socket.socket()
from appliance.airgap.guard import engage
engage((Path(sys.argv[1]),))
for attempt in (lambda: mine.connect(listener.getsockname()), lambda: second.bind(("", 0))):
    try: attempt(); print("open")
    except PermissionError: print("refused")
""",
        str(tmp_path),
    )
    assert out.split() == ["refused", "refused"]


def test_children_and_their_children_are_guarded_too(tmp_path: Path) -> None:
    out = run(
        ENGAGE
        + """
import subprocess
inner = "import socket\\ntry: socket.socket()\\nexcept PermissionError: print('refused')"
outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
subprocess.run([sys.executable, "-c", outer], check=True)
""",
        str(tmp_path),
    )
    assert out.strip() == "refused"


def test_engaging_again_with_the_same_folders_changes_nothing(tmp_path: Path) -> None:
    out = run(
        ENGAGE
        + """
from appliance.airgap.errors import GuardAlreadyOn
print(engage((writable,)) == names, engage(()) == names)
filters = [l for l in Path("/proc/self/status").read_text().splitlines() if "Seccomp_f" in l]
print(filters[0].split()[1] if filters else 1)
try: engage((Path("/"),))
except GuardAlreadyOn: print("no further folder")
""",
        str(tmp_path),
    )
    assert out.splitlines() == ["True True", "1", "no further folder"]


@pytest.mark.skipif(landlock.abi() >= 8, reason="this kernel binds running threads")
@needs_landlock
def test_a_thread_that_ran_before_the_guard_is_an_error_and_nothing_is_on(tmp_path: Path) -> None:
    out = run(
        """
import sys, threading, socket
from pathlib import Path
from appliance.airgap.errors import GuardTooLate
from appliance.airgap.guard import engage, engaged
stop = threading.Event(); thread = threading.Thread(target=stop.wait); thread.start()
try: engage((Path(sys.argv[1]),))
except GuardTooLate as error: print(error.code)
print(engaged(), engage((Path(sys.argv[1]),), required=False))
stop.set(); thread.join()
""",
        str(tmp_path),
    )
    assert out.split("\n")[:2] == ["guard_too_late", "None ()"]


def test_the_guard_comes_without_numpy_and_without_threads() -> None:
    out = run(
        """
import sys, appliance.airgap.guard, os
print("numpy" in sys.modules, len(os.listdir("/proc/self/task")))
"""
    )
    assert out.split() == ["False", "1"]


def test_another_platform_says_that_it_has_no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    with pytest.raises(GuardUnavailable, match="Windows"):
        guard.engage(())
    assert guard.engage((), required=False) == ()
    assert guard.engaged() is None


def test_an_unknown_processor_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(GuardUnavailable, match="riscv64"):
        syscalls.machine()


def test_duckdb_and_a_memory_file_keep_working(tmp_path: Path) -> None:
    out = run(
        ENGAGE  # noqa: S608  the text is ours
        + """
import duckdb, numpy as np
with duckdb.connect(str(writable / "x.duckdb")) as c:
    c.execute("create table t as select * from range(100000)")
    print(c.execute("select count(*) from t").fetchone()[0])
a = np.ones((400, 400), dtype="f4"); print(int((a @ a)[0, 0]))
fd = os.memfd_create("x"); Path(f"/proc/self/fd/{fd}").write_bytes(b"abc")
print(Path(f"/proc/self/fd/{fd}").read_bytes())
""",
        str(tmp_path),
    )
    assert out.split() == ["100000", "400", "b'abc'"]


@pytest.mark.parametrize("screen", [True, False])
def test_qt_draws_behind_the_guard_without_a_session_bus(tmp_path: Path, screen: bool) -> None:
    out = run(
        f"SCREEN = {screen}"
        + ENGAGE.replace("engage((writable,))", "engage((writable,), screen=SCREEN)")
        + """
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([]); label = QLabel("x"); label.resize(100, 40); label.show()
application.processEvents(); print(label.grab().toImage().isNull(), application.platformName())
""",
        str(tmp_path),
        QT_QPA_PLATFORM="offscreen",
    )
    assert out.split() == ["False", "offscreen"]


@needs_landlock
def test_a_command_without_a_window_reaches_no_abstract_socket(tmp_path: Path) -> None:
    script = """
import socket, sys
from pathlib import Path
name = "\\0cloister-test-" + str(__import__("os").getpid())
import subprocess
listener = subprocess.Popen([sys.executable, "-c",
    "import socket,sys;s=socket.socket(socket.AF_UNIX);s.bind('\\\\0'+sys.argv[1]);s.listen();"
    "print(1,flush=True);sys.stdin.read()", name[1:]], stdin=subprocess.PIPE,
    stdout=subprocess.PIPE)
listener.stdout.readline()
from appliance.airgap.guard import engage
engage((Path(sys.argv[1]),), screen=sys.argv[2] == "screen")
s = socket.socket(socket.AF_UNIX)
try: s.connect(name); print("open")
except PermissionError: print("refused")
listener.stdin.close(); listener.wait(); listener.stdout.close()
"""
    if landlock.abi() < 6:
        pytest.skip("this kernel's Landlock has no scopes")
    assert run(script, str(tmp_path), "screen").strip() == "open"
    assert run(script, str(tmp_path), "none").strip() == "refused"


def test_a_readers_sandbox_goes_on_inside_the_guard(tmp_path: Path) -> None:
    out = run(
        ENGAGE
        + """
import subprocess
child = '''
from appliance.airgap.sandbox import SandboxLimits, enter_sandbox, require_sandbox
sandbox = enter_sandbox(SandboxLimits(memory=None, cpu_seconds=10))
require_sandbox(sandbox)
print(sandbox.missing)
'''
done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
print(done.stdout.strip() or done.stderr[-300:])
""",
        str(tmp_path),
    )
    assert out.strip() == "()"


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="no X server to try")
def test_a_real_x11_window_opens_behind_the_guard(tmp_path: Path) -> None:
    """libxcb of today asks for the abstract socket first: that is why a window leaves it open."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [
            shutil.which("Xvfb") or "",
            "-displayfd",
            str(writing),
            "-screen",
            "0",
            "640x480x24",
            "-nolisten",
            "tcp",
        ],
        pass_fds=(writing,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            display = told.readline().strip()
        out = run(
            ENGAGE
            + """
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
from PySide6.QtWidgets import QApplication, QLabel
application = QApplication([]); label = QLabel("x"); label.resize(100, 40); label.show()
application.processEvents()
print(application.platformName(), label.grab().toImage().isNull())
""",
            str(tmp_path),
            DISPLAY=f":{display}",
            QT_QPA_PLATFORM="xcb",
        )
    finally:
        server.terminate()
        server.wait()
    assert out.split() == ["xcb", "False"]


def test_a_name_service_on_this_machine_is_not_asked(tmp_path: Path) -> None:
    """Not found, rather than not reached: no resolver was tried, over whatever socket."""
    out = run(
        ENGAGE
        + """
import socket
print(len(socket.getaddrinfo("127.0.0.1", 80)) > 0)
try: socket.getaddrinfo("example.com", 80); print("resolved")
except socket.gaierror as error: print(error.errno == socket.EAI_NONAME)
""",
        str(tmp_path),
    )
    assert out.split("\n")[:2] == ["True", "True"]
