"""Upgrades with data in place, one that does not work among them, and the way out again."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.installer.journey import ANSWER, QUESTION, Journey
from tests.installer.room import HOME, ROOT, USER, WORK, require
from tests.installer.stick import Lacking, with_package

LEFT = ("etc/cloister", "home/anna", "var/lib/cloister")
"""Data, and folders of the user's own: they stay where nobody says otherwise."""
_NOTED = ("var/log/", "var/cache/", "var/lib/dpkg/", "var/lib/apt/", "var/lib/systemd/",
          "etc/ld.so.cache", "etc/passwd-", "etc/shadow-", "etc/fonts/", "usr/local/share/fonts",
          "etc/rc", "etc/systemd/system/multi-user.target.wants/seatd.service",
          "root/later-")  # fmt: skip
"""Where Debian and its packages note what was done, seatd's among them, which cage needs; and the
later packages of these steps."""


def steps(
    journey: Journey, before: dict[str, str], previous: Path | None
) -> tuple[tuple[str, Callable[[], str]], ...]:
    """previous: the package of an earlier build."""
    renewal = Renewal(journey, before)
    return (
        ("upgrade", renewal.upgrade),
        ("upgrade that fails", renewal.broken),
        ("upgrade after that", renewal.mended),
        ("removal, data kept", renewal.remove),
        ("the .run file", renewal.alone),
        ("the .run file's end", renewal.alone_gone),
        ("from the build before", partial(renewal.from_before, previous)),
    )


UNDER_A_WINDOW = """\
setpriv --reuid={user} --regid={user} --clear-groups -- \
    env HOME={home} cloister-window --data {home}/window & window=$!
sleep 8
dpkg -i {deb} || exit 81
kill -0 $window || exit 82
program=/usr/lib/cloister/{before}/cloister
[ -x $program ] || exit 83
$program --socket-probe 2 1 41 "" || exit 84
kill $window
"""


