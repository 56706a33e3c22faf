"""Which bridge a playground is on, and which image it may name."""

from dataclasses import replace

import pytest

from api.resources.conditions import ConditionType, Reason, find
from api.resources.images import is_allowed
from api.resources.phase import Phase, phase
from controller.domain.garbage import ListedNetwork
from controller.domain.outcome import FailureKind
from controller.planner import next_look, plan, remedy
from controller.planner.garbage import unused_networks
from controller.planner.networks import network_name
from tests.planner.worlds import NOW, POLICY, PRESENT, READY, current, playground, reported, stopped_at, view, wanted

EVIL = playground(plugin=None, image="evil:1")


@pytest.mark.parametrize(
    ("port", "egress", "name"),
    [
        (7860, True, "playground-one-1"),
        (8759, True, "playground-one-1"),
        (8760, True, "playground-one-2"),
        (8860, False, "playground-one-2-closed"),
        (900, True, "playground-one-1001"),
        (65535, True, "playground-one-1072"),
    ],
)
def test_the_port_decides_on_the_bridge(port: int, *, egress: bool, name: str) -> None:
    assert network_name(POLICY, port, egress=egress) == name


def test_no_bridge_has_more_than_its_capacity() -> None:
    policy = replace(POLICY, ports=range(1, 65536), network_capacity=7)
    names = [network_name(policy, port, egress=True) for port in policy.ports]
    assert max(names.count(name) for name in set(names[:700])) == 7


def test_who_may_go_out_is_the_operators_to_allow_and_the_specs_to_refuse() -> None:
    closed = replace(POLICY, egress=False)
    assert wanted(playground()).network == "playground-one-1"
    for spec in (wanted(playground(egress=False)), wanted(playground(egress=True), closed)):
        assert (spec.egress, spec.network) == (False, "playground-one-1-closed")
    assert wanted(playground()).spec_hash != wanted(playground(egress=False)).spec_hash, "it is made anew"


def test_a_container_whose_network_is_gone_is_made_anew() -> None:
    stopped = playground()
    look = view(stopped, current(stopped, state="exited", finished_at=NOW - 500))
    outcome = stopped_at(plan(look), FailureKind.NETWORK_GONE, "network abc not found")
    assert [str(action) for action in remedy(look, outcome)] == ["RemoveContainer current, its network is gone"]
    assert next_look(plan(look), outcome, reported(look, outcome).status, NOW) == NOW


def test_networks_go_when_nobody_is_on_them_and_they_are_not_just_being_made() -> None:
    networks = (
        ListedNetwork("old", NOW - 100, in_use=False),
        ListedNetwork("used", NOW - 100, in_use=True),
        ListedNetwork("young", NOW - 1, in_use=False),
    )
    assert [item.name for item in unused_networks(networks, NOW, 60.0)] == ["old"]
    assert [item.name for item in unused_networks(networks, NOW, 0.0)] == ["old", "young"]


def test_an_image_that_is_not_allowed_is_told_once_and_waits_for_a_change() -> None:
    first = reported(view(EVIL))
    status = first.status
    assert [event.reason for event in first.events] == [Reason.IMAGE_NOT_ALLOWED]
    assert "evil:1 is not allowed here (only code:*, mine:*)" in first.events[0].message
    assert status.next_attempt_at is None
    refused = EVIL.model_copy(update={"status": status})
    assert phase(refused) is Phase.FAILED
    again = reported(view(refused))
    assert (again.status, again.events) == (status, ())
    accepted = find(status.conditions, ConditionType.ACCEPTED)
    assert accepted is not None
    assert accepted.reason is Reason.IMAGE_NOT_ALLOWED
    asked_again = refused.model_copy(
        update={"metadata": refused.metadata.model_copy(update={"restart_requested_at": NOW + 1})}
    )
    assert len(reported(view(asked_again)).events) == 1, "who asks again is told again"
    running = plan(view(refused, current(EVIL), probe=READY))
    assert str(running) == "ImageNotAllowed\n[1] StopContainer current, its image is not allowed"
    allowed = replace(view(refused, image=PRESENT), policy=replace(POLICY, allowed_images=frozenset({"evil:*"})))
    assert plan(allowed).situation == "Missing", "a changed setting helps, without a change of the spec"


@pytest.mark.parametrize(
    ("image", "patterns", "allowed"),
    [
        ("app", {"app"}, True),
        ("app", {"app:latest"}, True),
        ("app", {"app:*"}, True),
        ("app:1", {"app"}, False),
        ("registry:5000/app", {"registry:5000/*:latest"}, True),
        ("registry:5000/app@sha256:aa", {"registry:5000/app@*"}, True),
        ("registry.evil/app", {"registry"}, False),
        ("evil/app", {"app"}, False),
        ("APP", {"app"}, False),
        ("app", set(), False),
    ],
)
def test_globs_match_whole_references(image: str, patterns: set[str], *, allowed: bool) -> None:
    assert is_allowed(image, patterns) is allowed
