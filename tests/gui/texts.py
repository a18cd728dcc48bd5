# ruff: noqa: E501 - a sentence of a document is one line
"""A small fictional library for the window's tests: first line title, form feeds between pages."""

from __future__ import annotations

from pathlib import Path

ANTICOAGULATION = """Anticoagulation Guideline 2026
# 1. Scope
This guideline covers initiation, monitoring and peri-operative management of oral anticoagulants in adult inpatients.
It does not replace individual clinical judgement.
# 2. Bridging
Patients with a mechanical mitral valve should receive bridging with low molecular weight heparin when the INR falls below 2.0.
Routine bridging is not recommended in atrial fibrillation with a CHA2DS2-VASc score of 4 or less.
# 3. Restarting after surgery
Direct oral anticoagulants such as apixaban may be restarted 24 hours after low bleeding-risk procedures and 48 to 72 hours after high bleeding-risk procedures, provided that haemostasis has been confirmed by the operating team.
Warfarin may be restarted on the evening of surgery.
\f# 4. Renal function
Dose adjustment of apixaban is required when creatinine clearance is below 30 ml/min.
Recheck renal function within 7 days of any dose change.
# 5. Reversal
Andexanet alfa is kept in the emergency department and needs the approval of the haematologist on call.
\f# 6. Responsibilities
The ward pharmacist reviews every new prescription of an oral anticoagulant within one working day.
"""
SEPSIS = """Sepsis Pathway
# Recognition
Suspect sepsis in every patient with a NEWS2 score of 5 or more and signs of infection.
# First hour
Blood cultures are taken before the first dose of antibiotics.
The first dose of intravenous antibiotics is given within 60 minutes of recognition.
Lactate is measured and repeated after 2 hours when it is above 2 mmol/l.
"""
LEAVE = """Staff Handbook: Leave
# Parental leave
Parental leave is requested in writing at least seven weeks before it begins.
# Study leave
Study leave of five days a year is granted to staff in training.
"""
FORMULARY = """Ward Formulary & Dosing, Surgical and Critical Care Divisions, Third Revised Edition
# Analgesia
Paracetamol is given at 1 g every 6 hours, at most 4 g in 24 hours, and at most 2 g below 50 kg body weight.
\f!!
"""


def write_library(folder: Path) -> Path:
    """Four documents, one empty and one that cannot be read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("anticoagulation.pdf", ANTICOAGULATION),
        ("sepsis.pdf", SEPSIS),
        ("leave.html", LEAVE),
        ("formulary.pdf", FORMULARY),
        ("blank-form.txt", "  \n"),
    ):
        (folder / name).write_text(text)
    (folder / "board minutes (protected).pdf").write_bytes(b"\xff\xfe\x00\xd8")
    return folder
