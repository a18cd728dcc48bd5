"""Settings, read once: built-in < user file < managed file. Each value knows where it came from.

The user's file is `<configuration folder>/cloister/settings.toml`; the managed one, which only an
administrator can write, is `/etc/cloister/managed.toml` and wins. An unknown name or a value of the
wrong type is an error that names file and setting: a setting that is silently ignored is a hole.
"""

from __future__ import annotations

import os
import sys
import tomllib
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from appliance.errors import CloisterError

MANAGED = Path("/etc/cloister/managed.toml")


class SettingsInvalid(CloisterError):
    code = "settings_invalid"
    hint = "Correct the file named above, or remove the setting."


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
    (slower; docs/benchmarks.md has both). lock_minutes: how long nobody may touch the window before
    it locks. glass_minutes: the longest that somebody may break the glass of a collection for.
    key_store: "off", or "allowed" to let a person log in through the system's key store."""

    airgap: str = "required"
    profile: str = "standard"
    file_limit_mb: int = 200
    page_limit: int = 5_000
    model: str = ""
    context_tokens: int = 8_192
    gpu: str = "off"
    arithmetic: str = "fast"
    lock_minutes: int = 10
    glass_minutes: int = 60
    key_store: str = "off"
    sources: tuple[tuple[str, Source], ...] = ()

    def source(self, name: str) -> Source:
        return dict(self.sources).get(name, Source.BUILT_IN)


MANAGED_ONLY = frozenset(
    {"airgap", "model", "context_tokens", "gpu", "arithmetic", "glass_minutes", "key_store"}
)
"""What weakens a promise is for the institution to decide, not for whoever sits at the machine."""

MOST = {
    "file_limit_mb": 200,
    "page_limit": 5_000,
    "context_tokens": 1_000_000,
    "lock_minutes": 15,
    "glass_minutes": 480,
}
"""Above these the sandboxed reader could not keep its own bounds; no model takes more tokens; a
window nobody sits at locks within a quarter of an hour, a glass is whole again after a shift."""

LEAST = {"context_tokens": 2_048}
"""Below this passages, question and answer do not fit."""

CHOICES = {
    "airgap": ("required", "warn"),
    "profile": ("standard", "fips"),
    "gpu": ("off", "auto"),
    "arithmetic": ("fast", "exact"),
    "key_store": ("off", "allowed"),
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


def read_settings(user: Path | None = None, managed: Path = MANAGED) -> Settings:
    """Reads both files where they exist. Raises SettingsInvalid."""
    merged: dict[str, str | int] = {}
    sources: dict[str, Source] = {}
    for path, source in ((user or user_file(), Source.USER), (managed, Source.MANAGED)):
        for name, value in _read(path).items():
            if name in MANAGED_ONLY and source is not Source.MANAGED:
                raise SettingsInvalid(
                    f"{path}: `{name}` can only be set by your institution, in {MANAGED}."
                )
            merged[name] = value
            sources[name] = source
    known = Settings()
    return Settings(
        airgap=str(merged.get("airgap", known.airgap)),
        profile=str(merged.get("profile", known.profile)),
        file_limit_mb=int(merged.get("file_limit_mb", known.file_limit_mb)),
        page_limit=int(merged.get("page_limit", known.page_limit)),
        model=str(merged.get("model", known.model)),
        context_tokens=int(merged.get("context_tokens", known.context_tokens)),
        gpu=str(merged.get("gpu", known.gpu)),
        arithmetic=str(merged.get("arithmetic", known.arithmetic)),
        lock_minutes=int(merged.get("lock_minutes", known.lock_minutes)),
        glass_minutes=int(merged.get("glass_minutes", known.glass_minutes)),
        key_store=str(merged.get("key_store", known.key_store)),
        sources=tuple(sorted(sources.items())),
    )


def _read(path: Path) -> dict[str, str | int]:
    try:
        untrusted = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be read: {error.strerror}") from error
    return {name: _checked(path, name, value) for name, value in untrusted.items()}


def _checked(path: Path, name: str, value: object) -> str | int:
    builtin = Settings()
    names = {field.name for field in fields(Settings)} - {"sources"}
    if name not in names:
        raise SettingsInvalid(f"{path} has a setting `{name}` that does not exist.")
    expected = type(getattr(builtin, name))
    if type(value) is not expected or not isinstance(value, (str, int)):
        raise SettingsInvalid(f"{path}: `{name}` must be of type {expected.__name__}.")
    if isinstance(value, int) and value <= 0:
        raise SettingsInvalid(f"{path}: `{name}` must be above zero.")
    if isinstance(value, int) and value < LEAST.get(name, value):
        raise SettingsInvalid(f"{path}: `{name}` must be at least {LEAST[name]:,}.")
    if isinstance(value, int) and value > MOST.get(name, value):
        raise SettingsInvalid(f"{path}: `{name}` must be at most {MOST[name]:,}.")
    if name in CHOICES and value not in CHOICES[name]:
        raise SettingsInvalid(f"{path}: `{name}` must be one of {', '.join(CHOICES[name])}.")
    return value
