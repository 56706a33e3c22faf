"""The marks of the command line are claimed of its median and of its slow runs."""

from bench.samples import Series
from bench.scenarios.cli_start import claims


def test_a_slow_tail_is_a_claim_of_its_own() -> None:
    series = [
        Series("ours", "--help", "s", (0.1,) * 9 + (0.5,)),
        Series("ours", "list of 40", "s", (0.35,)),
        Series("docker", "--help", "s", (9.0,)),
    ]
    assert [(claim.mark, claim.value, claim.held) for claim in claims(series)] == [
        (16, 0.1, True),
        (16, 0.5, False),
        (16, 0.35, True),
        (16, 0.35, True),
    ]
