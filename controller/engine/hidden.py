"""What containers know and must not be shown: a container's environment never changes, so it is asked for once."""

import threading
from typing import Any

from controller.engine.inspected import hidden_values

MOST = 10_000
"""Containers of which it is kept; the one that was inspected first goes first, and is asked for again."""


class HiddenValues:
    """By container. Safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, ...]] = {}

    def learn(self, inspected: dict[str, Any]) -> tuple[str, ...]:
        """Those of a container that was inspected just now."""
        values = hidden_values(inspected)
        with self._lock:
            self._known[str(inspected["Id"])] = values
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]
        return values

    def forget(self, container: str) -> None:
        """The container is gone."""
        with self._lock:
            self._known.pop(container, None)

    def of(self, container: str) -> tuple[str, ...] | None:
        """Those of a container, by its whole id; None where it was not inspected."""
        with self._lock:
            return self._known.get(container)
