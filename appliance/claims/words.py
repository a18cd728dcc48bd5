"""The words that are treated apart when a sentence is checked.

Rules kept here: a unit has several spellings only where they mean the same to everybody; "pounds",
"IU" and "degrees Celsius" stand for themselves. A word too many in TURNING only makes the check
stricter.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ARTICLES = _words("the")
"""Left out of the comparison. "A few" is not "few", so "a" is not among them."""

NEGATIONS = _words(
    "no not never neither nor none nothing nobody nowhere cannot without hardly scarcely barely "
    "nicht kein keine keinen keinem keiner keines nie niemals nichts weder ohne niemand kaum "
    "ne n pas jamais aucun aucune ni sans rien nul nulle personne "
    "no nunca jamás jamas ningún ningun ninguno ninguna ni sin nada nadie tampoco "
    "non mai nessun nessuno nessuna né senza niente nulla neppure nemmeno "
    "niet geen nooit noch zonder niets niemand nergens"
)
"""English, German, French, Spanish, Italian, Dutch."""

REFUSING = NEGATIONS | _words(
    "avoid avoids avoided avoiding stop stops stopping cease ceases ceased ceasing withhold "
    "withholds withheld withholding hold holds held holding discontinue discontinues "
    "discontinuing refrain omit omits omitted reject rejects rejected deny denies denied refuse "
    "refuses refused fail fails failed lack lacks lacked lacking prohibit prohibits prohibited "
    "forbid forbids forbidden contraindicated contraindication contraindications unsafe harmful "
    "against myth myths wrong wrongly false falsely withdrawn obsolete deprecated error errors "
    "incorrect previously formerly"
)
"""These turn even what stands under a heading."""
TURNING = REFUSING | _words(
    "instead rather except excepting excluding excluded exclude unless until only if when "
    "whenever where provided otherwise else although though despite because since while before "
    "after from to into with in on at for by of as than per over under below above within during "
    "between less more most least maximum minimum up may might can could would will who whom whose "
    "which that whether either or but however maybe perhaps possibly probably rarely seldom "
    "sometimes often usually once was were had been believe believes believed "
    "claim claims claimed think thinks thought say says said suggest suggests suggested assume "
    "assumes assumed report reports reported reportedly alleged allegedly"
)
"""What may turn, limit or doubt what stands beside or under it."""

POINTING = _words(
    "it this these those they them he she him here such both otherwise thus therefore however then "
    "and but or so also instead latter former same "
    "er sie es dies diese dieser dieses diesem il elle ils elles ce cela ceci cette él ella ellos "
    "ellas esto esta este eso ese lui lei essi esse questo questa hij zij ze het dit deze dat"
)
"""Leading a sentence, they point at the sentence before it."""
POINTING_ANYWHERE = _words("it them him he she they this these those latter former")
OWNERS = _words(
    "the his her its their that der die das den dem des sein seine seiner ihr ihre ihrer le la les "
    "son sa ses leur leurs el los las su sus lo gli i suo sua suoi sue de zijn haar hun"
)
"""Leading a sentence, they tell of something that is known already."""
RELATIONS = _words(
    "dose doses dosage dosing treatment therapy patient allergy allergies diagnosis medication "
    "history plan result results temperature pulse weight age maximum minimum daily initial usual"
)
"""Leading a sentence, they leave open whose or of what."""

NUMBER_WORDS: Mapping[str, str] = {
    word: str(value)
    for value, word in enumerate("one two three four five six seven eight nine ten".split(), 1)
}
"""Read as digits, but only alone: not in "twenty-five", "two hundred", "one hundredth"."""
PARTS_OF_NUMBERS = _words(
    "zero eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty "
    "thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion billions trillion dozen dozens score half halves third thirds "
    "quarter quarters fifth fifths tenth tenths hundredth hundredths thousandth thousandths "
    "k m bn mio mrd point"
) | frozenset(NUMBER_WORDS)

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
    "ml": "ml mL millilitre millilitres milliliter milliliters",
    "mmol": "mmol millimole millimoles",
    "µmol": "µmol μmol umol",
    "unit": "unit units",
    "mmHg": "mmHg mmhg",
    "kPa": "kPa kpa",
    "km": "km kilometre kilometres kilometer kilometers",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
    "%": "% percent pct",
    "€": "€ EUR euro euros",
    "$": "$ USD",
    "£": "£ GBP",
    "tablet": "tablet tablets",
    "puff": "puff puffs",
    "drop": "drop drops",
}
UNITS: Mapping[str, str] = {
    spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()
}
"""A unit's spelling to the one it is compared in. Upper and lower case differ: Mg is not mg."""
