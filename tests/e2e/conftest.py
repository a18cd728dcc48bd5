from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.terminal import cloister, require

DOCUMENTS = {
    "anticoagulation.html": (
        "<title>Anticoagulation Guideline</title><h1>Anticoagulation Guideline</h1>"
        "<h2>Restarting after surgery</h2><p>Apixaban may be restarted 24 hours after a low "
        "bleeding-risk procedure and 48 to 72 hours after a high bleeding-risk procedure. The "
        "operating team must have confirmed haemostasis first.</p>"
        "<h2>Renal function</h2><p>Check creatinine clearance before every dose change. Below "
        "30 ml/min the pharmacist reviews the prescription the same day.</p>"
    ),
    "visiting.md": (
        "# Visiting hours\n\nVisitors are welcome from 14:00 to 19:30 on every ward.\n\n"
        "## Intensive care\n\nOn the intensive care unit two visitors may stay for 30 minutes.\n"
    ),
    "parking.txt": "Staff park on level three. The barrier opens with the staff badge only.\n",
}


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with three small documents and one earlier question, closed cleanly."""
    base = tmp_path_factory.mktemp("vault")
    documents = base / "documents"
    documents.mkdir()
    for name, text in DOCUMENTS.items():
        (documents / name).write_text(text)
    require(cloister(base / "data", "init", "--name", "Anna", "--collection", "Ward"))
    require(cloister(base / "data", "add", str(documents)))
    require(cloister(base / "data", "ask", "When may apixaban be restarted after surgery?"))
    return base / "data"


@pytest.fixture
def vault(_made: Path, tmp_path: Path) -> Path:
    """A copy of that vault to do anything to."""
    return Path(shutil.copytree(_made, tmp_path / "data"))
