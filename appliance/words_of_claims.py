"""The words that claims.py treats apart.

Rules kept here: whatever turns a meaning round (before and after, more and less, always and only)
and whatever can be done to somebody (give, stop, recommend) is in neither STOP nor PLAIN, so that a
sentence can bring it in only where the document has it.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP = _words(
    "a an and as at be because been being but by do does did doing for from had has have having "
    "he her hers him his i if in into is it its itself me my of on or our out shall she should "
    "so such than that the their them then there these they this those thus to too was we were "
    "what when where which while who whom whose why will with would you your are also just own "
    "s t d ll re ve m via must may might can could no not never without neither nor cannot none "
    "am about however therefore whether per"
)
"""Says nothing of its own. Modal verbs and negations are weighed apart."""

PLAIN = _words(
    "patient person people individual case time way thing part kind type amount level value "
    "document guideline guidance policy protocol passage section text source page rule state say "
    "tell according mention describe include contain name mean refer related regarding concern "
    "detail information specific purpose reason answer question note"
)
"""What a paraphrase may bring in without saying anything new. No verb of doing is here: "is given
48 hours before" would pass for "is stopped 48 hours before"."""

WEAK = _words("may might can could")
QUALIFIERS = _words("unless except excluding")
NEGATIONS = _words("no not never without neither nor cannot none")

NUMBER_WORDS: Mapping[str, str] = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    word: str(10 * value)
    for value, word in enumerate(
        "thirty forty fifty sixty seventy eighty ninety hundred".split(), start=3
    )
}

CURRENCIES = _words("€ $ £ chf")

_SPELLINGS = {
    "second": "s sec secs second seconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "d day days",
    "week": "wk wks week weeks",
    "month": "month months",
    "year": "yr yrs year years",
    "kg": "kg kilogram kilograms",
    "g": "g gram grams",
    "mg": "mg milligram milligrams",
    "µg": "µg μg mcg ug microgram micrograms",
    "ng": "ng nanogram nanograms",
    "l": "l L litre litres liter liters",
    "dl": "dl dL decilitre deciliter",
    "ml": "ml mL millilitre millilitres milliliter milliliters cc",
    "mol": "mol",
    "mmol": "mmol millimole millimoles",
    "µmol": "µmol μmol umol",
    "unit": "unit units u U iu IU",
    "mmhg": "mmHg mmhg",
    "kpa": "kPa kpa",
    "km": "km kilometre kilometres kilometer kilometers",
    "m": "m metre metres meter meters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "%": "% percent pct",
    "‰": "‰",
    "°": "° degree degrees celsius",
    "€": "€ eur euro euros",
    "$": "$ usd dollar dollars",
    "£": "£ gbp pound pounds sterling",
    "chf": "CHF chf franc francs",
    "times": "times x",
    "bpm": "bpm",
    "tablet": "tablet tablets",
    "puff": "puff puffs",
    "drop": "drop drops",
}
UNITS: Mapping[str, str] = {
    spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()
}
"""A unit's spelling to the one it is compared in."""
