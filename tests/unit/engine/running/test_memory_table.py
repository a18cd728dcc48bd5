"""The table of memory in docs/models.md says what `budget` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.mlc.writing import SHARD
from appliance.engine.models.architecture import Architecture, Format
from appliance.engine.models.families import architecture_from_huggingface
from appliance.engine.models.parameters import parameters
from appliance.engine.models.quantisation import groups_of, words_of
from appliance.engine.running.budget import budget

PAGE = Path(__file__).resolve().parents[4] / "docs" / "models.md"
HEADING = "| model | `q4f16_1` on disk | memory | `q0f16` on disk | memory |"
FORMATS = (Format.Q4F16_1, Format.Q0F16)

Shape = tuple[str, int, int, int, int, int, int, int, bool]
"""Family, width, inner width, layers, heads, heads of keys, vocabulary, context, tied."""
SHAPES: dict[str, Shape] = {
    "SmolLM2": ("llama", 576, 1_536, 30, 9, 3, 49_152, 8_192, True),
    "TinyLlama": ("llama", 2_048, 5_632, 22, 32, 4, 32_000, 2_048, False),
    "Qwen2.5": ("qwen2", 2_048, 11_008, 36, 16, 2, 151_936, 32_768, True),
    "Llama 3": ("llama", 4_096, 14_336, 32, 32, 8, 128_256, 8_192, False),
}
"""As their makers published them."""


def architecture(shape: Shape) -> Architecture:
    family, hidden, inner, layers, heads, kv_heads, vocabulary, context, tied = shape
    return architecture_from_huggingface(
        {
            "model_type": family,
            "hidden_size": hidden,
            "intermediate_size": inner,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "vocab_size": vocabulary,
            "max_position_embeddings": context,
            "rms_norm_eps": 1e-5,
            "rope_theta": 10_000.0,
            "tie_word_embeddings": tied,
            "bos_token_id": 1,
            "eos_token_id": 2,
        }
    )


def tensors(a: Architecture, form: Format) -> list[int]:
    """Bytes of each, as they lie in the shards."""
    found = []
    for parameter in parameters(a):
        rows, *rest = parameter.shape
        if rest and form.quantised:
            found += [rows * words_of(rest[0]) * 4, rows * groups_of(rest[0]) * 2]
        else:
            found.append(rows * (rest[0] if rest else 1) * 2)
    return found


def figures(a: Architecture, form: Format) -> tuple[str, str]:
    """On disk, and in memory where nothing is free for more than the smallest cache."""
    sizes = tensors(a, form)
    largest = max(SHARD, *sizes)
    needed = budget(a, form, size=sum(sizes), largest=largest, available=0)
    return f"{sum(sizes) / 1e9:.1f} GB", f"{needed.memory / 1e9:.1f} GB"


def rows() -> dict[str, list[str]]:
    """The cells of each row, by the model in its brackets."""
    lines = PAGE.read_text("utf-8").splitlines()
    found = {}
    for line in lines[lines.index(HEADING) + 2 :]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[name.partition("(")[2].rstrip(")")] = cells
    return found


def test_every_model_of_the_table_is_computed_here() -> None:
    assert rows().keys() == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
def test_a_row_says_what_the_budget_says(name: str) -> None:
    a = architecture(SHAPES[name])
    assert rows()[name] == [cell for form in FORMATS for cell in figures(a, form)]
