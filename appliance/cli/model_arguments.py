"""What can be typed after `cloister model`."""

from __future__ import annotations

import argparse

from appliance.cli.licence_arguments import Number

TRIAL = "model_trial"


def add_model_commands(
    model: argparse.ArgumentParser, common: argparse.ArgumentParser, number: Number
) -> None:
    commands = model.add_subparsers(metavar="COMMAND", required=True)

    def command(
        name: str, function: str, text: str, module: str = "model"
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=text, description=text)
        made.set_defaults(module=module, function=function)
        return made

    _building(command("build", "build", "Turn a Hugging Face folder into a bundle."), number)
    key = command("key", "new_key", "Make a key that signs bundles, and the list that trusts it.")
    key.add_argument("file", metavar="FILE", help="a file that is not there yet")
    key.add_argument("--signer", required=True, metavar="NAME", help="whose key it is")
    verify = command("verify", "verify", "Check a bundle's signature and every byte of it.")
    verify.add_argument("folder", metavar="DIR")
    verify.add_argument(
        "--trust-unsigned", action="store_true", help="status 0 for one that nobody signed, too"
    )
    _installing(command("install", "install", "Copy a bundle in, verified."))
    command("list", "show", "List the installed models.")
    remove = command("remove", "remove", "Remove an installed model.")
    chat = command("chat", "chat", "Try a model in a conversation, without documents.", TRIAL)
    chat.add_argument("--prompt", default="", metavar="TEXT", help="one message, not a line each")
    bench = command("bench", "bench", "Measure how fast a model is on this machine.", TRIAL)
    bench.add_argument(
        "--threads", type=number, default=0, metavar="N", help="beside 1; all, if not given"
    )
    for one in (remove, chat, bench):
        one.add_argument("model", metavar="NAME", help="NAME or NAME@VERSION")


def _building(build: argparse.ArgumentParser, number: Number) -> None:
    build.add_argument("folder", metavar="HF_DIR")
    build.add_argument(
        "--quant", default="q4f16_1", metavar="FORMAT", help="q0f32, q0f16, q4f16_1 or q4f32_1"
    )
    build.add_argument(
        "--target", default="cpu", metavar="LIST", help="cpu, cuda, metal (objects); by commas"
    )
    build.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there yet")
    build.add_argument("--context", type=number, default=0, metavar="N", help="tokens, if not all")
    build.add_argument(
        "--as", dest="model", default="", metavar="NAME", help="the bundle's, if not its folder's"
    )
    build.add_argument("--key", default="", metavar="FILE", help="sign with the key in this file")
    _described(build, version="1", text="unknown")


def _installing(install: argparse.ArgumentParser) -> None:
    install.add_argument("folder", metavar="DIR")
    install.add_argument(
        "--trust-unsigned", action="store_true", help="take a bundle nobody signed; it is logged"
    )
    install.add_argument("--as", dest="model", metavar="NAME", help="of an unsigned one")
    _described(install)


def _described(
    command: argparse.ArgumentParser, version: str | None = None, text: str | None = None
) -> None:
    """What a bundle says of itself, and what it says if it is not told."""
    command.add_argument("--version", default=version, metavar="V", help="the bundle's version")
    command.add_argument("--licence", default=text, metavar="TEXT", help="the model's licence")
    command.add_argument("--source", default=text, metavar="TEXT", help="where it is from")
