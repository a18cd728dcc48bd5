"""What can go wrong with the engine, beside `EngineFailed` itself."""

from __future__ import annotations

from appliance.errors import EngineFailed


class BundleMissing(EngineFailed):
    code = "bundle_missing"
    hint = "Install Cloister again; in a checkout run `make setup`."


class BundleDamaged(EngineFailed):
    """A file of the bundle is not the one its manifest names. Nothing of it is used."""

    code = "bundle_damaged"
    hint = "Install Cloister again; in a checkout run `make clean` and `make setup`."


class MachineUnsupported(EngineFailed):
    """The processor lacks the instructions the compiled libraries use."""

    code = "machine_unsupported"
    hint = "Use a machine with AVX2 and FMA (x86-64-v3: most made since 2013 to 2015)."


class FrameInvalid(EngineFailed):
    """A message between the desk and the engine host does not follow the protocol."""

    code = "engine_frame"


class FormatUnsupported(EngineFailed):
    """The parameters are stored in a way this version does not run. Nothing of them is used."""

    code = "format_unsupported"
    hint = "Get it in q4f16_1, q4f32_1, q0f16 or q0f32, or build it with `cloister model build`."


class BundleUntrusted(EngineFailed):
    """The bundle is not signed by anyone trusted here. Nothing of it is used."""

    code = "bundle_untrusted"
    hint = (
        "Get it from your institution or the vendor, or let your administrator add the signer's "
        "key to the list of model signers."
    )


class MemoryShort(EngineFailed):
    """The model needs more memory than the machine has free."""

    code = "memory_short"
    hint = "Close other programs, or use a smaller model."


class ContextShort(EngineFailed):
    """The model takes too few tokens at once for passages, a question and an answer."""

    code = "context_short"
    hint = "Use another model: most take 4,096 tokens or more."


class WeightsUnusable(EngineFailed):
    """The files to build a bundle from are not what they should be."""

    code = "weights_unusable"
    hint = "Get the model's folder anew, with its config.json, safetensors and tokenizer.json."


class ModelMissing(EngineFailed):
    """There is no chat model there."""

    code = "model_missing"
    hint = "`cloister model list` names those installed; `cloister model install DIR` adds one."


class ModelDamaged(EngineFailed):
    """A file of a chat model is not what it should be. Nothing of the model is used."""

    code = "model_damaged"
    hint = "Get the bundle anew and install it again."


class ConfigurationInvalid(EngineFailed):
    """A model's configuration lacks something, or says what cannot be. Nothing of it is used."""

    code = "configuration_invalid"
    hint = "Get the model's files again from where they came from."


class FamilyUnsupported(EngineFailed):
    """The model is of a family, or uses a feature of one, that Cloister cannot run."""

    code = "family_unsupported"
    hint = "Choose a model that Cloister can run; its documentation names the families."
