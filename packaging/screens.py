"""`make screens`: drives the real widgets through the main jobs and saves a picture of each.

Usage: python packaging/screens.py FOLDER [--theme light|dark|contrast] [--text-size 100]
       [--language en|de|es|fr] [--size 1440x900] [--memory]

Without --memory the product itself runs, on a throwaway vault with the sample library.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.camera import Camera, Scene  # noqa: E402
from tests.screens.tour import SCENES  # noqa: E402

ALWAYS = ("first_run", "log")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=lambda name: Path(name).absolute())
    parser.add_argument("--language", choices=("en", "de", "es", "fr"), default="en")
    parser.add_argument("--theme", choices=("light", "dark", "contrast"), default="light")
    parser.add_argument("--text-size", type=int, default=100, help="per cent")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only", action="append", help="these scenes alone, after the first run")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cloister-") as folder:
        work = Path(folder) / "stick"  # named on some pictures
        work.mkdir()
        scene = Scene(memory=given.memory, work=work, pictures=given.folder)
        product = scene.appliance()  # before Qt: the guard cannot reach threads that run

        from PySide6.QtWidgets import QApplication

        from gui.languages import choice
        from gui.shell import Shell
        from gui.style.theme import Follower

        application = QApplication(sys.argv[:1])
        choice.use(application, given.language)
        Follower(application, given.theme, given.text_size / 100)
        shell = Shell(product)
        width, height = (int(part) for part in given.size.split("x"))
        shell.resize(width, height)
        shell.show()
        camera = Camera(given.folder, shell)
        for scenario in SCENES:
            if not given.only or scenario.__name__ in (*ALWAYS, *given.only):
                scenario(camera, shell, scene)
        shell.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
