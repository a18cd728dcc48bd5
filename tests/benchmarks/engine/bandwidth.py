"""How fast the memory can be read: the bound of decoding, which reads every weight once a token."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("bandwidth.c")


class Bandwidth:
    """The probe, compiled into `folder` for this machine. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            raise OSError("the bandwidth probe needs a C compiler")
        program = folder / "bandwidth"
        subprocess.run(
            [compiler, "-O3", "-march=native", "-pthread", str(SOURCE), "-o", str(program)],
            check=True,
        )
        self._process = subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def read(self, threads: int) -> float:
        """Bytes a second, the median of five passes over half a gigabyte."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise OSError("the bandwidth probe has no pipes")
        sink.write(f"{threads}\n")
        sink.flush()
        return float(source.readline())

    def __enter__(self) -> Bandwidth:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
