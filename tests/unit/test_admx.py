"""The group policy template offers exactly the settings there are, with the values they take."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from appliance.managed import REGISTRY
from appliance.settings import CHOICES, LEAST, MOST, NAMES, Settings

FOLDER = Path(__file__).resolve().parents[2] / "packaging" / "admx"
SPACE = "{http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions}"
ADMX = ElementTree.parse(FOLDER / "Cloister.admx").getroot()
ADML = ElementTree.parse(FOLDER / "en-US" / "Cloister.adml").getroot()


def policies() -> dict[str, ElementTree.Element]:
    return {str(one.get("name")): one for one in ADMX.iter(f"{SPACE}policy")}


def test_there_is_one_policy_a_setting_where_the_program_looks() -> None:
    assert tuple(policies()) == NAMES
    for name, policy in policies().items():
        assert policy.get("key") == REGISTRY
        assert policy.get("class") == "Machine"
        named = [element.get("valueName") for element in policy.iter()]
        assert [value for value in named if value] == [name]


def test_each_takes_the_values_the_setting_takes() -> None:
    for name, policy in policies().items():
        built_in = getattr(Settings(), name)
        if name in CHOICES:
            values = [str(item.text) for item in policy.iter(f"{SPACE}string")]
            assert tuple(values) == CHOICES[name]
            assert values[0] == built_in
        elif isinstance(built_in, int):
            (number,) = policy.iter(f"{SPACE}decimal")
            assert int(str(number.get("minValue"))) == LEAST.get(name, 1)
            assert int(str(number.get("maxValue"))) == MOST[name]
        else:
            assert len(list(policy.iter(f"{SPACE}text"))) == 1


def test_every_text_and_presentation_that_is_referred_to_is_there() -> None:
    there = {f"string.{one.get('id')}" for one in ADML.iter(f"{SPACE}string")}
    there |= {f"presentation.{one.get('id')}" for one in ADML.iter(f"{SPACE}presentation")}
    used = {
        value[2:-1]
        for element in ADMX.iter()
        for value in map(str, element.attrib.values())
        if value.startswith("$(")
    }
    assert used == there
