"""The kernel guard of every process: no socket but AF_UNIX, no way round it, few places to write.

Rules kept here: the guard goes on before threads, documents, models and keys; it is inherited by
every thread and child and never comes off; sockets fail with EACCES, other doors with EPERM, clone3
with ENOSYS so that libc falls back to clone, whose flags can be read. Imports stay light: numpy
starts threads as it is imported, and Landlock cannot reach those.
"""

from __future__ import annotations

import ctypes
import errno
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.airgap import bpf, landlock, syscalls
from appliance.airgap.bpf import Refuse, RefuseFlags, RefuseIf, RefuseUnless, Rule
from appliance.airgap.errors import GuardAlreadyOn, GuardTooLate, GuardUnavailable

_AF_UNIX = 1

# clone(2): the flags that make a new namespace. A network namespace of one's own has no way out,
# but a user namespace brings the capabilities that move between them.
NEW_NAMESPACE = (
    0x00020000  # CLONE_NEWNS
    | 0x02000000  # CLONE_NEWCGROUP
    | 0x04000000  # CLONE_NEWUTS
    | 0x08000000  # CLONE_NEWIPC
    | 0x10000000  # CLONE_NEWUSER
    | 0x20000000  # CLONE_NEWPID
    | 0x40000000  # CLONE_NEWNET
)
_CLONE_NEWTIME = 0x80  # unshare only; in clone the bit belongs to the exit signal

_TIOCSTI = 0x5412  # types into the terminal, so into the shell outside
_TIOCLINUX = 0x541C  # pastes into a console

# Doors that lead to a socket made elsewhere, to another process's memory, or round the kernel's
# own checks. request_key is one of them: the kernel's name resolver is asked through it.
_CLOSED_DOORS = (
    "io_uring_setup io_uring_enter io_uring_register ptrace process_vm_readv process_vm_writev "
    "process_madvise pidfd_getfd bpf perf_event_open userfaultfd kexec_load kexec_file_load "
    "add_key request_key keyctl setns open_by_handle_at name_to_handle_at mount umount2 pivot_root "
    "chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr init_module "
    "finit_module delete_module swapon swapoff reboot acct quotactl quotactl_fd iopl ioperm"
).split()

RULES: tuple[Rule, ...] = (
    RefuseUnless("socket", 0, _AF_UNIX, errno.EACCES),
    RefuseUnless("socketpair", 0, _AF_UNIX, errno.EACCES),
    Refuse("clone3", errno.ENOSYS),
    RefuseFlags("clone", 0, NEW_NAMESPACE),
    RefuseFlags("unshare", 0, NEW_NAMESPACE | _CLONE_NEWTIME),
    RefuseIf("ioctl", 1, _TIOCSTI),
    RefuseIf("ioctl", 1, _TIOCLINUX),
    *(Refuse(name) for name in _CLOSED_DOORS),
)

# Where writing makes no file: terminals and the devices that swallow or draw.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/pts", "/dev/ptmx", "/dev/dri")
_GPU_DEVICES = ("nvidia*", "kfd")


@dataclass(frozen=True, slots=True)
class Guard:
    """What is on in this process. `writable` are the folders given; names are for the report."""

    names: tuple[str, ...]
    writable: tuple[Path, ...]
    writes_guarded: bool


_lock = threading.Lock()
_on: Guard | None = None


def engaged() -> Guard | None:
    """The guard this process put on itself, None before."""
    return _on


def engage(
    writable: Iterable[Path], *, screen: bool = True, required: bool = True
) -> tuple[str, ...]:
    """Puts the guard on this process, its threads and all it will ever start; returns their names.

    writable: the only folders below which files may be made or changed from now on (folders that
    do not exist yet must be made before). screen: False for a command without a window; then
    abstract UNIX sockets, which X11 needs, are closed as well. Calling it again with the same
    folders changes nothing.

    Raises GuardUnavailable where this machine cannot hold the promise (required=False, for the
    managed setting that lowers it to a warning, returns an empty tuple instead); GuardTooLate when
    other threads run already and the kernel has no way to bind them; GuardAlreadyOn when other
    folders are asked for than those of the guard that is on.
    """
    global _on  # noqa: PLW0603  one guard a process, as the kernel has it
    folders = tuple(sorted({path.resolve() for path in writable}))
    with _lock:
        if _on is not None:
            if set(folders) <= set(_on.writable):
                return _on.names
            raise GuardAlreadyOn("The guard is on and lets no further folder be written to.")
        try:
            _on = _engage(folders, screen)
        except GuardUnavailable:
            if required:
                raise
            return ()
        return _on.names


def _engage(folders: tuple[Path, ...], screen: bool) -> Guard:
    program = bpf.assemble(RULES, syscalls.machine())
    applied = _restrict_files(folders, screen)
    try:
        bpf.install(program)
    except OSError as error:
        raise GuardUnavailable(
            f"The kernel refused the network guard ({errno.errorcode.get(error.errno or 0, '?')})."
        ) from error
    _answer_names_from_files()
    names = ["seccomp: sockets, io_uring, namespaces, tracing", "no_new_privs"]
    if applied.files:
        names.append(f"landlock {applied.abi}: {_in_words(applied)}")
    return Guard(tuple(names), folders, writes_guarded=bool(applied.files))


def _in_words(applied: landlock.Applied) -> str:
    parts = ["writes"]
    if applied.network:
        parts.append("tcp")
    if applied.scopes & landlock.SCOPE_SIGNAL:
        parts.append("signals")
    if applied.scopes & landlock.SCOPE_ABSTRACT_UNIX_SOCKET:
        parts.append("abstract sockets")
    return ", ".join(parts)


def _restrict_files(folders: tuple[Path, ...], screen: bool) -> landlock.Applied:
    """Landlock as far as this kernel has it; abi 0 in the result where it has none."""
    version = landlock.abi()
    running = sum(1 for _ in Path("/proc/self/task").iterdir())
    if 0 < version < 8 and running > 1:
        raise GuardTooLate(
            f"{running - 1} threads ran before the guard, and this kernel cannot bind them."
        )
    devices = [Path(name) for name in _DEVICES]
    devices += [path for pattern in _GPU_DEVICES for path in Path("/dev").glob(pattern)]
    allowances = [landlock.Allowance(folder, landlock.WRITING) for folder in folders]
    allowances += [
        landlock.Allowance(path, landlock.WRITE_FILE | landlock.TRUNCATE) for path in devices
    ]
    scopes = landlock.SCOPE_SIGNAL | (0 if screen else landlock.SCOPE_ABSTRACT_UNIX_SOCKET)
    try:
        return landlock.restrict(
            files=landlock.WRITING,
            allowances=allowances,
            network=landlock.BIND_TCP | landlock.CONNECT_TCP,
            scopes=scopes,
        )
    except OSError as error:
        raise GuardUnavailable(
            f"The kernel refused the file guard ({errno.errorcode.get(error.errno or 0, '?')})."
        ) from error


def _answer_names_from_files() -> None:
    """Tells glibc to look names up in files of /etc alone: of hosts, and of users and groups, which
    a library may ask for as well (the print service's does).

    Its usual lists may name a local service (nss-resolve, nscd, mDNS, sssd) that is asked over a
    UNIX socket and would ask the network for us. Other libcs do not have the call, nor such lists.
    """
    configure = getattr(syscalls.libc(), "__nss_configure_lookup", None)
    if configure is not None:
        for names in (b"hosts", b"passwd", b"group", b"initgroups"):
            configure(ctypes.c_char_p(names), ctypes.c_char_p(b"files"))
