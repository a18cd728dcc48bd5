"""`make screens`: drives the real widgets through the main jobs and saves a picture of each.

Usage: python packaging/screens.py FOLDER [--theme light|dark] [--language en|de|es|fr]
       [--size 1440x900] [--memory]

Without --memory the product itself runs, on a throwaway vault with the sample library.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.administration import carrying, insights, people, seat, settings  # noqa: E402
from tests.screens.camera import Camera, Scene  # noqa: E402
from tests.screens.day import (  # noqa: E402
    acting,
    asking,
    first_run,
    library,
    log,
    ordering,
    writing,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=lambda name: Path(name).absolute())
    parser.add_argument("--language", choices=("en", "de", "es", "fr"), default="en")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only", action="append", help="these scenes alone, after the first run")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.folder) as work:
        scene = Scene(memory=given.memory, work=Path(work))
        product = scene.appliance()  # before Qt: the guard cannot reach threads that run

        from PySide6.QtWidgets import QApplication

        from gui.languages import choice
        from gui.shell import Shell
        from gui.style.theme import Follower

        application = QApplication(sys.argv[:1])
        choice.use(application, given.language)
        Follower(application, given.theme)
        shell = Shell(product)
        width, height = (int(part) for part in given.size.split("x"))
        shell.resize(width, height)
        shell.show()
        camera = Camera(given.folder, shell)
        scenes = (
            first_run, insights, library, asking, acting, ordering, writing, insights, seat, people,
            settings, carrying, log,
        )  # fmt: skip
        for scenario in scenes:
            if not given.only or scenario in (first_run, log) or scenario.__name__ in given.only:
                scenario(camera, shell, scene)
        shell.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
