"""Every mistake of a provisioning file is found, with its line and what to do, and no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.provisioning.mistakes import Mistake, ProvisionMistaken
from appliance.provisioning.plan import Plan, Written
from appliance.provisioning.reading import LARGEST, read_plan
from appliance.values import Role

HEAD = """\
format = "cloister-provision"
version = 1
[administrator]
name = "Ida  IT"
passphrase_file = "it.pass"
codes = "/codes"
"""
ANNA = '[[people]]\nname = "Anna Berg"\nroles = ["member", "curator"]\npassphrase_file = "a"\n'
WARD = '[[collections]]\ntitle = " Ward  9 "\nmembers = ["anna berg"]\n'
VISITOR = '[[people]]\nname = "Visitor"\nroles = ["kiosk"]\npassphrase_file = "v"\n'


def read(text: str) -> Plan:
    return read_plan(text.encode(), Path("/stick"))


def mistakes(text: str | bytes) -> tuple[Mistake, ...]:
    with pytest.raises(ProvisionMistaken) as caught:
        read_plan(text.encode() if isinstance(text, str) else text, Path("/stick"))
    assert all(one.sentence and one.next_step for one in caught.value.mistakes)
    return caught.value.mistakes


def test_a_whole_file_is_read_with_its_lines() -> None:
    more = (
        '[policies]\npacks = ["baseline@3"]\n'
        '[[models]]\nmodel = "small@1"\nfolder = "small"\ntrust_unsigned = true\n'
        '[kiosk]\ncollection = "WARD 9"\nperson = "visitor"\n'
        '[licence]\nfiles = ["licence.json"]\n[seat]\nlabel = "Ward"\nrequest_file = "r.json"\n'
    )
    visiting = WARD.replace('"anna berg"', '"anna berg", "Visitor"')
    plan = read(HEAD + ANNA + VISITOR + visiting + more)
    assert plan.administrator.name == Written("Ida IT", 4)
    assert plan.administrator.passphrase.path == Path("/stick/it.pass")
    assert plan.administrator.codes.path == Path("/codes")
    assert plan.people[0].roles == (Role.CURATOR, Role.MEMBER)
    assert plan.collections[0].title == Written("Ward 9", 16)
    assert plan.collections[0].members[0] == Written("anna berg", 17)
    assert plan.packs == (Written("baseline@3", 19),)
    assert plan.models[0].trust_unsigned
    assert plan.kiosk is not None
    assert plan.licence[0].path == Path("/stick/licence.json")
    assert plan.seat is not None
    assert len(plan.sha256) == 64


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "`administrator` is missing"),
        (HEAD.replace("version = 1", "version = 2"), 2, "version that this program"),
        (HEAD.replace("cloister-provision", "other"), 1, "no provisioning file"),
        (HEAD.replace("version = 1", "version = true"), 2, "whole number"),
        (HEAD + "pasphrase_file = 'x'\n", 7, "There is no `pasphrase_file`"),
        (HEAD + "passphrase = 'seven lanterns'\n", 7, "in the clear"),
        (HEAD + "[[people]]\nname = 'Anna'\nroles = ['boss']\n", 9, "no such role"),
        (HEAD + "[[people]]\nname = 'Anna'\nroles = []\n", 7, "needs a role"),
        (HEAD + "[[people]]\nroles = ['member']\n", 7, "`name` is missing"),
        (HEAD + "[[people]]\nname = 'A\u202enna'\nroles = ['member']\n", 8, "cannot be used"),
        (HEAD + "[[people]]\nname = 'Anna'\nroles = ['kiosk', 'member']\n", 7, "nothing else"),
        (HEAD + "[people]\nname = 'Anna'\n", 7, "list of tables"),
        (HEAD + ANNA + ANNA, 12, "stands in the file already, on line 8"),
        (HEAD + ANNA.replace("Anna Berg", "IDA it"), 8, "already, on line 4"),
        (HEAD + ANNA.replace('"a"', '"it.pass"'), 10, "Line 5 names the same file"),
        (HEAD + WARD, 9, "nobody in the file"),
        (HEAD + ANNA + WARD + WARD, 15, "already, on line 12"),
        (HEAD + "[[collections]]\ntitle = 7\n", 8, "must be a text"),
        (HEAD + "[[collections]]\ntitle = 'x'\nmembers = 'Anna'\n", 9, "must be a list"),
        (HEAD + "[[collections]]\ntitle = 'x'\nmembers = [\n\n 7]\n", 11, "list of texts"),
        (HEAD + "[policies]\npacks = ['No!']\n", 8, "no policy pack"),
        (HEAD + "[[models]]\nmodel = 'small'\nfolder = 'x'\n", 8, "no model"),
        (HEAD + "[[models]]\nmodel='a@1'\nfolder='x'\ntrust_unsigned=1\n", 10, "true or false"),
        (HEAD + "[kiosk]\ncollection = 'x'\nperson = 'y'\n", 8, "no collection in the file"),
        (HEAD + ANNA + WARD + "[kiosk]\ncollection='Ward 9'\nperson='Anna Berg'\n", 16, "account"),
        (HEAD + "[seat]\nlabel = 'x'\n", 7, "`request_file` is missing"),
        (HEAD + "licence = 7\n", 7, "no `licence`"),
        (HEAD + "[[people]]\nname = 'a\\u0000b'\nroles=['member']\n", 8, "cannot be used"),
        (HEAD + "broken\n", 7, "not TOML"),
        (HEAD + "[administrator]\n", 7, "not TOML"),
        ("a = " + "[" * 9_000, 0, "nobody can follow"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_of_its_line(text: str, line: int, sentence: str) -> None:
    text = text.replace("'a\\u0000b'", '"a\\u0000b"')
    found = mistakes(text)
    assert any(one.line == line and sentence in one.sentence for one in found), found


def test_all_mistakes_are_found_at_once_in_the_order_of_lines() -> None:
    text = HEAD + "[[people]]\nroles = ['boss']\n[[collections]]\ntitel = 'x'\n[nothing]\n"
    assert [one.line for one in mistakes(text)] == [7, 8, 9, 10, 11]


def test_two_on_one_line_are_told_apart() -> None:
    people = "{name='A', roles=['member'], passphrase_file='a.pass'}"
    assert {one.sentence for one in mistakes(f"people = [{people}, {people}]\n{HEAD}")} == {
        "This person stands in the file already, on line 1.",
        "Line 1 names the same file of a passphrase.",
    }


def test_what_stands_in_the_file_is_not_repeated() -> None:
    text = HEAD + ANNA + ANNA + WARD.replace("anna berg", "Anna Borg") + "passwort = 'lantern'\n"
    for one in mistakes(text + "[[people]]\nname = 'Zoë Quill'\nroles = ['Queen Zoë']\n"):
        for word in ("Anna", "Berg", "Borg", "Zoë", "lantern", "Ward"):
            assert word not in one.sentence + one.next_step


def test_a_name_much_like_another_is_pointed_at_by_its_line() -> None:
    (found,) = mistakes(HEAD + ANNA + WARD.replace("anna berg", "Anna Borg"))
    assert found.next_step.startswith("Line 8 has a name much like it")


def test_a_key_much_like_another_is_guessed() -> None:
    found = mistakes(HEAD + ANNA.replace("roles", "rolls"))
    assert any("Did you mean `roles`?" in one.next_step for one in found)


def test_the_kiosks_account_is_in_its_collection_and_no_other() -> None:
    other = '[[collections]]\ntitle = "Other"\nmembers = ["Visitor"]\n'
    kiosk = '[kiosk]\ncollection = "Ward 9"\nperson = "Visitor"\n'
    found = mistakes(HEAD + ANNA + VISITOR + WARD + other + kiosk)
    assert [(one.line, one.sentence) for one in found] == [
        (15, "The kiosk's account is no member of the kiosk's collection."),
        (18, "The kiosk's account is a member here."),
    ]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"a = 1\nb = '\xff'\n", b"#" * (LARGEST + 1)])
def test_bytes_that_are_no_file_of_this_kind_are_refused(raw: bytes) -> None:
    assert mistakes(raw)


def test_the_example_in_the_documentation_is_a_whole_file() -> None:
    page = (Path(__file__).parents[3] / "docs" / "provisioning.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    plan = read(example)
    assert plan.kiosk is not None
    assert plan.models[0].model.text.startswith("qwen3")
