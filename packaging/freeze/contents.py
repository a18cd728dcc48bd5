"""What goes into the packaged program, and what does not.

Rules kept here: what the product reads beside its code is named here, file by file or folder by
folder; of each installed package its metadata and licence texts come along, with a record of what
came, and nothing that tells where it was built.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from appliance.parts import PROGRAM, needed

BUILDING = "appliance.engine.compile"
"""Makes bundles out of models, on build machines alone (docs/models.md)."""

LATE = (
    "duckdb_extension_httpfs",
    "tuf.ngclient.config",
    "tuf.ngclient._internal.trusted_metadata_set",
    "xgrammar",
    "xgrammar.tvm_ffi_binding",
)
"""Found by name while the program runs, which no analysis sees."""

_EXCLUDED = (
    BUILDING,
    # Compilers, frameworks, tests
    "tvm torch transformers triton sentence_transformers hypothesis pytest _pytest numpy.f2py "
    "numpy.distutils numpy.testing.tests numpy.tests numpy._core._multiarray_tests "
    "xgrammar.kernels "
    "tvm_ffi.stub tvm_ffi.testing "
    "pydantic.v1 pydantic.mypy duckdb.experimental duckdb.polars_io "
    # Networks: nothing here needs them, and the kernel refuses them
    "ssl _ssl urllib3 requests httpx huggingface_hub ftplib smtplib poplib imaplib nntplib "
    "telnetlib xmlrpc tuf.ngclient.updater tuf.ngclient.fetcher tuf.ngclient.urllib3_fetcher "
    "tuf.ngclient.requests_fetcher PySide6.QtNetwork PySide6.QtQml PySide6.QtQuick "
    # What only developers use
    "tkinter _tkinter idlelib lib2to3 turtledemo ensurepip venv pydoc_data setuptools "
    "pkg_resources distutils _distutils_hack pip wheel pybind11 IPython matplotlib pandas polars "
    "pyarrow PIL fsspec sqlite3 _sqlite3 curses _curses readline pdb",
)
EXCLUDED = tuple(part for entry in _EXCLUDED for part in entry.split())

_UNWANTED = re.compile(
    r"""PySide6/(?:Qt/)?(?:
        plugins/(?:generic|networkinformation|tls|sqldrivers|designer|qmllint|qmltooling
            |egldeviceintegrations|platforms/lib(?:qvnc|qeglfs|qlinuxfb|qminimalegl|qminimal
            |qvkkhrdisplay)|platformthemes|platforminputcontexts/lib(?:qtvirtualkeyboard|ibus)
            |imageformats/lib(?:qpdf|qtiff|qtga|qicns|qwbmp|qwebp|qgif|qico))
        |qml/|translations/(?!qtbase_(?:de|es|fr)\.qm)
    )
    |(?:^|/)libQt6(?:Network|Qml|Quick|VirtualKeyboard|Pdf|Egl|EGL|Labs|Sql|Designer|Test)"""
    r"""|\.(?:pyi|pxd|pyx|pxi|c|h|hpp|cc|cpp|cmake)$""",
    re.VERBOSE,
)
_SYSTEM = ("/usr/lib/", "/lib/", "/usr/local/lib/", "/usr/lib64/", "/lib64/")
_TAKEN_ALONG = re.compile(
    r"lib(?:python3[.\d]*|ffi|crypto|z|bz2|lzma|uuid|xcb-[a-z-]+|xkbcommon(?:-x11)?)\.so"
)
"""Of the building system's own libraries: what its Python is linked with, and the small ones that
Qt's X11 plugin needs and that many a desktop has not got. Everything else is the system's to bring
(elf.py finds what that is), and to keep in order."""
_OURS = re.compile(r"appliance/|gui/|policies/|docs/")
_LICENCES = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)[^/]*$")


def wanted_module(name: str) -> bool:
    return not (name == BUILDING or name.startswith(f"{BUILDING}."))


def wanted_file(destination: str, source: str) -> bool:
    """destination: below the program's folder, as PyInstaller names it, which takes it from
    `source` (for a link: where that leads)."""
    path = destination.replace("\\", "/")
    if "/" not in path and source.startswith(_SYSTEM) and ".so" in path:
        return _TAKEN_ALONG.match(path) is not None
    if ".dist-info/" in path and not _told(path):
        return False  # where a package was installed from, and by what
    return bool(_OURS.match(path)) or _UNWANTED.search(path) is None


def _told(path: str) -> bool:
    """Whether a file of a package's metadata says something about the package itself."""
    kept = path.endswith(("/METADATA", "/WHEEL")) or "/sboms/" in path
    return kept or _LICENCES.search(path) is not None


def data(root: Path) -> list[tuple[str, str]]:
    """(file, folder it goes into) of everything that is no code."""
    found = [
        *_below(root, "policies", "*"),
        *_below(root, "appliance/sample", "*"),
        *_below(root, "appliance/engine/composer", "*"),
        *_below(root, "appliance/engine/reading/weights", "*"),
        *_below(root, "appliance/engine/decoding/bound", "*.txt"),
        *_below(root, "gui", "*.qss", "*.toml"),
        (str(root / "docs" / "dependencies.md"), "docs"),
    ]
    for package in ("duckdb_extension_httpfs", "xgrammar", "tvm_ffi"):
        found += _libraries(package)
    for name in sorted({PROGRAM, *needed()}):
        found += _metadata(distribution(name))
    return found


def icon(root: Path, platform: str) -> str | None:
    """Made by freeze.py before; Linux has its icon from the desktop's files."""
    ending = {"win32": "ico", "darwin": "icns"}.get(platform)
    return str(root / "build" / "installer" / f"cloister.{ending}") if ending else None


def _below(root: Path, folder: str, *patterns: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for path in sorted((root / folder).rglob(pattern)):
            hidden = path.name.startswith(".") or "__pycache__" in path.parts
            if path.is_file() and not hidden and path.suffix != ".py":
                yield str(path), path.parent.relative_to(root).as_posix()


def _libraries(package: str) -> Iterator[tuple[str, str]]:
    """Those that a package looks for beside its code, which no analysis sees."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed.")
    folder = Path(spec.origin).parent
    for path in sorted(folder.rglob("*")):
        library = path.suffix in (".so", ".dll", ".dylib", ".duckdb_extension")
        if library and ".cpython-" not in path.name:
            yield str(path), (Path(package) / path.relative_to(folder).parent).as_posix()


def _metadata(found: Distribution) -> Iterator[tuple[str, str]]:
    """METADATA and the texts of licences; where it was installed from stays behind."""
    for file in found.files or ():
        path = PurePosixPath(str(file))
        if ".dist-info" not in path.parts[0]:
            continue
        if _told(str(path)):
            yield str(found.locate_file(file)), path.parent.as_posix()
