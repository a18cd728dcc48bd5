"""A chat template is a program out of the bundle: it runs here, with little to do it with.

Rules kept here: templates see immutable values and no attribute that begins with an underscore;
how much they may be, write and do is bounded. What bounds cannot catch (a loop that does nothing)
ends with the host's time and memory, for this runs in the sandboxed host and nowhere else. No file
can be opened there, so what jinja2 loads only once a template needs it is loaded here.
"""

from __future__ import annotations

import codecs
import html  # noqa: F401 - the filter striptags
import json
import pprint  # noqa: F401 - the filter pprint
import textwrap  # noqa: F401 - the filter wordwrap
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NoReturn

import jinja2
import jinja2.debug  # whatever goes wrong in a template
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from appliance.engine.errors import BundleDamaged

codecs.lookup("unicode-escape")  # every text in quotes in a template

LONGEST_SOURCE = 128 * 1024
LONGEST_OUTPUT = 256 * 1024
MOST_STEPS = 200_000
MOST_ROUNDS = 20_000
_LONGEST_TEXT = 64 * 1024


class TemplateUnusable(BundleDamaged):
    """The bundle's chat template cannot be used. Nothing was generated."""

    code = "template_unusable"
    hint = "Install the model anew, or ask your IT department for another one."


class TemplateRaised(TemplateUnusable):
    """The template itself said no (`raise_exception`), for instance to a system message."""


class _Spent(jinja2.TemplateRuntimeError):
    """A bound is reached."""


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}` marks what a model wrote, for training. It renders
    what is inside."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Bounded(ImmutableSandboxedEnvironment):
    """Counts what a template does: calls, look-ups, operators, rounds of `range`."""

    intercepted_binops = frozenset(("*", "**", "%", "+"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation]
        )
        self.steps = self.rounds = 0
        self.filters["tojson"] = _to_json
        self.globals = {
            "raise_exception": _raise,
            "range": self._range,
            "namespace": jinja2.utils.Namespace,
            "dict": dict,
        }

    def begin(self) -> None:
        self.steps = self.rounds = 0

    def getattr(self, obj: object, attribute: str) -> object:
        self._step()
        return super().getattr(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        self._step()
        return super().getitem(obj, argument)

    def call(
        self, context: Context, called: object, /, *arguments: object, **named: object
    ) -> object:
        self._step()
        return super().call(context, called, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        self._step()
        if operator == "**" or (operator == "%" and not isinstance(left, int)):
            raise _Spent("This operator is not for templates.")
        if operator == "*" and not (isinstance(left, int) and isinstance(right, int)):
            raise _Spent("Only numbers are multiplied.")
        result: object = super().call_binop(context, operator, left, right)
        if isinstance(result, str | list | tuple) and len(result) > _LONGEST_TEXT:
            raise _Spent("A text has grown too long.")
        return result

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _Spent("The template does too much.")

    def _range(self, *bounds: int) -> range:
        numbers = range(*bounds)
        self.rounds += len(numbers)
        if self.rounds > MOST_ROUNDS:
            raise _Spent("The template goes round too often.")
        return numbers


class Program:
    """A compiled template. Used from one thread."""

    def __init__(self, untrusted_source: str) -> None:
        if len(untrusted_source) > LONGEST_SOURCE:
            raise TemplateUnusable("The model's chat template is too long.")
        self._environment = _Bounded()
        try:
            self._template = self._environment.from_string(untrusted_source)
        except (jinja2.TemplateError, RecursionError, MemoryError, ValueError) as error:
            raise TemplateUnusable("The model's chat template cannot be read.") from error

    def render(self, variables: Mapping[str, object], now: Callable[[], datetime]) -> str:
        """What the template writes. Raises TemplateRaised, TemplateUnusable."""
        self._environment.begin()
        written: list[str] = []
        length = 0
        try:
            for piece in self._template.generate(
                **variables, strftime_now=lambda form: now().strftime(form)
            ):
                length = _within(length + len(piece))
                written.append(piece)
        except _Said as error:
            raise TemplateRaised("The model's chat template refuses this conversation.") from error
        except _Spent as error:
            raise TemplateUnusable("The model's chat template does more than it may.") from error
        except Exception as error:  # a program of somebody else's may raise anything
            raise TemplateUnusable("The model's chat template fails.") from error
        return "".join(written)


def _within(length: int) -> int:
    if length > LONGEST_OUTPUT:
        raise _Spent("The template writes too much.")
    return length


class _Said(jinja2.TemplateRuntimeError):
    """raise_exception was called."""


def _raise(message: object) -> NoReturn:
    raise _Said(str(message)[:200])


def _to_json(value: object, ensure_ascii: object = False, indent: object = None) -> str:
    """As chat templates expect it: not escaped for HTML."""
    if isinstance(indent, bool) or not isinstance(indent, int | None) or (indent or 0) > 16:
        raise _Spent("That indent is not for templates.")
    text = json.dumps(value, ensure_ascii=bool(ensure_ascii), indent=indent)
    if len(text) > _LONGEST_TEXT:
        raise _Spent("A text has grown too long.")
    return text
