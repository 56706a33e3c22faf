"""Mark 12: an archive with changed code until its Gradio page answers, against the bare start of the image it comes to.

Ours is the whole way: upload, apply, build (the dependencies' layer is cached), create, start, Gradio's own start. By
hand is the create and the start of a container of that same image, with the same user, environment and host
configuration as the controller has given it, on another port. What the two differ by is the build and what we add.
The page is asked fifty times a second, for both, from when the engine has started the container.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.answers import answers
from bench.building import BuildingServer, building_server
from bench.builds import remove_images
from bench.rounds import by_turns
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from tests.testbed.pauses import await_true

ROUNDS = 12
_WHAT = "to Gradio's HTTP 200"
_BY_HAND = "the same image by hand"
_MORE_S = 0.4
_LIMIT_S = 120.0
_LOOK_S = 0.02
_SAID = "to status running"
_CONFIG = ("Image", "User", "Env", "ExposedPorts")


@dataclass
class _Turns:
    """Both systems; by hand takes the image, and the container's settings, of our last turn."""

    ours: BuildingServer
    image: str = ""
    settings: dict[str, Any] | None = None
    said: list[float] = field(default_factory=list)
    """Seconds to when our API says that it runs."""

    def from_archive(self) -> float:
        """Ours: from the upload to the page."""
        ours, port = self.ours, self.ours.ports[-1]
        archive = ours.plugin.archive()
        began = time.perf_counter()
        name = ours.create(archive, port)
        container = ours.await_container(name)
        seconds = _await_page(port, began)
        await_true("the status", lambda: ours.phase(name) == "running", _LIMIT_S, _LOOK_S)
        self.said.append(time.perf_counter() - began)
        inspected = ours.api.inspect_container(container)
        before, self.image = self.image, inspected["Config"]["Image"]
        self.settings = {key: inspected["Config"][key] for key in _CONFIG} | {"HostConfig": inspected["HostConfig"]}
        ours.remove(name)
        if before:
            remove_images(ours.api, before)
        return seconds

    def by_hand(self) -> float:
        """The engine alone: from the create to the page."""
        api, port = self.ours.api, self.ours.ports[-2]
        assert self.settings is not None, "ours has the first turn"
        settings = dict(self.settings)
        bindings = {key: [{**each, "HostPort": str(port)} for each in value] for key, value in _bindings(settings)}
        settings["HostConfig"] = settings["HostConfig"] | {"PortBindings": bindings}
        began = time.perf_counter()
        container = api.create_container_from_config(settings)["Id"]
        try:
            api.start(container)
            return _await_page(port, began)
        finally:
            api.remove_container(container, force=True, v=True)


def run(bench: Bench) -> Findings:
    """Change the code, see the page; the systems by turns."""
    with building_server(bench, "bench-page") as ours:
        both = _Turns(ours)
        turns: dict[str, Callable[[], float]] = {"ours": both.from_archive, _BY_HAND: both.by_hand}
        for turn in turns.values():
            turn()  # the first one installs the requirement, and is no measure
        both.said.clear()
        seconds = by_turns(turns, bench.rounds(ROUNDS), bench.say)
    series = tuple(Series(name, _WHAT, "s", tuple(values)) for name, values in seconds.items())
    mine, hand = series
    series += (Series("ours", _SAID, "s", tuple(both.said)),)
    text = "archive to page, p50, against the same image by hand + 0.4 s"
    return Findings(series, (Claim(12, text, mine.p50, hand.p50 + _MORE_S, "s"),))


def _await_page(port: int, began: float) -> float:
    await_true("the page", lambda: answers(f"http://127.0.0.1:{port}/"), _LIMIT_S, _LOOK_S)
    return time.perf_counter() - began


def _bindings(settings: dict[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    return list(settings["HostConfig"]["PortBindings"].items())


SCENARIO = Scenario(
    "archive-to-page", "An archive with changed code until its page answers", (12,), run, needs_engine=False
)
