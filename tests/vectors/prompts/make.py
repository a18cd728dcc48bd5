"""Makes the small tokenizers and vectors.json of this folder, with transformers as the judge.

Needs transformers (the environment of `make parity`): python tests/vectors/prompts/make.py
The templates are written for this folder, of the kinds the families use.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import PreTrainedTokenizerFast  # only where vectors are made

HERE = Path(__file__).resolve().parent
CORPUS = [
    "Apixaban is stopped 48 hours before surgery. Warfarin is restarted on the same evening.",
    "When is apixaban stopped? You answer from the numbered passages and cite them like [1].",
    "system user assistant model You are helpful. Today Date: 26 Jul 2024 INST",
] * 4
SPECIAL = {
    "chatml": ["<|im_start|>", "<|im_end|>"],
    "llama3": ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "gemma": ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"],
    "phi3": ["<s>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"],
    "mistral": ["<s>", "</s>", "[INST]", "[/INST]"],
    "qwen3": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
}
BOS = {"llama3": "<|begin_of_text|>", "gemma": "<bos>", "phi3": "<s>", "mistral": "<s>"}
EOS = {
    "chatml": "<|im_end|>", "llama3": "<|eot_id|>", "gemma": "<eos>", "phi3": "<|endoftext|>",
    "mistral": "</s>", "qwen3": "<|im_end|>",
}  # fmt: skip
CONVERSATIONS = {
    "one": [("user", "When is apixaban stopped?")],
    "system": [("system", "You answer from passages."), ("user", "When is apixaban stopped?")],
    "turns": [
        ("system", "Cite them like [1]."),
        ("user", "When is it stopped?"),
        ("assistant", "48 hours before surgery [1]."),
        ("user", "And warfarin?\n\n> Größe 5 µg\n> second line"),
    ],
}


def tokenizer(kind: str) -> Tokenizer:
    byte_level = kind in ("chatml", "llama3", "qwen3")
    made = Tokenizer(
        models.BPE(byte_fallback=not byte_level, unk_token=None if byte_level else "<unk>")
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet() if byte_level else []
    if byte_level:
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
    elif kind == "mistral":
        made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        steps = [normalizers.Prepend("▁")] if kind == "phi3" else []
        made.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    breaks = ["\n\n"] if kind == "gemma" else []
    plain = [] if byte_level else ["<unk>", *breaks, *(f"<0x{n:02X}>" for n in range(256))]
    made.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=420, initial_alphabet=alphabet, special_tokens=plain,
            show_progress=False,
        ),
    )  # fmt: skip
    described = json.loads(made.to_str())
    described["added_tokens"] = [
        t for t in described["added_tokens"] if t["content"] in ("<unk>", "\n\n")
    ]
    made = Tokenizer.from_str(json.dumps(described))
    made.add_special_tokens(
        [
            AddedToken(t, normalized=False, rstrip=kind == "phi3" and t != "<s>")
            for t in SPECIAL[kind]
        ]
    )
    if kind == "qwen3":
        made.add_tokens([AddedToken(t, normalized=False) for t in ("<think>", "</think>")])
    if kind == "gemma":
        made.add_tokens([AddedToken(t, normalized=False) for t in ("<b>", "</b>")])
    return made


def main() -> None:
    vectors = {}
    for kind in SPECIAL:
        made = tokenizer(kind)
        (HERE / f"{kind}.tokenizer.json").write_text(
            json.dumps(json.loads(made.to_str()), ensure_ascii=False, separators=(",", ":"))
        )
        names = {"bos_token": BOS.get(kind), "eos_token": EOS[kind]}
        fast = PreTrainedTokenizerFast(
            tokenizer_object=made, chat_template=(HERE / f"{kind}.jinja").read_text(), **names
        )
        cases = {}
        for name, conversation in CONVERSATIONS.items():
            messages = [{"role": role, "content": text} for role, text in conversation]
            if kind == "gemma" and messages[0]["role"] == "system":
                first = f"{messages[0]['content']}\n\n{messages[1]['content']}"
                messages = [{"role": "user", "content": first}, *messages[2:]]
            text = fast.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
            text = text.replace(datetime.now().astimezone().strftime("%d %b %Y"), "25 Nov 2026")
            ids = fast(text, add_special_tokens=False)["input_ids"]
            cases[name] = {"messages": conversation, "text": text, "ids": ids}
        vectors[kind] = {"names": {k: v for k, v in names.items() if v}, "cases": cases}
    (HERE / "vectors.json").write_text(json.dumps(vectors, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
