"""What the engine was seen to have a moment ago is not asked for again; nobody is the worse for it when it is gone."""

from collections.abc import Iterator
from contextlib import suppress

import docker
import docker.errors
import pytest

from controller.engine.connect import EngineClient
from controller.engine.errors import ImageMissing, NetworkGone
from controller.engine.lately import SECONDS, Lately
from tests.engine.conformance import Lab, docker_lab
from tests.fakes.clock import FakeClock

NAME, VERSION = "playground-test-remembered", "1"
TAG = f"{NAME}:{VERSION}"


@pytest.fixture
def lab() -> Iterator[Lab]:
    yield from docker_lab()


@pytest.fixture
def somebody() -> Iterator[EngineClient]:
    """Whoever else uses the engine."""
    with docker.APIClient(version="auto", timeout=30) as client:
        yield client
        with suppress(docker.errors.NotFound):
            client.remove_image(TAG)


def test_what_was_seen_is_known_for_a_while_and_no_longer() -> None:
    clock = FakeClock()
    known = Lately(clock)
    assert "one" not in known
    known.saw("one")
    clock.advance(SECONDS)
    assert "one" in known
    clock.advance(0.1)
    assert "one" not in known
    known.saw("one")
    known.saw("two")
    known.forget()
    assert "one" not in known
    assert "two" not in known


@pytest.mark.engine
def test_an_image_that_somebody_removes_is_missed_at_the_next_create(lab: Lab, somebody: EngineClient) -> None:
    somebody.tag(lab.image, NAME, VERSION)
    assert lab.ours.has_image(TAG)
    somebody.remove_image(TAG)
    with pytest.raises(ImageMissing):
        lab.ours.create(lab.spec(image=TAG))
    assert not lab.ours.has_image(TAG)


@pytest.mark.engine
def test_an_image_that_we_remove_is_not_there(lab: Lab, somebody: EngineClient) -> None:
    somebody.tag(lab.image, NAME, VERSION)
    assert lab.ours.has_image(TAG)
    lab.ours.remove_image(TAG)
    assert not lab.ours.has_image(TAG)


@pytest.mark.engine
def test_a_network_that_somebody_removes_is_made_anew_once_a_start_has_missed_it(
    lab: Lab, somebody: EngineClient
) -> None:
    name = f"{lab.run}-remembered-0"
    first, second = (lab.spec(each, network=name) for each in ("one", "two"))
    try:
        lab.ours.create(first)
        somebody.remove_network(name)
        made = lab.ours.create(second)
        with pytest.raises(NetworkGone):
            lab.ours.start(made)
        lab.ours.remove(made)
        lab.ours.start(lab.ours.create(second))
        assert [row["Name"] for row in somebody.networks(names=[name])] == [name]
    finally:
        for each in lab.ours.containers_of(lab.uid):
            lab.ours.remove(each.id)
        lab.ours.remove_network(name)
