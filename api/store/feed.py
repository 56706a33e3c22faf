"""The change feed."""

import threading


class ChangeFeed:
    """The change feed."""

    def wait(self, after: int, *, timeout: float, stop: threading.Event) -> int:
        raise NotImplementedError
