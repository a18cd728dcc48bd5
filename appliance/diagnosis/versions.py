"""Which program this is, on which system: numbers of versions, and names from closed lists.

Rule kept here: what an owner could have named himself (the machine, a kernel of one's own, a build)
is cut down to its number.
"""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

OS_RELEASE = Path("/etc/os-release")
SYSTEMS = frozenset(
    "debian ubuntu rhel fedora centos rocky almalinux sles opensuse-leap ol amzn arch".split()
)
PROCESSORS = frozenset(("x86_64", "aarch64", "arm64", "AMD64"))
PLATFORMS = frozenset(("linux", "darwin", "win32"))
_NUMBER = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,5}(?:(?:a|b|rc|\.post|\.dev)\d{1,6})?")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def versions() -> dict[str, object]:
    """Raises nothing for what is not there."""
    system, release = distribution(_text(OS_RELEASE))
    return {
        "cloister": _installed("cloister"),
        "python": number(platform.python_version()),
        "implementation": "cpython" if sys.implementation.name == "cpython" else "other",
        "platform": _known(sys.platform, PLATFORMS),
        "processor": _known(platform.machine(), PROCESSORS),
        "kernel": number(platform.release()),
        "libc": number(platform.libc_ver()[1]),
        "system": system,
        "system_version": release,
        "frozen": int(bool(getattr(sys, "frozen", False))),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """What the program is declared to need, and the version of each that is installed."""
    try:
        declared = requires("cloister") or []
    except PackageNotFoundError:
        return {}
    names = sorted(
        {m.group() for line in declared if "extra ==" not in line and (m := _PACKAGE.match(line))}
    )
    return {name: _installed(name) for name in names}


def distribution(os_release: str) -> tuple[str, str]:
    """ID and VERSION_ID of an os-release(5), as far as everybody knows them."""
    fields: dict[str, str] = {}
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        fields[name.strip()] = value.strip().strip("\"'")
    return _known(fields.get("ID", ""), SYSTEMS), number(fields.get("VERSION_ID", ""))


def number(text: str) -> str:
    """The version that a text begins with; "" where it begins with none."""
    found = _NUMBER.match(text)
    return found.group() if found else ""


def _known(text: str, names: frozenset[str]) -> str:
    return text if text in names else "other"


def _installed(package: str) -> str:
    try:
        return number(version(package))
    except PackageNotFoundError:
        return "missing"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")[:65_536]
    except OSError:
        return ""
