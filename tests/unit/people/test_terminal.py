"""`cloister people …`: the real commands on a real vault, in this process and so without the guard
(tests/e2e/test_people.py has it)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.app import Appliance
from appliance.cli import opening
from appliance.cli import people as commands
from appliance.people import keystore
from appliance.settings import Settings
from tests.people_at_work import CANARY, SECRETS, Hospital

FRIDA = "nine chairs under an elm"
REASON = "The barrier is broken and the porter is not there."
Run = Callable[..., list[dict[str, object]]]


@pytest.fixture
def run(
    hospital: Hospital,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """run(name, words, …): what one command prints; `secrets` instead of the person's passphrase,
    `status` instead of 0."""

    def opened(data: Path, *, writable: Sequence[Path] = ()) -> Appliance:
        del data, writable
        return hospital.appliance()

    monkeypatch.setattr(opening, "open_appliance", opened)
    monkeypatch.setattr(commands, "open_appliance", opened)

    def command(
        name: str, *words: str, secrets: tuple[str, ...] = (), status: int = 0
    ) -> list[dict[str, object]]:
        typed = tmp_path / "typed"
        typed.write_text("\n".join(secrets or (SECRETS[name],)) + "\n")
        given = ["--json", "--data", str(hospital.data), "--passphrase-file", str(typed)]
        ended = main([*given, "--name", name, "people", *words])
        said = capsys.readouterr()
        assert ended == status, said
        return [json.loads(line) for line in said.out.splitlines()] + [{"stderr": said.err}]

    return command


def test_a_person_is_invited_enrols_and_is_given_a_collection(run: Run, tmp_path: Path) -> None:
    said = run("Dora", "add", "Frida", "--role", "member", "--role", "curator")
    code = str(said[1]["enrolment"])
    written = tmp_path / "code.txt"
    run("Frida", "enrol", "--code-file", str(written), secrets=(code, FRIDA))
    assert len(written.read_text().strip().split("-")) == 9
    again = run("Frida", "enrol", secrets=(code, FRIDA), status=1)
    assert again[0]["error"] == "wrong_passphrase"
    run("Anna", "join", "Ward 9", "Frida")
    listed = run("Frida", "members", "Ward 9", secrets=(FRIDA,))
    assert [line.get("name") for line in listed[:-1]] == ["Anna", "Frida"]
    run("Anna", "leave", "Ward 9", "Frida")
    assert run("Frida", "members", "Ward 9", secrets=(FRIDA,), status=1)
    people = {line["name"]: line["roles"] for line in run("Bert", "list")[:-1]}
    assert people["Frida"] == ["curator", "member"]


def test_a_glass_is_broken_and_reviewed(run: Run, hospital: Hospital) -> None:
    run("Anna", "join", "Ward 9", "Bert", "--emergency")
    assert run("Bert", "break")[0]["title"] == "Ward 9"
    said = run("Anna", "members", "Ward 9")
    assert [(one["name"], one["emergency"]) for one in said[:-1]] == [
        ("Anna", False),
        ("Bert", True),
    ]
    other = run("Bert", "break", "Ward 7", "--reason", REASON, status=1)[0]
    assert other["error"] == "glass_not_prepared"  # and not the one glass he may break
    assert hospital.actions().count("glass.refused") == 1
    assert "glass.broken" not in hospital.actions()
    short = run("Bert", "break", "Ward 9", "--reason", "now", status=1)
    assert short[0]["error"] == "reason_missing"
    assert run("Bert", "break", "Ward 9", "--reason", REASON, "--minutes", "5")[0]["ends"]
    alerts = run("Egon", "alerts")
    assert "ALERT" in str(alerts[-1]["stderr"])
    assert alerts[0]["reason"] == REASON
    assert alerts[0]["name"] == "Bert"
    unsaid = run("Egon", "review", str(alerts[0]["alert"]), status=1)[0]
    assert unsaid["error"] == "remark_missing"
    assert "--remark" in str(unsaid["hint"])
    run("Egon", "review", str(alerts[0]["alert"]), "--remark", "It was so, says the porter.")
    assert "ALERT" not in str(run("Egon", "list")[-1]["stderr"])
    run("Bert", "mend", "Ward 9")
    assert CANARY not in str(run("Bert", "list"))


def test_an_account_is_changed_closed_opened_and_erased(run: Run, hospital: Hospital) -> None:
    run("Dora", "roles", "Bert", "--role", "curator")
    run("Egon", "appoint", "Bert")
    run("Bert", "resign", "--role", "auditor")
    assert "no auditor" in str(run("Bert", "resign", "--role", "auditor", status=1)[0]["sentence"])
    assert run("Dora", "roles", "Bert", "--role", "nurse", status=1)[0]["error"] == "unknown_role"
    run("Dora", "close", "Bert")
    assert run("Bert", "list", status=1)[0]["error"] == "account_closed"
    run("Dora", "reopen", "Bert", "--role", "member")
    code = str(run("Bert", "code")[0]["recovery"])
    assert run("Bert", "list", secrets=(code,))
    assert "--erase " in str(run("Dora", "close", "Bert", "--erase-log-texts", status=1)[0]["hint"])
    inside = str(hospital.data / "code.txt")
    assert run("Bert", "code", "--code-file", inside, status=1)[0]["error"] == "usage"
    erased = run("Dora", "close", "Bert", "--erase")[0]
    assert len(str(erased["certificate"])) == 64
    assert run("Bert", "list", status=1)[0]["error"] == "wrong_passphrase"
    assert run("Dora", "release", "Nobody", status=1)[0]["error"] == "person_unknown"


def test_a_title_that_two_collections_have_names_neither(run: Run, hospital: Hospital) -> None:
    appliance = hospital.appliance()
    appliance.unlock(SECRETS["Anna"], "Anna")
    ids = [one.id for one in (*appliance.collections(), appliance.create_collection("Ward 9"))]
    appliance.close()
    assert run("Anna", "join", "Ward 9", "Bert", status=1)[0]["error"] == "ambiguous_collection"
    run("Anna", "join", ids[1], "Bert")
    assert len(run("Bert", "members", ids[1])) == 3


def test_the_recovery_key_is_handed_over_and_used(run: Run, hospital: Hospital) -> None:
    code = str(run("Anna", "custody", "Bert")[0]["recovery"])
    own = str(run("Anna", "code")[0]["recovery"])
    wrong = run("Bert", "recover", secrets=(SECRETS["Bert"], own), status=1)[0]
    assert wrong["error"] == "wrong_recovery_code"  # and not that a passphrase is wrong
    assert "2. " in str(run("Bert", "recover", secrets=(SECRETS["Bert"],), status=1)[0]["sentence"])
    listed = run("Bert", "recover", secrets=(SECRETS["Bert"], code))
    assert listed[0]["title"] == "Ward 9"
    run("Bert", "recover", "Ward 9", secrets=(SECRETS["Bert"], code))
    assert [line.get("name") for line in run("Bert", "members", "Ward 9")[:-1]] == ["Anna", "Bert"]


KEYRING = """#!/bin/sh
# Keeps one secret in a file, as secret-tool keeps many in a keyring.
case "$1" in
store) cat > "$0.kept" ;;
lookup) test -f "$0.kept" && cat "$0.kept" ;;
clear) rm -f "$0.kept" ;;
esac
"""


def test_a_key_store_logs_in_where_the_institution_allows_it(
    run: Run, hospital: Hospital, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "secret-tool"
    program.write_text(KEYRING)
    program.chmod(0o700)
    for function in (keystore.looked_up, keystore.stored, keystore.cleared):
        monkeypatch.setattr(function, "__defaults__", (program,))
    assert run("Bert", "device", status=1)[0]["error"] == "not_allowed"
    real = hospital.appliance
    monkeypatch.setattr(
        Hospital, "appliance", lambda _, settings=None: real(Settings(key_store="allowed"))
    )
    run("Bert", "device")
    kept = program.with_suffix(".kept").read_text()
    assert SECRETS["Bert"] not in kept
    assert run("Bert", "--key-store", "list", secrets=("not typed",))[0]["name"] == "Anna"
    assert run("Bert", "list")  # the passphrase opens as before
    run("Bert", "device", "--off")
    assert run("Bert", "--key-store", "list", status=1)[0]["error"] == "key_store_empty"
    program.chmod(0o600)  # the keyring is gone: the slot is destroyed all the same
    assert "opens nothing" in str(run("Bert", "device", "--off")[-1]["stderr"])
    program.chmod(0o700)
    program.with_suffix(".kept").write_text(kept)
    assert run("Bert", "--key-store", "list", status=1)[0]["error"] == "wrong_passphrase"
    assert "device.changed" in hospital.actions()


def test_where_there_is_no_key_store_the_passphrase_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(keystore.KeyStoreMissing):
        keystore.looked_up(keystore.Entry("v", "t" * 64), tmp_path / "none")
