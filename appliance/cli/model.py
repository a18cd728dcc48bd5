"""`cloister model build|key|verify|install|list|remove` (chat and bench: model_trial.py)."""

from __future__ import annotations

from pathlib import Path

from appliance import processes
from appliance.cli.arguments import Arguments
from appliance.cli.opening import NoVault, data_folder, unlocked, vault_in
from appliance.cli.output import Output
from appliance.errors import StorageReadOnly, UsageError
from appliance.settings import user_file
from appliance.vault.signers import SignerKey

KEY = "model-signing-key.json"


def build(arguments: Arguments, output: Output) -> int:
    """Runs where the build extra is installed: on a build machine, outside any guard, since
    compilers are programs of their own. It opens no vault."""
    from appliance.clock import now

    if processes.frozen():
        raise UsageError(
            "The installed program builds no models: it has no compiler.",
            hint="Build the bundle on a build machine, out of a checkout (docs/models.md).",
        )
    from appliance.engine.compile.bundle import (
        Origin,
        build_bundle,
        installed_compilers,
        metal_objects,
    )
    from appliance.engine.models.architecture import Format

    formats = {format.value: format for format in Format}
    quant = arguments.text("quant")
    if quant not in formats:
        raise UsageError(f"“{quant}” is no format.", hint=f"Formats are {', '.join(formats)}.")
    source, out = (Path(arguments.text(name)).absolute() for name in ("folder", "out"))
    origin = Origin(
        name=arguments.text("model") or out.name,
        version=arguments.text("version"),
        licence=arguments.text("licence"),
        source=arguments.text("source"),
        created=now().isoformat(),
    )
    targets = tuple(filter(None, arguments.text("target").split(",")))
    compilers = installed_compilers()
    key = _signing_key(arguments, output)
    output.progress(f"building {origin.name}")
    manifest = build_bundle(
        source,
        out,
        format=formats[quant],
        targets=targets,
        origin=origin,
        key=key,
        compilers=compilers,
        context=arguments.number("context"),
    )
    output.data(bundle=str(out), model=manifest.id, size=manifest.size)
    output.line(f"The model {manifest.id} ({size(manifest.size)}) is built in {out}.")
    if "metal" in targets:
        _tell_of_objects(metal_objects(out), output)
    return 0


def _tell_of_objects(objects: Path, output: Output) -> None:
    output.data(objects=str(objects))
    output.line(
        f"Metal's code is not in the bundle: it is linked from {objects} on a Mac, with "
        f"`packaging/metal/link.sh {objects.name} metal.dylib`."
    )


def _signing_key(arguments: Arguments, output: Output) -> SignerKey:
    """The one named, else the user's own, which is made at the first build."""
    from appliance.engine.bundles.trust import read_key

    if arguments.text("key"):
        return read_key(Path(arguments.text("key")))
    path = user_file().with_name(KEY)
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageReadOnly(f"{path.parent} cannot be made: {error.strerror}.") from error
        output.note(_made(path, "The builder", output))
    return read_key(path)


def new_key(arguments: Arguments, output: Output) -> int:
    output.line(_made(Path(arguments.text("file")).absolute(), arguments.text("signer"), output))
    return 0


def _made(path: Path, signer: str, output: Output) -> str:
    from appliance.engine.bundles.trust import SIGNERS, signers_bytes, write_key

    public = path.with_name(f"{path.stem}.public.json")
    try:
        key = write_key(path)
        public.write_bytes(signers_bytes((key.public(signer),)))
    except FileExistsError as error:
        raise UsageError(
            f"{path} exists already.", hint="Name a file that does not exist."
        ) from error
    except OSError as error:
        raise StorageReadOnly(f"The key cannot be written: {error.strerror}.") from error
    output.data(key=str(path), signers=str(public))
    return (
        f"A signing key is made in {path}: keep it where only those who sign models can read it.\n"
        f"A machine trusts it where an administrator put {public} as /etc/cloister/{SIGNERS}."
    )


