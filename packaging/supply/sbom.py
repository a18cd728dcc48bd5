"""The list of everything the product is made of, as CycloneDX 1.6 (JSON).

    cd packaging && PYTHONPATH=.. ../.venv/bin/python -m supply.sbom [--program DIR] [--out FILE]

With --program (the folder of a packaged program) it lists the native files that are there, by their
names in that folder, else those installed in this environment. program.py puts it into the folder.

Rules kept here: the same files give the same bytes (no time but the release's, no random number);
what is not known is left out or said to be unknown; nothing that licences.toml does not allow gets
into a list, for none is written then.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from hashlib import sha256

from appliance.natives import Inside
from appliance.parts import PROGRAM, PYTHON

from .asked import write_out
from .components import ENGINE, FREEZING, ROOT, Component, Gathered, Native
from .weights import Model

OUT = ROOT / "build" / "sbom.cdx.json"
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "cloister/sbom")
Json = dict[str, object]


def document(found: Gathered, when: int | None = None) -> Json:
    """when: seconds since 1970, of the release."""
    own = next(one for one in found.components if one.name == PROGRAM)
    others = [one for one in found.components if one.name != PROGRAM]
    components = [*map(_component, others), *map(_model, found.models), *map(_file, found.natives)]
    body: Json = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": _metadata(own, when),
        "components": components,
        # What was linked into a file without leaving a mark is not seen.
        "compositions": [
            {"aggregate": "unknown", "assemblies": [_file_ref(one) for one in found.natives]}
        ],
        "dependencies": [_depends(one, others) for one in (own, *others)],
    }
    digest = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {**body, "serialNumber": f"urn:uuid:{uuid.uuid5(_SPACE, digest)}"}


def _metadata(own: Component, when: int | None) -> Json:
    made: Json = {
        "component": {**_component(own), "type": "application"},
        "lifecycles": [{"phase": "build"}],
        "supplier": {"name": "The Cloister authors"},
    }
    if when is not None:
        made["timestamp"] = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return made


def written(found: Gathered, when: int | None = None) -> bytes:
    said = document(found, when)
    return json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _component(one: Component) -> Json:
    purl = f"pkg:generic/{one.name}@{one.version}"
    if one.name not in (PROGRAM, PYTHON):
        purl = f"pkg:pypi/{one.name}@{one.version}"
    made: Json = {
        "type": "library",
        "bom-ref": _ref(one.name),
        "name": one.name,
        "version": one.version,
        "purl": purl,
        "licenses": [{"expression": one.licence}],
        "properties": [
            _property("licence-taken", one.taken),
            *(_property("locked-sha256", digest) for digest in one.hashes),
        ],
    }
    if one.name in {*ENGINE, *FREEZING}:
        made["properties"] = [
            *_list(made),
            _property("shipped", "in part: see docs/dependencies.md"),
        ]
    if one.crates or one.holds:
        inner = {f"{one.name}/{x.name}@{x.version}": x for x in (*one.crates, *one.holds)}
        made["components"] = [_inside(ref, inner[ref]) for ref in inner]
    return made


def _model(one: Model) -> Json:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{one.name}",
        "name": one.name,
        "version": one.version,
        "licenses": [{"expression": one.licence}],
        "properties": [
            *(_property("made-from", text) for text in (one.source, *one.trained_on) if text),
        ],
        "components": [
            {
                "type": "file",
                "bom-ref": f"file:{name}",
                "name": name,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
            for name, digest in one.files
        ],
    }


def _file_ref(native: Native) -> str:
    return f"file:{native.file.path}"


def _list(made: Json) -> list[Json]:
    found = made["properties"]
    return found if isinstance(found, list) else []


def _file(native: Native) -> Json:
    file = native.file
    properties = [_property("part", file.part or "system")]
    properties += [_property("needs", name) for name in file.needed]
    properties += [_property("network-call", call) for call in file.calls]
    if native.origin.package:
        properties.append(
            _property("system-package", f"{native.origin.package} {native.origin.version}")
        )
    if native.published:
        properties.append(_property("as-published", "in the locked wheel"))
    if file.build_id:
        properties.append(_property("build-id", file.build_id))
    if file.problem:
        properties.append(_property("unread", file.problem))
    made: Json = {
        "type": "file",
        "bom-ref": _file_ref(native),
        "name": file.path,
        "hashes": [{"alg": "SHA-256", "content": file.sha256}],
        "properties": properties,
    }
    if native.licence:
        made["licenses"] = [{"expression": native.licence}]
    if native.inside:
        made["components"] = [_inside(f"{file.path}#{one.name}", one) for one in native.inside]
    return made


def _inside(ref: str, one: Inside) -> Json:
    made: Json = {
        "type": "library",
        "bom-ref": f"in:{ref}",
        "name": one.name.removeprefix("crate:"),
        "properties": [_property("seen", one.seen)],
    }
    if one.version:
        made["version"] = one.version
    else:
        made["properties"] = [_property("seen", one.seen), _property("version", "not stated")]
    if one.by:
        made["authors"] = [{"name": one.by}]
    if one.licence:
        made["licenses"] = [{"expression": one.licence}]
    return made


def _depends(one: Component, others: list[Component]) -> Json:
    known = {other.name for other in others}
    needs = [name for name in one.needs if name in known]
    return {"ref": _ref(one.name), "dependsOn": [_ref(name) for name in needs]}


def _ref(name: str) -> str:
    return f"part:{name}"


def _property(name: str, value: str) -> Json:
    return {"name": f"cloister:{name}", "value": value}


if __name__ == "__main__":
    write_out(__doc__, OUT, written)
