"""Settings, read once: built-in < user file < managed. Each value knows where it came from.

The user's file is `<configuration folder>/cloister/settings.toml`; what the institution manages
(managed.py), which only an administrator can write, wins and cannot be changed by the user. An
unknown name or a value of the wrong type is an error that names file and setting: a setting that
is silently ignored is a hole.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from appliance.managed import ManagedSource, SettingsInvalid, TomlFile, managed_source

__all__ = [
    "Settings",
    "SettingsInvalid",
    "Source",
    "default_data_folder",
    "managed_source",
    "read_settings",
    "user_file",
]


class Source(StrEnum):
    BUILT_IN = "built-in"
    USER = "user"
    MANAGED = "managed"


@dataclass(frozen=True, slots=True)
class Settings:
    """airgap: "required" refuses to open the vault when the proof fails, "warn" says so instead.
    profile: "standard" or "fips", for vaults made from now on. file_limit_mb bounds one imported
    file, page_limit one document. model: the language model to use, by name or name@version
    ("composer" ships with the program); empty for the one installed last. context_tokens: what a
    question, its passages and the answer may take together; less where memory is short. gpu: "off",
    or "auto" to run the language model on a GPU where there is one that works. arithmetic: "fast"
    rounds what goes between four-bit weights to eight bits on the processor, "exact" does not
    (slower; docs/benchmarks.md has both). language: of the window, "system" for what the system
    speaks, English where that is none of ours. lock_minutes: how long nobody may touch the
    window before it locks. glass_minutes: the longest that somebody may break the glass of a
    collection for. key_store: "off", or "allowed" to let a person log in through the system's
    key store. packs: policy packs in force beside the baseline, by commas.
    api_calls_per_minute: of one application; what is above is turned away. serve_hours: after
    how many `cloister serve` ends by itself and the vault closes. health_file: where numbers
    about this installation are written for monitoring; empty for nowhere. kiosk: "on" keeps the
    window shut on this machine, so that only `cloister kiosk` opens it (docs/kiosk.md).
    kiosk_title and kiosk_questions: what its first screen says, and the approved questions to
    begin with, by |. kiosk_layouts: of its keyboard, by commas. kiosk_idle_seconds: how long
    nobody may touch it before all of a visitor's is wiped. look: of the window; "system" follows
    the desktop, "light", "dark" and "contrast" do not. text_size: of its text, in per cent.
    sources and places: of each value that is not built in, who set it and where."""

    airgap: str = "required"
    profile: str = "standard"
    file_limit_mb: int = 200
    page_limit: int = 5_000
    model: str = ""
    context_tokens: int = 8_192
    gpu: str = "off"
    arithmetic: str = "fast"
    language: str = "system"
    lock_minutes: int = 10
    glass_minutes: int = 60
    key_store: str = "off"
    packs: str = ""
    api_calls_per_minute: int = 60
    serve_hours: int = 12
    health_file: str = ""
    kiosk: str = "off"
    kiosk_title: str = ""
    kiosk_questions: str = ""
    kiosk_layouts: str = "en, de, es, fr"
    kiosk_idle_seconds: int = 90
    look: str = "system"
    text_size: int = 100
    sources: tuple[tuple[str, Source], ...] = ()
    places: tuple[tuple[str, str], ...] = ()

    def source(self, name: str) -> Source:
        return dict(self.sources).get(name, Source.BUILT_IN)

    @property
    def more_packs(self) -> tuple[str, ...]:
        """The names in `packs`."""
        return tuple(name for name in self.packs.replace(" ", "").split(",") if name)

    @property
    def written_folders(self) -> tuple[Path, ...]:
        """Folders beside the data folder that these settings have something written to."""
        folder = os.path.dirname(self.health_file)  # noqa: PTH120  as isdir, never raises
        return (Path(folder),) if folder and os.path.isdir(folder) else ()  # noqa: PTH112

    @property
    def all(self) -> tuple[Setting, ...]:
        """Every setting, in the order above, for people to look at."""
        places = dict(self.places)
        return tuple(
            Setting(name, getattr(self, name), self.source(name), places.get(name, ""))
            for name in NAMES
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is in force. place: the file or registry key it was set in, "" where it is
    built in."""

    name: str
    value: str | int
    source: Source
    place: str

    @property
    def locked(self) -> bool:
        """Whether whoever sits at the machine cannot change it."""
        return self.source is Source.MANAGED or self.name in MANAGED_ONLY


NAMES = tuple(field.name for field in fields(Settings) if field.name not in ("sources", "places"))

MANAGED_ONLY = frozenset(
    {
        *("airgap", "model", "context_tokens", "gpu", "arithmetic", "glass_minutes", "key_store"),
        *("packs", "api_calls_per_minute", "serve_hours", "health_file"),
        *("kiosk", "kiosk_title", "kiosk_questions", "kiosk_layouts", "kiosk_idle_seconds"),
    }
)
"""What weakens a promise is for the institution to decide, not for whoever sits at the machine."""

MOST = {
    "file_limit_mb": 200,
    "page_limit": 5_000,
    "context_tokens": 1_000_000,
    "lock_minutes": 15,
    "glass_minutes": 480,
    "api_calls_per_minute": 6_000,
    "serve_hours": 24,
    "kiosk_idle_seconds": 900,
    "text_size": 200,
}
"""Above these the sandboxed reader could not keep its own bounds; no model takes more tokens; a
window nobody sits at locks within a quarter of an hour, a glass is whole again after a shift; no
machine answers more calls; somebody logs in anew each day a vault is served; a visitor who has gone
is gone after a quarter of an hour; every screen was laid out with text twice as large."""

