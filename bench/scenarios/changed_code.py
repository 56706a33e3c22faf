"""Mark 11: an archive with changed code until its image is there, against builds by hand; and an unchanged archive.

Ours is the whole way: the archive is uploaded and the playground applied over HTTP, the controller hears of it, and the
engine says that the image is there. By hand is one request for a build, of a context that lies ready: with the
Dockerfile that we generate, and with the documented one, which copies the code first and then has pip install the one
small requirement. Both stand on the same base image; the dependencies' layer, where there is one, is cached.
"""

import time
from collections.abc import Callable

from bench.building import BY_HAND, BuildingServer, building_server
from bench.builds import build_by_hand, remove_images
from bench.plugins import naive_context, our_context
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario

ROUNDS = 30
UNCHANGED = 5
_IMAGE, _SAME = "changed code to image", "same Dockerfile by hand"
_NAIVE = "naive Dockerfile by hand"
_SAME_FACTOR, _NAIVE_FACTOR = 1.5, 4.0
_LIMIT_S = 60.0


def run(bench: Bench) -> Findings:
    """Change the code, see the image; the systems by turns. Then the same archive again, which builds nothing."""
    with building_server(bench, "bench-build") as ours:
        turns: dict[str, Callable[[], float]] = {
            "ours": lambda: _ours(ours),
            _SAME: lambda: _by_hand(ours, our_context(ours.plugin.archive())),
            _NAIVE: lambda: _by_hand(ours, naive_context(ours.plugin.files())),
        }
        for turn in turns.values():
            turn()  # the first one of each installs the requirement, and is no measure
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
        built, created = _unchanged(ours, bench.rounds(UNCHANGED), bench.say)
    series = [Series(name, _IMAGE, "s", tuple(values)) for name, values in seconds.items()]
    series.append(Series("ours", "unchanged archive to container", "s", created))
    p50 = {each.system: each.p50 for each in series[: len(turns)]}
    claims = (
        Claim(
            11, "changed code to image against the same Dockerfile by hand", p50["ours"] / p50[_SAME], _SAME_FACTOR, "×"
        ),
        Claim(11, "faster than the naive Dockerfile", p50[_NAIVE] / p50["ours"], _NAIVE_FACTOR, "×", "above"),
        Claim(11, f"builds for {len(created)} unchanged archives", float(built), 0.0, ""),
    )
    without = "BuildKit by the docker command needs its buildx plugin, and adds its own start to the same request"
    return Findings(tuple(series), claims, (("docker build", without),))


def _ours(ours: BuildingServer) -> float:
    archive = ours.plugin.archive()
    began = time.perf_counter()
    name = ours.create(archive)
    image, at = ours.tags.wait(ours.image, began)
    ours.remove(name)
    remove_images(ours.api, image)
    return at - began


def _by_hand(ours: BuildingServer, context: bytes) -> float:
    began = time.perf_counter()
    build_by_hand(ours.api, context, f"{BY_HAND}:latest")
    _, at = ours.tags.wait(BY_HAND, began)
    remove_images(ours.api, BY_HAND)
    return at - began


def _unchanged(ours: BuildingServer, rounds: int, say: Callable[[str], None]) -> tuple[int, tuple[float, ...]]:
    """An archive that was built before, sent again for playgrounds of other names: how many builds, and the seconds
    from the upload to the container of each."""
    archive = ours.plugin.archive()
    first = ours.create(archive)
    ours.server.client.wait_for_status(first, "running", timeout=_LIMIT_S)
    began, seconds = time.perf_counter(), list[float]()
    builds = _begun(ours)
    for number in range(rounds):
        say(f"unchanged archive {number + 1} of {rounds}")
        at = time.perf_counter()
        name = ours.create(archive)
        ours.await_container(name)
        seconds.append(time.perf_counter() - at)
        ours.remove(name)
    tagged = len(ours.tags.named(ours.image, began))
    asked = _begun(ours) - builds
    ours.remove(first)
    return max(tagged, asked), tuple(seconds)


def _begun(ours: BuildingServer) -> int:
    """How many builds the server's log tells of."""
    return len(ours.server.log(event="action", action="StartBuild"))


SCENARIO = Scenario("changed-code", "Changed code until its image is there", (11,), run, needs_engine=False)
