"""System calls by name, on the two processors Cloister's guards know.

Rules kept here: numbers come from the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl
and include/uapi/asm-generic/unistd.h, which arm64 uses); a call that a processor does not have is
None; nothing is loaded or called at import but libc.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

from appliance.airgap.errors import GuardUnavailable

# name: (x86_64, aarch64)
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "ioctl": (16, 29),
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "bind": (49, 200),
    "listen": (50, 201),
    "socketpair": (53, 199),
    "clone": (56, 220),
    "clone3": (435, 435),
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "ptrace": (101, 117),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "acct": (163, 89),
    "mount": (165, 40),
    "umount2": (166, 39),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "iopl": (172, None),
    "ioperm": (173, None),
    "init_module": (175, 105),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "quotactl": (179, 60),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "perf_event_open": (298, 241),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "seccomp": (317, 277),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
    "quotactl_fd": (443, 443),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

_COLUMNS = {"x86_64": 0, "aarch64": 1}

PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38


def machine() -> str:
    """This processor's name. Raises GuardUnavailable where the guards know no such processor."""
    if not sys.platform.startswith("linux"):
        raise GuardUnavailable(
            f"Cloister has no kernel guard for {platform.system() or sys.platform} yet."
        )
    name = platform.machine()
    if name not in _COLUMNS or sys.maxsize < 2**32:
        raise GuardUnavailable(f"Cloister's kernel guard does not know this processor ({name}).")
    return name


def number(name: str, on: str) -> int | None:
    """The number of a call on a processor, None where that processor has no such call."""
    return NUMBERS[name][_COLUMNS[on]]


def libc() -> ctypes.CDLL:
    """The C library with errno kept per thread."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def call(name: str, *arguments: object) -> int:
    """Makes the system call itself. Raises OSError with the kernel's errno.

    Whole numbers are passed as 64-bit words, pointers as ctypes objects.
    """
    untried = number(name, machine())
    if untried is None:
        raise GuardUnavailable(f"This processor has no system call {name}.")
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = int(libc().syscall(ctypes.c_long(untried), *words))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def set_process(option: int, value: int) -> None:
    """prctl(option, value, 0, 0, 0). Raises OSError."""
    words = [ctypes.c_ulong(n) for n in (value, 0, 0, 0)]
    if libc().prctl(ctypes.c_int(option), *words) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
