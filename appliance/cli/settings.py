"""`cloister settings`: what is set, by whom, and what cannot be changed here."""

from __future__ import annotations

from appliance.cli.arguments import Arguments
from appliance.cli.output import Output
from appliance.settings import Source, read_settings


def show(arguments: Arguments, output: Output) -> int:
    """Each setting with its source; needs no vault and opens nothing."""
    del arguments
    for setting in read_settings().all:
        output.data(
            setting=setting.name,
            value=setting.value,
            source=setting.source.value,
            place=setting.place or None,
            locked=setting.locked,
        )
        value = setting.value if setting.value != "" else "(none)"
        where = f", {setting.place}" if setting.place else ""
        if setting.source is Source.MANAGED:
            where += ", locked by your institution"
        elif setting.locked:
            where += ", only your institution can set it"
        output.line(f"{setting.name} = {value}  ({setting.source.value}{where})")
    return 0
