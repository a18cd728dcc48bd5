"""How a seat stands, as a value for the screen."""

from __future__ import annotations

from dataclasses import replace

from appliance.licensing.revocations import RevocationList
from appliance.licensing.standing import Deed, Standing
from appliance.metering import quota
from appliance.values import SeatView

_USED_UP = "This seat's tokens of the month are used up, or it has none: answers are quoted."
_MORE = "The seat authority can give it more: `cloister authority approve --tokens N`."


def shown(
    found: Standing, listed: RevocationList | None, *, requested: bool, tokens_used: int
) -> SeatView:
    """listed: the revocation list in use. requested: whether a request waits to be approved."""
    bound = quota(found)
    used_up = bound is not None and tokens_used >= bound and found.allows(Deed.ANSWER)
    licence, certificate = found.licence, found.certificate
    view = SeatView(
        state=found.state.value,
        code=found.code,
        answers=found.allows(Deed.ANSWER),
        sentence=_both(found.sentence, _USED_UP if used_up else ""),
        next_step=_both(found.next_step, _MORE if used_up else ""),
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


def _both(said: str, more: str) -> str:
    return " ".join(filter(None, (said, more)))
