"""What is measured of chat models and of the encoder, section by section.

Rules kept here: both sides run the same work on the same machine in the same minute, in turns.
Every figure is the median over its rounds, every ratio the median of the rounds' own ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.engine.alternating import Pair, alternate
from tests.benchmarks.engine.bandwidth import Bandwidth
from tests.benchmarks.engine.mlc_bundle import write_bundle
from tests.benchmarks.engine.pipes import Child
from tests.benchmarks.engine.product import installed
from tests.benchmarks.engine.report import Figure, Section
from tests.benchmarks.engine.shapes import LARGE, SMALL, Shape
from tests.benchmarks.engine.sides import Setup, cores
from tests.benchmarks.engine.texts import encoder_weights, passages, question

THREADS = (1, 2)
CONTEXT, STEPS = 64, 24
PREFILLS = (128, 512)
PREFIX, QUESTION = 1500, 8
REQUESTS, PROMPT, ANSWER = 8, 16, 32
ROUNDS = {SMALL.name: 7, LARGE.name: 3}
BOUND = {SMALL.name: 0.75, LARGE.name: 0.85}


def chat(setup: Setup) -> Section:
    """Decode and prefill beside llama.cpp, decode beside the bandwidth as well."""
    figures: list[Figure] = []
    notes: list[str] = []
    with Bandwidth(setup.folder) as bandwidth:
        for shape in setup.shapes:
            for threads in THREADS:
                with setup.ours(threads) as ours, setup.llama_cpp() as theirs:
                    ours.ask("open", shape=shape.name)
                    built = theirs.ask("open", shape=shape.name, threads=threads)
                    case = _Case(setup, shape, threads, ours, theirs, notes)
                    figures += case.decode(bandwidth)
                    figures += [case.prefill(length) for length in PREFILLS]
    return Section(
        "Chat models beside llama.cpp",
        tuple(figures),
        (
            "Random weights of the same shapes, q4f16_1 and Q4_0 (4.5 bits a weight both). "
            f"llama.cpp through its C interface, built here: {built}.",
            f"Decode after {CONTEXT} tokens, {STEPS} tokens a round. The bound is the bandwidth, "
            "measured in the same rounds, divided by the bytes of weights a token reads.",
            "llama.cpp with flash attention where that was faster for it: "
            + (", ".join(notes) or "nowhere")
            + ".",
            "Eight billion parameters on an NVIDIA GPU: not measured, no such machine was at hand. "
            "`python -m tests.benchmarks.gpu` measures it where there is one.",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One shape at one number of threads, both sides loaded. notes: where llama.cpp's flash
    attention was faster, as it is found out."""

    setup: Setup
    shape: Shape
    threads: int
    ours: Child
    theirs: Child
    notes: list[str]

    @property
    def rounds(self) -> int:
        return self.setup.rounds(ROUNDS.get(self.shape.name, 1))

    def decode(self, bandwidth: Bandwidth) -> list[Figure]:
        work = self._work("decode")
        self._settle("decode", CONTEXT, STEPS, runs=2)
        read: list[float] = []
        own: list[float] = []

        def ours() -> float:
            own.append(float(self.ours.ask("decode", length=CONTEXT, steps=STEPS)))
            read.append(bandwidth.read(self.threads))
            return own[-1]

        pair = alternate(
            ours, _asking(self.theirs, "decode", length=CONTEXT, steps=STEPS), self.rounds * 2
        )
        size = self.shape.bytes_read
        share = statistics.median(size / s / r for s, r in zip(own, read, strict=True))
        rate = statistics.median(read)
        least = BOUND.get(self.shape.name, 0.0)
        return [
            _rates(work, pair, 1, 1.0),
            Figure(
                f"{work}, of the bound at {rate / 1e9:.1f} GB/s",
                100 * share,
                "%",
                peer=100 * size / pair.theirs / rate,
                aim=f"at least {100 * least:.0f} %" if least else "",
                holds=share >= least if least else None,
            ),
        ]

    def prefill(self, length: int) -> Figure:
        self._settle("prefill", length, 0, runs=2 if length < 256 else 1)
        self.ours.ask("prefill", length=length)
        pair = alternate(
            _asking(self.ours, "prefill", length=length),
            _asking(self.theirs, "prefill", length=length),
            self.rounds,
        )
        return _rates(self._work(f"prefill {length}"), pair, length, 2.0)

    def _work(self, kind: str) -> str:
        return f"{kind}, {self.shape.label}, {_threads(self.threads)}"

    def _settle(self, work: str, length: int, steps: int, runs: int) -> None:
        """Also warms llama.cpp up; the long prefill comes when it is warm already."""
        if self.theirs.ask("settle", work=work, length=length, steps=steps, runs=runs):
            self.notes.append(self._work(f"{work} {length}" if work == "prefill" else work))


