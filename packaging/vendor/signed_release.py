"""Signs what a release is made of, and checks it: installers, list of parts, notices.

  signed_release.py public --key FILE --out vendor.pub  the public halves, to hand out beforehand
  signed_release.py sign FOLDER --key FILE --version 0.1.0  writes FOLDER/release.json, release.sig
  signed_release.py verify FOLDER --public vendor.pub [--version 0.1.0]  every file is as it was
      signed, no other, and of that release

The key is one that `vendor.py new-key` made. `release.json` names each file with its size and
SHA-256; `release.sig` holds an Ed25519 and an ML-DSA-65 signature over it, and both must hold.

Rules kept here: a folder with a file more or less than was signed is refused; links are refused;
what is signed for a release fits nothing else (its domain); the public file is believed because it
came by another way than the release. An older release is as well signed as a newer one: which one
it has to be is for who installs it to say (--version).
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from vendor import passphrase_of, read_key

from appliance.errors import CloisterError
from appliance.vault.canonical import (
    Fields,
    Json,
    Malformed,
    base64_text,
    canonical_json,
    read_json,
)
from appliance.vault.signers import SignerKey, TrustedKey, require_signer

LIST, SIGNATURE = "release.json", "release.sig"
DOMAIN = b"cloister/release/v1\n"
_LIMIT = 4_000_000
_MOST = 10_000


class ReleaseRefused(CloisterError):
    code = "release_refused"
    hint = "Do not install it. Get it again from your vendor, and compare the public key by phone."


def signed(folder: Path, version: str, key: SignerKey) -> tuple[bytes, bytes]:
    """The list and its signatures. Raises ReleaseRefused for what is no plain file."""
    files: list[Json] = [
        {"name": name, "sha256": digest, "size": size} for name, (size, digest) in found(folder)
    ]
    content = canonical_json({"files": files, "format": "cloister-release", "version": version})
    return content, canonical_json(key.signatures(DOMAIN, content))


def verified(folder: Path, trusted: TrustedKey) -> tuple[str, int]:
    """Version and number of files. Raises ReleaseRefused."""
    try:
        content = _read(folder / LIST)
        require_signer(Fields(read_json(_read(folder / SIGNATURE))), DOMAIN, content, (trusted,))
        said = Fields(read_json(content)).only("files", "format", "version")
        _require(said.text("format") == "cloister-release", "format")
        rows = [row.only("name", "sha256", "size") for row in said.rows("files", _MOST)]
        told = {row.text("name", 400): (row.integer("size"), row.text("sha256")) for row in rows}
        _require(len(told) == len(rows), "a name twice")
        version = said.text("version")
    except (Malformed, CloisterError, OSError) as error:
        raise ReleaseRefused(f"The release is not signed by this key ({error}).") from error
    there = dict(found(folder))
    for name in sorted({*told, *there}):
        if told.get(name) != there.get(name):
            state = "missing" if name not in there else "changed" if name in told else "not listed"
            raise ReleaseRefused(f"{name} is {state}.")
    return version, len(told)


def found(folder: Path) -> list[tuple[str, tuple[int, str]]]:
    """Name, size and SHA-256 of every file but the list and its signature."""
    names = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ReleaseRefused(f"{name} is no plain file.")
        if path.is_file() and name not in (LIST, SIGNATURE):
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            names.append((name, (path.stat().st_size, digest)))
    return names


def public_file(key: TrustedKey) -> bytes:
    return canonical_json(
        {
            "ed25519": base64_text(key.ed25519),
            "format": "cloister-vendor-key",
            "id": key.id,
            "ml-dsa-65": base64_text(key.ml_dsa_65),
        }
    )


def read_public(path: Path) -> TrustedKey:
    """Raises ReleaseRefused."""
    try:
        said = Fields(read_json(_read(path).strip()))
        said.only("ed25519", "format", "id", "ml-dsa-65")
        _require(said.text("format") == "cloister-vendor-key", "format")
        key = TrustedKey("vendor", said.blob("ed25519"), said.blob("ml-dsa-65"))
        _require(said.text("id") == key.id, "id")
    except (Malformed, OSError) as error:
        raise ReleaseRefused(f"{path} holds no public key.") from error
    return key


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Malformed(what)


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(_LIMIT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    public, sign, verify = (commands.add_parser(name) for name in ("public", "sign", "verify"))
    public.add_argument("--out", type=Path, required=True)
    for one in (public, sign):
        one.add_argument("--key", type=Path, required=True)
        one.add_argument("--passphrase-file", type=Path)
    sign.add_argument("--version", required=True)
    verify.add_argument("--public", type=Path, required=True)
    verify.add_argument("--version", help="the release that was announced: no older one will do")
    for one in (sign, verify):
        one.add_argument("folder", type=Path)
    return parser


def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "verify":
        version, files = verified(arguments.folder, read_public(arguments.public))
        if arguments.version not in (None, version):
            raise ReleaseRefused(f"This is release {version}, not {arguments.version}.")
        print(f"Release {version}: {files} files, each as it was signed.")
        return
    key = read_key(arguments.key, passphrase_of(arguments))
    if arguments.command == "public":
        arguments.out.write_bytes(public_file(key.public("vendor")) + b"\n")
        print(f"The public key {key.public('').id} is in {arguments.out}.")
        return
    content, signature = signed(arguments.folder, arguments.version, key)
    (arguments.folder / LIST).write_bytes(content)
    (arguments.folder / SIGNATURE).write_bytes(signature)
    verified(arguments.folder, key.public("vendor"))  # as who gets it will
    print(f"Release {arguments.version}: {len(found(arguments.folder))} files signed by "
          f"{key.public('').id}.")  # fmt: skip


def main() -> None:
    try:
        _run(_parser().parse_args())
    except CloisterError as error:
        raise SystemExit(f"{error.sentence}\n{error.next_step}") from error
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}") from error


if __name__ == "__main__":
    main()
