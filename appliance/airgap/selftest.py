"""The program's proof, to itself, that nothing can leave: every route is tried at each start.

Rules kept here: a probe passes only if the kernel answered as the guard answers (EACCES for
sockets, EPERM for other doors), so a kernel that merely lacks a family proves nothing; the probes
know nothing of the guard's list of rules, so a rule that is missing there shows here; whatever a
probe opens by mistake it closes at once; no probe carries data of anyone.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from appliance.airgap import guard, probe_child, syscalls
from appliance.airgap.errors import GuardUnavailable
from appliance.errors import AirgapBroken
from appliance.values import AirgapReport, Probe

# Every family Linux has had, by number, AF_UNIX (1) left out, and numbers beyond the last.
FAMILIES = (0, *range(2, 47), 63, 255)
KINDS = (1, 2, 3)  # SOCK_STREAM, SOCK_DGRAM, SOCK_RAW

# Folders anyone may usually write to; tempfile would look for one itself, and fail.
_ELSEWHERE = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108

_SO_DOMAIN = 39
_NULL = 0

# Doors besides sockets, each with arguments that do nothing even where the door stands open, and
# what the guard answers. -1 is no descriptor, a null pointer no structure.
_DOORS: tuple[tuple[str, tuple[int, ...], int], ...] = (
    ("io_uring_setup", (1, _NULL), errno.EPERM),
    ("io_uring_enter", (-1, 0, 0, 0, _NULL, 0), errno.EPERM),
    ("io_uring_register", (-1, 0, _NULL, 0), errno.EPERM),
    ("ptrace", (2, 0, 0, 0), errno.EPERM),
    ("process_vm_readv", (0, _NULL, 0, _NULL, 0, 0), errno.EPERM),
    ("process_vm_writev", (0, _NULL, 0, _NULL, 0, 0), errno.EPERM),
    ("pidfd_getfd", (-1, -1, 0), errno.EPERM),
    ("bpf", (-1, _NULL, 0), errno.EPERM),
    ("perf_event_open", (_NULL, 0, -1, -1, 0), errno.EPERM),
    ("userfaultfd", (-1,), errno.EPERM),
    ("add_key", (_NULL, _NULL, _NULL, 0, 0), errno.EPERM),
    ("request_key", (_NULL, _NULL, _NULL, 0), errno.EPERM),
    ("keyctl", (-1,), errno.EPERM),
    ("setns", (-1, 0), errno.EPERM),
    # CLONE_NEWUSER | CLONE_NEWNET with a bit that makes the call invalid anyway
    ("unshare", (0x50000001,), errno.EPERM),
    # the same with CLONE_SIGHAND but not CLONE_VM, which clone(2) refuses before it forks
    ("clone", (0x50000800, _NULL, _NULL, _NULL, _NULL), errno.EPERM),
    ("clone3", (_NULL, 0), errno.ENOSYS),
    ("open_by_handle_at", (-1, _NULL, 0), errno.EPERM),
    ("mount", (_NULL, _NULL, _NULL, 0, _NULL), errno.EPERM),
    ("init_module", (_NULL, 0, _NULL), errno.EPERM),
    ("finit_module", (-1, _NULL, 0), errno.EPERM),
    ("kexec_load", (0, 0, _NULL, 0xFFFF), errno.EPERM),
)


def prove(now: datetime) -> AirgapReport:
    """Tries every way out there is, in this process, a thread and a child; takes under 150 ms.

    Returns the report whatever the outcome: `holds` says whether the guard is on and every probe
    was refused. Raises nothing on a probe's account.
    """
    on = guard.engaged()
    names = on.names if on is not None else ()
    try:
        machine = syscalls.machine()
    except GuardUnavailable as error:
        unknown = Probe("platform", False, error.sentence)
        return AirgapReport(sys.platform, (), (unknown,), now)
    probes = [
        _status(),
        _every_thread(),
        _inherited_sockets(),
        _sweep("sockets by Python", FAMILIES, _by_python),
        _sweep("sockets by ctypes", FAMILIES, _by_libc),
        _sweep("sockets by system call", (*FAMILIES, 2 | 1 << 32, 1 | 1 << 32), _by_call),
        _sweep("socket pairs", FAMILIES, _by_pair),
        _in_a_thread(),
        *_doors(),
    ]
    if machine == "x86_64":
        probes.append(_x32(machine))
    probes += _in_a_child(machine)
    if on is not None and on.writes_guarded:
        probes.append(_write_elsewhere(on.writable))
    probes.append(_name_resolution(all(probe.blocked for probe in probes)))
    system = os.uname()
    return AirgapReport(f"{system.sysname} {system.release} {machine}", names, tuple(probes), now)


def require_proof(report: AirgapReport) -> None:
    """Raises AirgapBroken, naming what was open, unless the report holds."""
    if report.holds:
        return
    open_ways = [probe.name for probe in report.probes if not probe.blocked]
    what = ", ".join(open_ways) if open_ways else "no guard is on"
    raise AirgapBroken(f"The air gap could not be proved: {what}.")


# --- sockets ---------------------------------------------------------------------------------


def _by_python(family: int, kind: int) -> int:
    """The errno the kernel answered, 0 when a socket opened."""
    try:
        with socket.socket(family, kind):
            return 0
    except OSError as error:
        return error.errno or -1
    except OverflowError:
        return errno.EACCES  # Python itself passes no such number on


def _by_libc(family: int, kind: int) -> int:
    return _closed_again(_LIBC.socket(family, kind, 0))


def _by_call(family: int, kind: int) -> int:
    return _closed_again(
        _LIBC.syscall(_SOCKET, ctypes.c_ulong(family), ctypes.c_long(kind), ctypes.c_long(0))
    )


def _by_pair(family: int, kind: int) -> int:
    pair = (ctypes.c_int * 2)(-1, -1)
    if _LIBC.socketpair(family, kind, 0, pair) < 0:
        return ctypes.get_errno()
    for descriptor in pair:
        os.close(descriptor)
    return 0


def _closed_again(result: int) -> int:
    if result < 0:
        return ctypes.get_errno()
    os.close(result)
    return 0


def _sweep(name: str, families: Iterable[int], attempt: Callable[[int, int], int]) -> Probe:
    tried, opened = 0, []
    for family in families:
        for kind in KINDS:
            tried += 1
            answer = attempt(family, kind)
            if answer != errno.EACCES:
                opened.append(f"family {family} kind {kind}: {_word(answer)}")
    return _verdict(name, tried, opened)


def _verdict(name: str, tried: int, opened: list[str]) -> Probe:
    if opened:
        more = f" and {len(opened) - 4} more" if len(opened) > 4 else ""
        return Probe(name, False, "; ".join(opened[:4]) + more)
    return Probe(name, True, f"{tried} tried, all refused (EACCES)")


def _word(answer: int) -> str:
    return "opened" if answer == 0 else errno.errorcode.get(answer, str(answer))


def _in_a_thread() -> Probe:
    found: list[Probe] = []
    thread = threading.Thread(
        target=lambda: found.append(_sweep("sockets in a thread", FAMILIES, _by_python)),
        name="airgap-probe",
    )
    thread.start()
    thread.join()
    return found[0] if found else Probe("sockets in a thread", False, "the probe did not run")


def _inherited_sockets() -> Probe:
    """Nothing but AF_UNIX may have been open before the guard went on."""
    foreign = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  names are all that is wanted
        domain, size = ctypes.c_int(-1), ctypes.c_uint(4)
        failed = _LIBC.getsockopt(
            int(name), 1, _SO_DOMAIN, ctypes.byref(domain), ctypes.byref(size)
        )
        if failed == 0 and domain.value != socket.AF_UNIX:
            foreign.append(f"descriptor {name}: family {domain.value}")
    if foreign:
        return Probe("sockets inherited", False, "; ".join(foreign[:4]))
    return Probe("sockets inherited", True, "none but AF_UNIX")


# --- other doors -----------------------------------------------------------------------------


def _doors() -> Iterator[Probe]:
    for name, arguments, expected in _DOORS:
        try:
            syscalls.call(name, *arguments)
        except OSError as error:
            answer = error.errno or -1
        else:
            answer = 0
        yield Probe(name, answer == expected, _word(answer))


def _x32(machine: str) -> Probe:
    """The x32 gate has numbers of its own for the same calls."""
    number = syscalls.number("socket", machine) or 0
    answer = _closed_again(
        _LIBC.syscall(
            ctypes.c_long(0x40000000 | number), ctypes.c_long(2), ctypes.c_long(1), ctypes.c_long(0)
        )
    )
    return Probe("sockets by the x32 gate", answer == errno.EPERM, _word(answer))


def _write_elsewhere(writable: tuple[Path, ...]) -> Probe:
    """A file outside the folders given must not come into being."""
    for folder in _ELSEWHERE:
        place = folder.resolve()
        if not place.is_dir() or any(place.is_relative_to(given) for given in writable):
            continue
        target = place / f".cloister-airgap-{os.getpid()}"
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            if error.errno != errno.EACCES:
                return Probe("writes elsewhere", False, _word(error.errno or -1))
        else:
            target.unlink()
            return Probe("writes elsewhere", False, f"a file could be made in {place}")
    return Probe("writes elsewhere", True, "refused outside the data folder")


def _name_resolution(sockets_refused: bool) -> Probe:
    """A name must not resolve; asked only when nothing above was open, so no query can leave."""
    if not sockets_refused:
        return Probe("name resolution", False, "not tried, for a way out is open")
    try:
        found = socket.getaddrinfo("example.com", 443)
    except OSError as error:
        return Probe("name resolution", True, f"refused ({type(error).__name__})")
    return Probe("name resolution", False, f"{len(found)} addresses came back")


# --- the state of the guard -------------------------------------------------------------------


def _guarded(status: str) -> bool:
    lines = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return lines.get("Seccomp", "").strip() == "2" and lines.get("NoNewPrivs", "").strip() == "1"


def _status() -> Probe:
    held = _guarded(Path("/proc/self/status").read_text())
    detail = "Seccomp 2, NoNewPrivs 1" if held else "no filter is on this process"
    return Probe("filter on the process", held, detail)


def _every_thread() -> Probe:
    threads = [task / "status" for task in Path("/proc/self/task").iterdir()]
    bare = sum(1 for status in threads if not _guarded(_read(status)))
    if bare:
        return Probe("filter on every thread", False, f"{bare} of {len(threads)} without")
    return Probe("filter on every thread", True, f"{len(threads)} of {len(threads)}")


def _read(path: Path) -> str:
    """A thread that ended meanwhile needs no filter; its empty status is read as one."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "Seccomp:\t2\nNoNewPrivs:\t1\n"