class Renewal:
    def __init__(self, journey: Journey, before: dict[str, str]) -> None:
        self._journey, self._room, self._before = journey, journey.room, before

    def upgrade(self) -> str:
        """While somebody has the window open: it stays, and can still start its own processes."""
        before = self._release()
        script = UNDER_A_WINDOW.format(user=USER, home=HOME, deb=self._later(1), before=before)
        require(self._room.run("sh", "-c", script, extra={"DISPLAY": self._room.display}))
        assert self._release() != before
        self._still_answers()
        return f"{before} became {self._release()} under an open window; the vault opens"

    def broken(self) -> str:
        """A release whose database engine was cut short."""
        before = self._release()
        deb = self._later(2, broken=True)
        done = self._room.run("dpkg", "-i", deb)
        assert done.status != 0
        assert "goes on in its place" in done.said, done.said
        assert self._release() == f"kept-{before}"
        self._still_answers()
        return f"refused by its self-check; {before} goes on and answers"

    def mended(self) -> str:
        require(self._room.run("dpkg", "-i", self._later(3)))
        assert not self._release().startswith("kept-")
        left = [p.name for p in (self._room.folder / "usr/lib/cloister").iterdir()]
        assert sorted(left) == sorted([self._release(), "current"])
        self._still_answers()
        return f"{self._release()}, and nothing of the others is left"

    def remove(self) -> str:
        said = require(self._room.run("dpkg", "--purge", "cloister")).said
        for folder in (self._journey.data, "/var/lib/cloister", "/etc/cloister"):
            if (self._room.folder / folder[1:]).is_dir():
                assert f"{folder} stays." in said, said
        names = self._names_left()
        assert not names, names[:20]
        return "nothing is left but data, which was said"

    def alone(self) -> str:
        """As on another Linux: the libraries are there, and xz(1), which that Debian lacks."""
        shutil.copy2("/usr/bin/xz", self._room.folder / "usr/bin/xz")
        run = next((ROOT / "dist" / "medium").glob("cloister-*.run")).name
        require(self._room.run("sh", f"/media/stick/{run}"))
        self._still_answers()
        require(self._room.run("sh", f"/media/stick/{run}"))  # once more: in place
        self._still_answers()
        return "installed, and brought up to date in place; it answers"

    def alone_gone(self) -> str:
        require(self._room.run("/opt/cloister/uninstall", "--data", "remove"))
        (self._room.folder / "usr/bin/xz").unlink()
        names = self._names_left()
        assert not names, names[:20]
        assert not (self._room.folder / HOME[1:] / ".local/share/cloister").exists()
        return "nothing is left, and data went because that was asked for"

    def from_before(self, previous: Path | None) -> str:
        """An earlier build's data, under this one. Which package that is has to be said."""
        if previous is None:
            raise Lacking("no package of an earlier build was named (--previous)")
        (self._room.folder / HOME[1:] / "code").unlink()  # of the vault that went
        newer = self._room.medium
        self._room.medium = with_package(newer, previous, WORK / "earlier")
        self._journey.install()
        before = self._release()
        self._journey.first_run()
        self._journey.add()
        self._still_answers()
        self._room.medium = newer
        self._journey.install()
        assert self._release() != before
        self._still_answers()
        self._journey.log()
        return f"{before} became {self._release()}; its vault, documents and log are good"

    # --- inside -------------------------------------------------------------------------------

    def _release(self) -> str:
        return (self._room.folder / "usr/lib/cloister/current").readlink().name

    def _still_answers(self) -> None:
        assert ANSWER in self._journey.ask_for("ask", QUESTION).said

    def _names_left(self) -> list[str]:
        """What was not there in the beginning or is not as it was, but for data, Debian's notes and
        its packages."""
        packages = self._of_packages()
        return [
            name
            for name, what in self._room.tree().items()
            if what != self._before.get(name)
            and not name.startswith((*LEFT, *_NOTED))
            and name not in packages
        ]

    def _of_packages(self) -> set[str]:
        lists = (self._room.folder / "var/lib/dpkg/info").glob("*.list")
        named = {line.lstrip("/") for path in lists for line in path.read_text().splitlines()}
        return named | {f"usr/{name}" for name in named}  # /lib is /usr/lib

    def _later(self, number: int, *, broken: bool = False) -> str:
        """A package of a later build; the same program, packed anew. Its path inside."""
        deb = next((ROOT / "dist" / "medium").glob("cloister_*.deb"))
        with tempfile.TemporaryDirectory(dir=self._room.folder.parent) as place:
            tree = Path(place, "tree")
            subprocess.run(["dpkg-deb", "--raw-extract", str(deb), str(tree)], check=True)
            self._renumber(tree, number)
            if broken:
                engine = next(tree.glob("usr/lib/cloister/*/_internal/_duckdb*.so"))
                engine.write_bytes(engine.read_bytes()[:1_000_000])
            out = self._room.folder / "root" / f"later-{number}.deb"
            subprocess.run(
                ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(tree), str(out)],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        return f"/root/{out.name}"

    @staticmethod
    def _renumber(tree: Path, number: int) -> None:
        control = tree / "DEBIAN" / "control"
        text = control.read_text()
        old = next(line for line in text.splitlines() if line.startswith("Version: "))[9:]
        new = f"{old}.{number}"
        control.write_text(text.replace(f"Version: {old}\n", f"Version: {new}\n"))
        for name in ("preinst", "postinst", "prerm", "postrm"):
            script = tree / "DEBIAN" / name
            script.write_text(script.read_text().replace(f'"{old}"', f'"{new}"'))
        sums = tree / "DEBIAN" / "md5sums"
        sums.write_text(sums.read_text().replace(f"/{old}/", f"/{new}/"))
        folder = tree / "usr/lib/cloister"
        shutil.move(folder / old, folder / new)
