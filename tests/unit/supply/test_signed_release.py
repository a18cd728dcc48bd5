"""A release is signed by the vendor's key and refused when anything of it was changed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import signed_release
from signed_release import ReleaseRefused, public_file, read_public, signed, verified

from appliance.vault.signers import SignerKey

ROOT = Path(__file__).resolve().parents[3]
KEY = SignerKey.generate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "release"
    (made / "more").mkdir(parents=True)
    (made / "cloister_0.1.0_amd64.deb").write_bytes(b"package" * 1000)
    (made / "more" / "sbom.cdx.json").write_bytes(b"{}")
    content, signature = signed(made, "0.1.0", KEY)
    (made / signed_release.LIST).write_bytes(content)
    (made / signed_release.SIGNATURE).write_bytes(signature)
    return made


def test_what_was_signed_is_verified(folder: Path) -> None:
    assert verified(folder, KEY.public("vendor")) == ("0.1.0", 2)


def replaced(name: str, before: bytes, after: bytes) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert before in content
        (folder / name).write_bytes(content.replace(before, after, 1))

    return change


def without_ml_dsa(folder: Path) -> None:
    said = json.loads((folder / signed_release.SIGNATURE).read_bytes())
    said["ml-dsa-65"] = said["ed25519"]
    content = json.dumps(said, sort_keys=True, separators=(",", ":"))
    (folder / signed_release.SIGNATURE).write_text(content)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": replaced("cloister_0.1.0_amd64.deb", b"p", b"q"),
    "a file more": lambda folder: (folder / "extra").write_bytes(b""),
    "a file less": lambda folder: (folder / "more" / "sbom.cdx.json").unlink(),
    "the list": replaced(signed_release.LIST, b"0.1.0", b"0.2.0"),
    "no signature": lambda folder: (folder / signed_release.SIGNATURE).unlink(),
    "a link": lambda folder: (folder / "link").symlink_to("/etc/passwd"),
    "one signature alone": without_ml_dsa,
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_whatever_is_changed_is_refused(folder: Path, change: str) -> None:
    CHANGES[change](folder)
    with pytest.raises(ReleaseRefused):
        verified(folder, KEY.public("vendor"))


def test_another_key_is_refused(folder: Path) -> None:
    with pytest.raises(ReleaseRefused):
        verified(folder, SignerKey.generate().public("vendor"))


def test_a_public_key_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "vendor.pub"
    path.write_bytes(public_file(KEY.public("vendor")) + b"\n")
    assert read_public(path).id == KEY.public("vendor").id
    path.write_bytes(path.read_bytes().replace(b'"id":"', b'"id":"0', 1))
    with pytest.raises(ReleaseRefused):
        read_public(path)


def test_the_tool_signs_with_a_vendors_key_and_verifies(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "words").write_text("four quiet vendor words\n")
    secret = ("--passphrase-file", str(tmp_path / "words"))
    key, public = str(tmp_path / "key"), str(tmp_path / "vendor.pub")

    def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, f"packaging/vendor/{tool}.py", *arguments], cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{':'.join(sys.path)}"}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    for done in (
        run("vendor", "new-key", key, *secret),
        run("signed_release", "public", "--key", key, "--out", public, *secret),
        run("signed_release", "sign", str(folder), "--key", key, "--version", "0.1.0", *secret),
        run("signed_release", "verify", str(folder), "--public", public),
    ):
        assert done.returncode == 0, done.stderr
    assert done.stdout == "Release 0.1.0: 2 files, each as it was signed.\n"
    (folder / "cloister_0.1.0_amd64.deb").write_bytes(b"other")
    done = run("signed_release", "verify", str(folder), "--public", public)
    assert done.returncode == 1
    assert "cloister_0.1.0_amd64.deb is changed" in done.stderr
