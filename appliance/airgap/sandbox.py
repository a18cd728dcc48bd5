"""Lock-down of a child process that works on what nobody here wrote: documents, models.

Rules kept here:
- The filter is an allow-list: a system call that is not named below is refused. A call made for
  another processor mode (32-bit, x32) kills the process.
- What is on is written down in a `Sandbox`, which the child sends to its parent before it gets
  the first byte of work; the parent calls `require_sandbox` on it and refuses to go on without.
- Nothing is put on half: a guard this platform has and which fails raises `SandboxUnavailable`;
  one that it lacks is named in `Sandbox.missing`.
- The lock-down can only be tightened afterwards; there is no way out of it.

Sources: seccomp(2), prctl(2), landlock(7), linux/filter.h, linux/seccomp.h, linux/landlock.h; the
system call numbers are those of asm/unistd_64.h (x86-64) and asm-generic/unistd.h (aarch64).
"""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.airgap.threads import threads_that_stay
from appliance.errors import CloisterError

EPERM = 1
_REFUSED_ERRORS = (1, 13, 38)  # EPERM, EACCES (Landlock), ENOSYS

# linux/filter.h, linux/seccomp.h
_LD_WORD, _AND, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGS = 0, 4, 16
_X32_BIT = 0x40000000
_SET_MODE_FILTER, _FLAG_TSYNC = 1, 1
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38

# O_ACCMODE | O_CREAT | O_TRUNC (equal on both processors): all must be clear to open for reading.
_OPEN_FOR_WRITING = 0o3 | 0o100 | 0o1000
_PROT_EXEC = 4
_CLONE_THREAD = 0x00010000
# ioctl(2) requests of NVIDIA's driver: type 'F' (nv-ioctl-numbers.h), and plain numbers below 256,
# whatever the upper half (uvm_ioctl.h). Terminals ('T'), sockets and block devices have others.
_GPU_TYPE, _GPU_TYPES = 0xFF00, (0x4600, 0x0000)
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC; not F_SETOWN (sends signals).
_FCNTL = (0, 1, 2, 3, 4, 1030)

# linux/landlock.h
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_ACCESS_READ_FILE, _ACCESS_READ_DIR = 1 << 2, 1 << 3


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What the child may use from now on; None leaves a limit as it is.

    memory: bytes of address space. cpu_seconds: processor time of the whole process; a soft stop
    (SIGXCPU) there and SIGKILL a second later. open_files: highest number of descriptors.
    threads: whether new threads may be made (new processes never). new_code: whether memory may
    be made executable (loading libraries late, just-in-time compilers). gpu: whether a device of
    NVIDIA's driver that is open already may be spoken to.
    """

    memory: int | None
    cpu_seconds: int | None
    open_files: int = 32
    threads: bool = False
    new_code: bool = False
    gpu: bool = False


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What is on (of ALL_GUARDS) and what this platform cannot do, or is not on in every thread.
    `landlock` is the kernel's Landlock version, 0 without."""

    platform: str
    guards: tuple[str, ...]
    missing: tuple[str, ...] = ()
    landlock: int = 0


class SandboxUnavailable(CloisterError):
    """A guard could not be put on, or a child did not say that it is on."""

    code = "sandbox_unavailable"
    hint = (
        "Documents are only read behind these guards. Use a Linux kernel 5.13 or newer with "
        "seccomp and Landlock, or ask your IT department."
    )


ALL_GUARDS = ("system_calls", "files", "no_new_privileges", "not_dumpable", "limits")


@dataclass(frozen=True, slots=True)
class _Processor:
    """audit: AUDIT_ARCH_* of linux/audit.h. numbers: system calls by name; x32: has that mode."""

    audit: int
    seccomp: int
    x32: bool
    numbers: dict[str, int]


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (pair.split("=") for pair in text.split())}


