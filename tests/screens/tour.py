"""Everything there is to see, in the order a person comes to it."""

from __future__ import annotations

from tests.screens.administration import (
    about,
    airgap,
    carrying,
    insights,
    models,
    people,
    policies,
    seat,
    settings,
)
from tests.screens.day import (
    acting,
    asking,
    finding,
    first_run,
    library,
    log,
    ordering,
    writing,
)

SCENES = (
    first_run, insights, library, asking, acting, ordering, finding, writing, insights, seat,
    people, settings, carrying, policies, models, airgap, about, log,
)  # fmt: skip
