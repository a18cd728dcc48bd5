"""The closed lists: words that speak of numbers, units and dates, and words that may link them.

Rules kept here: what is in BOUND_WORDS is no ordinary word, however common it is elsewhere; LINKS
are the only words that may stand behind a number without standing behind it in the evidence, and
none of them can be a unit or be counted.
"""

from __future__ import annotations

import re

NUMBER_WORDS = frozenset(
    "zero nil one two three four five six seven eight nine ten eleven twelve thirteen"
    " fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty"
    " seventy eighty ninety hundred hundreds thousand thousands million millions billion"
    " billions trillion trillions dozen dozens first second third fourth fifth sixth seventh"
    " eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
    " seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth sixtieth"
    " hundredth thousandth seconds thirds fourths fifths sixths eighths ninths tenths"
    " hundredths thousandths ones twos threes fours fives sixes tens teens twenties thirties"
    " forties fifties sixties seventies eighties nineties once twice thrice half halves halved"
    " halve halving quarter quarters double doubles doubled doubling triple triples tripled"
    " tripling treble quadruple quadrupled quintuple single couple pair pairs both twofold"
    " threefold fourfold fivefold tenfold".split()
)
"""Numbers in letters, any case."""

MONTHS = frozenset(
    "January February March April June July August September October November December Jan"
    " Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec May".split()
)
"""With their capital; "may" is an ordinary word, the other names are not even in lower case."""
DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays"
    " thursdays fridays saturdays sundays weekday weekdays weekend weekends christmas easter"
    " ramadan midnight noon midday".split()
)

UNIT_SIGNS = frozenset(
    "kg g mg mcg µg μg ng pg hg dg t lb lbs oz st km m dm cm mm µm μm nm pm ft yd mi L l dL"
    " dl cL cl mL ml µL μL uL nL fL fl hL kL s ms µs ns sec secs min mins h hr hrs d wk wks mo"
    " mos yr yrs Hz kHz MHz GHz mol mmol µmol μmol umol nmol pmol fmol mEq mEq Eq mOsm mosm"
    " Osm kcal cal kJ J MJ W kW MW V mV kV A mA Pa hPa kPa MPa mmHg cmHg cmH bar mbar psi atm"
    " K C F Bq kBq MBq GBq Ci mCi Gy mGy cGy Sv mSv IU iu U u mU miu MIU MU kU rpm bpm ppm ppb"
    " dB dBA kB MB GB TB KB bit bits byte bytes tsp tbsp pt gal cc sq ha mph kph kmh N kN Nm"
    " rad deg lx lm cd gtt gtts puff puffs drop drops amp amps cap caps tab tabs supp neb nebs"
    " am pm a.m p.m o.d b.d t.d.s q.d.s b.i.d t.i.d q.i.d p.r.n q.h od bd tds qds bid tid qid"
    " prn stat nocte mane om on od qd qh hs EUR USD GBP CHF JPY CAD AUD NZD SEK NOK DKK CNY"
    " INR bn bps bp pp pct p.a pa".split()
) - {"on", "om", "cap", "caps", "amp", "tab", "tabs", "st", "A", "mi", "pa", "bid"}
"""As they are written: mg is not Mg. Words of ordinary English are left out."""

UNIT_WORDS = (
    frozenset(
        "gram grams gramme grammes kilogram kilograms kilo kilos milligram milligrams milligramme"
        " milligrammes microgram micrograms microgramme microgrammes nanogram nanograms tonne"
        " tonnes ton tons pound pounds ounce ounces stone stones litre litres liter liters"
        " millilitre millilitres milliliter milliliters microlitre microlitres decilitre"
        " decilitres deciliter deciliters pint pints gallon gallons metre metres meter meters"
        " centimetre centimetres centimeter centimeters millimetre millimetres millimeter"
        " millimeters kilometre kilometres kilometer kilometers inch inches foot feet yard yards"
        " mile miles mole moles millimole millimoles micromole micromoles nanogramme joule joules"
        " kilojoule kilojoules calorie calories kilocalorie kilocalories watt watts volt volts"
        " ampere amperes pascal pascals hertz kelvin celsius fahrenheit centigrade degree degrees"
        " unit units dose doses tablet tablets capsule capsules pill pills drop drops puff puffs"
        " spray sprays sachet sachets ampoule ampoules vial vials suppository suppositories patch"
        " patches lozenge lozenges teaspoon teaspoons tablespoon tablespoons teaspoonful"
        " tablespoonful spoonful cup cups glass glasses bottle bottles bag bags inhalation"
        " inhalations injection injections infusion infusions percent percentage percentages cent"
        " cents dollar dollars euro euros sterling penny pence yen franc francs rupee rupees"
        " second seconds minute minutes hour hours day days week weeks fortnight fortnights month"
        " months year years decade decades century centuries hourly daily nightly weekly"
        " fortnightly monthly quarterly yearly annually annual biannual biannually biennial"
        " biweekly bimonthly time times fold plus minus negative square squared cubic cubed byte"
        " bytes kilobyte kilobytes megabyte megabytes gigabyte gigabytes tenor basis micromolar"
        " millimolar molar".split()
    )
    - NUMBER_WORDS
    - {"foot", "stone", "stones", "glass", "tenor", "basis", "negative", "time"}
)
"""Any case. A word that is a number as well ("second") is one of NUMBER_WORDS."""
FORMS = frozenset(
    "unit units dose doses tablet tablets capsule capsules pill pills drop drops puff puffs"
    " spray sprays sachet sachets ampoule ampoules vial vials suppository suppositories patch"
    " patches lozenge lozenges cup cups glasses bottle bottles bag bags inhalation inhalations"
    " injection injections infusion infusions feet yard yards square basis degree".split()
)
"""Units behind a number, ordinary words elsewhere."""

BOUND_WORDS = (
    NUMBER_WORDS
    | (UNIT_WORDS - FORMS)
    | DAYS
    | ({sign for sign in UNIT_SIGNS if sign.islower() and sign.isascii()} - FORMS)
    | {month.lower() for month in MONTHS - {"May"}}
)

LINKS = frozenset(
    "and or but nor is are was were be been being has have had do does did in on at to of for"
    " from with without by as if when where while than then that which who whom whose should"
    " must may might can could will would shall not unless until before after during because"
    " so though although since under into onto upon via about between through the".split()
)
# What stands before and after the apostrophe of a contraction.
CONTRACTED = frozenset(
    "don doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn shouldn mustn".split()
)
AFTER_APOSTROPHE = ("s", "t", "re", "ve", "ll", "d", "m")
TINY = frozenset(
    "a i am an as at be by do go he hi if in is it me my no of oh ok on or so to up us we".split()
)
"""Ordinary words of one or two letters; others are bound."""

RANGES = frozenset({"to", "x", "until", "till", "through", "thru", "per"})
"""Words that make one item of the numbers on both sides."""
LOOSE_RANGES = frozenset({"in", "of", "by", "out", "over", "into"})
"""The same, if the number before has no unit: 1 in 10, 3 out of 5."""
LISTS = frozenset({"and", "or"})
EACH = frozenset({"per", "a", "an", "each", "every"})
"""Before a unit: what the number is for."""

TITLES = frozenset(
    "Dr Mr Mrs Ms Miss Mx Prof Professor Doctor Sister Nurse Sir Dame Lord Lady".split()
)
"""Before a name, and no part of it."""

_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})")


def is_roman(word: str) -> bool:
    """Whether it can be read as a Roman numeral (in lower case)."""
    return word not in ("i", "mix") and _ROMAN.fullmatch(word) is not None
