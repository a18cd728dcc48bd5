"""Makes small signed packs for tests, under a key of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from appliance.policy import manifest, pack
from appliance.policy.pack import Pack
from appliance.policy.vocabulary import SCHEMA
from appliance.vault.signers import SignerKey, TrustedKey

PERMIT = '@id("{name}.ask") permit (principal, action == Action::"ask", resource);'


@cache
def signer() -> SignerKey:
    return SignerKey.generate()


def trusted() -> tuple[TrustedKey, ...]:
    return (signer().public("tests"),)


def files(name: str, serial: int, cedar: str, topics: str = "") -> dict[str, bytes]:
    made = {
        "pack.toml": f'name = "{name}"\nversion = "1.0.0"\nserial = {serial}\nauthor = "tests"\n',
        "schema.cedarschema": SCHEMA,
        "rules.cedar": cedar or PERMIT.format(name=name),
        "cases.toml": "",
    }
    if topics:
        made["topics.toml"] = topics
    return {file: text.encode() for file, text in made.items()}


def write(
    parent: Path,
    name: str = "small",
    *,
    serial: int = 1,
    cedar: str = "",
    topics: str = "",
    changed: Mapping[str, bytes] | None = None,
    key: SignerKey | None = None,
) -> Path:
    """A pack's folder, signed. `changed` replaces files before signing."""
    folder = parent / name
    folder.mkdir(parents=True)
    content = {**files(name, serial, cedar, topics), **(changed or {})}
    for file, text in content.items():
        (folder / file).write_bytes(text)
    signature = manifest.sign(name, "1.0.0", serial, content, key or signer())
    (folder / manifest.SIGNATURE_FILE).write_bytes(signature)
    return folder


def made(parent: Path, name: str = "small", **how: str) -> Pack:
    return pack.load(write(parent, name, **how), trusted())  # type: ignore[arg-type]
