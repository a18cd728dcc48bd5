"""Makes the list of ordinary words that evidence-bound decoding lets a model write freely.

  python packaging/models/ordinary_words.py TOKENIZER.json TEXTS...

A word is ordinary if the encoder's WordPiece vocabulary (uncased English, Apache-2.0) holds it as a
whole, or a regular inflection of it is in the texts, and if the texts write it in lower case inside
their sentences: names are written with a capital there. Taken out are names of drugs and of what
they are made of, by stems of the WHO's list and by name, and all that appliance's own closed lists
bind: numbers, units, dates. Of the texts nothing but which words are written small is kept.
"""

from __future__ import annotations

import argparse
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from appliance.engine.decoding.bound.closed import (
    BOUND_WORDS,
    CONTRACTED,
    LINKS,
    TINY,
    is_roman,
)

OUT = Path(__file__).resolve().parents[2] / "appliance/engine/decoding/bound/ordinary_words.txt"
_KINDS = {".html", ".json", ".jsonl", ".md", ".txt"}
_TAGS = re.compile(r"<[^>]{0,2000}>")
_INSIDE = re.compile(r"(?<=[a-z,;] )[A-Za-z]+(?![A-Za-z])")
_SMALL = 0.6
_OFTEN = 4
_LEAST = 1
"""How often a word must be seen small inside a sentence, of all it is seen there; how often at
least, if the vocabulary does not have it itself, and if it does."""
_SMALL_TOO = 0.15
_OFTEN_TOO = 5
"""What is a word and part of names as well (bank, university): the vocabulary's own words only."""

# Endings of names of drugs (WHO, "The use of stems in the selection of International
# Nonproprietary Names", 2018), as far as they are no endings of ordinary words.
_STEMS = re.compile(
    r"(?:olol|pril|prilat|sartan|statin|azole|cillin|mycin|micin|floxacin|oxacin|caine|parin|xaban"
    r"|gatran|gliptin|gliflozin|glitazone|mab|tinib|ciclib|parib|vir|tidine|prazole|azepam|zolam"
    r"|oxetine|triptan|setron|thiazide|semide|dipine|phylline|terol|asone|isone|olone|onide"
    r"|profen|coxib|fenac|barbital|cycline|bactam|penem|cef\w+|sulfa\w*|quine|conazole|nidazole"
    r"|bendazole|platin|rubicin|taxel|mustine|trexate|citabine|gestrel|estradiol|relin|tide|grel"
    r"|fibrate|formin|zide|zosin|pamil|tiazem|lukast|tropium|curium|curonium|flurane|setine"
    r"|pezil|stigmine|tadine|rizine|amine|orphine|orphan|entanil|codone|morphone|caine|dronate"
    r"|lactone|vudine|virenz|navir|ase)$"
)
_NOT_STEMMED = frozenset(
    "base bases case chase cease crease decrease disease ease erase grease increase lease phase"
    " phrase please purchase release showcase staircase suitcase tease vase database release"
    " emphase paraphrase briefcase lowercase uppercase bookcase lightcase oxidase tide examine"
    " riptide eventide size".split()
)
_SUBSTANCES = frozenset(
    "acetaminophen acetate acyclovir adenosine adrenaline albumin alcohol aluminium aluminum"
    " ammonia ammonium amphetamine amphetamines antimony arsenic ascorbic aspirin atropine barium"
    " bicarbonate boron botulinum bromide cadmium caffeine calcium cannabis carbonate chloride"
    " chlorine chromium citrate cobalt cocaine codeine copper cortisol cortisone creatinine"
    " curare cyanide digitalis digoxin dopamine ephedrine epinephrine epo estrogen estrogens"
    " ethanol"
    " ether fluoride fluorine folate folic fructose ghb glucagon glucose glycerin glycerol gold"
    " helium heparin heroin histamine hydrochloride hydrogen hydroxide insulin interferon iodide"
    " iodine iron ketamine krypton lactate lactose lactulose lanolin lead lidocaine lithium lsd"
    " magnesium manganese marijuana mdma menthol mercury metformin methadone methane methanol"
    " morphine naloxone neon neomycin niacin nickel nicotine nicotinic nitrate nitrates nitrite"
    " nitrogen nitroglycerin oestrogen opium oxide oxytocin paracetamol paraffin penicillin"
    " permanganate peroxide pethidine phenol phenytoin phosphate phosphorus platinum potassium"
    " prednisolone prednisone progesterone quinine radium retinol riboflavin saccharin saline"
    " salicylate selenium senna serotonin silicon silver sodium steroid strychnine sucrose sulfate"
    " sulfur sulphate sulphur tamoxifen testosterone thalidomide thc thiamine thyroxine tin"
    " titanium tritium tungsten uranium urea valium valproate vanadium vasopressin viagra vicodin"
    " warfarin xanax xenon zinc zirconium".split()
)
# Written small as often as not, and all the same ordinary.
_ALSO = frozenset(
    "i ok okay says states documents passage passages guidelines clinician clinicians prescriber"
    " prescribers escalate escalates escalated escalating anticoagulant anticoagulants cannula"
    " catheter catheters dosage dosages contraindicated contraindication contraindications"
    " discontinue discontinued outpatient outpatients inpatient inpatients ward wards consultant"
    " consultants pharmacist pharmacists nurse nurses physician physicians surgeon surgeons"
    " auditor auditors applicant applicants borrower borrowers creditor creditors lender lenders"
    " customer customers underwriter underwriters underwriting reviewer reviewers approver"
    " approvers"
    " redact redacted paragraph paragraphs appendix summary unclear honestly convince cope"
    " discipline"
    " communications sorry yesterday today tomorrow rota handover checklist checklists".split()
)
_FREE_OF_NAMES = frozenset("lead".split())
"""Substances that are first of all ordinary words."""
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", "e"), ("es", ""), ("ed", "e"), ("er", "e"),
            ("ation", "e"), ("s", ""), ("ed", ""), ("ing", ""), ("ly", ""), ("er", ""),
            ("ness", ""), ("ally", "al"), ("able", ""), ("able", "e"), ("ment", ""))  # fmt: skip
