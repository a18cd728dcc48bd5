"""The kiosk's own look: the product's colours, sized for a finger and for somebody who stands.

Rules kept here: everything that can be pressed is at least 48 pixels high; a visitor may have the
text larger, until the next one.
"""

from __future__ import annotations

from importlib.resources import files
from string import Template

from gui.style.tokens import Tokens, as_mapping

SCALES = (1.0, 1.25)
_SIZES = {"text": 20, "small": 16, "answer": 23, "key": 23, "title": 26, "large": 34, "huge": 50}
_PRESSED = {"press": 56, "low": 48}


def sheet(tokens: Tokens, scale: float = 1.0) -> str:
    sizes = {name: f"{round(size * scale)}px" for name, size in _SIZES.items()}
    heights: dict[str, str] = {}
    for name, size in _PRESSED.items():
        high = round(size * (1 + (scale - 1) / 2))
        # A thicker edge, with the same size of the whole.
        heights |= {name: f"{high}px", f"{name}_mark": f"{high - 2}px"}
        heights[f"{name}_focus"] = f"{high - 4}px"
    text = files("gui.kiosk").joinpath("kiosk.qss").read_text(encoding="utf-8")
    return Template(text).substitute(as_mapping(tokens) | sizes | heights)
