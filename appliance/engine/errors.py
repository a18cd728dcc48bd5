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


class ConfigurationInvalid(EngineFailed):
    """A model's configuration lacks something, or says what cannot be. Nothing of it is used."""

    code = "configuration_invalid"
    hint = "Get the model's files again from where they came from."


class FamilyUnsupported(EngineFailed):
    """The model is of a family, or uses a feature of one, that Cloister cannot run."""

    code = "family_unsupported"
    hint = "Choose a model that Cloister can run; its documentation names the families."
