"""Roots of complete subtrees out of tiles, and the proofs made of them.

Rules kept here: a proof is held against the root before it is handed out, so a damaged tile gives
an error, never a wrong proof.
"""

from __future__ import annotations

from appliance.audit.chain import Chain
from appliance.audit.errors import LogTampered
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

    def root(self, height: int, index: int) -> bytes:
        """Of records [index·2^height, (index+1)·2^height), which must all be there."""
        level, above = divmod(height, 8)
        first = index << above
        return subtree_root([self._hash(level, first + at) for at in range(1 << above)])

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


def proved_inclusion(chain: Chain, seq: int) -> tuple[bytes, ...]:
    proof = inclusion_proof(Subtrees(chain).root, seq, chain.size)
    require_inclusion(leaf_hash(chain.leaf(seq)), seq, chain.size, proof, chain.frontier.root())
    return proof


def proved_consistency(chain: Chain, old: int) -> tuple[bytes, ...]:
    subtrees = Subtrees(chain)
    proof = consistency_proof(subtrees.root, old, chain.size)
    old_root = range_root(subtrees.root, 0, old) if old else Frontier().root()
    require_consistency(old, chain.size, old_root, chain.frontier.root(), proof)
    return proof
