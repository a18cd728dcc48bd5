"""Settings that are kept in memory: some the institution's, some a person's own."""

from __future__ import annotations

from dataclasses import replace

from appliance.own_settings import SettingLocked
from appliance.settings import CHOICES, LEAST, MOST, Settings, Source, checked
from appliance.values import SettingView

MANAGED = "/etc/cloister/managed.toml"
OWN = "/home/ada/.config/cloister/settings.toml"


class MemorySettings:
    def __init__(self) -> None:
        self.own: dict[str, str | int] = {}
        self.institution: dict[str, str | int] = {"airgap": "required", "file_limit_mb": 50}

    def shown(self) -> tuple[SettingView, ...]:
        return tuple(self._one(name) for name in (one.name for one in Settings().all))

    def change(self, name: str, text: str) -> None:
        if self._one(name).locked:
            raise SettingLocked(f"`{name}` can only be set by your institution.")
        if not text:
            self.own.pop(name, None)
            return
        number = int(text) if text.lstrip("-").isdecimal() else text
        self.own[name] = checked("Your settings", name, number)

    def _one(self, name: str) -> SettingView:
        known = {one.name: one for one in Settings().all}[name]
        view = SettingView(
            name, known.value, known.value, Source.BUILT_IN, "", known.locked, MANAGED,
            CHOICES.get(name, ()), LEAST.get(name, 1), MOST.get(name, 0),
        )  # fmt: skip
        if name in self.institution:
            value = self.institution[name]
            return replace(
                view, value=value, in_force=value, source=Source.MANAGED, place=MANAGED,
                locked=True,
            )  # fmt: skip
        if name in self.own:
            return replace(view, value=self.own[name], source=Source.USER, place=OWN)
        return view
