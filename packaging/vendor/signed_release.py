"""Signs what a release is made of, and checks it: installers, list of parts, notices.

  signed_release.py public --key FILE --out vendor.pub  the public halves, to hand out beforehand
  signed_release.py sign FOLDER --key FILE --version 0.1.0  writes FOLDER/release.json, release.sig
  signed_release.py verify FOLDER --public vendor.pub [--version 0.1.0]  every file is as it was
      signed, no other, and of that release; without the sources: `cloister release verify`

The key is one that `vendor.py new-key` made. What is signed, and how: appliance/release.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from vendor import passphrase_of, read_key

from appliance.errors import CloisterError
from appliance.release import LIST, SIGNATURE, found, public_file, read_public, signed, verified


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
        public = read_public(arguments.public)
        version, files = verified(arguments.folder, public, arguments.version or "")
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
