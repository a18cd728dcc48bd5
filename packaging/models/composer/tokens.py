"""The composer's tokenizer: byte-level pairs learnt from the training texts, digits one by one.

Rules kept here: every text can be written (all bytes are tokens); a digit is always a token of its
own, so that a number is copied digit by digit and none is a habit; a word looks the same wherever
it stands: each line of the prompt begins behind a space.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 8_192
PAD, ASK, ANSWER, END = "<|pad|>", "<|ask|>", "<|answer|>", "<|end|>"
MARKS = (PAD, ASK, ANSWER, END)
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    f"{ANSWER}{{{{ message['content'] }}}}{END}"
    "{% else %}"
    f"{ASK}{{{{ message['content'] }}}}"
    "{% endif %}{% endfor %}"
    f"{{% if add_generation_prompt %}}{ANSWER}{{% endif %}}"
)


def learn_tokenizer(texts: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(MARKS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def learn_from(path: Path, out: Path) -> Tokenizer:
    with path.open(encoding="utf-8") as file:
        tokenizer = learn_tokenizer(file)
    tokenizer.save(str(out))
    return tokenizer
