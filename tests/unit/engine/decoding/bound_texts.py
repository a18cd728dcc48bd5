"""Texts as wards and banks have them, what must not come of each, and what must be able to.

Each is said as "It says ….". What must not come is what a clinician or a teller could act upon: a
part of a number, another unit, another order, a piece of one code with a piece of the next.
"""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One passage."""

    evidence: str
    impossible: tuple[str, ...]
    possible: tuple[str, ...]


def _text(evidence: str, impossible: str, possible: str) -> Text:
    return Text(evidence, tuple(impossible.split("; ")), tuple(possible.split("; ")))


DOSES = (
    _text(
        "Give 5 mg.",
        "5 mL; 5; 50 mg; 5 g; 5 mcg; 5mg; 5 m; mg; 5 (mg); 5 mg mL; 5 mg/kg; .5 mg; 5.0 mg; -5 mg",
        "5 mg; (5 mg); **5 mg**",
    ),
    _text("Give 0.55 mmol/L.", "0.5 mmol/L; 0.55; 55 mmol/L; 0.55 mmol; 0.55 L", "0.55 mmol/L"),
    _text("Give 200 micrograms.", "200 milligrams; 200 mcg; 200", "200 micrograms"),
    _text("Give 5-10 mg.", "5 mg; 10 mg; 5-10; 5–10 mg; 510 mg", "5-10 mg"),
    _text("Give 5 to 10 mg.", "5 mg; 10 mg; 5; 5 to 10", "5 to 10 mg"),
    _text("Give 5 mg-10 mg.", "5; 10; 5 mg; mg-10 mg", "5 mg-10 mg"),
    _text("Between 5 and 10 mg.", "5; 10 mg", "between 5 and 10 mg"),
    _text("Syrup 100 mg/5 mL.", "100; 100 mg; 5 mL; mg/5 mL; 100 mL; 100 mg/5", "100 mg/5 mL"),
    _text("Syrup 100 mg per 5 mL.", "100 mg; 5 mL; 100", "100 mg per 5 mL"),
    _text("Give 100 mg/m² once.", "100; 100 mg; mg/m²; 100 mg/m", "100 mg/m²"),
    _text("eGFR of 30 mL/min/1.73 m².", "30; 30 mL; 30 mL/min; 1.73 m²", "30 mL/min/1.73 m²"),
    _text("Give 10 mL·kg⁻¹·h⁻¹.", "10 mL; 10 mL·kg; 10", "10 mL·kg⁻¹·h⁻¹"),
    _text("Give 10 mL kg-1 h-1.", "10 mL; 10; 10 mL kg; kg-1", "10 mL kg-1 h-1"),
    _text("Give 5 mg for every kg.", "5 mg; 5; 5 mg for every mL", "5 mg for every kg"),
    _text("Give 5 mg every 8 hours.", "5 mg every 4 hours; 5 hours; 8 mg", "5 mg every 8 hours"),
    _text("Take twice daily.", "once daily; daily; twice; twice weekly", "twice daily"),
    _text(
        "Take 5 mg twice a day.", "5 mg once a day; 5 mg a day; twice a week", "5 mg twice a day"
    ),
    _text("5 mg OD, then 10 mg BD.", "5 mg BD; 10 mg OD", "5 mg OD; 10 mg BD"),
    _text("5 mg daily, 10 mg weekly.", "5 mg weekly; 10 mg daily", "5 mg daily; 10 mg weekly"),
    _text("1, 2 and 3 mg tablets.", "1 mg; 2 mg; 1; 2; 3 tablets", "3 mg; 1, 2 and 3 mg tablets"),
    _text("Take 2 x 5 mg.", "5 mg; 2 mg; 2", "2 x 5 mg"),
    _text("Take ½ tablet.", "½; 1/2 tablet; 1 tablet; ½ tablets", "½ tablet"),
    _text("Take 1 ½ tablets.", "1 tablets; ½ tablets; 1 tablet; 1½ tablets", "1 ½ tablets"),
    _text("Take ５ mg.", "5 mg; ５", "５ mg"),
    _text("Take ٥ mg.", "5 mg; ٥", "٥ mg"),
    _text("Mg 2 mmol.", "2 mg; 2; of mg", "2 mmol"),
    _text("Weight\tDose\n50 kg\t5 mL\n60 kg\t6 mL", "50 mL; 50 kg 6 mL; 5 kg", "50 kg; 5 mL; 6 mL"),
    _text("Drug\tBefore\tAfter\nA\t48\t24", "48 24; 4824; 4", "48; 24"),
    _text("Hb\t13.5\tg/dL\t13–17", "13.5; 13.5 g; 17; 13", "13.5 g/dL; 13–17"),
    _text("| A | 5 mg | 10 mg |", "5 mL; 5; 5 mg 10 mg", "5 mg; 10 mg"),
)

READINGS = (
    _text("Keep at −20 °C.", "20 °C; -20 °C; −20; +20 °C", "−20 °C"),
    _text("Keep at -20 °C.", "20 °C; −20 °C; - 20 °C", "-20 °C"),
    _text("Keep at - 20 °C.", "20 °C; 20", "-20 °C"),
    _text("Keep at minus 20 °C.", "20 °C; -20 °C; plus 20 °C; 20", "minus 20 °C"),
    _text("Between -25 and -15 °C.", "-25 °C; 25; 15 °C; -15 °C", "-25 and -15 °C"),
    _text("At 38.5 °C.", "38.5; 38.5 °F; 8.5 °C; 38 °C; 38.5 C", "38.5 °C"),
    _text("BP 120/80 mmHg.", "120 mmHg; 80 mmHg; 120/80; 12080 mmHg", "120/80 mmHg"),
    _text("Platelets 10^3/µL.", "10; 103; 10^3; 10/µL", "10^3/µL"),
    _text("Count 1.5 × 10⁹/L.", "1.5; 10⁹/L; 1.5 × 10; 109/L", "1.5 × 10⁹/L"),
    _text("Value 5 ± 2 mg.", "5 mg; 2 mg; 5", "5 ± 2 mg"),
    _text("Value 5 +/- 2 mg.", "5 mg; 2 mg; 5", "5 +/- 2 mg"),
    _text("Over >5 mg or ≤ 3 mg.", "5 mg; 3 mg; <5 mg; >3 mg", ">5 mg; ≤ 3 mg"),
    _text("P < 0.05, n = 12.", "0.05; 12; P > 0.05; n = 1", "P < 0.05; n = 12"),
    _text("A ratio of 1:500 or 1:1000.", "1; 1:50; 500; 1:100", "1:500; 1:1000"),
    _text("In 1 in 10 people.", "1; 10; 1 in 100; 10 in 10", "1 in 10"),
    _text(
        "One in ten; two tablets.", "two; one; ten tablets; one tablet", "two tablets; one in ten"
    ),
    _text("Stage II disease.", "stage I; stage III; stage IV; Stage I disease", "stage II"),
)

DATES = (
    _text("On 12/03/2024.", "03/12/2024; 12/03; 2024-03-12; 12/03/24; 2024", "12/03/2024"),
    _text(
        "On 12 March 2024.",
        "March 12, 2024; 12 2024; March 12; 12; 13 March 2024; March, 12; 12 May 2024; 12/3/2024",
        "12 March 2024; 12 March; March 2024; in 2024",
    ),
    _text("From 12 to 14 March 2024.", "12 March; 14 March; 12 to 14 May", "12 to 14 March 2024"),
    _text("On 12 and 13 March 2024.", "12 patients; 12; 12 March", "13 March 2024; March 2024"),
    _text(
        "At 14:00. At 2 pm or 10 am.",
        "14; 1400; 4:00; 2 am; 2; 10 pm; 14:00:00",
        "14:00; 2 pm; 10 am",
    ),
    _text("Open 9:00–17:00.", "9:00; 17:00; 9:00–7:00", "9:00–17:00"),
    _text("In Q1 2024 and Q2 2023.", "Q1 2023; Q2 2024; Q1", "Q1 2024; Q2 2023"),
)

MONEY = (
    _text("Pay 1,000 now.", "1.000; 1000; 1; 000; 10,00", "1,000"),
    _text("Zahle 1.000 EUR.", "1,000 EUR; 1.000; 1.000 USD; 1 EUR", "1.000 EUR"),
    _text("A fee of £5,000.", "€5,000; 5,000; £5; $5,000; £5,000,000", "£5,000"),
    _text("A fee of US$5,000 or A$700.", "$5,000; 5,000; $700; A$5,000; US$700", "US$5,000; A$700"),
    _text("A fee of £5 million.", "£5; 5 million; £5 billion; £5m", "£5 million"),
    _text("A rate of 3.5% p.a.", "3.5; 3.5%; 3%; 5%; 3.5% p.m", "3.5% p.a"),
    _text("A rate of 65 %.", "65; 6 %; 65%; 65 mg", "65 %"),
)

CODES = (
    _text(
        "See NGH-CP-014.",
        "NGH-CP-01; NGH-CP-0144; CP-014; 014; NGH; NGH CP 014; NGH-CP-014-a; NGH-CP-014-by",
        "NGH-CP-014",
    ),
    _text("Version 2.1.3.", "2.1; 2.1.3.4; 1.3; 2.1.30", "2.1.3"),
    _text("Call 020 7946 0958 or 020 7946 0123.", "020; 7946; 0958; 020 7946", "020 7946 0958"),
    _text("Call +44 20 7946 0958.", "44 20 7946 0958; +44; 20 7946 0958", "+44 20 7946 0958"),
    _text(
        "Call (020) 7946 0958 or (0161) 496 0000.",
        "(020) 496 0000; (0161) 7946 0958; 7946 0958; (020)",
        "(020) 7946 0958",
    ),
    _text(
        "To GB29 NWBK 6016 1331 9268 19 or DE89 3704 0044 0532 0130 00.",
        "GB29; DE89 6016 1331 9268 19; 6016 1331 9268 19; GB29 3704 0044 0532 0130 00; NWBK",
        "GB29 NWBK 6016 1331 9268 19; DE89 3704 0044 0532 0130 00",
    ),
    _text(
        "Sort code 20-00-00, account 12345678.", "20-00; 20-00-01; 1234567", "20-00-00; 12345678"
    ),
    _text("Card 4929 1234 5678 9012.", "4929; 4929 1234; 9012", "4929 1234 5678 9012"),
    _text("At SW1A 1AA or EC2M 4AB.", "SW1A 4AB; SW1A; 1AA", "SW1A 1AA; EC2M 4AB"),
    _text("NI number QQ 12 34 56 C.", "12 34 56; QQ 12; 12", "QQ 12 34 56 C"),
    _text("U-100 insulin.", "100; U-10; U 100", "U-100 insulin"),
)

NAMES = (
    _text(
        "Ask Dr John Smith or Mary Jones.", "John Jones; Mary Smith; Ann; Smit", "Dr Smith; Jones"
    ),
    _text("Mary Jones-Brown met Lee.", "Lee-Brown; Mary Lee; Jones-Lee", "Mary Jones-Brown; Lee"),
    _text("Write to j.smith@nhs.uk or a.lee@b.uk.", "j.lee@b.uk; smith@nhs.uk", "j.smith@nhs.uk"),
    _text("See www.nhs.uk/page-12.", "www.nhs.uk; www.nhs.uk/page-1", "www.nhs.uk/page-12"),
    _text("Warfarin is used.", "heparin; Heparin; warfarins", "warfarin; Warfarin"),
    _text("Hepatitis B vaccine.", "hepatitis C; hepatitis A", "hepatitis B"),
    _text("Vitamin K 10 mg.", "vitamin D; 10 K; 10", "vitamin K; 10 mg"),
)

TEXTS = (*DOSES, *READINGS, *DATES, *MONEY, *CODES, *NAMES)
