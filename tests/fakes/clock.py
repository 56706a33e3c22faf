"""A clock that only moves when it is told to."""

START = 1_700_000_000.0


class FakeClock:
    """Wall clock and monotonic clock advance together; sleeping advances them."""

    def __init__(self, start: float = START) -> None:
        self.seconds = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.seconds

    def monotonic(self) -> float:
        """Seconds of the monotonic clock; it began when the wall clock stood at `START`."""
        return self.seconds - START

    def sleep(self, seconds: float) -> None:
        """Nobody waits: the time has passed."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let the time pass. It never goes back."""
        self.seconds += max(0.0, seconds)