def verify(arguments: Arguments, output: Output) -> int:
    """Needs no vault: the bundle, and the list of those who may sign. An unsigned bundle names who
    accepted it; whether that is so only the log knows, and the log is in the vault. The status says
    so too, unless the caller takes the bundle on trust."""
    from appliance.engine.bundles.opening import verify as verify_bundle

    signed = verify_bundle(Path(arguments.text("folder")).absolute())
    manifest = signed.manifest
    output.data(
        model=manifest.id,
        signer=signed.signer,
        sha256=signed.sha256,
        size=manifest.size,
        origin_verified=bool(signed.signer),
    )
    if signed.signer:
        whose = f"signed by “{signed.signer}”"
        output.line(f"The model {manifest.id} is whole: {len(manifest.files)} files, {whose}.")
        return 0
    output.line(
        f"The model {manifest.id} is unsigned: its {len(manifest.files)} files are whole, as its "
        "own manifest says. Whether this institution accepted it is checked against the log when "
        "it is opened."
    )
    return 0 if arguments.flag("trust_unsigned") else 1


def install(arguments: Arguments, output: Output) -> int:
    source = Path(arguments.text("folder")).absolute()
    unsigned = arguments.flag("trust_unsigned")
    told = _told(arguments)
    if told and not unsigned:
        raise UsageError(
            f"{' and '.join(told)} can be given for an unsigned bundle only: a signed one says it "
            "itself.",
            hint="Leave it out, or accept an unsigned bundle with --trust-unsigned.",
        )
    with unlocked(arguments) as appliance, appliance.chat_models() as models:
        output.progress(f"installing {source.name}")
        signed = models.install(
            source,
            trust_unsigned=unsigned,
            name=told.get("--as", ""),
            version=told.get("--version", "1"),
            licence=told.get("--licence", "unknown"),
            origin=told.get("--source", "unknown"),
        )
    manifest = signed.manifest
    output.data(installed=manifest.id, signer=signed.signer, size=manifest.size)
    whose = f"signed by “{signed.signer}”" if signed.signer else "unsigned, accepted by you"
    output.line(f"The model {manifest.id} ({size(manifest.size)}) is installed, {whose}.")
    return 0


def _told(arguments: Arguments) -> dict[str, str]:
    """What was typed of a bundle that does not say it itself, by the option."""
    names = {"--as": "model", "--version": "version", "--licence": "licence", "--source": "source"}
    return {
        option: arguments.text(name)
        for option, name in names.items()
        if arguments.given_value(name)
    }


def _tell_of_brought(output: Output) -> None:
    from appliance.engine.bundles.brought import brought

    for path in brought():
        output.data(brought=str(path))
        output.line(f"{path.name} came with the program: `cloister model install {path}`.")


def show(arguments: Arguments, output: Output) -> int:
    """Needs no login: what is installed is no secret."""
    from appliance.app import open_appliance

    folder = data_folder(arguments)
    if not vault_in(folder):
        raise NoVault(f"There is no vault in {folder}.")
    appliance = open_appliance(folder)
    try:
        from appliance.chat_models import installed_models

        entries, wanted = installed_models(appliance.data), appliance.settings.model
    finally:
        appliance.close()
    for entry in entries:
        if entry.manifest is None:
            output.data(model=entry.id, problem=entry.problem)
            output.line(f"{entry.id}  NOT USED: {entry.problem}")
            continue
        about = entry.manifest
        output.data(
            model=entry.id,
            family=about.family,
            format=about.quantisation,
            context=about.context,
            parameters=about.parameters,
            size=about.size,
            licence=about.licence,
            source=about.source,
            targets=sorted({library.target for library in about.libraries}),
            accepted=about.accepted_by or None,
        )
        output.line(
            f"{entry.id}  {about.family} {about.quantisation}, {about.parameters / 1e6:,.0f} M "
            f"parameters, {about.context:,} tokens, {size(about.size)}, {about.licence}"
        )
    if not entries:
        output.line(without_one(wanted))
    _tell_of_brought(output)
    return int(any(entry.problem for entry in entries))


def remove(arguments: Arguments, output: Output) -> int:
    with unlocked(arguments) as appliance, appliance.chat_models() as models:
        gone = models.remove(arguments.text("model"))
    output.data(removed=gone)
    output.line(f"The model {gone} is removed.")
    return 0


def without_one(wanted: str) -> str:
    """What answers are like where nothing is installed; `wanted` is the setting."""
    from appliance.engine.bundles.shipped import COMPOSER

    if wanted == COMPOSER:
        return "No model is installed: the composer that ships with the program writes answers."
    if wanted:
        return f"No model is installed, and the settings name {wanted}: answers are quoted."
    return "No model is installed: answers quote your documents word for word."


def size(count: int) -> str:
    if count < 1e6:
        return f"{count / 1e3:.1f} kB" if count >= 1e3 else f"{count} bytes"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
