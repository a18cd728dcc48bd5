"""One hole at a time is left in the guard; the self-test must find each and name it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.airgap import syscalls
from appliance.airgap.errors import GuardUnavailable
from tests.unit.airgap.guarded import run
from tests.unit.airgap.test_selftest import PROVE

HOLED = """
import sys, errno
from dataclasses import replace
from pathlib import Path
from appliance.airgap import bpf, guard
from appliance.airgap.bpf import *
rules = list(guard.RULES)
def without(name): return [rule for rule in rules if rule.call != name]
HOLE
guard.RULES = tuple(rules)
guard.engage((Path(sys.argv[1]),))
"""


def found(hole: str, folder: Path, before: str = "", after: str = "") -> list[str]:
    told = json.loads(run(before + HOLED.replace("HOLE", hole) + after + PROVE, str(folder)))
    assert not told["holds"]
    names: list[str] = told["open"]
    return [name for name in names if name != "name resolution"]


DOORS = (
    "io_uring_setup io_uring_enter io_uring_register ptrace process_vm_readv process_vm_writev "
    "pidfd_getfd add_key request_key keyctl setns unshare clone clone3"
).split()


@pytest.mark.parametrize("door", DOORS)
def test_a_door_left_open_is_found_and_named(door: str, tmp_path: Path) -> None:
    assert found(f"rules = without({door!r})", tmp_path) == [door]


EVERYWHERE = [
    "sockets by Python",
    "sockets by ctypes",
    "sockets by system call",
    "sockets in a thread",
    "sockets in a child",
]


@pytest.mark.parametrize("family", [2, 10, 16, 17, 31, 38, 40, 44, 45])
def test_one_family_left_open_is_found_by_every_route(family: int, tmp_path: Path) -> None:
    # refuse every other family by number, one by one
    hole = f"""
rules = without("socket") + [RefuseIf("socket", 0, f, errno.EACCES)
                             for f in (0, *range(2, 300)) if f != {family}]
"""
    assert set(EVERYWHERE) <= set(found(hole, tmp_path))


def test_the_high_half_of_the_family_is_looked_at(tmp_path: Path) -> None:
    hole = """
rules = without("socket") + [RefuseIf("socket", 0, f, errno.EACCES)
                             for f in (0, *range(2, 300))]
"""
    # 1 | 1 << 32 is AF_UNIX to the kernel and to this filter; the guard takes it for neither
    assert found(hole, tmp_path) == ["sockets by system call"]


def test_socket_pairs_left_open_are_found(tmp_path: Path) -> None:
    assert found('rules = without("socketpair")', tmp_path) == ["socket pairs"]


def test_a_filter_that_answers_otherwise_is_not_taken_for_ours(tmp_path: Path) -> None:
    hole = 'rules = without("socket") + [RefuseUnless("socket", 0, 1, errno.EPERM)]'
    assert set(EVERYWHERE) <= set(found(hole, tmp_path))


@pytest.mark.skipif("platform.machine() != 'x86_64'", reason="this gate is x86-64's")
def test_the_32_bit_and_x32_gates_left_open_are_found(tmp_path: Path) -> None:
    """The filter without its first lines: it looks at numbers, whatever the gate."""
    hole = """
whole = bpf.assemble
bpf.assemble = lambda r, m: whole(r, m)[3 * 8 : 4 * 8] + whole(r, m)[6 * 8 :]
"""
    named = found(hole, tmp_path)
    # a kernel without the gates answers by itself; then there is nothing to find
    gates = {"sockets by the 32-bit gate", "sockets by the x32 gate"}
    assert named
    assert set(named) <= gates
    assert "sockets by the x32 gate" in named


def test_a_thread_left_out_is_found(tmp_path: Path) -> None:
    """A filter without TSYNC, put on while a thread runs: that thread is bare."""
    hole = "bpf._FLAG_TSYNC = 0"
    before = """
import threading
from appliance.airgap import landlock
landlock.abi = lambda: 0
stop = threading.Event(); thread = threading.Thread(target=stop.wait, daemon=True); thread.start()
"""
    assert found(hole, tmp_path, before=before) == ["filter on every thread"]


def test_a_child_that_is_not_guarded_is_found(tmp_path: Path) -> None:
    """The child is answered for by a helper that was there before the guard."""
    before = """
import subprocess, sys, os, json
asked, answered = os.pipe(), os.pipe()
if os.fork() == 0:
    command = json.loads(os.read(asked[0], 65536))
    done = subprocess.run(command, capture_output=True)
    os.write(answered[1], done.stdout)
    os._exit(0)
def outside(command, **_):
    os.write(asked[1], json.dumps(command).encode())
    text = b""
    while b"gate" not in text and text.count(b"\\n") < 288:
        text += os.read(answered[0], 65536)
    return subprocess.CompletedProcess(command, 0, text, b"")
"""
    after = "import appliance.airgap.probe_child as p; p.subprocess.run = outside\n"
    assert "sockets in a child" in found("", tmp_path, before=before, after=after)


def test_writes_that_are_not_refused_are_found(tmp_path: Path) -> None:
    hole = """
from appliance.airgap import landlock
if landlock.abi() < 1: raise SystemExit("no landlock")
whole = landlock.restrict
landlock.restrict = lambda **k: whole(**{**k, "allowances": [
    landlock.Allowance(Path("/"), landlock.WRITING)]})
"""
    try:
        named = found(hole, tmp_path)
    except AssertionError as error:
        if "no landlock" in str(error):
            pytest.skip("this kernel has no Landlock")
        raise
    assert named == ["writes elsewhere"]


def test_no_guard_at_all_is_found_though_the_setting_allows_it(tmp_path: Path) -> None:
    hole = """
from appliance.airgap import syscalls
from appliance.airgap.errors import GuardUnavailable
def missing(*_): raise GuardUnavailable("none")
bpf.install = missing
whole = guard.engage
guard.engage = lambda folders: whole(folders, required=False)
"""
    assert "filter on the process" in found(hole, tmp_path)


def test_a_kernel_that_refuses_the_filter_is_an_error_with_a_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from appliance.airgap import bpf, guard, landlock

    def refuse(*_: object) -> None:
        raise OSError(22, "Invalid argument")

    def nothing(**_: object) -> landlock.Applied:
        return landlock.Applied(0, 0, 0, 0, all_threads=False)

    monkeypatch.setattr(bpf, "install", refuse)
    monkeypatch.setattr(landlock, "restrict", nothing)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert syscalls.machine()
    with pytest.raises(GuardUnavailable, match="EINVAL") as caught:
        guard.engage((tmp_path,))
    assert caught.value.next_step
