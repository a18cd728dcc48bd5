"""Language models as a screen shows them, on the one that ships with the program: it is measured
and written with for real, by the host that writes answers."""

from __future__ import annotations

from threading import Timer

import pytest

from appliance.app import Cancellation
from appliance.desk import NotAllowed
from appliance.engine.bundles.shipped import shipped_composer
from appliance.engine.errors import ModelMissing
from appliance.models_shown import MeasuringStopped
from tests.people_at_work import Hospital

COMPOSER = shipped_composer().name


def test_the_model_that_ships_is_measured_here_and_the_log_holds_how_fast_it_is(
    hospital: Hospital,
) -> None:
    with hospital.desk("Dora") as dora, dora.administration() as care:
        (before,) = care.models.shown()
        assert (before.id, before.shipped, before.speed) == (COMPOSER, True, None)
        speed = care.models.measure(COMPOSER)
        assert speed.written > 0
        assert speed.read > 0
        assert care.models.hardware().cores == speed.threads
    with hospital.desk("Dora") as dora, dora.administration() as care:
        (after,) = care.models.shown()
    assert after.speed is not None
    assert after.speed.written == pytest.approx(speed.written, abs=0.001)
    records = [one for one in hospital.records() if COMPOSER in one.object]
    assert [one.action for one in records] == ["model.measured", "value.noted", "value.noted"]


def test_measuring_can_be_stopped_and_nothing_is_noted_then(hospital: Hospital) -> None:
    stop = Cancellation()
    with hospital.desk("Dora") as dora, dora.administration(stop) as care:
        Timer(0.2, stop.cancel).start()
        with pytest.raises(MeasuringStopped):
            care.models.measure(COMPOSER)
        assert care.models.shown()[0].speed is None


def test_a_try_is_written_for_real_with_a_record_before_and_after(hospital: Hospital) -> None:
    with hospital.desk("Dora") as dora, dora.administration() as care:
        assert "".join(care.models.tried("composer", "How many visitors are allowed?")).strip()
    tried = [one for one in hospital.records() if one.action.startswith("model.trial.")]
    assert [(one.action, one.outcome) for one in tried] == [
        ("model.trial.opened", ""), ("model.trial.closed", "answered"),
    ]  # fmt: skip


def test_who_does_not_manage_models_sees_them_and_measures_none(hospital: Hospital) -> None:
    with hospital.desk("Bert") as bert, bert.administration() as care:
        assert [one.id for one in care.models.shown()] == [COMPOSER]
        for act in (
            lambda: care.models.measure(COMPOSER),
            lambda: list(care.models.tried(COMPOSER, "x")),
        ):
            with pytest.raises(NotAllowed):
                act()
    with hospital.desk("Dora") as dora, dora.administration() as care:
        for unknown in ("nothing", "composer@999"):
            with pytest.raises(ModelMissing):
                care.models.measure(unknown)
    assert "model.measured" not in hospital.actions()
