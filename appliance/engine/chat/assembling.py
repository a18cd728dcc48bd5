"""The chat host's engine: model, tokenizer, template and scheduler joined.

Rules kept here: what opens files or loads code comes first (`open_engine`); the tokenizer and the
template are the bundle's, hence untrusted: their bytes are read before the sandbox goes on and
parsed after (`load`).
"""

from __future__ import annotations

import resource
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from appliance.airgap.sandbox import SandboxLimits
from appliance.clock import now
from appliance.engine.bundles.opening import ChatBundle
from appliance.engine.chat import models
from appliance.engine.chat.loop import Engine
from appliance.engine.decoding import xgrammar_alone
from appliance.engine.decoding.bound.prose import ordinary_words
from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.model import Append, Model
from appliance.engine.decoding.request import (
    Finished,
    Message,
    Rejected,
    Reply,
    Request,
    Sampling,
)
from appliance.engine.decoding.sampling import require_usable
from appliance.engine.errors import ModelDamaged
from appliance.engine.mlc.chat_config import MAX_COMPANION, TOKENIZER
from appliance.engine.prompts.template import TemplateFiles, read_template
from appliance.engine.running.budget import workspace_bytes
from appliance.errors import CloisterError, EngineFailed

HEADROOM = 2 << 30
"""Bytes of address space beyond what the loaded model and its passes have: stacks of threads and
grammars. Who asks for more is refused, and the machine is not brought down."""
OPEN_FILES = 64
MAX_TEMPLATE = 8 << 20
"""Bytes of a file that a template is read from."""


class Template(Protocol):
    """How the bundle wants conversations written."""

    @property
    def stop_strings(self) -> Sequence[str]: ...

    def stop_tokens(self, tokenizer: Tokenizer) -> Collection[int]: ...

    def encode(self, messages: Sequence[Message], tokenizer: Tokenizer) -> list[int]:
        """The prompt, up to where the answer begins. Raises CloisterError."""

    def count(self, texts: Sequence[str], tokenizer: Tokenizer) -> list[int]:
        """Tokens of each text, as they are when it is part of a message."""


@dataclass(frozen=True, slots=True)
class OpenedChat:
    """A bundle whose every file is read and whose code is loaded (loop.Opened)."""

    bundle: ChatBundle
    loaded: Model
    device: str
    untrusted_tokenizer: bytes
    untrusted_template: TemplateFiles

    @property
    def model(self) -> str:
        return self.bundle.manifest.id

    @property
    def level(self) -> str:
        return self.bundle.level if self.device == "cpu" else "cuda"

    @property
    def limits(self) -> SandboxLimits:
        architecture = self.bundle.architecture  # parameters and cache are there already
        gpu = self.device != "cpu"  # its driver reserves address space as if there were no end
        memory = None if gpu else _address_space() + workspace_bytes(architecture) + HEADROOM
        return SandboxLimits(memory, None, OPEN_FILES, threads=True, gpu=gpu)

    def load(self) -> Engine:
        """Raises ModelDamaged for a bundle that could answer nobody."""
        try:
            tokenizer = Tokenizer.from_buffer(self.untrusted_tokenizer)
        except Exception as error:  # the library raises bare Exception
            raise ModelDamaged("The model's tokenizer cannot be read.") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        try:
            template = read_template(self.untrusted_template, now)
            _require_answerable(template, tokenizer)
            ends = frozenset({*self.bundle.chat.ends, *template.stop_tokens(tokenizer)})
            decoder = Decoder(self.loaded, tokenizer, end_tokens=ends)
        except CloisterError as error:  # of whatever kind: another start would not change it
            raise ModelDamaged(error.sentence, hint=error.next_step) from error
        _try_out(self.loaded)
        decoder.prepare()
        return ChatEngine(decoder, self.loaded, tokenizer, template, self.device)


