"""A complete static copy of the log: what a tiled log serves, the epochs, payloads and JSON lines.

Rules kept here: the copy goes into an empty folder; every file and folder is on the disk before the
function returns, the checkpoint last, so a copy with a checkpoint is a whole one; sealed payloads
stay sealed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.audit.chain import CHECKPOINT, Chain
from appliance.audit.epochs import epoch_path
from appliance.audit.errors import ExportRefused, LogTampered
from appliance.audit.tiles import (
    TILE_WIDTH,
    Tile,
    bundles_of,
    payload_bundle,
    payload_path,
    tiles_of,
)
from appliance.vault.durable import storage_error, sync_folder

LINES = "leaves.jsonl"


def copy_log(chain: Chain, checkpoint: bytes, erased: set[int], target: Path) -> None:
    """Copies the log as of `checkpoint`, just published. Raises ExportRefused, LogTampered,
    StorageFull, StorageReadOnly; what was copied until then stays, without a checkpoint."""
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise ExportRefused("The folder for the copy is not empty.")
        folders = {target, target.parent}
        for name, content in _files(chain, erased):
            _write(target, name, content, folders)
        for folder in folders:
            sync_folder(folder)
        _write(target, CHECKPOINT, (checkpoint,), folders)
        sync_folder(target)
    except OSError as error:
        raise storage_error(error, "the copy of the log was not written") from error


def _files(chain: Chain, erased: set[int]) -> Iterator[tuple[str, Iterable[bytes]]]:
    for tile in (*tiles_of(chain.size), *bundles_of(chain.size)):
        yield tile.path, (_tile(chain, tile),)
    for number in range(chain.keys.epoch.number + 1):
        yield epoch_path(number), ((chain.folder / epoch_path(number)).read_bytes(),)
    for bundle in bundles_of(chain.size):
        payloads = _payloads(chain, bundle, erased)
        if any(payloads):
            yield payload_path(bundle.index, bundle.width), (payload_bundle(payloads),)
    yield LINES, (chain.leaf(seq) + b"\n" for seq in range(chain.size))


def _tile(chain: Chain, tile: Tile) -> bytes:
    try:
        return (chain.folder / tile.path).read_bytes()
    except FileNotFoundError:
        raise LogTampered(f"{tile.path} is missing.") from None


def _payloads(chain: Chain, bundle: Tile, erased: set[int]) -> list[bytes]:
    path = chain.folder / payload_path(bundle.index)
    if bundle.end <= chain.segment.start and not path.exists():
        return []
    span = range(bundle.index * TILE_WIDTH, bundle.index * TILE_WIDTH + bundle.width)
    return [b"" if seq in erased else chain.payload(seq) for seq in span]


def _write(target: Path, name: str, content: Iterable[bytes], folders: set[Path]) -> None:
    path = target / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = path.parent
    while folder != target:
        folders.add(folder)
        folder = folder.parent
    with path.open("xb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
