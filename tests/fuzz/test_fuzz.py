"""A small part of `make fuzz`."""

from tests.fuzz.run import fuzz


def test_nothing_is_found_in_a_few_hundred_requests() -> None:
    figures = fuzz(300)
    assert figures.asked >= 300
    assert not figures.leaks, figures
    assert len(figures.statuses) >= 4, "the requests come through to different ends"
