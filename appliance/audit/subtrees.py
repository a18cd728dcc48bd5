"""Roots of complete subtrees out of tiles, and the proofs made of them.

Rules kept here: a proof is held against the root before it is handed out, so a damaged tile gives
an error, never a wrong proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from appliance.audit.chain import Chain
from appliance.audit.epochs import epoch_path
from appliance.audit.errors import LogTampered
from appliance.audit.excerpt import Proved
from appliance.audit.merkle import Frontier, leaf_hash, subtree_root
from appliance.audit.proofs import (
    consistency_proof,
    inclusion_proof,
    range_root,
    require_consistency,
    require_inclusion,
)
from appliance.audit.tiles import TILE_WIDTH, Tile, parsed_hashes


class Subtrees:
    """The complete subtrees of a log, each read from the tile that spans it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._tiles: dict[Tile, list[bytes]] = {}
        self._roots: dict[tuple[int, int], bytes] = {}

    def root(self, height: int, index: int) -> bytes:
        """Of records [index·2^height, (index+1)·2^height), which must all be there."""
        if (height, index) not in self._roots:
            level, above = divmod(height, 8)
            first = index << above
            hashes = [self._hash(level, first + at) for at in range(1 << above)]
            self._roots[height, index] = subtree_root(hashes)
        return self._roots[height, index]

    def _hash(self, level: int, index: int) -> bytes:
        segment = self._chain.segment
        if level == 0 and index >= segment.start:
            return segment.hashes[index - segment.start]
        block, at = divmod(index, TILE_WIDTH)
        if level and block == segment.blocks >> 8 * level:
            unfinished = segment.unfinished(level)
            if at < len(unfinished):
                return unfinished[at]
        return self._tile(Tile(level, block))[at]

    def _tile(self, tile: Tile) -> list[bytes]:
        if tile not in self._tiles:
            try:
                untrusted = (self._chain.folder / tile.path).read_bytes()
                self._tiles[tile] = parsed_hashes(untrusted, TILE_WIDTH)
            except FileNotFoundError:
                raise LogTampered(f"{tile.path} is missing.") from None
            except ValueError:
                raise LogTampered(f"{tile.path} is damaged.") from None
        return self._tiles[tile]


def proved_inclusion(chain: Chain, seq: int, within: Subtrees | None = None) -> tuple[bytes, ...]:
    """within: what was read for others of this size."""
    proof = inclusion_proof((within or Subtrees(chain)).root, seq, chain.size)
    require_inclusion(leaf_hash(chain.leaf(seq)), seq, chain.size, proof, chain.frontier.root())
    return proof


def proved_records(chain: Chain, checkpoint: bytes, seqs: Sequence[int]) -> Proved:
    """The records, in the order asked for, each with its proof by `checkpoint`, just published.
    Raises LogTampered."""
    within = Subtrees(chain)
    epochs = (_epoch_note(chain, number) for number in range(chain.keys.epoch.number + 1))
    records = ((seq, chain.leaf(seq), proved_inclusion(chain, seq, within)) for seq in seqs)
    return Proved(chain.keys.public_key, checkpoint, tuple(epochs), tuple(records))


def _epoch_note(chain: Chain, number: int) -> bytes:
    try:
        return (chain.folder / epoch_path(number)).read_bytes()
    except OSError:
        raise LogTampered(f"{epoch_path(number)} is missing.") from None


def proved_consistency(chain: Chain, old: int) -> tuple[bytes, ...]:
    subtrees = Subtrees(chain)
    proof = consistency_proof(subtrees.root, old, chain.size)
    old_root = range_root(subtrees.root, 0, old) if old else Frontier().root()
    require_consistency(old, chain.size, old_root, chain.frontier.root(), proof)
    return proof
