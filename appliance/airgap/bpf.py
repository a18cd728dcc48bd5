"""seccomp filters: rules in words, assembled to classic BPF, put on every thread.

Rules kept here: a filter answers foreign system-call gates (32-bit, x32) with EPERM before it looks
at anything else; arguments are compared as whole 64-bit words, low and high; assembling is pure and
a filter cannot be taken off again. Layout: seccomp(2), linux/seccomp.h, linux/bpf_common.h.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from appliance.airgap import syscalls

# linux/audit.h: the gate a call came through
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_GREATER_OR_EQUAL = 0x35
_IF_ANY_BIT = 0x45  # BPF_JSET
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_NUMBER_AT = 0
_ARCHITECTURE_AT = 4
_ARGUMENTS_AT = 16

_SET_MODE_FILTER = 1
_FLAG_TSYNC = 1
_LONGEST = 4096  # BPF_MAXINSNS


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call always fails with `code`."""

    call: str
    code: int = errno.EPERM


@dataclass(frozen=True, slots=True)
class RefuseUnless:
    """The call fails unless argument `argument` (0..5) is exactly `value`, all 64 bits of it."""

    call: str
    argument: int
    value: int
    code: int = errno.EPERM


@dataclass(frozen=True, slots=True)
class RefuseIf:
    """The call fails if the low 32 bits of argument `argument` are `value`.

    For arguments the kernel takes as `unsigned int`: it drops the high half, so must we.
    """

    call: str
    argument: int
    value: int
    code: int = errno.EPERM


@dataclass(frozen=True, slots=True)
class RefuseFlags:
    """The call fails if argument `argument` has any of the bits of `mask` (32 bits)."""

    call: str
    argument: int
    mask: int
    code: int = errno.EPERM


@dataclass(frozen=True, slots=True)
class RefuseWithoutFlag:
    """The call fails unless argument `argument` has one of the bits of `mask` (32 bits)."""

    call: str
    argument: int
    mask: int
    code: int = errno.EPERM


Rule: TypeAlias = Refuse | RefuseUnless | RefuseIf | RefuseFlags | RefuseWithoutFlag

_Instruction: TypeAlias = tuple[int, int, int, int]


def assemble(rules: Sequence[Rule], machine: str) -> bytes:
    """The filter program, 8 bytes an instruction; everything no rule names is allowed.

    Rules for calls that the processor does not have are left out. Raises ValueError when the
    program is longer than the kernel takes.
    """
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        _refusal(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_IF_GREATER_OR_EQUAL, 0, 1, _X32_BIT), _refusal(errno.EPERM)]
    for rule in rules:
        number = syscalls.number(rule.call, machine)
        if number is not None:
            body = _body(rule)
            program += [(_IF_EQUAL, 0, len(body), number), *body]
    program.append((_RETURN, 0, 0, _ALLOW))
    if len(program) > _LONGEST:
        raise ValueError(f"{len(program)} instructions are more than the kernel's {_LONGEST}")
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _body(rule: Rule) -> list[_Instruction]:
    """What follows once the call's number matched; ends with the number loaded again."""
    refusal = _refusal(rule.code)
    if isinstance(rule, Refuse):
        return [refusal]
    low = _ARGUMENTS_AT + 8 * rule.argument  # both processors are little-endian
    again: _Instruction = (_LOAD, 0, 0, _NUMBER_AT)
    load: _Instruction = (_LOAD, 0, 0, low)
    if isinstance(rule, RefuseUnless):
        return [
            load,
            (_IF_EQUAL, 0, 2, rule.value & 0xFFFFFFFF),
            (_LOAD, 0, 0, low + 4),
            (_IF_EQUAL, 1, 0, rule.value >> 32),
            refusal,
            again,
        ]
    if isinstance(rule, RefuseIf):
        return [load, (_IF_EQUAL, 0, 1, rule.value), refusal, again]
    if isinstance(rule, RefuseFlags):
        return [load, (_IF_ANY_BIT, 0, 1, rule.mask), refusal, again]
    return [load, (_IF_ANY_BIT, 1, 0, rule.mask), refusal, again]


def _refusal(code: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def install(program: bytes) -> None:
    """Puts the filter on this process, all of its threads and all it will ever start.

    no_new_privs is set first, so no capability is needed. Raises OSError; a filter that could not
    be put on every thread is on none.
    """
    syscalls.set_process(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    pointer = ctypes.create_string_buffer(header, len(header))
    thread = syscalls.call("seccomp", _SET_MODE_FILTER, _FLAG_TSYNC, pointer)
    if thread > 0:
        raise OSError(errno.EBUSY, f"thread {thread} has another filter")
