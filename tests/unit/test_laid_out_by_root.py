"""Model signers, roots of trust and licences lie beside `managed.toml`, and are believed as it is:
only where nobody but root could have laid them there."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.engine.bundles import trust
from appliance.engine.bundles.trust import SIGNERS, SignersInvalid, trusted_signers
from appliance.parcel.errors import RootsInvalid
from appliance.parcel.stick import origins as parcel_origins
from appliance.parcel.stick.origins import ROOTS, origins
from appliance.vault.signers import SignerKey

NOWHERE = Path("/nonexistent/cloister")


@pytest.fixture
def open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The institution's folder, below one where everybody may write."""
    folder = tmp_path / "etc"
    folder.mkdir()
    for module in (trust, parcel_origins):
        monkeypatch.setattr(module, "MANAGED", folder / "managed.toml")
    return folder


def test_signers_that_others_could_have_written_sign_nothing(open_to_others: Path) -> None:
    key = SignerKey.generate().public("Somebody")
    file = open_to_others / SIGNERS
    file.write_bytes(trust.signers_bytes((key,)))
    assert key in trusted_signers(file, NOWHERE)
    with pytest.raises(SignersInvalid, match="others than root"):
        trusted_signers()
    file.unlink()  # nor does taking the file away bring the user's own back
    with pytest.raises(SignersInvalid, match="others than root"):
        trusted_signers()


def test_an_empty_list_of_signers_is_no_missing_one(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(SignersInvalid, match="empty"):
        trusted_signers(tmp_path / "empty", NOWHERE)


def test_roots_of_trust_that_others_could_have_written_are_refused(open_to_others: Path) -> None:
    with pytest.raises(RootsInvalid, match="others than root"):
        origins()
    (open_to_others / ROOTS).mkdir()
    with pytest.raises(RootsInvalid, match="others than root"):
        origins()