# --- the child -------------------------------------------------------------------------------


def _in_a_child(machine: str) -> list[Probe]:
    """A program started afresh tries again, and there the 32-bit gate, which may kill it."""
    name = "sockets in a child"
    gate_name = "sockets by the 32-bit gate"
    socket_number = syscalls.number("socket", machine) or 0
    try:
        answers, gate = probe_child.run(FAMILIES, KINDS, socket_number, gate=machine == "x86_64")
    except (OSError, ValueError) as error:
        return [Probe(name, False, f"the child did not report ({type(error).__name__})")]
    opened = [
        f"family {family} kind {kind} by {route}: {_word(answer)}"
        for route, family, kind, answer in answers
        if answer != errno.EACCES
    ]
    wanted = 2 * len(FAMILIES) * len(KINDS)
    if len(answers) != wanted:
        opened.append(f"{len(answers)} of {wanted} answers")
    probes = [_verdict(name, wanted, opened)]
    if gate is not None:
        word = "this kernel has none" if gate == probe_child.NO_GATE else _word(gate)
        refused = gate in (errno.EPERM, probe_child.NO_GATE)
        probes.append(Probe(gate_name, refused, word))
    return probes


_LIBC = syscalls.libc() if os.name == "posix" else ctypes.CDLL(None)
_SOCKET = ctypes.c_long({"x86_64": 41, "aarch64": 198}.get(platform.machine(), -1))
