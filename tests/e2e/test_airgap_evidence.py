"""The evidence an auditor takes away: written, logged, proved anywhere, refused when changed."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest

from appliance.airgap_evidence import EvidenceWrong, require_evidence
from appliance.errors import CloisterError
from tests.e2e.terminal import cloister, managed, require
from tests.e2e.traced import LOST, able, cloister_traced, require_clean, strace
from tests.page_elements import elements

LOADING = {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base",
           "form", "svg", "frame", "input", "button", "a"}  # fmt: skip


def written(vault: Path, folder: Path) -> tuple[dict[str, Path], str]:
    """By the command, under the kernel's trace where there is one."""
    command = ("airgap", "report", str(folder / "evidence.html"))
    if able():
        run = cloister_traced(vault, folder / "trace", *command)
        require_clean(run)
        said = [json.loads(line) for line in run.said.splitlines()]
    else:
        said = [*require(cloister(vault, *command)).lines]
    told = next(line for line in said if "files" in line)
    files = {kind: folder / f"evidence.{kind}" for kind in ("html", "pdf", "proof")}
    assert told["files"] == [str(path) for path in files.values()]
    assert told["holds"] is True
    return files, str(told["key"])


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_it_is_written_logged_and_proved_and_any_change_is_found(
    vault: Path, tmp_path: Path
) -> None:
    files, key = written(vault, tmp_path)
    page = elements(files["html"].read_bytes())
    assert not LOADING & set(page.names)
    assert not {
        name for name in page.attributes if name.startswith("on") or name in ("src", "href")
    }
    assert "url(" not in files["html"].read_text()
    assert "default-src 'none'" in files["html"].read_text()
    for words in ("io_uring_setup", "sockets in a child", "httpfs.duckdb_extension", ".X11-unix"):
        assert words in page.text
        assert words in " ".join(text_of(files["pdf"].read_bytes()).split()).replace("- ", "")

    leaf = json.loads(json.loads(files["proof"].read_bytes())["leaf"])
    assert leaf["action"] == "airgap.reporting"
    for kind in ("html", "pdf"):
        assert leaf["details"][kind] == sha256(files[kind].read_bytes()).hexdigest()

    said = require(cloister(tmp_path / "none", "airgap", "verify", str(files["pdf"]), "--key", key))
    assert said.find("files") == ["html", "pdf"]
    assert said.find("holds") is True
    changed_anywhere_is_refused({kind: path.read_bytes() for kind, path in files.items()}, key)
    sound = files["html"].read_bytes()
    files["html"].write_bytes(sound.replace(b"refused", b"allowed", 1))
    refused = cloister(tmp_path, "airgap", "verify", str(files["html"]), "--key", key)
    assert refused.status == 1


def changed_anywhere_is_refused(sound: dict[str, bytes], key: str) -> None:
    """One bit of it, at places all over each file. A proof's layout is nobody's to change either,
    unless it says the same."""
    reports = {kind: sound[kind] for kind in ("html", "pdf")}
    was = require_evidence(sound["proof"], key, reports)
    for kind, content in reports.items():
        for at in range(0, len(content), len(content) // 8):
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            with pytest.raises(EvidenceWrong):
                require_evidence(sound["proof"], key, {**reports, kind: changed})
    proof = sound["proof"]
    for at in range(0, len(proof), len(proof) // 16):
        changed = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        try:
            assert require_evidence(changed, key, reports) == was
        except CloisterError:
            continue


def test_no_file_is_taken_the_place_of_and_none_is_left_when_nothing_came_of_it(
    tmp_path: Path,
) -> None:
    """None of it needs a vault: the last is refused because there is none."""
    (tmp_path / "evidence.pdf").write_bytes(b"mine")
    said = cloister(tmp_path / "data", "airgap", "report", str(tmp_path / "evidence"))
    assert said.status == 1
    assert [path.name for path in tmp_path.glob("evidence*")] == ["evidence.pdf"]
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for inside in (tmp_path / "data" / "inside", tmp_path / "link" / "inside.html"):
        assert cloister(tmp_path / "data", "airgap", "report", str(inside)).status == 1
        assert not [*(tmp_path / "data").iterdir()]
    said = cloister(tmp_path / "data", "airgap", "report", str(tmp_path / "other"))
    assert said.status == 1
    assert not [*tmp_path.glob("other*")]


@pytest.mark.skipif(not able(), reason=LOST)
def test_on_a_kernel_without_the_filter_the_report_says_so_in_red(
    vault: Path, tmp_path: Path
) -> None:
    """strace answers for a kernel that has no seccomp; a managed setting lets the program go on."""
    (tmp_path / "managed.toml").write_text('airgap = "warn"\n')
    kernel = (*strace(), "-o", str(tmp_path / "trace"), "-e", "trace=seccomp",
              "-e", "inject=seccomp:error=ENOSYS")  # fmt: skip
    program = (*kernel, *managed(tmp_path / "managed.toml"))
    said = require(
        cloister(vault, "airgap", "report", str(tmp_path / "open.html"), program=program)
    )
    assert said.find("holds") is False
    page = (tmp_path / "open.html").read_text()
    red = re.findall(r'<p class="alarm"><strong>(.*?)</strong></p>', page)
    assert red[0].startswith("THE AIR GAP DID NOT HOLD")
    assert red[1].startswith("NO GUARD WAS ON")
    assert any(one.startswith("OPEN: sockets in a child") for one in red)
    assert "EACCES" not in page
    proof = (tmp_path / "open.proof").read_bytes()
    checked = require_evidence(proof, str(said.find("key")), {"html": page.encode()})
    assert not checked.holds
    assert checked.marked == len(red)


@pytest.mark.parametrize(
    ("what", "words"),
    [(["--key", "mistyped"], "key"), ([], "key"), (["--key", "@/nowhere"], "cannot be read")],
)
def test_a_key_that_is_none_is_said(tmp_path: Path, what: list[str], words: str) -> None:
    said = cloister(tmp_path, "airgap", "verify", str(tmp_path / "evidence"), *what)
    assert said.status == 1
    assert words in said.errors + json.dumps(said.lines)