def arithmetic(setup: Setup) -> Section:
    """What the exact arithmetic costs, on all threads."""
    figures: list[Figure] = []
    for shape in setup.shapes:
        with setup.ours(THREADS[-1]) as exact, setup.ours(THREADS[-1]) as fast:
            exact.ask("open", shape=shape.name, exact=True)
            fast.ask("open", shape=shape.name)
            for task, count in (("decode", 1), ("prefill", PREFILLS[0])):
                length = {"length": CONTEXT, "steps": STEPS} if count == 1 else {"length": count}
                pair = alternate(
                    _asking(exact, task, **length), _asking(fast, task, **length), setup.rounds(3)
                )
                figures.append(_rates(f"{task}, {shape.label}, exact", pair, count, 0.0))
    return Section(
        "Exact arithmetic",
        tuple(figures),
        ('Four-bit weights, activations in float32 (`arithmetic = "exact"`); the peer is fast.',),
    )


def sharing(setup: Setup) -> Section:
    """What a prefix already seen and several requests at once bring; both on all threads."""
    figures: list[Figure] = []
    for shape in setup.shapes:
        with setup.ours(THREADS[-1]) as ours:
            ours.ask("open", shape=shape.name)
            figures += [_prefix(setup, shape, ours), _together(setup, shape, ours)]
    return Section(
        "Shared prefixes and requests at once",
        tuple(figures),
        (
            f"First token: a question of {QUESTION} tokens after a prefix of {PREFIX}; the peer is "
            "the same engine with the prefix not seen before.",
            f"At once: {REQUESTS} requests with {PROMPT} tokens of their own, {ANSWER} new tokens "
            "each, their prompts' prefill included; the peer is the same engine, each request to "
            "its end before the next.",
        ),
    )


def _prefix(setup: Setup, shape: Shape, ours: Child) -> Figure:
    ours.ask("keep_prefix", length=PREFIX)
    ours.ask("after_prefix", length=QUESTION)
    pair = alternate(
        lambda: statistics.median(
            ours.ask("after_prefix", length=QUESTION) for _ in range(setup.rounds(5))
        ),
        _asking(ours, "prefill", length=PREFIX + QUESTION),
        setup.rounds(3),
    )
    work = f"first token, {PREFIX}-token prefix already seen, {shape.label}"
    held = pair.ours < 0.15
    return Figure(work, pair.ours, "s", pair.theirs, pair.ratio, 50, "under 0.15 s", held)


def _together(setup: Setup, shape: Shape, ours: Child) -> Figure:
    load = {"requests": REQUESTS, "prompt": PROMPT, "steps": ANSWER}
    pair = alternate(
        _asking(ours, "together", **load),
        _asking(ours, "one_after_another", **load),
        setup.rounds(3),
    )
    return _rates(f"{REQUESTS} requests at once, {shape.label}", pair, REQUESTS * ANSWER, 2.5)


