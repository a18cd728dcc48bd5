"""The trained composer as a Hugging Face folder, as `cloister model build` takes it.

Rules kept here: the folder holds everything a reader of such folders needs and nothing that runs;
what is saved is loaded again with transformers and must foretell the same tokens.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from model import Composer, Shape
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokens import END, PAD, TEMPLATE
from transformers import LlamaForCausalLM

PROMPT_FORM = "composer-1"


class NotTheSame(RuntimeError):
    """The saved model is another than the trained one."""


def export(model: Composer, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes `folder`, which may be there. Raises NotTheSame."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = {"eos_token_id": tokenizer.token_to_id(END), "pad_token_id": tokenizer.token_to_id(PAD)}
    _write(folder / "config.json", {**_config(model.shape), **ends})
    _write(folder / "generation_config.json", {**ends, "do_sample": False})
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "chat_template": TEMPLATE,
            "eos_token": END,
            "pad_token": PAD,
            "clean_up_tokenization_spaces": False,
            "model_max_length": model.shape.context,
        },
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(model.named_weights(), folder / "model.safetensors", metadata={"format": "pt"})
    _require_same(model, folder)


def _config(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.inner,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.head,
        "hidden_act": "silu",
        "max_position_embeddings": shape.context,
        "rms_norm_eps": shape.norm_eps,
        "rope_theta": shape.theta,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "float16",
        "prompt_form": PROMPT_FORM,
    }


@torch.no_grad()
def _require_same(model: Composer, folder: Path) -> None:
    saved = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    model.round_weights(yes=False)
    tokens = torch.arange(4, 260).reshape(1, -1)
    ours, theirs = model.logits(model.states(tokens)), saved(tokens).logits
    agreeing = float((ours.argmax(-1) == theirs.argmax(-1)).float().mean())
    if agreeing < 0.99:
        raise NotTheSame(f"only {agreeing:.0%} of the tokens are foretold alike")


def _write(path: Path, table: dict[str, object]) -> None:
    path.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
