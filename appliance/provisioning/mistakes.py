"""What is wrong with a provisioning file, said of its lines.

Rule kept here: a mistake names lines and keys, never what stands there: a file of this kind holds
names of people, and what is printed at an unattended set-up is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.errors import CloisterError


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """line: from 1; 0 where it is the file as a whole."""

    line: int
    sentence: str
    next_step: str


class ProvisionMistaken(CloisterError):
    """Nothing was changed. `mistakes` are all that were found at this stage, by line."""

    code = "provision_mistaken"
    hint = "Correct these lines and run the command again."

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        count = len(self.mistakes)
        some = "one mistake" if count == 1 else f"{count} mistakes"
        super().__init__(f"The file has {some}, so nothing was changed.")


def require_none(mistakes: Iterable[Mistake]) -> None:
    """Raises ProvisionMistaken if there is one."""
    found = tuple(mistakes)
    if found:
        raise ProvisionMistaken(found)
