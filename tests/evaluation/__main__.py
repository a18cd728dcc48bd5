"""`make eval`: how well the product finds, reads and refuses, on data of your own.

docs/evaluation.md says how to call it and what each figure means.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from appliance.engine.encoder.bundle import default_encoder_folder
from appliance.engine.encoder.client import EngineHost
from appliance.errors import CloisterError
from tests.benchmarks.__main__ import machine
from tests.evaluation.adapter import composer_of, reader_of
from tests.evaluation.beir import open_beir
from tests.evaluation.evaluating import Evaluation
from tests.evaluation.hospital import QuestionPages
from tests.evaluation.lines import unreadable
from tests.evaluation.material import DataSet
from tests.evaluation.options import Options, parse
from tests.evaluation.report import Table, json_of, text_of
from tests.evaluation.squad import SquadFile
from tests.evaluation.vectors import KeptVectors


def data_sets(options: Options) -> Iterator[DataSet]:
    """Each as it is come to, so that only one is held. Raises DataUnusable."""
    for folder in options.beir:
        yield from open_beir(folder, options.split)
    for path in options.squad:
        yield SquadFile(path, options.asks_of)
    for folder in options.hospital:
        yield QuestionPages(folder, options.asks_of, with_headings=options.headings == "kept")


def evaluate(options: Options) -> None:
    """Prints the tables of every data set as they come. Raises DataUnusable and others."""
    host = EngineHost(default_encoder_folder())
    kept = KeptVectors(host, host.model, options.cache)
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    stamp = f"{date}, {machine()}, encoder {host.model}"
    tables: list[Table] = []
    composer = composer_of() if "composed" in options.parts else None
    try:
        for data in data_sets(options):
            made = Evaluation(data, options, host, kept, reader_of(host), composer, stamp).run()
            for table in made:
                print(f"\n{text_of(table)}", flush=True)
            tables += made
            _write(options, tables, date)
    finally:
        kept.close()
        host.close()
        if composer is not None:
            composer.close()


def _write(options: Options, tables: list[Table], date: str) -> None:
    if options.json is not None:
        try:
            options.json.write_text(json_of(tables, machine(), date), encoding="utf-8")
        except OSError as error:
            raise unreadable(options.json, error) from error


def main() -> int:
    try:
        evaluate(parse(sys.argv[1:]))
    except CloisterError as error:
        print(f"{error.sentence}\n{error.next_step}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
