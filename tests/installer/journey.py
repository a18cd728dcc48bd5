"""What people do with an installation, step by step, in the room of room.py.

Each step raises AssertionError with what was said where something does not hold. They build on one
another, in the order of `STEPS`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.licensing.licence import licence_bytes
from appliance.licensing.signed import Kind, key_in, self_signed
from appliance.licensing.standing import State
from tests.installer import by_hand, licensed
from tests.installer.room import HOME, MEDIUM, ROOT, USER, Done, Room, require
from tests.installer.stick import STORIES, Lacking
from tests.stories260k import SHARED
from tests.storyteller import BEGIN
from tests.unit.licensing.world import VENDOR, licence_for

QUESTION = "How soon must a patient on an anticoagulant have a head CT after a fall?"
ANSWER = "within 8 hours"
PASSPHRASE = "seven lanterns over quiet water"
SECRET = "secret"
"""The file with Anna's passphrase."""
IFF_UP = 1
"""Of an interface's flags (netdevice(7))."""
PROGRAM = "usr/lib/cloister/current/cloister"
VISITOR, CURATOR = "copper kettles beside an orchard", "nine ropes under a paper moon"
MACHINE = """\
format = "cloister-provision"
version = 1
[administrator]
name = "IT"
passphrase_file = "it"
codes = "codes"
[[people]]
name = "Desk"
roles = ["member", "curator", "auditor"]
passphrase_file = "desk"
[[people]]
name = "Visitor"
roles = ["kiosk"]
passphrase_file = "visitor"
[[collections]]
title = "For visitors"
members = ["Desk", "Visitor"]
[kiosk]
collection = "For visitors"
person = "Visitor"
"""
WATCHED = """\
setpriv --reuid={user} --regid={user} --clear-groups -- \\
    env HOME={home} {asked} >/tmp/said 2>&1 & asked=$!
while kill -0 $asked; do
    grep -ho '/encoder/lib/[^ ]*' /proc/[0-9]*/maps
    sleep 0.1
done 2>/dev/null | sort -u
wait $asked || exit 81
cat /tmp/said
rm /tmp/said
"""
IN_CAGE = """\
mkdir -p /tmp/kiosk /tmp/credentials
echo "{secret}" >/tmp/credentials/cloister-kiosk
chmod 600 /tmp/credentials/cloister-kiosk
chmod 700 /tmp/kiosk
chown -R {user} /tmp/kiosk /tmp/credentials
exec setpriv --reuid={user} --regid={user} --clear-groups -- \\
    env HOME={home} RUNTIME_DIRECTORY=/tmp/kiosk XDG_RUNTIME_DIR=/tmp/kiosk \\
    CREDENTIALS_DIRECTORY=/tmp/credentials QT_QPA_PLATFORM=wayland WLR_BACKENDS=headless \\
    WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 timeout --foreground --preserve-status 25 \\
    sh /usr/share/cloister/kiosk/session.sh -- cloister --data {data} --name Visitor kiosk
"""
"""What packaging/kiosk/cloister-kiosk.service sets, and wlroots without a screen and keys."""