_BEGINNINGS = ("un", "re", "non", "pre", "mis", "over", "under", "inter", "dis", "in")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("texts", type=Path, nargs="+", help="folders of English text")
    arguments = parser.parse_args()
    known = {
        word
        for word in json.loads(arguments.tokenizer.read_bytes())["model"]["vocab"]
        if word.isascii() and word.isalpha()
    }
    words = ordinary(known, inside_sentences(arguments.texts))
    OUT.write_text("".join(f"{word}\n" for word in sorted(words)), "ascii")
    print(f"{len(words)} ordinary words, {OUT.stat().st_size} bytes.")


def inside_sentences(folders: list[Path]) -> Counter[str]:
    """How often each word stands inside a sentence, as it is written there."""
    seen: Counter[str] = Counter()
    for text in _texts(folders):
        seen.update(_INSIDE.findall(text))
    return seen


def ordinary(known: set[str], seen: Counter[str]) -> set[str]:
    kept = set()
    for word in {*known, *(word for word in seen if word.islower())}:
        small, great = seen[word], seen[word.capitalize()] + seen[word.upper()]
        least = _LEAST if word in known else _OFTEN
        total = small + great
        both = word in known and small >= _OFTEN_TOO and small >= _SMALL_TOO * total
        if not both and (small < least or small < _SMALL * total):
            continue
        if word in known or any(base in known for base in _bases(word)):
            kept.add(word)
    return {
        word
        for word in kept | {*LINKS, *CONTRACTED, *_ALSO}
        if not _is_bound(word) and (len(word) > 2 or word in TINY)
    }


def _is_bound(word: str) -> bool:
    if word in BOUND_WORDS or is_roman(word):
        return True
    singular = word.removesuffix("s")
    if {word, singular} & _SUBSTANCES and word not in _FREE_OF_NAMES:
        return True
    return any(_STEMS.search(w) and w not in _NOT_STEMMED for w in (word, singular))


def _bases(word: str) -> Iterator[str]:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word.removesuffix(ending) + instead
            yield base
            if len(base) > 3 and base[-1] == base[-2] and ending in ("ing", "ed", "er"):
                yield base[:-1]
    for beginning in _BEGINNINGS:
        if word.startswith(beginning) and len(word) - len(beginning) >= 4:
            yield word.removeprefix(beginning)
    yield word.replace("our", "or")
    yield word.replace("is", "iz")
    yield word.replace("ae", "e").replace("oe", "e")
    yield word.replace("tre", "ter")


def _texts(folders: list[Path]) -> Iterator[str]:
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.suffix not in _KINDS:
            continue
        text = path.read_text("utf-8", "replace")
        if path.suffix == ".html":
            text = html.unescape(_TAGS.sub(" ", text))
        yield re.sub(r"\\[nrt]|\s+", " ", text)


if __name__ == "__main__":
    main()
