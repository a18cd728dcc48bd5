"""What a checker must find in a copy, with nothing but the files and the first public key."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.audit import LogTampered, NoLog, writer
from appliance.audit.keys import read_keys
from appliance.audit.leaf import parsed_leaf
from appliance.audit.merkle import Frontier, leaf_hash, subtree_root
from appliance.audit.note import Checkpoint, signed_note
from appliance.audit.tiles import TILE_WIDTH, bundles_of, entry_bundle, parsed_entries, tiles_of
from appliance.audit.verify import verify
from appliance.values import Outcome
from tests.unit.audit.making import ADDED, KEY, VERDICT, created, filled, question, reopened


@dataclass(frozen=True, slots=True)
class Made:
    live: Path
    copy: Path
    key: str
    size: int
    older: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A log of several epochs and journals, still open to the disk, and its export."""
    folder = tmp_path_factory.mktemp("log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "JOURNAL_RECORDS", 300)
        patch.setattr(writer, "EPOCH_RECORDS", 250)
        log = created(folder / "live")
        filled(log, 700)
        older = log.checkpoint()
        filled(log, 900)
        log.erase_payload(next(s for s in range(9) if _has_payload(folder / "live", s)))
        log.export(folder / "copy")
        made = Made(folder / "live", folder / "copy", log.public_key, log.size, older)
        log.close()
    return made


def _has_payload(folder: Path, seq: int) -> bool:
    bundle = (folder / "tile" / "entries" / "000").read_bytes()
    return bool(parsed_leaf(parsed_entries(bundle, TILE_WIDTH)[seq], seq).payload)


def files_of(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def duplicate(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target


def damage_everywhere(folder: Path, key: str, names: list[str], where: random.Random) -> None:
    """Flips, cuts, lengthens and removes each file in turn; each must be found."""
    for name in names:
        path = folder / name
        whole = path.read_bytes()
        used = len(whole.rstrip(b"\x00")) if name == "journal" else len(whole)
        spots = [0, used - 1, *(where.randrange(used) for _ in range(6))]
        for at in spots:
            flipped = bytearray(whole)
            flipped[at] ^= 1 << where.randrange(8)
            path.write_bytes(flipped)
            with pytest.raises(LogTampered):
                verify(folder, key)
        for cut in {0, used // 2, used - 1}:
            path.write_bytes(whole[:cut])
            with pytest.raises(LogTampered):
                verify(folder, key)
        path.unlink()
        if name != "leaves.jsonl":
            with pytest.raises(LogTampered):
                verify(folder, key)
        path.write_bytes(whole)
    verify(folder, key)


def test_an_export_verifies_alone(made: Made) -> None:
    proof = verify(made.copy, made.key)
    assert proof.size == made.size
    assert proof.checkpoint == made.size
    assert proof.epochs >= 3
    assert proof.erased == 1
    assert proof.unclosed == ()
    assert "whole" in proof.sentence


def test_the_log_itself_verifies(made: Made) -> None:
    assert verify(made.live, made.key).size == made.size


def test_a_fresh_process_needs_neither_keys_nor_the_writer(made: Made) -> None:
    script = (
        "import sys; from pathlib import Path; from appliance.audit.verify import verify; "
        "print(verify(Path(sys.argv[1]), sys.argv[2]).size); "
        "print(sorted(m for m in sys.modules if m.startswith('appliance.audit.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(made.copy), made.key],
        check=True,
        capture_output=True,
        text=True,
    )
    size, modules = done.stdout.splitlines()
    assert int(size) == made.size
    for part in ("log", "writer", "chain", "segment", "journal", "keys", "head", "opening"):
        assert f"'appliance.audit.{part}'" not in modules


def test_every_file_of_an_export_is_held_against_the_rest(made: Made, tmp_path: Path) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    names = files_of(copy)
    kinds = {"checkpoint", "leaves.jsonl", "epochs/0.note", "tile/0/000", "tile/entries/000"}
    assert kinds < set(names)
    assert {"payload/000", "tile/1/000.p/3"} < set(names)
    damage_everywhere(copy, made.key, names, random.Random(1))  # noqa: S311  repeatable


def test_every_file_of_the_log_is_held_against_the_rest(made: Made, tmp_path: Path) -> None:
    live = duplicate(made.live, tmp_path / "live")
    needed = {f"{tile.path}" for tile in (*tiles_of(512), *bundles_of(512)) if tile.width == 256}
    names = [
        name
        for name in files_of(live)
        if name in needed or name.startswith(("payload", "epochs", "journal"))
    ]
    assert len(names) > 8
    damage_everywhere(live, made.key, names, random.Random(2))  # noqa: S311  repeatable


def test_files_that_change_places_are_found(made: Made, tmp_path: Path) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    for one, other in (
        ("tile/0/000", "tile/0/001"),
        ("tile/entries/000", "tile/entries/001"),
        ("payload/000", "payload/001"),
        ("epochs/1.note", "epochs/2.note"),
    ):
        first, second = (copy / one).read_bytes(), (copy / other).read_bytes()
        (copy / one).write_bytes(second)
        (copy / other).write_bytes(first)
        with pytest.raises(LogTampered):
            verify(copy, made.key)
        (copy / one).write_bytes(first)
        (copy / other).write_bytes(second)


def test_the_first_wrong_record_is_named(made: Made, tmp_path: Path) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    path = copy / "tile" / "entries" / "001"
    path.write_bytes(path.read_bytes().replace(b'"c-1/d-2"', b'"c-1/d-9"', 1))
    with pytest.raises(LogTampered, match=r"Record \d+ is not the one in tile/0/001"):
        verify(copy, made.key)


def test_another_logs_key_is_refused(made: Made, tmp_path: Path) -> None:
    other = created(tmp_path / "other")
    with pytest.raises(LogTampered, match="another key"):
        verify(made.copy, other.public_key)
    other.close()
    with pytest.raises(LogTampered, match="public key"):
        verify(made.copy, "nonsense")
    with pytest.raises(NoLog):
        verify(tmp_path / "none", made.key)


def test_tiles_beyond_the_end_tell_of_a_cut(made: Made, tmp_path: Path) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    shutil.copy(copy / "tile" / "0" / "000", copy / "tile" / "0" / "007")
    with pytest.raises(LogTampered, match="was cut"):
        verify(copy, made.key)


def test_a_live_log_without_its_journal_is_no_export(made: Made, tmp_path: Path) -> None:
    live = duplicate(made.live, tmp_path / "live")
    (live / "journal").unlink()
    with pytest.raises(LogTampered, match="journal is missing"):
        verify(live, made.key)


def test_a_missing_payload_is_missing_unless_its_erasure_is_logged(
    made: Made, tmp_path: Path
) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    (copy / "payload" / "001").unlink()
    with pytest.raises(LogTampered, match=r"payload of record \d+ is missing"):
        verify(copy, made.key)


# --- against older checkpoints -----------------------------------------------------------------


def test_a_kept_checkpoint_is_continued(made: Made) -> None:
    assert verify(made.copy, made.key, known_checkpoint=made.older).size == made.size


def test_a_log_cut_below_a_kept_checkpoint_is_found(made: Made, tmp_path: Path) -> None:
    """A whole older state, put back, verifies alone: only what was kept elsewhere tells."""
    log = created(tmp_path / "log")
    filled(log, 40)
    log.close()
    older = duplicate(tmp_path / "log", tmp_path / "older")
    log = reopened(tmp_path / "log")
    filled(log, 60)
    kept, key = log.checkpoint(), log.public_key
    log.close()
    assert verify(older, key).size == 40
    with pytest.raises(LogTampered, match=r"the checkpoint you kept speaks of 60"):
        verify(older, key, known_checkpoint=kept)
    continued = reopened(older)
    filled(continued, 90)
    continued.close()
    assert verify(older, key).size == 90
    with pytest.raises(LogTampered, match="the checkpoint you kept commits to"):
        verify(older, key, known_checkpoint=kept)


def test_a_kept_checkpoint_that_keys_of_another_history_signed_is_named(
    made: Made, tmp_path: Path
) -> None:
    log = created(tmp_path / "log")
    filled(log, 5)
    kept = log.checkpoint()
    log.close()
    with pytest.raises(LogTampered, match=r"does not continue the checkpoint you kept\."):
        verify(made.copy, made.key, known_checkpoint=kept)


# --- who holds the newest keys -----------------------------------------------------------------


def leaves_of(copy: Path) -> list[bytes]:
    return (copy / "leaves.jsonl").read_bytes().splitlines()


def rebuild(copy: Path, leaves: list[bytes], live: Path) -> None:
    """Everything a thief of the newest keys could write: tiles, lines, the checkpoint."""
    (copy / "leaves.jsonl").write_bytes(b"".join(leaf + b"\n" for leaf in leaves))
    shutil.rmtree(copy / "tile")
    levels = [[leaf_hash(leaf) for leaf in leaves]]
    while len(levels[-1]) >= TILE_WIDTH:
        below = levels[-1]
        whole = range(0, len(below) // TILE_WIDTH * TILE_WIDTH, TILE_WIDTH)
        levels.append([subtree_root(below[at : at + TILE_WIDTH]) for at in whole])
    frontier = Frontier()
    for hashed in levels[0]:
        frontier.add(hashed)
    for tile in (*tiles_of(len(leaves)), *bundles_of(len(leaves))):
        path = copy / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        first = tile.index * TILE_WIDTH
        if tile.level < 0:
            path.write_bytes(entry_bundle(leaves[first : first + tile.width]))
        else:
            path.write_bytes(b"".join(levels[tile.level][first : first + tile.width]))
    keys = read_keys(live, KEY)
    checkpoint = Checkpoint(keys.epoch.name, len(leaves), frontier.root())
    (copy / "checkpoint").write_bytes(signed_note(checkpoint.text, checkpoint.name, keys.signers))


def test_the_thiefs_tools_work_on_an_unchanged_log(made: Made, tmp_path: Path) -> None:
    copy = duplicate(made.copy, tmp_path / "copy")
    rebuild(copy, leaves_of(copy), made.live)
    assert verify(copy, made.key).size == made.size


def test_the_newest_keys_cannot_rewrite_an_earlier_epoch(made: Made, tmp_path: Path) -> None:
    """CVE-2023-31439: re-sealing the past with the current key."""
    copy = duplicate(made.copy, tmp_path / "copy")
    leaves = leaves_of(copy)
    leaves[7] = leaves[7].replace(b'"person":"p-1"', b'"person":"p-2"')
    assert leaves != leaves_of(copy)
    rebuild(copy, leaves, made.live)
    with pytest.raises(LogTampered, match="key epoch 1 commits to"):
        verify(copy, made.key)


@pytest.mark.parametrize("keep_notes", [True, False])
def test_the_newest_keys_cannot_shorten_an_earlier_epoch(
    made: Made, tmp_path: Path, keep_notes: bool
) -> None:
    """CVE-2023-31438: cutting the log and signing (or continuing) what is left."""
    copy = duplicate(made.copy, tmp_path / "copy")
    rebuild(copy, leaves_of(copy)[:300], made.live)
    if not keep_notes:
        for note in (copy / "epochs").iterdir():
            if int(note.stem) > 1:
                note.unlink()
    with pytest.raises(LogTampered, match=r"another epoch|none of the log's keys"):
        verify(copy, made.key)


# --- records that cannot follow each other -----------------------------------------------------


def forged(folder: Path, old: bytes, new: bytes) -> str:
    """A log whose own keys signed a last record in which `old` became `new`. Returns K."""
    log = created(folder)
    log.append(ADDED, b"sealed")
    log.open_ask(question("q-1"), VERDICT)
    log.close_ask("q-1", Outcome.ANSWERED)
    log.open_ask(question("q-2"), VERDICT)
    log.erase_payload(1)
    leaf = next(log._chain.leaf(seq) for seq in range(log.size) if old in log._chain.leaf(seq))
    last = parsed_leaf(leaf, int(leaf.split(b'"seq":')[1].split(b",")[0]))
    leaf = leaf.replace(b'"seq":%d' % last.seq, b'"seq":%d' % log.size)
    newest = log._chain.leaf(log.size - 1).split(b'"time":"')[1][:24]
    leaf = leaf.replace(last.time.encode(), newest).replace(old, new)
    log._chain.commit([leaf], [b""])
    log._chain.close()
    return log.public_key


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'"action":"ask.opened","ask":"q-2"', b'"action":"ask.opened","ask":"q-2"', "open an ask"),
        (b'"action":"ask.opened","ask":"q-2"', b'"action":"ask.opened","ask":""', "open an ask"),
        (b'"action":"ask.closed"', b'"action":"ask.closed"', "not open"),
        (b'"action":"ask.closed","ask":"q-1"', b'"action":"ask.closed","ask":"q-2"', "not open"),
        (b'"action":"log.created"', b'"action":"log.created"', "begins with its creation"),
        (b'"action":"log.created"', b'"action":"log.epoch"', "no number 'epoch'"),
        (b'"record":1', b'"record":2', "never was"),
        (b'"action":"document.added"', b'"action":"Document"', "no action"),
    ],
)
def test_even_signed_records_must_make_sense(
    tmp_path: Path, old: bytes, new: bytes, sentence: str
) -> None:
    key = forged(tmp_path, old, new)
    with pytest.raises(LogTampered, match=sentence):
        verify(tmp_path, key)


def test_a_record_dated_back_is_found(tmp_path: Path) -> None:
    log = created(tmp_path)
    log.append(ADDED)
    leaf = log._chain.leaf(1).replace(b'"seq":1', b'"seq":2').replace(b"2026-11", b"2025-11")
    log._chain.commit([leaf], [b""])
    log._chain.close()
    with pytest.raises(LogTampered, match="Record 2 is dated before"):
        verify(tmp_path, log.public_key)
