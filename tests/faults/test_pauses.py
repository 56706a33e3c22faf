"""A pass that can change nothing asks for a pause: no worker goes round and round."""

import pytest

from controller.domain.observed import ObservedContainer
from controller.engine.errors import EngineUnavailable
from tests.fakes.engine import FakeEngine
from tests.faults.world import World, spec


def test_a_playground_whose_time_is_over_waits_for_an_engine_that_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_engine: FakeEngine, _uid: str) -> tuple[ObservedContainer, ...]:
        raise EngineUnavailable("It is away.")

    uid = world.apply(spec(ttl=60.0))
    world.settle()
    world.clock.advance(61.0)
    monkeypatch.setattr(FakeEngine, "containers_of", away)
    assert world.reconciler.run(uid, world.claim()).look_again_after == pytest.approx(1.0, abs=0.1)
