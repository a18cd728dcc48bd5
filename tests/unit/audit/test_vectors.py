"""The committed copy of a log verifies today and for ever, and with code that is not ours."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from appliance.audit.note import split_note
from appliance.audit.verify import verify
from tests.unit.audit.test_merkle import naive_root

FOLDER = Path(__file__).parents[2] / "vectors" / "audit" / "log-v1"
KEY = (FOLDER / "public-key").read_text(encoding="utf-8").strip()
ROOT = "e4bacf5e3f9a730bd4d86e066d726ce9f06d3aa275a2f8f9112103ab480f4966"


def test_the_committed_log_verifies() -> None:
    proof = verify(FOLDER, KEY)
    assert (proof.size, proof.epochs, proof.asks, proof.erased) == (259, 2, 2, 1)
    assert proof.root.hex() == ROOT


def test_a_reader_of_the_specifications_alone_gets_the_same_root() -> None:
    """tlog-tiles, tlog-checkpoint and RFC 6962, read anew and naively, with none of our code."""
    leaves: list[bytes] = []
    for name in ("000", "001.p/3"):
        bundle = (FOLDER / "tile" / "entries" / name).read_bytes()
        while bundle:
            size = int.from_bytes(bundle[:2], "big")
            leaves.append(bundle[2 : 2 + size])
            bundle = bundle[2 + size :]
    origin, size_line, root, *_ = (FOLDER / "checkpoint").read_text(encoding="utf-8").split("\n")
    assert origin == KEY.split("+")[0]
    assert int(size_line) == len(leaves) == 259
    assert b64decode(root) == naive_root(leaves)
    tile = (FOLDER / "tile" / "0" / "000").read_bytes()
    assert tile == b"".join(sha256(b"\x00" + leaf).digest() for leaf in leaves[:256])
    assert (FOLDER / "tile" / "1" / "000.p" / "1").read_bytes() == naive_root(leaves[:256])
    for seq, leaf in enumerate(leaves):
        members = json.loads(leaf)
        assert members["seq"] == seq
        spelled = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert spelled.encode() == leaf
    lines = (FOLDER / "leaves.jsonl").read_bytes()
    assert lines == b"".join(leaf + b"\n" for leaf in leaves)


def test_the_first_key_signed_the_second() -> None:
    text, lines = split_note((FOLDER / "epochs" / "1.note").read_bytes())
    assert text.startswith("cloister-log-epoch/v1\n")
    assert lines[0][1][:4].hex() == KEY.split("+")[1]
