"""How a seat stands, as a value for the screen."""

from __future__ import annotations

from dataclasses import replace

from appliance.licensing.revocations import RevocationList
from appliance.licensing.standing import Deed, Standing
from appliance.values import SeatView


def shown(
    found: Standing, listed: RevocationList | None, *, requested: bool, tokens_used: int
) -> SeatView:
    """listed: the revocation list in use. requested: whether a request waits to be approved."""
    licence, certificate = found.licence, found.certificate
    view = SeatView(
        state=found.state.value,
        code=found.code,
        answers=found.allows(Deed.ANSWER),
        sentence=found.sentence,
        next_step=found.next_step,
        until=found.until,
        requested=requested,
        revocations=listed.number if listed is not None else 0,
        tokens_used=tokens_used,
    )
    if licence is not None:
        view = replace(
            view,
            institution=licence.institution,
            plan=licence.plan.value,
            seats=licence.seats,
            serial=licence.serial,
            features=licence.features,
            ends=licence.end,
        )
    if certificate is not None:
        view = replace(
            view,
            seat=certificate.number,
            label=certificate.label,
            lease=certificate.until,
            tokens=certificate.tokens,
        )
    return view
