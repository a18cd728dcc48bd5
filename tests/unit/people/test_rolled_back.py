"""An older vault.json put back: refused before anything is written to it.

What a log-in has to write (a new auditor's keys, how far the list of people was followed, the keys
of who enrols) would bring its count to where the log's is, and hide what was taken back."""

from __future__ import annotations

import pytest

from appliance.values import Role
from appliance.vault import VaultDamaged
from tests.people_at_work import SECRETS, Hospital


def test_a_vault_one_step_older_is_refused_though_there_is_much_to_mend(hospital: Hospital) -> None:
    file = hospital.data / "vault.json"
    with hospital.desk("Egon") as egon, egon.people() as people:
        people.appoint(hospital.ids["Dora"])  # Bert has yet to follow that
    older = file.read_bytes()
    with hospital.desk("Anna") as anna:
        anna.change_passphrase(SECRETS["Anna"], "a passphrase nobody has seen")
    newer = file.read_bytes()
    file.write_bytes(older)
    for _ in range(2):
        with pytest.raises(VaultDamaged):
            hospital.appliance().unlock(SECRETS["Bert"], "Bert")
        assert file.read_bytes() == older
    file.write_bytes(newer)
    with hospital.desk("Bert"):
        pass


def test_nobody_enrols_with_a_vault_that_is_one_step_older(hospital: Hospital) -> None:
    file = hospital.data / "vault.json"
    with hospital.desk("Dora") as dora, dora.people() as people:
        _, code = people.invite("Frida", (Role.MEMBER,))
        older = file.read_bytes()
        people.close(hospital.ids["Bert"])
    newer = file.read_bytes()
    file.write_bytes(older)
    with pytest.raises(VaultDamaged):
        hospital.appliance().enrol(code, "Frida", "nine chairs under an elm")
    assert file.read_bytes() == older
    file.write_bytes(newer)
    frida = hospital.appliance()
    frida.enrol(code, "Frida", "nine chairs under an elm")
    frida.close()
