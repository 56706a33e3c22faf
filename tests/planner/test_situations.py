"""Every situation of the ordered table: the plan as text, and what holds for all of them."""

from textwrap import dedent

import pytest

from controller.domain.plan import Situation
from controller.planner import plan
from tests.planner.constants import P
from tests.planner.table import TABLE
from tests.planner.worlds import NOW, PORT, image, planned, wanted


@pytest.mark.parametrize("row", TABLE)
def test_plan(row: str) -> None:
    look, expected = TABLE[row]
    assert planned(look) == dedent(expected).strip()


def test_every_situation_is_in_the_table() -> None:
    seen = {plan(look).situation for look, _ in TABLE.values()}
    assert seen == set(Situation) - {Situation.ORPHANED}


def test_nothing_follows_from_what_was_not_seen() -> None:
    unknown = [plan(look) for name, (look, _) in TABLE.items() if "unseen" in name]
    assert len(unknown) == 4
    assert all(decided.actions == () and decided.look_again == NOW + 1.0 for decided in unknown)


def test_a_plan_without_actions_is_settled_or_says_when_to_look_again() -> None:
    told_now = {Situation.BUILD_FAILED, Situation.IMAGE_MISSING, Situation.CRASHED, Situation.UNHEALTHY}
    for name, (look, _) in TABLE.items():
        decided = plan(look)
        if not decided.actions and decided.situation not in told_now:
            assert decided.is_settled or decided.look_again is not None, name


def test_the_wanted_container_and_image_are_what_is_created_and_built() -> None:
    create = plan(TABLE["missing"][0]).actions[0]
    build = plan(TABLE["no image"][0]).actions[0]
    assert getattr(create, "spec", None) == wanted(P)
    assert (getattr(build, "image", None), getattr(build, "generation", None)) == (image(P), 2)


def test_the_port_of_the_container_that_is_there_is_preferred() -> None:
    reserve = plan(TABLE["no port, but a container that has one"][0]).actions[0]
    assert getattr(reserve, "prefer", None) == 7900
    fresh = plan(TABLE["no port"][0]).actions[0]
    assert (getattr(fresh, "prefer", 0), getattr(fresh, "avoid", None)) == (None, {PORT})