LEAST = {"context_tokens": 2_048, "kiosk_idle_seconds": 30, "text_size": 100}
"""Below these passages, question and answer do not fit; nobody reads an answer, since the last
twenty seconds count down; nor small text."""

_PATTERNS = {
    "packs": (
        re.compile(r"([a-z][a-z0-9-]{0,39}( ?, ?[a-z][a-z0-9-]{0,39})*)?"),
        "names of policy packs, by commas",
    ),
    "health_file": (
        re.compile(r"(?!.*[/\\]\.\.[/\\])(|(/|[A-Za-z]:[/\\])[^/\\]+[/\\]+[^/\\].*)"),
        "a whole path, in a folder of its own (the guard lets that folder be written)",
    ),
    "kiosk_title": (re.compile(r"[^\n]{0,80}"), "a line of up to 80 characters"),
    "kiosk_questions": (
        re.compile(r"([^\n|]{1,200}(\|[^\n|]{1,200}){0,11})?"),
        "up to 12 questions of up to 200 characters, by |",
    ),
    "kiosk_layouts": (
        re.compile(r"(en|de|es|fr)( ?, ?(en|de|es|fr)){0,3}"),
        "some of en, de, es and fr, by commas",
    ),
}

CHOICES = {
    "airgap": ("required", "warn"),
    "profile": ("standard", "fips"),
    "gpu": ("off", "auto"),
    "arithmetic": ("fast", "exact"),
    "key_store": ("off", "allowed"),
    "language": ("system", "en", "de", "es", "fr"),
    "kiosk": ("off", "on"),
    "look": ("system", "light", "dark", "contrast"),
}


def default_data_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Cloister"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "Cloister"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "cloister"


def user_file() -> Path:
    return (
        Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        / "cloister"
        / "settings.toml"
    )


def read_settings(
    user: Path | None = None, managed: Path | ManagedSource | None = None
) -> Settings:
    """Reads both where they exist. managed: this machine's own place if None; of a path it is not
    asked who may write it. Raises SettingsInvalid."""
    if managed is None:
        managed = managed_source()
    institution = TomlFile(managed, None) if isinstance(managed, Path) else managed
    person = TomlFile(user or user_file(), None)
    merged: dict[str, str | int] = {}
    sources: dict[str, Source] = {}
    places: dict[str, str] = {}
    for place, source in ((person, Source.USER), (institution, Source.MANAGED)):
        for name, untrusted in place.read().items():
            value = checked(place.name, name, untrusted)
            if name in MANAGED_ONLY and source is not Source.MANAGED:
                raise SettingsInvalid(
                    f"{place.name}: `{name}` can only be set by your institution, in "
                    f"{institution.name}."
                )
            merged[name], sources[name], places[name] = value, source, place.name
    return _made(merged, tuple(sorted(sources.items())), tuple(sorted(places.items())))


def _made(
    merged: Mapping[str, str | int],
    sources: tuple[tuple[str, Source], ...],
    places: tuple[tuple[str, str], ...],
) -> Settings:
    """Of values that were checked; what is not among them is built in."""
    known = Settings()

    def text(name: str) -> str:
        return str(merged.get(name, getattr(known, name)))

    def number(name: str) -> int:
        return int(merged.get(name, getattr(known, name)))

    return Settings(
        airgap=text("airgap"),
        profile=text("profile"),
        file_limit_mb=number("file_limit_mb"),
        page_limit=number("page_limit"),
        model=text("model"),
        context_tokens=number("context_tokens"),
        gpu=text("gpu"),
        arithmetic=text("arithmetic"),
        language=text("language"),
        lock_minutes=number("lock_minutes"),
        glass_minutes=number("glass_minutes"),
        key_store=text("key_store"),
        packs=text("packs"),
        api_calls_per_minute=number("api_calls_per_minute"),
        serve_hours=number("serve_hours"),
        health_file=text("health_file"),
        kiosk=text("kiosk"),
        kiosk_title=text("kiosk_title"),
        kiosk_questions=text("kiosk_questions"),
        kiosk_layouts=text("kiosk_layouts"),
        kiosk_idle_seconds=number("kiosk_idle_seconds"),
        look=text("look"),
        text_size=number("text_size"),
        sources=sources,
        places=places,
    )


def checked(place: str, name: str, value: object) -> str | int:
    """The value, if a setting of this name may have it. Raises SettingsInvalid, naming `place`."""
    builtin = Settings()
    if name not in NAMES:
        raise SettingsInvalid(f"{place} has a setting `{name}` that does not exist.")
    expected = type(getattr(builtin, name))
    if type(value) is not expected or not isinstance(value, (str, int)):
        wanted = "a whole number, without quotes" if expected is int else "a text, in quotes"
        raise SettingsInvalid(f"{place}: `{name}` must be {wanted}.")
    if isinstance(value, int) and value <= 0:
        raise SettingsInvalid(f"{place}: `{name}` must be above zero.")
    if isinstance(value, int) and value < LEAST.get(name, value):
        raise SettingsInvalid(f"{place}: `{name}` must be at least {LEAST[name]:,}.")
    if isinstance(value, int) and value > MOST.get(name, value):
        raise SettingsInvalid(f"{place}: `{name}` must be at most {MOST[name]:,}.")
    if name in CHOICES and value not in CHOICES[name]:
        raise SettingsInvalid(f"{place}: `{name}` must be one of {', '.join(CHOICES[name])}.")
    if name in _PATTERNS and not _PATTERNS[name][0].fullmatch(str(value)):
        raise SettingsInvalid(f"{place}: `{name}` must be {_PATTERNS[name][1]}.")
    return value