# What computing on bytes in memory and talking over open pipes takes; nothing that names another
# process, a path to write, a socket, a namespace or kernel state.
_X86_64 = _Processor(
    audit=0xC000003E,
    seccomp=317,
    x32=True,
    numbers=_table(
        "read=0 write=1 close=3 fstat=5 lseek=8 mmap=9 mprotect=10 munmap=11 brk=12 "
        "rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 pread64=17 readv=19 writev=20 "
        "sched_yield=24 mremap=25 madvise=28 dup=32 dup2=33 dup3=292 nanosleep=35 getpid=39 "
        "exit=60 uname=63 fcntl=72 gettimeofday=96 getrlimit=97 getrusage=98 sysinfo=99 times=100 "
        "getuid=102 getgid=104 geteuid=107 getegid=108 getppid=110 sigaltstack=131 gettid=186 "
        "time=201 futex=202 sched_getaffinity=204 restart_syscall=219 clock_gettime=228 "
        "clock_getres=229 clock_nanosleep=230 exit_group=231 tgkill=234 set_robust_list=273 "
        "prlimit64=302 getcpu=309 getrandom=318 membarrier=324 rseq=334 "
        "poll=7 select=23 epoll_wait=232 epoll_ctl=233 pselect6=270 ppoll=271 epoll_pwait=281 "
        "epoll_create1=291 "
        "clone=56 clone3=435 sched_setaffinity=203 "
        "openat=257 getdents64=217 newfstatat=262 statx=332 readlinkat=267 readlink=89 "
        "faccessat=269 access=21 stat=4 lstat=6 getcwd=79 ioctl=16"
    ),
)
_AARCH64 = _Processor(
    audit=0xC00000B7,
    seccomp=277,
    x32=False,
    numbers=_table(
        "read=63 write=64 close=57 fstat=80 lseek=62 mmap=222 mprotect=226 munmap=215 brk=214 "
        "rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139 pread64=67 readv=65 writev=66 "
        "sched_yield=124 mremap=216 madvise=233 dup=23 dup3=24 nanosleep=101 getpid=172 "
        "exit=93 uname=160 fcntl=25 gettimeofday=169 getrlimit=163 getrusage=165 sysinfo=179 "
        "times=153 getuid=174 getgid=176 geteuid=175 getegid=177 getppid=173 sigaltstack=132 "
        "gettid=178 futex=98 sched_getaffinity=123 restart_syscall=128 clock_gettime=113 "
        "clock_getres=114 clock_nanosleep=115 exit_group=94 tgkill=131 set_robust_list=99 "
        "prlimit64=261 getcpu=168 getrandom=278 membarrier=283 rseq=293 "
        "pselect6=72 ppoll=73 epoll_ctl=21 epoll_pwait=22 epoll_create1=20 "
        "clone=220 clone3=435 sched_setaffinity=122 "
        "openat=56 getdents64=61 newfstatat=79 statx=291 readlinkat=78 faccessat=48 getcwd=17 "
        "ioctl=29"
    ),
)
_PROCESSORS = {"x86_64": _X86_64, "aarch64": _AARCH64}
_FOR_FILES = frozenset(
    "openat getdents64 newfstatat statx readlinkat readlink faccessat access stat lstat "
    "getcwd".split()
)
_FOR_THREADS = frozenset({"clone", "clone3", "sched_setaffinity"})


def enter_sandbox(limits: SandboxLimits, readable: tuple[Path, ...] = ()) -> Sandbox:
    """Locks this process down for good and returns what is on.

    After return: no socket of any family, no new process, no other program, no file opened for
    writing, no reading outside `readable` (none at all where that is empty), no signal to another
    process, no executable memory (unless `limits.new_code`), and the limits. Call it from the only
    thread, after imports, before the first untrusted byte; descriptors already open stay open.
    With `limits.gpu` and nothing `readable` there may be a driver's threads: the filter and
    no_new_privileges go on in all of them (TSYNC), Landlock in the caller, as `missing` then says.
    Raises SandboxUnavailable when a guard that this platform has does not go on.
    """
    where = f"{sys.platform}-{platform.machine()}"
    _limit(limits)
    if sys.platform != "linux":
        missing = tuple(guard for guard in ALL_GUARDS if guard != "limits")
        return Sandbox(platform=where, guards=("limits",), missing=missing)
    processor = _PROCESSORS.get(platform.machine())
    if processor is None or struct.calcsize("P") != 8 or sys.byteorder != "little":
        raise SandboxUnavailable(f"There is no sandbox for this processor ({where}).")
    if (threads := threads_that_stay()) != 1 and (readable or not limits.gpu):
        raise SandboxUnavailable(f"The sandbox was entered with {threads} threads running.")
    libc = ctypes.CDLL(None, use_errno=True)
    _prctl(libc, _PR_SET_DUMPABLE, 0)
    _prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)
    landlock = _enter_landlock(libc, readable)
    _enter_seccomp(libc, processor, _program(processor, limits, bool(readable)))
    _require_refused(readable)
    return Sandbox(where, ALL_GUARDS, ("landlock_in_other_threads",) * (threads > 1), landlock)