class Journey:
    """One ordinary user's way through an installation."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.data = f"{HOME}/.local/share/cloister"

    # --- installing -----------------------------------------------------------------------

    def install(self) -> str:
        started = time.monotonic()
        said = require(self.room.run("sh", f"{MEDIUM}/install.sh")).said
        assert "This installation works." in said
        return f"usable after {time.monotonic() - started:.1f} s"

    def no_network(self) -> str:
        """In the room, that is: what the journey is made without."""
        said = require(self.room.run("cat", "/proc/net/dev")).said
        names = [line.split(":")[0].strip() for line in said.splitlines() if ":" in line]
        assert names == ["lo"], names
        flags = int(require(self.room.run("cat", "/sys/class/net/lo/flags")).said, 16)
        assert not flags & IFF_UP, "lo is up"
        return "no interface but lo, and that is down"

    def self_check(self) -> str:
        said = require(self.room.as_user("cloister", "self-check")).said
        tried = [line.split()[1] for line in said.splitlines() if line.startswith("  ok ")]
        assert tried == ["screen", "window", "product", "models"], said
        return f"{', '.join(tried)} tried, as an ordinary user"

    def window(self) -> str:
        """On a real screen; the second start is a warm one."""
        for _ in range(2):
            started = time.monotonic()
            require(self.room.as_user("cloister-window", "--exit-when-usable", screen=True))
            seconds = time.monotonic() - started
        return f"usable and closed again in {seconds:.2f} s, warm"

    def by_hand(self) -> str:
        """The window, by real keys: first start, a vault, a library, a question."""
        self.room.write(SECRET, f"{PASSPHRASE}\n")
        papers = self._lay_papers()
        by_hand.first_question(self.room, PASSPHRASE, f"{HOME}/papers", papers, QUESTION)
        said = self.ask_for("library", data=by_hand.DATA).said
        assert said.startswith(f"Ward  ({papers} documents, "), said
        assert QUESTION in self.ask_for("conversation", "list", data=by_hand.DATA).said
        closed = self.ask_for("log", "show", "--count", "60", data=by_hand.DATA).said
        assert any("ask.closed" in line and "answered" in line for line in closed.splitlines()), (
            closed
        )
        return f"a vault, {papers} documents and an answer, by keys and one click"

    # --- using it ---------------------------------------------------------------------------

    def first_run(self) -> str:
        self.room.write(SECRET, f"{PASSPHRASE}\n")
        self.ask_for("init", "--name", "Anna", "--recovery-file", f"{HOME}/code")
        return "a vault, its recovery code in a file"

    def seat(self) -> str:
        """The institution's authority is on this machine as well: all by files."""
        self._become_licensed()
        office = f"{HOME}/office"
        self.ask_for("authority", "init", "--institution", "St. Anne", "--out", f"{HOME}/key",
                     "--authority", office)  # fmt: skip
        key = (self.room.folder / HOME[1:] / "key").read_bytes()
        now = datetime.now(UTC).replace(microsecond=0)
        licence = replace(
            licence_for(key_in(self_signed(Kind.AUTHORITY, key).body, "key")), issued=now,
            start=now - timedelta(days=1), end=now + timedelta(days=365), seats=1,
        )  # fmt: skip
        self.room.write("licence", licence_bytes(licence, VENDOR))
        self.ask_for("authority", "licence", f"{HOME}/licence", "--authority", office)
        self.ask_for("licence", "install", f"{HOME}/licence")
        self.ask_for("seat", "request", "--label", "Ward 9", "--out", f"{HOME}/ward-9")
        self.ask_for("authority", "approve", f"{HOME}/ward-9", "--out", f"{HOME}/given",
                     "--accept-indistinct", "--authority", office)  # fmt: skip
        self.ask_for("seat", "activate", f"{HOME}/given/0001-Ward_9.seat")
        said = self.ask_for("seat", "status").said
        assert said.startswith(f"State: {State.ACTIVE} ("), said
        return "active, by a certificate in a file"

    def _become_licensed(self) -> None:
        target = self.room.folder / PROGRAM
        shutil.copyfile(licensed.executable(), target.with_name("cloister.new"))
        target.with_name("cloister.new").chmod(0o755)
        target.with_name("cloister.new").replace(target)

    def add(self) -> str:
        papers = self._lay_papers()
        added = self.ask_for("add", f"{HOME}/papers", "--to", "Library").said
        assert f"{papers} added, 0 already there, 0 failed" in added, added
        there = self.ask_for("library").said.splitlines()[0]
        assert there.startswith(f"Library  ({papers} documents, "), there
        return there

    def _lay_papers(self) -> int:
        """The sample hospital's documents into the user's folder; how many."""
        hospital = ROOT / "appliance" / "sample" / "hospital"
        papers = [path for path in sorted(hospital.rglob("*")) if path.is_file()]
        for path in papers:
            self.room.write(f"papers/{path.name}", path.read_bytes())
        os.chown(self.room.folder / HOME[1:] / "papers", USER, USER)
        return len(papers)

    def quote(self) -> str:
        said = self.ask_for("ask", QUESTION).said
        assert ANSWER in said
        assert "Quoted word for word" in said, said
        assert "  [1] " in said, said
        return f"“{ANSWER}”, with its page"

    def written(self) -> str:
        """By the model that ships, where the institution has turned it on."""
        self._manage('model = "composer"\n')
        said = self.ask_for("ask", QUESTION).said
        self._manage(None)
        assert ANSWER in said
        assert "Written by composer@" in said, said
        assert "  [1] " in said, said
        return "an answer that the composer wrote, checked against its page"

    def chat(self) -> str:
        """A small bundle in MLC's layout, as others publish it, that came on the medium. It was
        made for 512 tokens: it writes, and is not asked about documents (docs/models.md)."""
        if not SHARED.is_dir():
            raise Lacking("the weights are not beside this checkout")
        place = f"/var/lib/cloister/models/{STORIES}"
        listed = self.room.as_user("cloister", "--data", self.data, "model", "list").said
        assert f"`cloister model install {place}`" in listed, listed
        self.ask_for("model", "install", place, "--trust-unsigned", "--as", "stories")
        said = self.ask_for("model", "chat", "stories", "--prompt", BEGIN).said
        assert len(said.split()) > 5, said
        return f"it writes: “{' '.join(said.split())[:60]}…”"

    def log(self) -> str:
        said = self.ask_for("log", "verify").said
        assert said.startswith("The log verifies: "), said
        return said.splitlines()[0][:70]

    def kiosk(self) -> str:
        """Provisioned from a file, open on a real screen, ended as systemd ends it."""
        place = self._provision_kiosk()
        for secret, command in ((CURATOR, ("add", f"{HOME}/papers", "--to", "For visitors")),):
            self.room.write("desk-secret", f"{secret}\n")
            self.ask_for(*command, data=place, name="Desk", secret="desk-secret")
        self.room.write("visitor-secret", f"{VISITOR}\n")
        done = self.room.as_user(
            "timeout", "--preserve-status", "25", "cloister", "--data", place, "--name", "Visitor",
            "--passphrase-file", f"{HOME}/visitor-secret", "kiosk", screen=True,
        )  # fmt: skip
        assert "The kiosk has ended." in require(done).said
        said = self.ask_for("log", "show", "--count", "40", data=place, name="Desk",
                            secret="desk-secret").said  # fmt: skip
        assert "kiosk.opened" in said, said
        assert "kiosk.fell" not in said, said
        return "let visitors at it, and ended when it was told to"

    def kiosk_in_cage(self) -> str:
        """As its unit starts it, with the credential that systemd hands over; cage has no screen
        here. What it needs comes from the medium."""
        require(self.room.run("sh", f"{MEDIUM}/install.sh", "--kiosk"))
        script = IN_CAGE.format(user=USER, home=HOME, data=f"{HOME}/kiosk-data", secret=VISITOR)
        require(self.room.run("sh", "-c", script))
        self._manage(None)
        said = self.ask_for("log", "show", "--count", "60", data=f"{HOME}/kiosk-data", name="Desk",
                            secret="desk-secret").said  # fmt: skip
        opened = said.rpartition("kiosk.opened")[2]
        assert said.count("kiosk.opened") == 2, said
        assert "kiosk.fell" not in opened, said
        assert "session.closed" in opened, said
        return "opened on Wayland, ended as systemd ends it, its vault closed"

    def _manage(self, settings: str | None) -> None:
        """The institution's settings; None: there are none."""
        file = self.room.folder / "etc/cloister/managed.toml"
        file.parent.mkdir(exist_ok=True)
        if settings is None:
            file.unlink()
        else:
            file.write_text(settings)

    def _provision_kiosk(self) -> str:
        self._manage('packs = "kiosk"\n')
        secrets = {"it": PASSPHRASE, "desk": CURATOR, "visitor": VISITOR}
        for name, secret in secrets.items():
            self.room.write(f"machine/{name}", f"{secret}\n")
        file = self.room.write("machine/machine.toml", MACHINE)
        folder = self.room.folder / HOME[1:] / "machine"
        (folder / "codes").mkdir(mode=0o700)
        for path in (folder, folder / "codes"):
            os.chown(path, USER, USER)
        place = f"{HOME}/kiosk-data"
        require(self.room.as_user("cloister", "--data", place, "provision", file))
        return place

    def backup(self) -> str:
        require(self.room.as_user("mkdir", f"{HOME}/backups"))
        self.ask_for("backup", "create", f"{HOME}/backups")
        said = self.ask_for("backup", "verify", f"{HOME}/backups").said
        assert "Whole: backup 1, " in said, said
        return said.strip().splitlines()[-1][:70]

    def older_processor(self) -> str:
        """Of level x86-64-v3, as the engine sees it: /proc/cpuinfo without AVX-512. What the engine
        then loads is read in the kernel's list of what its process has mapped."""
        lines = Path("/proc/cpuinfo").read_text().splitlines(keepends=True)
        masked = "".join(_without_avx512(line) for line in lines)
        file = self.room.folder.parent / "cpuinfo"
        file.write_text(masked)
        command = ("cloister", "--data", self.data, "--passphrase-file", f"{HOME}/{SECRET}", "ask")
        script = WATCHED.format(user=USER, home=HOME, asked=shlex.join((*command, QUESTION)))
        said = require(self.room.run("sh", "-c", script, processor=file)).said
        loaded = {line for line in said.splitlines() if line.startswith("/encoder/lib/")}
        assert loaded == {"/encoder/lib/x86-64-v3.so", "/encoder/lib/reader-x86-64-v3.so"}, said
        assert ANSWER in said, said
        here = "which it has" if masked != "".join(lines) else "which it has not"
        return f"without AVX-512 ({here}) it loads the code for x86-64-v3; the answer is the same"

    # --- how a command is asked for -------------------------------------------------------

    def ask_for(
        self,
        *command: str,
        data: str = "",
        name: str = "",
        secret: str = SECRET,
    ) -> Done:
        more = ("--name", name) if name else ()
        return require(
            self.room.as_user(
                "cloister", "--data", data or self.data, *more,
                "--passphrase-file", f"{HOME}/{secret}", *command,
            )
        )  # fmt: skip


def _without_avx512(line: str) -> str:
    if not line.startswith("flags"):
        return line
    words = [word for word in line.split(" ") if not word.startswith("avx512")]
    return " ".join(words).rstrip("\n") + "\n"


Step = Callable[[Journey], str]
STEPS: tuple[Step, ...] = (
    Journey.no_network, Journey.install, Journey.self_check, Journey.window, Journey.by_hand,
    Journey.first_run,
    Journey.seat, Journey.add, Journey.quote, Journey.written, Journey.chat, Journey.log,
    Journey.kiosk, Journey.kiosk_in_cage, Journey.backup, Journey.older_processor,
)  # fmt: skip
