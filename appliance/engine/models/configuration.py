"""Reads a model's configuration field by field.

Rules kept here: the whole of it is untrusted. A field is read by saying what it may be; whatever
else it is raises ConfigurationInvalid with the field's name. JSON's null counts as absent, which is
how Hugging Face writes it. Fields nobody asks for are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping

from appliance.engine.errors import ConfigurationInvalid

MAX_WORD = 64


class Fields:
    """An object of JSON, called `name` in sentences."""

    def __init__(self, untrusted: object, name: str) -> None:
        if not isinstance(untrusted, Mapping):
            raise ConfigurationInvalid(f"{name} is not a table of fields.")
        self._untrusted: Mapping[str, object] = untrusted
        self._name = name

    def has(self, field: str) -> bool:
        return self._untrusted.get(field) is not None

    def count(self, field: str, maximum: int, default: int | None = None) -> int:
        """A whole number, 1 at least."""
        value = self._untrusted.get(field)
        if value is None:
            value = default
        if type(value) is not int or not 1 <= value <= maximum:
            raise self._wrong(field, f"a whole number from 1 to {maximum:,}")
        return value

    def number(self, field: str, low: float, high: float, default: float | None = None) -> float:
        """A finite number within bounds, both included."""
        value = self._untrusted.get(field)
        if value is None:
            value = default
        return self._bounded(field, value, low, high)

    def numbers(self, field: str, count: int, low: float, high: float) -> tuple[float, ...]:
        """A list of exactly so many."""
        values = self._untrusted.get(field)
        if not isinstance(values, list) or len(values) != count:
            raise self._wrong(field, f"a list of {count} numbers")
        return tuple(self._bounded(field, value, low, high) for value in values)

    def flag(self, field: str, default: bool) -> bool:
        value = self._untrusted.get(field)
        if value is None:
            return default
        if type(value) is not bool:
            raise self._wrong(field, "true or false")
        return value

    def word(self, field: str, default: str | None = None) -> str:
        """Short printable text."""
        value = self._untrusted.get(field)
        return self._short(field, default if value is None else value)

    def words(self, field: str, count: int) -> tuple[str, ...]:
        """A list of exactly so many words."""
        values = self._untrusted.get(field)
        if not isinstance(values, list) or len(values) != count:
            raise self._wrong(field, f"a list of {count} words")
        return tuple(self._short(field, value) for value in values)

    def within(self, field: str, usual: Mapping[str, object] | None = None) -> Fields:
        """The table in that field; an empty one where there is none. `usual` holds what its fields
        are where it leaves them out."""
        value = self._untrusted.get(field)
        inner = Fields({} if value is None else value, f"`{field}` of {self._name}")
        if usual:
            said = {name: one for name, one in inner._untrusted.items() if one is not None}
            inner._untrusted = {**usual, **said}
        return inner

    def _bounded(self, field: str, value: object, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(field, f"a number from {low:g} to {high:g}")
        # NaN fails every comparison. Compared before it becomes a float: whole numbers in Python
        # may exceed any float.
        if not low <= value <= high:
            raise self._wrong(field, f"a number from {low:g} to {high:g}")
        return float(value)

    def _short(self, field: str, value: object) -> str:
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= MAX_WORD:
            raise self._wrong(field, "a short word")
        return value

    def _wrong(self, field: str, wanted: str) -> ConfigurationInvalid:
        return ConfigurationInvalid(f"`{field}` in {self._name} is not {wanted}.")
