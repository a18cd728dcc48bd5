"""Files are wholly old or wholly new: full disk, read-only folder, kill at any step."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.errors import AlreadyRunning, StorageFull, StorageReadOnly
from appliance.vault.durable import remove_leftovers, write_atomic
from appliance.vault.errors import StorageFailed
from appliance.vault.folder_lock import lock_folder
from appliance.vault.process import harden_process

OLD, NEW = b"old" * 1000, b"new" * 2000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_atomic(tmp_path / "f", OLD)
    return tmp_path / "f"


def only_old_is_there(path: Path) -> None:
    assert path.read_bytes() == OLD
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_written_file_is_replaced_as_a_whole_and_private(path: Path) -> None:
    write_atomic(path, NEW)
    assert path.read_bytes() == NEW
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EFBIG, StorageFull),
        (errno.EROFS, StorageReadOnly),
        (errno.EACCES, StorageReadOnly),
        (errno.EIO, StorageFailed),
    ],
)
@pytest.mark.parametrize("step", ["open", "write", "fsync"])
def test_a_failure_at_any_step_leaves_the_old_file_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int, raised: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(raised) as caught:
            write_atomic(path, NEW)
    assert caught.value.next_step  # type: ignore[attr-defined]
    only_old_is_there(path)


def test_a_disk_that_fills_up_half_way_leaves_the_old_file_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.write, 0

    def short_then_full(descriptor: int, data: memoryview) -> int:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise OSError(errno.ENOSPC, "full")
        return real(descriptor, data[:100])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", short_then_full)
        with pytest.raises(StorageFull):
            write_atomic(path, NEW)
    assert calls == 4
    only_old_is_there(path)


def test_a_real_size_limit_of_the_system_is_a_full_disk(path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from appliance.vault.durable import write_atomic\n"
        "from appliance.errors import StorageFull\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: write_atomic(Path(sys.argv[1]), b'n' * 100_000)\n"
        "except StorageFull: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=30)
    assert done.returncode == 7
    only_old_is_there(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes into read-only folders")
def test_a_read_only_folder_says_so(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StorageReadOnly):
            write_atomic(path, NEW)
    finally:
        path.parent.chmod(0o700)
    only_old_is_there(path)


def test_an_error_of_the_pieces_leaves_the_old_file_alone(path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, pieces())
    only_old_is_there(path)


def test_the_name_moves_only_after_the_content_is_on_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(descriptor: int) -> None:
        folder = Path(f"/proc/self/fd/{descriptor}").resolve().is_dir()
        steps.append("folder" if folder else "content")
        real_sync(descriptor)

    def move(source: Path, target: Path) -> Path:
        steps.append("move")
        return real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", move)
    write_atomic(path, NEW)
    assert steps == ["content", "move", "folder"]


def test_leftovers_of_a_crash_are_removed_and_nothing_else(path: Path) -> None:
    folder = path.parent
    (folder / ".f.0123456789abcdef.part").write_bytes(b"half")
    for name in (".hidden", "f.part", ".f.0123.part", "vault.json"):
        (folder / name).write_bytes(b"mine")
    assert remove_leftovers(folder) == 1
    assert sorted(entry.name for entry in folder.iterdir()) == [
        ".f.0123.part", ".hidden", "f", "f.part", "vault.json"
    ]  # fmt: skip


def test_kill_at_any_moment_leaves_old_or_new(tmp_path: Path) -> None:
    """A child replaces a file as fast as it can and is killed; both versions are self-checking."""
    path = tmp_path / "f"
    write_atomic(path, b"0" * 50_000)
    program = (
        "import sys; from pathlib import Path; from appliance.vault.durable import write_atomic\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for digit in b'0123456789': write_atomic(Path(sys.argv[1]), bytes([digit]) * 50_000)\n"
    )
    for wait in (0.0, 0.003, 0.011, 0.027, 0.05):
        with subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            try:
                child.wait(wait)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 50_000
        assert len(set(content)) == 1
        remove_leftovers(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


# --- one program per folder ------------------------------------------------------------------


def test_a_second_lock_names_the_process_that_holds_the_first(tmp_path: Path) -> None:
    held = lock_folder(tmp_path / "new" / "data")
    with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()}\b"):
        lock_folder(tmp_path / "new" / "data")
    held.close()
    lock_folder(tmp_path / "new" / "data").close()


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from appliance.vault import lock_folder\n"
        "held = lock_folder(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(AlreadyRunning, match=f"process {child.pid}"):
            lock_folder(tmp_path)
        child.kill()
        child.wait()
        lock_folder(tmp_path).close()


def test_a_folder_that_cannot_be_locked_says_so(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        lock_folder(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


# --- the process -----------------------------------------------------------------------------


def test_a_hardened_process_dumps_no_core_and_makes_private_files(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from appliance.vault import harden_process\n"
        "first, again = harden_process(), harden_process()\n"
        "assert first == again, (first, again)\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "Path(sys.argv[1]).touch(); print(len(first))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "f")],
        check=True,
        capture_output=True,
        timeout=30,
    )
    assert int(done.stdout) == (3 if sys.platform == "linux" else 2)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


def test_nothing_is_claimed_that_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    umask = os.umask(0o077)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(resource, "getrlimit", lambda *_: (1, 1))
    monkeypatch.setattr("appliance.vault.process._close_memory", lambda: False)
    try:
        assert harden_process() == ("new files private to this user",)
    finally:
        os.umask(umask)


def test_a_lock_that_was_withdrawn_while_it_was_waited_for_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opened the file before its holder took it away would lock what nobody else sees."""
    held, flock = lock_folder(tmp_path), fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        held.withdraw(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(AlreadyRunning):
        lock_folder(tmp_path)
    assert not list(tmp_path.iterdir())
