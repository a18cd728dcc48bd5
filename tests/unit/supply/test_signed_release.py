"""A release is signed by the vendor's key and refused when anything of it was changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance import release as signed_release
from appliance.release import ReleaseRefused, public_file, read_public, signed, verified
from appliance.vault.canonical import canonical_json
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


def swapped(folder: Path) -> None:
    """Both files are the vendor's, under each other's names."""
    one, other = folder / "cloister_0.1.0_amd64.deb", folder / "more" / "sbom.cdx.json"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def moved(folder: Path) -> None:
    (folder / "more" / "sbom.cdx.json").rename(folder / "sbom.cdx.json")


def of_another_release(folder: Path) -> None:
    """List and signature of an older one, which are in order."""
    deb = folder / "cloister_0.1.0_amd64.deb"
    content = deb.read_bytes()
    deb.write_bytes(b"older" * 1000)
    told, signature = signed(folder, "0.0.9", KEY)
    (folder / signed_release.LIST).write_bytes(told)
    (folder / signed_release.SIGNATURE).write_bytes(signature)
    deb.write_bytes(content)


def signature_of_another_list(folder: Path) -> None:
    _, signature = signed(folder, "0.2.0", KEY)
    (folder / signed_release.SIGNATURE).write_bytes(signature)


def for_another_purpose(folder: Path) -> None:
    """What the vendor's key signed as something else than a release."""
    content = (folder / signed_release.LIST).read_bytes()
    said = KEY.signatures(b"cloister/parcel/v1\n", content)
    (folder / signed_release.SIGNATURE).write_bytes(canonical_json(said))


def renamed_key(folder: Path) -> None:
    """Signed by another key, which says that it is the vendor's."""
    other = SignerKey.generate()
    content = (folder / signed_release.LIST).read_bytes()
    said = dict(other.signatures(signed_release.DOMAIN, content))
    said["key"] = KEY.public("vendor").id
    (folder / signed_release.SIGNATURE).write_bytes(canonical_json(said))


def linked_list(folder: Path) -> None:
    (folder / signed_release.LIST).rename(folder.parent / "list")
    (folder / signed_release.LIST).symlink_to(folder.parent / "list")


def cut(name: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1])

    return change


def emptied(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(b"")


CHANGES: dict[str, Callable[[Path], object]] = {
    "two files' names": swapped,
    "where a file lies": moved,
    "the files alone": of_another_release,
    "another list's signature": signature_of_another_list,
    "a signature made for something else": for_another_purpose,
    "another key by the vendor's name": renamed_key,
    "a cut file": cut("cloister_0.1.0_amd64.deb"),
    "a cut list": cut(signed_release.LIST),
    "a cut signature": cut(signed_release.SIGNATURE),
    "an empty list": emptied(signed_release.LIST),
    "an empty signature": emptied(signed_release.SIGNATURE),
    "a list alone": lambda folder: (folder / "more" / signed_release.LIST).write_bytes(b"{}"),
    "a hidden file more": lambda folder: (folder / ".hidden").write_bytes(b"x"),
    "a pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "a linked list": linked_list,
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


def test_a_name_that_the_list_has_twice_is_refused(folder: Path) -> None:
    said = json.loads((folder / signed_release.LIST).read_bytes())
    said["files"].append(said["files"][0])
    content = canonical_json(said)
    (folder / signed_release.LIST).write_bytes(content)
    signature = canonical_json(KEY.signatures(signed_release.DOMAIN, content))
    (folder / signed_release.SIGNATURE).write_bytes(signature)
    with pytest.raises(ReleaseRefused, match="twice"):
        verified(folder, KEY.public("vendor"))


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
    verify = ("verify", str(folder), "--public", public, "--version")
    assert run("signed_release", *verify, "0.1.0").returncode == 0
    older = run("signed_release", *verify, "0.2.0")
    assert older.returncode == 1
    assert "This is release 0.1.0, not 0.2.0." in older.stderr
    product = ("-m", "appliance", "--json", "release", "verify", str(folder), "--public", public)
    done = subprocess.run([sys.executable, *product, "--release", "0.1.0"], cwd=ROOT,
                          capture_output=True, text=True, check=True)  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["verified"], said["release"], said["files"]) == (True, "0.1.0", 2)
    (folder / "cloister_0.1.0_amd64.deb").write_bytes(b"other")
    done = subprocess.run([sys.executable, *product], cwd=ROOT, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "release_refused")
    done = run("signed_release", "verify", str(folder), "--public", public)
    assert done.returncode == 1
    assert "cloister_0.1.0_amd64.deb is changed" in done.stderr
