"""Everybody else's containers, from the real engine's list."""

from collections.abc import Iterator

import pytest

from controller.engine.others import OtherContainers
from tests.engine.conformance import Lab, docker_lab

pytestmark = pytest.mark.engine


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield from docker_lab()


def test_strangers_and_another_controllers_are_listed_and_ours_are_not(lab: Lab) -> None:
    ours, theirs = lab.ours.create(lab.spec()), lab.theirs.create(lab.spec("two", theirs=True))
    stranger = lab.foreign(f"{lab.run}-stranger", None)
    listed = {container.id: container for container in OtherContainers(None, f"{lab.run}-ours", 20).listing()}
    assert ours not in listed
    assert listed[theirs].status == "created"
    found = listed[stranger]
    assert (found.name, found.image, found.status) == (f"{lab.run}-stranger", lab.image, "running")