class ChatEngine:
    """loop.Engine on a Decoder."""

    def __init__(
        self,
        decoder: Decoder,
        model: Model,
        tokenizer: Tokenizer,
        template: Template,
        device: str,
    ) -> None:
        self._decoder = decoder
        self._model = model
        self._tokenizer = tokenizer
        self._template = template
        self._device = device
        self._pinning: dict[int, Sequence[int]] = {}

    @property
    def context(self) -> int:
        return self._model.context

    @property
    def vocabulary(self) -> int:
        return self._model.vocabulary

    @property
    def device(self) -> str:
        return self._device

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    @property
    def busy(self) -> bool:
        return self._decoder.busy

    def submit(self, request: Request) -> None:
        prompt = self._template.encode(request.messages, self._tokenizer)
        sampling = _stopping(request.sampling, self._template)
        self._decoder.submit(request.id, prompt, sampling)

    def cancel(self, request: int) -> None:
        self._decoder.cancel(request)

    def step(self) -> Sequence[Reply]:
        return [self._pinned(reply) for reply in self._decoder.step()]

    def count(self, texts: Sequence[str]) -> Sequence[int]:
        return self._template.count(texts, self._tokenizer)

    def prefix(self, messages: Sequence[Message]) -> Sequence[int]:
        """What two conversations that differ from their first question on have in common."""
        first, second = (
            self._template.encode([*messages, Message("user", text)], self._tokenizer)
            for text in ("What is it?", "Are you there?")
        )
        same = 0
        while same < min(len(first), len(second)) and first[same] == second[same]:
            same += 1
        return first[:same]

    def pin(self, request: int, tokens: Sequence[int]) -> None:
        """Read as a prompt of which one token is answered, beside the others; then it is there."""
        self._pinning[request] = tuple(tokens)
        self._decoder.submit(request, tokens, Sampling(max_tokens=1))

    def _pinned(self, reply: Reply) -> Reply:
        if reply.request not in self._pinning or not isinstance(reply, Finished | Rejected):
            return reply
        tokens = self._pinning.pop(reply.request)
        if isinstance(reply, Finished):
            try:
                self._decoder.pin(tokens)
            except CloisterError as error:
                return Rejected(reply.request, error.code, error.sentence, error.next_step)
        return reply

    def export(self, tokens: Sequence[int]) -> bytes:
        exported = self._decoder.export_prefix(tokens)
        if exported is None:
            raise EngineFailed("The prefix is not in the model's cache.")
        return exported

    def adopt(self, tokens: Sequence[int], untrusted: bytes) -> None:
        self._decoder.adopt_prefix(tokens, untrusted)


def open_engine(
    folder: Path,
    device: str,
    accepted: Mapping[str, str] | None,
    context: int = 0,
    *,
    exact: bool = False,
) -> OpenedChat:
    """Verifies and loads a bundle for "cpu" or "gpu". context: see open_chat_bundle; exact: see
    models.loaded. Raises EngineFailed subclasses that say what is wrong with it or with the
    machine."""
    bundle = models.opened(folder, accepted, context)
    untrusted_tokenizer = bundle.read(TOKENIZER, MAX_COMPANION)
    template = _template_files(bundle)
    xgrammar_alone.load()  # Python can open no file later
    ordinary_words()
    model = models.loaded(bundle, device, context, exact=exact)
    return OpenedChat(bundle, model, device, untrusted_tokenizer, template)


def _template_files(bundle: ChatBundle) -> TemplateFiles:
    """What the bundle has of them, as its manifest knows them."""
    return TemplateFiles(
        tokenizer_config=bundle.read("tokenizer_config.json", MAX_TEMPLATE),
        chat_template=bundle.read("chat_template.jinja", MAX_TEMPLATE),
        chat_config=bundle.read("mlc-chat-config.json", MAX_TEMPLATE),
        generation_config=bundle.read("generation_config.json", MAX_TEMPLATE),
    )


def _stopping(sampling: Sampling, template: Template) -> Sampling:
    """With the template's stop strings beside its own."""
    stops = tuple(dict.fromkeys((*sampling.stops, *template.stop_strings)))
    return replace(sampling, stops=stops)


def _require_answerable(template: Template, tokenizer: Tokenizer) -> None:
    """Does what every ask does, so that a template, tokenizer or stop string which fails them all
    fails the start. Raises CloisterError."""
    require_usable(_stopping(Sampling(), template))
    controls = tokenizer.get_added_tokens_decoder().values()
    quoted = "\n".join(token.content for token in controls if token.special)
    texts = ("Answer from the passages.", f"What is 1 + 1?\n{quoted}", "It is 2.", "Why, Zoë?")
    roles = ("system", "user", "assistant", "user")
    messages = [Message(role, text) for role, text in zip(roles, texts, strict=True)]
    try:
        template.encode(messages, tokenizer)
    except CloisterError:
        raise
    except Exception as error:  # the tokenizer's library raises bare Exception
        raise ModelDamaged("The model's tokenizer cannot write a conversation.") from error


def _try_out(model: Model) -> None:
    """One token, so that the kernels' threads begin, and whatever fails, fails now."""
    sequence = model.add()
    model.forward([Append(sequence, [0])])
    model.remove(sequence)


def _address_space() -> int:
    """Bytes of it that this process has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()