def encoder(setup: Setup) -> Section:
    """MiniLM beside onnxruntime, a question and passages."""
    texts = {"a question": question(), "32 passages": passages(32)}
    even = [(text * 128)[:128] for text in texts["32 passages"]]
    works = [
        ("encoder, batch 1 (a question)", texts["a question"], 1.0, 40),
        ("encoder, batch 32 (passages)", texts["32 passages"], 1.5, 2),
        ("encoder, batch 32, all of 128 tokens", even, 0.0, 2),
    ]
    figures = []
    weights = str(encoder_weights())
    for threads in THREADS:
        with setup.encoder(threads) as ours, setup.onnxruntime() as theirs:
            ours.ask("open")
            version = theirs.ask("open", weights=weights, threads=threads)
            for name, ids, least, times in works:
                theirs.ask("settle", texts=ids)
                ours.ask("encode", texts=ids, rounds=2)
                pair = alternate(
                    _asking(ours, "encode", texts=ids, rounds=setup.rounds(times)),
                    _asking(theirs, "encode", texts=ids, rounds=setup.rounds(times)),
                    setup.rounds(7),
                )
                figures.append(_rates(f"{name}, {_threads(threads)}", pair, len(ids), least, "1/s"))
    lengths = [len(text) for text in texts["32 passages"]]
    return Section(
        "Encoder beside onnxruntime",
        tuple(figures),
        (
            f"MiniLM in f32 on onnxruntime {version}, the faster of a graph in standard operators "
            "and one in onnxruntime's own for BERT. Texts a second; tokenising is not counted.",
            "The passages are the sample library's, as an import cuts them: "
            f"{sum(lengths)} tokens. onnxruntime's are padded to the longest "
            f"({max(lengths) * len(lengths)} tokens with the padding); the last rows are the "
            "comparison without any.",
        ),
    )


def loading(setup: Setup) -> Section:
    """From the start of a process to a first token's logits."""
    shape = setup.largest
    published = setup.folder / f"{shape.name}-q4f16_1-MLC"
    if not (published / "tensor-cache.json").exists():
        write_bundle(shape, published)
    bundle = installed(published, setup.folder / "models")
    with setup.llama_cpp() as writer:
        path = writer.ask("write", shape=shape.name)

    def timed(child: Child, file: str, started: float) -> float:
        with child:
            child.ask("first_token", path=file, shape=shape.name, length=PROMPT)
            return time.perf_counter() - started

    def ours() -> float:
        started = time.perf_counter()
        return timed(setup.ours(cores()), str(bundle), started)

    def theirs() -> float:
        started = time.perf_counter()
        return timed(setup.llama_cpp(), path, started)

    ours()
    theirs()
    pair = alternate(ours, theirs, setup.rounds(5))
    work = f"load a {shape.label} bundle to first token"
    return Section(
        "Loading",
        (Figure(work, pair.ours, "s", pair.theirs, pair.ratio, 1.0),),
        (
            "A fresh process each time, the interpreter's start and a prompt of "
            f"{PROMPT} tokens included; files in the page cache. Ours reads an MLC bundle and "
            "checks every hash; llama.cpp maps its file and checks none.",
            "Where ours goes, profiled: 0.1 s for the interpreter and its imports, 0.2 s for "
            "reading and hashing 620 MB, 0.15 s for laying matrices out for the kernels, 0.1 s for "
            "a first pass over new memory. Tried: reading, hashing and laying out by several "
            "threads (which halved it), huge pages. Not tried: laying one shard out while the next "
            "is hashed.",
        ),
    )


def _asking(child: Child, task: str, **arguments: object) -> Callable[[], float]:
    return lambda: float(child.ask(task, **arguments))


def _rates(work: str, pair: Pair, count: int, least: float, unit: str = "tokens/s") -> Figure:
    return Figure(work, count / pair.ours, unit, count / pair.theirs, pair.ratio, least)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


SECTIONS: Sequence[Callable[[Setup], Section]] = (chat, arithmetic, sharing, encoder, loading)