def require_sandbox(sandbox: Sandbox) -> None:
    """Raises SandboxUnavailable unless every guard is on, or this platform has none to put on."""
    absent = [guard for guard in ALL_GUARDS if guard not in sandbox.guards]
    if absent and sys.platform == "linux":
        raise SandboxUnavailable(f"A guard is not on in the child process: {absent[0]}.")


def _limit(limits: SandboxLimits) -> None:
    import resource  # not there on Windows

    def lower(which: int, soft: int, hard: int) -> None:
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(which, (soft, hard))
        except (OSError, ValueError) as error:
            raise SandboxUnavailable(f"A limit could not be set ({error}).") from error

    lower(resource.RLIMIT_CORE, 0, 0)
    lower(resource.RLIMIT_FSIZE, 0, 0)
    lower(resource.RLIMIT_NOFILE, limits.open_files, limits.open_files)
    if not limits.threads:
        lower(resource.RLIMIT_NPROC, 0, 0)
    if limits.cpu_seconds is not None:
        lower(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    if limits.memory is not None:
        lower(resource.RLIMIT_AS, limits.memory, limits.memory)


def _prctl(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) != 0:
        raise SandboxUnavailable(f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}.")


# --- Landlock -----------------------------------------------------------------------------------


def _syscall(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *arguments))


def _enter_landlock(libc: ctypes.CDLL, readable: tuple[Path, ...]) -> int:
    """Returns the version, 0 where the kernel has none; that is an error only if paths stay open
    for reading, for without any the seccomp filter refuses every open by itself."""
    null, one, none = ctypes.c_void_p(), ctypes.c_uint32(1), ctypes.c_uint32(0)
    version = _syscall(libc, _LANDLOCK_CREATE, null, ctypes.c_size_t(0), one)
    if version < 1:
        if readable:
            raise SandboxUnavailable("This kernel has no Landlock to confine reading with.")
        return 0
    attributes = _ruleset(version)
    ruleset = _syscall(
        libc, _LANDLOCK_CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), none
    )
    if ruleset < 0:
        raise SandboxUnavailable(f"Landlock failed: {os.strerror(ctypes.get_errno())}.")
    try:
        for path in readable:
            _allow_reading(libc, ruleset, path)
        if _syscall(libc, _LANDLOCK_RESTRICT, ctypes.c_int(ruleset), none) != 0:
            raise SandboxUnavailable(f"Landlock failed: {os.strerror(ctypes.get_errno())}.")
    finally:
        os.close(ruleset)
    return version


