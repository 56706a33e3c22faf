"""Image builds by hand, the engine's word that an image is there, and what is tidied away after builds.

By hand is `POST /build` of the Engine API, over BuildKit: the same request that ours comes to in the end, without the
command line's own start. The engine tells of every image with an event, which ends the measurement for all alike.
"""

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from controller.engine.connect import EngineClient, connect

_TAGGED_S = 600.0
_BUILD_S = 600.0


class ByHandFailed(Exception):
    """The engine did not build what it was given; says what it answered."""


def build_by_hand(
    api: EngineClient, context: bytes, tag: str, *, args: Mapping[str, str] | None = None, cached: bool = True
) -> None:
    """Have the context's Dockerfile built as `tag`; not `cached` is `docker build --no-cache`. Raises ByHandFailed."""
    query = {"version": "2", "t": tag, "buildargs": json.dumps(dict(args or {}))} | ({} if cached else {"nocache": "1"})
    with api.post(
        f"{api.base_url}/v{api.api_version}/build",
        params=query,
        data=context,
        headers={"Content-Type": "application/x-tar"},
        timeout=(api.timeout, _BUILD_S),
        stream=True,
    ) as answer:
        for line in answer.iter_lines():
            message: dict[str, Any] = json.loads(line) if line else {}
            if "error" in message or answer.status_code >= 400:
                raise ByHandFailed(f"{tag}: {message.get('error') or message}")


@dataclass
class TaggedImages:
    """Hears of every image the moment the engine has it, by its tag event. A context manager; has a thread."""

    _seen: list[tuple[str, float]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._api = connect(None, 60)
        self._stream = self._api.events(filters={"type": "image", "event": "tag"}, decode=True)
        self._thread = threading.Thread(target=self._listen, name="tagged images", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._thread.join(5.0)
        self._api.close()

    def wait(self, name: str, after: float) -> tuple[str, float]:
        """The first image tagged after that time whose name begins so, and when (`time.perf_counter`).

        Raises TimeoutError.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.named(name, after), _TAGGED_S):
                raise TimeoutError(f"no image {name} within {_TAGGED_S:g} s")
            return self.named(name, after)[0]

    def named(self, name: str, after: float) -> list[tuple[str, float]]:
        """All images tagged after that time whose name begins so, and when."""
        return [(tag, at) for tag, at in list(self._seen) if at >= after and tag.startswith(name)]

    def _listen(self) -> None:
        for event in self._stream:
            with self._changed:
                self._seen.append((event["Actor"]["Attributes"].get("name", ""), time.perf_counter()))
                self._changed.notify_all()


@contextmanager
def tidied(api: EngineClient, names: str) -> Iterator[None]:
    """At the end, remove the images whose name begins so, and the build cache that has come meanwhile.

    Cache that others used meanwhile stays with them, as far as the engine knows of it: it refuses what is in use.
    """
    before = _cache(api)
    try:
        yield
    finally:
        remove_images(api, names)
        new = sorted(_cache(api) - before)
        if new:
            _prune(api, new)


def remove_images(api: EngineClient, names: str) -> None:
    """Remove the images whose name begins so."""
    for row in api.images():
        for tag in row["RepoTags"] or ():
            if tag.startswith(names):
                api.remove_image(tag, force=True)


def _cache(api: EngineClient) -> frozenset[str]:
    return frozenset(row["ID"] for row in api.df()["BuildCache"] or ())


def _prune(api: EngineClient, records: list[str]) -> None:
    pattern = f"^({'|'.join(map(re.escape, records))})$"
    query = {"all": "1", "filters": json.dumps({"id": [pattern]})}
    api.post(f"{api.base_url}/v{api.api_version}/build/prune", params=query, timeout=_BUILD_S).raise_for_status()
