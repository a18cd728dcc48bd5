"""What every screen is handed: the product, the worker, and where to say that something failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.errors import CloisterError
from gui.worker import Worker

if TYPE_CHECKING:
    from appliance.app import Appliance


@dataclass(frozen=True, slots=True)
class Desk:
    """`complain` shows an error that belongs to no place of its own on the screen."""

    appliance: Appliance
    worker: Worker
    complain: Callable[[CloisterError], None]