def _ruleset(version: int) -> bytes:
    """struct landlock_ruleset_attr: every right this version knows is handled, hence denied."""
    rights = 13  # LANDLOCK_ACCESS_FS_EXECUTE … MAKE_SYM
    if version >= 2:
        rights += 1  # REFER
    if version >= 3:
        rights += 1  # TRUNCATE
    if version >= 5:
        rights += 1  # IOCTL_DEV
    network = 0b11 if version >= 4 else 0  # BIND_TCP, CONNECT_TCP
    scoped = 0b11 if version >= 6 else 0  # ABSTRACT_UNIX_SOCKET, SIGNAL
    size = 8 if version < 4 else 16 if version < 6 else 24
    return struct.pack("<QQQ", (1 << rights) - 1, network, scoped)[:size]


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxUnavailable(f"A folder to be read is not there ({error.strerror}).") from error
    try:
        rights = _ACCESS_READ_FILE | (_ACCESS_READ_DIR if path.is_dir() else 0)
        rule = struct.pack("=Qi", rights, descriptor)  # struct landlock_path_beneath_attr, packed
        outcome = _syscall(
            libc,
            _LANDLOCK_ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(1),  # LANDLOCK_RULE_PATH_BENEATH
            ctypes.c_char_p(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(descriptor)
    if outcome != 0:
        raise SandboxUnavailable(f"Landlock failed: {os.strerror(ctypes.get_errno())}.")


# --- seccomp ------------------------------------------------------------------------------------


def _op(code: int, constant: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """struct sock_filter."""
    return struct.pack("<HBBI", code, if_true, if_false, constant)


def _allow(number: int) -> bytes:
    return _op(_JUMP_EQUAL, number, 0, 1) + _op(_RETURN, _ALLOW)


def _answer(number: int, error: int) -> bytes:
    return _op(_JUMP_EQUAL, number, 0, 1) + _op(_RETURN, _ERRNO | error)


def _allow_where(number: int, argument: int, mask: int, values: tuple[int, ...]) -> bytes:
    """Allows the call where the low word of `argument`, masked, is one of `values`."""
    body = _op(_LD_WORD, _OFFSET_ARGS + 8 * argument) + _op(_AND, mask)
    for value in values:
        body += _op(_JUMP_EQUAL, value, 0, 1) + _op(_RETURN, _ALLOW)
    body += _op(_RETURN, _ERRNO | EPERM)
    return _op(_JUMP_EQUAL, number, 0, len(body) // 8) + body


def _allow_where_null(number: int, argument: int) -> bytes:
    """Allows the call where all 64 bits of `argument` are zero."""
    low = _OFFSET_ARGS + 8 * argument
    body = (
        _op(_LD_WORD, low)
        + _op(_JUMP_EQUAL, 0, 0, 3)
        + _op(_LD_WORD, low + 4)
        + _op(_JUMP_EQUAL, 0, 0, 1)
        + _op(_RETURN, _ALLOW)
        + _op(_RETURN, _ERRNO | EPERM)
    )
    return _op(_JUMP_EQUAL, number, 0, len(body) // 8) + body


def _program(processor: _Processor, limits: SandboxLimits, files: bool) -> bytes:
    """The filter as an array of struct sock_filter."""
    numbers, word = processor.numbers, 0xFFFFFFFF
    conditional = {
        "fcntl": _allow_where(numbers["fcntl"], 1, word, _FCNTL),
        "tgkill": _allow_where(numbers["tgkill"], 0, word, (os.getpid(),)),
        "prlimit64": _allow_where_null(numbers["prlimit64"], 2),  # reading limits, not setting
    }
    if not limits.new_code:
        for name in ("mmap", "mprotect"):
            conditional[name] = _allow_where(numbers[name], 2, _PROT_EXEC, (0,))
    if limits.threads:
        thread = _allow_where(numbers["clone"], 0, _CLONE_THREAD, (_CLONE_THREAD,))
        conditional["clone"] = thread
        # Its flags lie in memory, out of a filter's sight; ENOSYS makes the C library use clone.
        conditional["clone3"] = _answer(numbers["clone3"], 38)
    if limits.gpu:
        conditional["ioctl"] = _allow_where(numbers["ioctl"], 1, _GPU_TYPE, _GPU_TYPES)
    if files:
        conditional["openat"] = _allow_where(numbers["openat"], 2, _OPEN_FOR_WRITING, (0,))
    program = _op(_LD_WORD, _OFFSET_ARCH) + _op(_JUMP_EQUAL, processor.audit, 1, 0)
    program += _op(_RETURN, _KILL_PROCESS) + _op(_LD_WORD, _OFFSET_NUMBER)
    if processor.x32:
        program += _op(_JUMP_GREATER_EQUAL, _X32_BIT, 0, 1) + _op(_RETURN, _KILL_PROCESS)
    wanted = dict.fromkeys(_FOR_FILES, files) | dict.fromkeys(_FOR_THREADS, limits.threads)
    wanted["ioctl"] = limits.gpu
    for name, number in numbers.items():
        if wanted.get(name, True):
            program += conditional.get(name) or _allow(number)
    return program + _op(_RETURN, _ERRNO | EPERM)


def _enter_seccomp(libc: ctypes.CDLL, processor: _Processor, program: bytes) -> None:
    instructions = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: unsigned short length, padding, pointer
    header = struct.pack("<H6xQ", len(program) // 8, ctypes.addressof(instructions))
    outcome = _syscall(
        libc,
        processor.seccomp,
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(_FLAG_TSYNC),
        ctypes.c_char_p(header),
    )
    if outcome != 0:
        raise SandboxUnavailable(f"seccomp failed: {os.strerror(ctypes.get_errno())}.")


def _require_refused(readable: tuple[Path, ...]) -> None:
    """Tries what must not work any more; a guard that lets it pass is not on."""
    attempts = [lambda: socket.socket(socket.AF_UNIX).detach(), os.fork]
    if not readable:
        attempts.append(lambda: os.open("/", os.O_RDONLY))
    attempts.append(lambda: os.open("/dev/null", os.O_WRONLY))
    for attempt in attempts:
        try:
            outcome = attempt()
        except OSError as error:
            if error.errno in _REFUSED_ERRORS:
                continue
            raise SandboxUnavailable(f"A guard answered oddly ({error.strerror}).") from error
        if outcome == 0:  # a child of the fork that should not have been
            os._exit(70)
        raise SandboxUnavailable("A guard was put on and does not hold.")
