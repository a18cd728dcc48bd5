"""The filter's program, run by a small interpreter of classic BPF, says what the rules say."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.airgap import bpf, guard, syscalls
from appliance.airgap.bpf import (
    Refuse,
    RefuseFlags,
    RefuseIf,
    RefuseUnless,
    RefuseWithoutFlag,
    Rule,
)

ALLOW = 0x7FFF0000
NATIVE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
WORD = st.integers(0, 2**64 - 1)
EDGES = (0, 1, 2, 2**32 + 1, 2**32 + 2, 0x50000000, 0x10000, 0x5412, 2**32 + 0x5412)
ARGUMENTS = st.lists(WORD | st.sampled_from(EDGES), min_size=6, max_size=6)


def interpret(program: bytes, architecture: int, number: int, arguments: list[int]) -> int:
    """Runs a seccomp program on seccomp_data (linux/seccomp.h); returns the action."""
    data = struct.pack("<IIQ6Q", number, architecture, 0, *arguments)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        operation, when_true, when_false, k = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif operation == 0x06:
            return int(k)
        else:
            holds = {
                0x15: accumulator == k,
                0x35: accumulator >= k,
                0x45: bool(accumulator & k),
            }[operation]
            at += when_true if holds else when_false


def meant(rules: tuple[Rule, ...], machine: str, number: int, arguments: list[int]) -> int:
    """What the rules say, without any program."""
    for rule in rules:
        if syscalls.number(rule.call, machine) != number:
            continue
        if isinstance(rule, Refuse):
            refused = True
        elif isinstance(rule, RefuseUnless):
            refused = arguments[rule.argument] != rule.value
        elif isinstance(rule, RefuseIf):
            refused = arguments[rule.argument] & 0xFFFFFFFF == rule.value
        elif isinstance(rule, RefuseFlags):
            refused = bool(arguments[rule.argument] & rule.mask)
        else:
            refused = not arguments[rule.argument] & rule.mask
        if refused:
            return 0x50000 | rule.code
    return ALLOW


EVERY_KIND: tuple[Rule, ...] = (
    *guard.RULES,
    RefuseWithoutFlag("tgkill", 0, 0x00010000),
    RefuseUnless("kill", 5, 2**32 + 7),
)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@given(number=st.integers(0, 460), arguments=ARGUMENTS)
def test_the_program_decides_as_the_rules_read(
    machine: str, number: int, arguments: list[int]
) -> None:
    program = bpf.assemble(EVERY_KIND, machine)
    expected = meant(EVERY_KIND, machine, number, arguments)
    assert interpret(program, NATIVE[machine], number, arguments) == expected


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@given(arguments=ARGUMENTS)
def test_only_the_unix_family_opens_a_socket(machine: str, arguments: list[int]) -> None:
    program = bpf.assemble(guard.RULES, machine)
    for name in ("socket", "socketpair"):
        number = syscalls.number(name, machine)
        assert number is not None
        action = interpret(program, NATIVE[machine], number, arguments)
        assert action == (ALLOW if arguments[0] == 1 else 0x50000 | errno.EACCES)


@given(architecture=st.integers(0, 2**32 - 1), number=st.integers(0, 460), arguments=ARGUMENTS)
def test_foreign_gates_are_refused_whatever_they_ask(
    architecture: int, number: int, arguments: list[int]
) -> None:
    for machine, native in NATIVE.items():
        if architecture != native:
            program = bpf.assemble(guard.RULES, machine)
            action = interpret(program, architecture, number, arguments)
            assert action == 0x50000 | errno.EPERM


@given(number=st.integers(0x40000000, 2**32 - 1), arguments=ARGUMENTS)
def test_the_x32_gate_is_refused(number: int, arguments: list[int]) -> None:
    program = bpf.assemble(guard.RULES, "x86_64")
    assert interpret(program, NATIVE["x86_64"], number, arguments) == 0x50000 | errno.EPERM


def test_a_program_longer_than_the_kernel_takes_is_an_error() -> None:
    with pytest.raises(ValueError, match="4096"):
        bpf.assemble([RefuseUnless("socket", 0, 1)] * 700, "x86_64")


def test_the_numbers_here_are_those_of_the_kernels_headers() -> None:
    """Against the running machine's own header, where it is installed."""
    import platform
    import re
    from pathlib import Path

    headers = [
        Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        Path("/usr/include/asm-generic/unistd.h"),
    ]
    column = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
    header = headers[column] if column is not None else Path("/nowhere")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed here")
    told = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    for name in syscalls.NUMBERS:
        mine = syscalls.number(name, platform.machine())
        if name in told:
            assert mine == int(told[name]), name
